#include "model/media/webhook.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

using Secrets = std::span<const std::string>;

// What is known of a provider's webhooks: how it signs, and where its body names the job.
struct WebhookForm {
  std::string_view preset;
  WebhookScheme scheme;
  std::array<std::string_view, 2> job_at;  // JSON pointers, the first that is there
};
constexpr WebhookForm kWebhookForms[] = {
    {"openai", WebhookScheme::standard, {"/data/id"}},
    {"gemini", WebhookScheme::standard, {"/data/id"}},
    {"replicate", WebhookScheme::standard, {"/id"}},
    {"fal", WebhookScheme::fal, {"/request_id"}},
    {"elevenlabs", WebhookScheme::elevenlabs, {"/data/transcription_id", "/data/request_id"}},
    {"bfl", WebhookScheme::bfl, {"/id", "/task_id"}},
    {"kling", WebhookScheme::none, {"/data/task_id", "/task_id"}},
    {"pictory", WebhookScheme::none, {"/job_id", "/jobId"}},
    {"shotstack", WebhookScheme::none, {"/render", "/id"}},
};
constexpr WebhookForm kUnsignedForm{"", WebhookScheme::none, {"/id"}};  // Luma's, and whoever is not listed

const WebhookForm& webhook_form(std::string_view preset) noexcept {
  const auto* found = std::ranges::find(kWebhookForms, preset, &WebhookForm::preset);
  return found != std::end(kWebhookForms) ? *found : kUnsignedForm;
}

constexpr std::int64_t kToleranceS = 300;
constexpr std::int64_t kElevenLabsToleranceS = 1'800;
constexpr std::size_t kEventBytesMax = 128, kJobBytesMax = 256;

std::unexpected<Error> refuse_webhook(std::string_view reason) {
  return fail(ErrorCode::unauthenticated, "the webhook is not signed as it should be",
              {.reason = std::string(reason), .where = {}});
}

