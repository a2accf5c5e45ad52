#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/message.hpp"
#include "net/server.hpp"

namespace atelier::net {

// What keeps other sites' pages away from a server on loopback: DNS rebinding (Host) and forged requests (Origin,
// Sec-Fetch-Site, the media types a plain form can send). Pure functions, asked before a handler sees the request.

// The authorities this server answers to, exact and lower case.
class HostPolicy {
 public:
  HostPolicy() = default;
  // `port` is the one bound, which options.port need not be.
  HostPolicy(const ServerOptions& options, std::uint16_t port);
  // A Host field, or the authority of an Origin.
  bool allows(std::string_view authority) const;

 private:
  std::vector<std::string> authorities_;
  bool any_literal_ = false;  // bound to every address: an IP address as Host cannot be rebound
  std::uint16_t port_ = 0;
};

Result<> check_host(const HostPolicy& policy, const Request& request);
Result<> check_origin(const HostPolicy& policy, const Request& request);
// Forms can send text/plain, urlencoded and multipart (or nothing named) across sites without asking; JSON, media and
// what carries a header of our own they cannot.
Result<> check_media_type(const Request& request, bool has_body);

// "X-Request-ID" if it is a token of at most 128 characters, else a new one.
std::string choose_request_id(const Headers& headers);

// Sent with every answer that does not set them itself. Names are lower case.
using FixedField = std::pair<std::string_view, std::string_view>;
inline constexpr std::array<FixedField, 5> kFixedFields = {{
    {"x-content-type-options", "nosniff"},
    {"referrer-policy", "no-referrer"},
    {"cross-origin-opener-policy", "same-origin"},
    {"cross-origin-resource-policy", "same-origin"},
    {"permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
}};

// Whether a browser that came over TLS may be told never to come without again (RFC 6797): not for a name or address of
// this machine, where other ports belong to others.
bool wants_strict_transport(const Request& request);
inline constexpr FixedField kStrictTransport = {"strict-transport-security", "max-age=31536000"};

bool is_token(std::string_view text) noexcept;  // RFC 9110 section 5.6.2

}  // namespace atelier::net
