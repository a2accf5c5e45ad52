#include "model/catalog/environment.hpp"

#include <fmt/format.h>

#include "model/provider/presets.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

std::string value_of(const Environment& environment, std::string_view name) {
  const auto found = name.empty() ? environment.end() : environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (end != 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

}  // namespace

Provider provider_of(const Preset& preset) {
  return Provider{.name = std::string(preset.name),
                  .protocol = preset.protocol,
                  .base_url = std::string(preset.base_url),
                  .quirks = quirks_of(preset),
                  .model_prefixes = words_of(preset.model_prefixes),
                  .preset = std::string(preset.name)};
}

Result<std::vector<Provider>> providers_of(const Environment& environment) {
  std::vector<Provider> providers;
  for (const Preset& preset : presets()) {
    const std::string key = value_of(environment, preset.key_variable);
    std::string url = value_of(environment, preset.url_variable);
    // A local server needs no key, and is found by itself unless it stands elsewhere.
    if (preset.key_variable.empty() ? url.empty() : key.empty()) continue;
    Provider provider = provider_of(preset);
    provider.credential.key = key;
    // Nobody is paid for what a server of one's own makes.
    provider.is_local = !provider.quirks.has_chat && preset.key_variable.empty();
    if (!url.empty()) {
      while (url.ends_with('/')) url.pop_back();
      if (auto parsed = net::Url::parse(url); !parsed)
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} is no address: {}", preset.url_variable, parsed.error().message),
                    {.reason = "setting_invalid", .where = std::string(preset.url_variable)});
      provider.base_url = std::move(url);
    }
    if (provider.base_url.empty())
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} is set, and {} is not, which says where", preset.key_variable, preset.url_variable),
                  {.reason = "setting_invalid", .where = std::string(preset.url_variable)});
    providers.push_back(std::move(provider));
  }
  return providers;
}

}  // namespace atelier::model
