#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/message.hpp"

// What providers tell us of jobs without being asked: whether it is they, and which job it is about. Pure: no sockets,
// no clock, no memory of what was told before.
namespace atelier::model {

// How a provider shows that it is it.
enum class WebhookScheme : std::uint8_t {
  standard,    // Standard Webhooks: HMAC-SHA256 over id, time and body, with secrets "whsec_..."
  fal,         // Ed25519 over the body's hash; its secrets here are the public keys of the provider's list
  elevenlabs,  // HMAC-SHA256 over time and body, both in one field
  bfl,         // HMAC-SHA256 over the body, or the secret itself; no time
  none,        // it signs nothing: only an address that nobody can guess tells it from others
};
// By the name of its preset ("replicate").
WebhookScheme webhook_scheme_of(std::string_view preset) noexcept;

// The fields that came with it.
using WebhookHeaders = net::Headers;

// That something became of a job: no more than a hint to look at it.
struct WebhookNews {
  std::string event = {};  // the same when it is told again; up to 128 printable characters
  std::string job = {};    // the provider's own name for it; empty: this is about no job
  UnixMs at_ms = 0;        // when it was sent, as it says; when it was heard, where it does not
};

// More of them in one field are not looked at.
inline constexpr std::size_t kWebhookSignaturesMax = 8;

// Whether it was signed with one of `secrets` (several are in force while they change), and not too long ago. `body` is
// what came, byte for byte. Of a scheme without signatures nothing is asked but that it is JSON: who calls this has
// checked the address. Errors: unauthenticated with a reason for the log (signature_missing, signature_wrong,
// time_outside, secret_missing), of which whoever sent it is to be told nothing; invalid_argument (webhook_unreadable)
// for a good signature over what is no JSON object.
Result<WebhookNews> verify_webhook(std::string_view preset, const WebhookHeaders& headers, std::string_view body,
                                   std::span<const std::string> secrets, UnixMs now_ms);

// The same where nothing is signed, or nobody here has the secret: whoever calls this knows by other means who sent it.
Result<WebhookNews> read_unsigned_webhook(std::string_view preset, std::string_view body, UnixMs now_ms);

// The bytes that a secret of Standard Webhooks stands for: base64 behind "whsec_", or else the text itself.
std::string standard_webhook_key(std::string_view secret);
// "v1,..." over what is sent at `timestamp_s` (seconds since 1970).
std::string standard_webhook_signature(std::string_view key, std::string_view id, std::int64_t timestamp_s,
                                       std::string_view body);

}  // namespace atelier::model
