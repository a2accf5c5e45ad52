#include "studio/gateway/provider_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/catalog/environment.hpp"
#include "model/provider/base_url.hpp"
#include "model/provider/presets.hpp"
#include "model/route/directory.hpp"

namespace atelier::studio {
namespace {

using model::Protocol;

constexpr std::size_t kNameBytesMax = 64, kKeyBytesMax = 8'192, kHeaderBytesMax = 8'192;
constexpr std::size_t kWebhookSecretsMax = 4, kWebhookSecretBytesMax = 1'024;
constexpr std::size_t kHeadersMax = 32, kPrefixesMax = 64, kPrefixBytesMax = 100, kVariableBytesMax = 128;
constexpr std::chrono::milliseconds kTimeoutMin{1'000}, kTimeoutMax{3'600'000};
constexpr std::size_t kKeyBytesThatMayBeHinted = 16;
constexpr std::array kProtocols = {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic,
                                   Protocol::gemini, Protocol::ollama};
// Ours to write, or the connection's.
constexpr std::array<std::string_view, 14> kReservedHeaders = {
    "host",    "content-length",      "transfer-encoding", "connection", "content-type", "accept",  "accept-encoding",
    "upgrade", "proxy-authorization", "proxy-connection",  "keep-alive", "te",           "trailer", "expect"};

std::unexpected<Error> refuse(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = {}, .where = std::move(where)});
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_visible(char c) { return c > 0x20 && c < 0x7f; }
// RFC 9110 section 5.6.2, in lower case.
bool is_header_name_char(char c) {
  return is_lower_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::optional<Protocol> protocol_named(std::string_view name) {
  for (const Protocol protocol : kProtocols)
    if (to_string(protocol) == name) return protocol;
  return std::nullopt;
}

Result<> check_preset(const std::string& preset) {
  if (model::find_preset(preset) != nullptr || protocol_named(preset)) return {};
  std::vector<std::string_view> known;
  for (const model::Preset& one : model::presets()) known.push_back(one.name);
  for (const Protocol protocol : kProtocols) known.push_back(to_string(protocol));
  std::string message = fmt::format("\"{}\" is neither a known provider nor a protocol", printable(preset, 100));
  if (const auto nearest = suggest(preset, known)) message += fmt::format("; did you mean \"{}\"?", *nearest);
  return refuse("/preset", std::move(message));
}

Result<> check_url(const ProviderSettings& settings) {
  if (settings.base_url.empty()) {
    const model::Preset* preset = model::find_preset(settings.preset);
    if (preset != nullptr && !preset->base_url.empty()) return {};
    return refuse("/base_url", "this kind of provider has no address of its own: say where it is");
  }
  if (auto url = model::parse_base_url(settings.base_url); !url) return refuse("/base_url", url.error().message);
  return {};
}

Result<> check_header(const std::pair<std::string, std::string>& header) {
  const auto& [name, value] = header;
  const std::string where = "/headers/" + printable(name, 100);
  if (name.empty() || name.size() > 100 || !std::ranges::all_of(name, is_header_name_char))
    return refuse(where, "a header's name has 1 to 100 lower-case letters, digits and hyphens");
  if (std::ranges::find(kReservedHeaders, name) != kReservedHeaders.end())
    return refuse(where, "this header is written by the gateway");
  if (value.size() > kHeaderBytesMax ||
      !std::ranges::all_of(value, [](char c) { return is_visible(c) || c == ' ' || c == '\t'; }))
    return refuse(where, fmt::format("a header's value has at most {} visible ASCII characters", kHeaderBytesMax));
  return {};
}

}  // namespace

Result<> check_provider_name(const std::string& name) {
  const bool is_good =
      !name.empty() && name.size() <= kNameBytesMax && is_lower_or_digit(name.front()) &&
      std::ranges::all_of(name, [](char c) { return is_lower_or_digit(c) || c == '-' || c == '_' || c == '.'; });
  if (name == model::kBuiltInProviderName)
    return refuse("/name", fmt::format("\"{}\" is the studio's own: choose another name", name));
  if (is_good) return {};
  return refuse("/name",
                fmt::format("a provider's name has 1 to {} lower-case letters, digits, hyphens, underscores and "
                            "dots, and begins with a letter or digit",
                            kNameBytesMax));
}

Result<> check(const ProviderSettings& settings) {
  if (auto good = check_preset(settings.preset); !good) return good;
  if (auto good = check_url(settings); !good) return good;
  if (settings.key_variable.size() > kVariableBytesMax || !std::ranges::all_of(settings.key_variable, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      }))
    return refuse("/key_variable", "an environment variable's name has capital letters, digits and underscores");
  if (settings.model_prefixes.size() > kPrefixesMax)
    return refuse("/model_prefixes", fmt::format("there are at most {} of them", kPrefixesMax));
  for (std::size_t i = 0; i < settings.model_prefixes.size(); ++i) {
    const std::string& prefix = settings.model_prefixes[i];
    if (prefix.empty() || prefix.size() > kPrefixBytesMax || !std::ranges::all_of(prefix, is_visible))
      return refuse(fmt::format("/model_prefixes/{}", i),
                    fmt::format("a prefix has 1 to {} visible ASCII characters", kPrefixBytesMax));
  }
  const auto is_fit = [](std::chrono::milliseconds timeout) {
    return timeout >= kTimeoutMin && timeout <= kTimeoutMax;
  };
  if (!is_fit(settings.first_byte_timeout))
    return refuse("/first_byte_timeout_ms", "must be from 1000 to 3600000 (a second to an hour)");
  if (!is_fit(settings.stall_timeout))
    return refuse("/stall_timeout_ms", "must be from 1000 to 3600000 (a second to an hour)");
  return {};
}

Result<> check(const ProviderSecrets& secrets) {
  if (secrets.key.size() > kKeyBytesMax || !std::ranges::all_of(secrets.key, is_visible))
    return refuse("/key", fmt::format("a key has at most {} visible ASCII characters and no spaces", kKeyBytesMax));
  if (secrets.headers.size() > kHeadersMax)
    return refuse("/headers", fmt::format("there are at most {} of them", kHeadersMax));
  for (const auto& header : secrets.headers) {
    if (auto good = check_header(header); !good) return good;
    if (std::ranges::count(secrets.headers, header.first, &std::pair<std::string, std::string>::first) > 1)
      return refuse("/headers/" + header.first, "this header stands twice");
    if (!secrets.key.empty() && header.first == "authorization")
      return refuse("/headers/authorization", "the key is sent there: set one or the other");
  }
  if (secrets.webhook_secrets.size() > kWebhookSecretsMax)
    return refuse("/webhook_secrets", fmt::format("there are at most {} of them", kWebhookSecretsMax));
  for (std::size_t i = 0; i < secrets.webhook_secrets.size(); ++i) {
    const std::string& secret = secrets.webhook_secrets[i];
    if (secret.empty() || secret.size() > kWebhookSecretBytesMax || !std::ranges::all_of(secret, is_visible))
      return refuse(fmt::format("/webhook_secrets/{}", i),
                    fmt::format("a secret has 1 to {} visible ASCII characters", kWebhookSecretBytesMax));
  }
  return {};
}

model::Provider to_provider(std::string name, const ProviderSettings& settings, ProviderSecrets secrets) {
  model::Provider provider;
  if (const model::Preset* preset = model::find_preset(settings.preset))
    provider = model::provider_of(*preset);
  else
    provider.protocol = *protocol_named(settings.preset);
  provider.name = std::move(name);
  provider.is_local = settings.is_free;
  if (!settings.base_url.empty()) provider.base_url = *model::parse_base_url(settings.base_url);
  if (!settings.model_prefixes.empty()) provider.model_prefixes = settings.model_prefixes;
  provider.credential.key = std::move(secrets.key);
  provider.headers = std::move(secrets.headers);
  provider.skips_tls_checks = settings.skips_tls_checks;
  provider.first_byte_timeout = settings.first_byte_timeout;
  provider.stall_timeout = settings.stall_timeout;
  return provider;
}

std::string end_of_key(const std::string& key) {
  return key.size() < kKeyBytesThatMayBeHinted ? std::string() : key.substr(key.size() - 4);
}

}  // namespace atelier::studio