bool is_plain(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Seconds since 1970, in ASCII digits and nothing else.
std::optional<std::int64_t> webhook_time(std::string_view text) {
  std::int64_t seconds = 0;
  if (text.empty() || text.size() > 12 || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

// A field of that name, once; twice is nobody's form.
std::optional<std::string_view> field_once(const net::Headers& headers, std::string_view name) {
  return headers.count(name) == 1 ? headers.find(name) : std::nullopt;
}

// Whether one of the values is one of those that the secrets give. All are compared, so that the time taken tells
// nothing of which came near.
template <class Expected>
bool is_one_of(std::span<const std::string_view> values, Secrets secrets, Expected expected_of) {
  bool is_any = false;
  for (const std::string& secret : secrets) {
    const std::string expected = expected_of(secret);
    for (const std::string_view value : values) is_any |= equal_constant_time(value, expected);
  }
  return is_any;
}

std::string base64_of(const Digest& digest) {
  return base64(std::string_view(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()));
}

// What Standard Webhooks sign.
std::string signed_content(std::string_view id, std::string_view time, std::string_view body) {
  std::string content;
  content.reserve(id.size() + time.size() + body.size() + 2);
  content.append(id).append(".").append(time).append(".").append(body);
  return content;
}

// Of a key of a JSON Web Key Set, which is base64 in the alphabet of URLs.
std::optional<std::string> public_key(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  auto key = decode_base64(text);
  if (key && key->size() != crypto_sign_PUBLICKEYBYTES) key.reset();
  return key;
}

std::string event_by_body(std::string_view body) { return "sha256:" + sha256(body).hex(); }

// What signing says of a message before its body is read.
struct Signed {
  std::string event;
  UnixMs at_ms = 0;
};

Result<std::int64_t> time_within(std::string_view text, std::int64_t tolerance_s, UnixMs now_ms) {
  const auto seconds = webhook_time(text);
  if (!seconds) return refuse_webhook("time_outside");
  const std::int64_t now_s = now_ms / 1'000;
  if (*seconds < now_s - tolerance_s || *seconds > now_s + tolerance_s) return refuse_webhook("time_outside");
  return *seconds;
}

Result<Signed> check_standard(const net::Headers& headers, std::string_view body, Secrets secrets, UnixMs now_ms) {
  const bool is_svix = headers.count("webhook-id") == 0;
  const auto id = field_once(headers, is_svix ? "svix-id" : "webhook-id");
  const auto time = field_once(headers, is_svix ? "svix-timestamp" : "webhook-timestamp");
  const auto signature = field_once(headers, is_svix ? "svix-signature" : "webhook-signature");
  if (!id || !time || !signature) return refuse_webhook("signature_missing");
  if (id->empty() || id->size() > kEventBytesMax || !is_plain(*id)) return refuse_webhook("signature_wrong");
  auto seconds = time_within(*time, kToleranceS, now_ms);
  if (!seconds) return error_of(std::move(seconds));
  std::vector<std::string_view> given;
  for (std::size_t from = 0; from < signature->size() && given.size() < kWebhookSignaturesMax;) {
    const std::size_t space = std::min(signature->find(' ', from), signature->size());
    const std::string_view one = signature->substr(from, space - from);
    if (one.starts_with("v1,")) given.push_back(one);
    from = space + 1;
  }
  // The time is signed as it was written.
  const std::string content = signed_content(*id, *time, body);
  const bool is_good = is_one_of(given, secrets, [&](const std::string& secret) {
    return "v1," + base64_of(hmac_sha256(standard_webhook_key(secret), content));
  });
  if (!is_good) return refuse_webhook("signature_wrong");
  return Signed{.event = std::string(*id), .at_ms = *seconds * 1'000};
}

Result<Signed> check_fal(const net::Headers& headers, std::string_view body, Secrets keys, UnixMs now_ms) {
  const auto id = field_once(headers, "x-fal-webhook-request-id");
  const auto user = field_once(headers, "x-fal-webhook-user-id");
  const auto time = field_once(headers, "x-fal-webhook-timestamp");
  const auto signature = field_once(headers, "x-fal-webhook-signature");
  if (!id || !user || !time || !signature) return refuse_webhook("signature_missing");
  auto seconds = time_within(*time, kToleranceS, now_ms);
  if (!seconds) return error_of(std::move(seconds));
  std::array<unsigned char, crypto_sign_BYTES> bytes{};
  std::size_t size = 0;
  if (signature->size() != 2 * bytes.size() ||
      sodium_hex2bin(bytes.data(), bytes.size(), signature->data(), signature->size(), nullptr, &size, nullptr) != 0 ||
      size != bytes.size())
    return refuse_webhook("signature_wrong");
  const std::string digest = sha256(body).hex();
  std::string content;
  content.append(*id).append("\n").append(*user).append("\n").append(*time).append("\n").append(digest);
  const bool is_good = std::ranges::any_of(keys, [&](const std::string& text) {
    const auto key = public_key(text);
    return key && crypto_sign_verify_detached(bytes.data(), reinterpret_cast<const unsigned char*>(content.data()),
                                              content.size(), reinterpret_cast<const unsigned char*>(key->data())) == 0;
  });
  if (!is_good) return refuse_webhook("signature_wrong");
  return Signed{.event = "sha256:" + digest, .at_ms = *seconds * 1'000};
}

Result<Signed> check_elevenlabs(const net::Headers& headers, std::string_view body, Secrets secrets, UnixMs now_ms) {
  const auto field = field_once(headers, "elevenlabs-signature");
  if (!field) return refuse_webhook("signature_missing");
  std::string_view time;
  std::vector<std::string_view> given;
  for (std::size_t from = 0; from < field->size() && given.size() < kWebhookSignaturesMax;) {
    const std::size_t comma = std::min(field->find(',', from), field->size());
    const std::string_view part = trim(field->substr(from, comma - from));
    if (part.starts_with("t=")) time = part.substr(2);
    if (part.starts_with("v0=")) given.push_back(part.substr(3));
    from = comma + 1;
  }
  if (time.empty() || given.empty()) return refuse_webhook("signature_missing");
  auto seconds = time_within(time, kElevenLabsToleranceS, now_ms);
  if (!seconds) return error_of(std::move(seconds));
  const std::string content = std::string(time) + '.' + std::string(body);
  const bool is_good =
      is_one_of(given, secrets, [&](const std::string& secret) { return hmac_sha256(secret, content).hex(); });
  if (!is_good) return refuse_webhook("signature_wrong");
  return Signed{.event = event_by_body(body), .at_ms = *seconds * 1'000};
}

// Described in two ways, of which either is taken (the provider's own pages differ). Without a time in it nothing tells
// a repetition from the first.
Result<Signed> check_bfl(const net::Headers& headers, std::string_view body, Secrets secrets, UnixMs now_ms) {
  bool is_good = false;
  if (const auto signature = field_once(headers, "x-bfl-signature")) {
    std::string_view value = *signature;
    if (value.starts_with("sha256=")) value.remove_prefix(7);
    is_good = is_one_of(std::span(&value, 1), secrets,
                        [&](const std::string& secret) { return hmac_sha256(secret, body).hex(); });
  } else if (const auto told = field_once(headers, "x-webhook-secret")) {
    // Compared by their hashes: their lengths are secrets too.
    const std::string digest = sha256(*told).hex();
    const std::string_view value = digest;
    is_good = is_one_of(std::span(&value, 1), secrets, [](const std::string& secret) { return sha256(secret).hex(); });
  } else {
    return refuse_webhook("signature_missing");
  }
  if (!is_good) return refuse_webhook("signature_wrong");
  return Signed{.event = event_by_body(body), .at_ms = now_ms};
}

Result<Signed> check_signature(WebhookScheme scheme, const net::Headers& headers, std::string_view body,
                               Secrets secrets, UnixMs now_ms) {
  if (scheme != WebhookScheme::none && secrets.empty()) return refuse_webhook("secret_missing");
  switch (scheme) {
    case WebhookScheme::standard:
      return check_standard(headers, body, secrets, now_ms);
    case WebhookScheme::fal:
      return check_fal(headers, body, secrets, now_ms);
    case WebhookScheme::elevenlabs:
      return check_elevenlabs(headers, body, secrets, now_ms);
    case WebhookScheme::bfl:
      return check_bfl(headers, body, secrets, now_ms);
    case WebhookScheme::none:
      break;
  }
  return Signed{.event = event_by_body(body), .at_ms = now_ms};
}

// The first of the places that holds a name for a job.
std::string job_in(const json::Value& body, const WebhookForm& form) {
  for (const std::string_view pointer : form.job_at) {
    boost::system::error_code error;
    const json::Value* found = pointer.empty() ? nullptr : body.find_pointer(pointer, error);
    if (found == nullptr || !found->is_string()) continue;
    const std::string_view text = found->get_string();
    if (!text.empty() && text.size() <= kJobBytesMax && is_plain(text)) return std::string(text);
  }
  return {};
}

}  // namespace

WebhookScheme webhook_scheme_of(std::string_view preset) noexcept { return webhook_form(preset).scheme; }

Result<WebhookNews> verify_webhook(std::string_view preset, const net::Headers& headers, std::string_view body,
                                   Secrets secrets, UnixMs now_ms) {
  auto checked = check_signature(webhook_form(preset).scheme, headers, body, secrets, now_ms);
  if (!checked) return error_of(std::move(checked));
  auto news = read_unsigned_webhook(preset, body, checked->at_ms);
  if (news) news->event = std::move(checked->event);
  return news;
}

Result<WebhookNews> read_unsigned_webhook(std::string_view preset, std::string_view body, UnixMs now_ms) {
  const auto value = json::parse(body);
  if (!value || !value->is_object())
    return fail(ErrorCode::invalid_argument, "the webhook's body is no JSON object",
                {.reason = "webhook_unreadable", .where = {}});
  return WebhookNews{.event = event_by_body(body), .job = job_in(*value, webhook_form(preset)), .at_ms = now_ms};
}

std::string standard_webhook_key(std::string_view secret) {
  constexpr std::string_view kPrefix = "whsec_";
  if (!secret.starts_with(kPrefix)) return std::string(secret);
  auto key = decode_base64(secret.substr(kPrefix.size()));
  return key && !key->empty() ? std::move(*key) : std::string(secret);
}

std::string standard_webhook_signature(std::string_view key, std::string_view id, std::int64_t timestamp_s,
                                       std::string_view body) {
  return "v1," + base64_of(hmac_sha256(key, signed_content(id, std::to_string(timestamp_s), body)));
}

}  // namespace atelier::model
