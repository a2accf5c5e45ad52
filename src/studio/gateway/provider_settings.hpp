#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "model/route/candidate.hpp"

namespace atelier::studio {

// A provider as an operator sets it, without its secrets.
struct ProviderSettings {
  // A preset's name ("deepseek"), or a protocol's ("openai_chat") for whoever speaks that and is no preset.
  std::string preset = {};
  std::string base_url = {};      // empty: the preset's own
  std::string key_variable = {};  // of the environment, that holds the key where none is stored; empty: none
  std::vector<std::string> model_prefixes = {};  // ids it serves; empty: the preset's
  bool is_enabled = true;
  bool is_free = false;           // what it serves costs nothing
  bool skips_tls_checks = false;  // for development
  std::chrono::milliseconds first_byte_timeout{120'000}, stall_timeout{90'000};
  friend bool operator==(const ProviderSettings&, const ProviderSettings&) = default;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;  // names in lower case

// What is sealed: the key, the values of the operator's own headers, which may be keys too, and what the provider signs
// its webhooks with (several while they change).
struct ProviderSecrets {
  std::string key = {};
  HeaderList headers = {};
  std::vector<std::string> webhook_secrets = {};
  bool empty() const noexcept { return key.empty() && headers.empty() && webhook_secrets.empty(); }
};

// What is to be set: everything but secrets anew, and secrets where they are given.
struct ProviderChange {
  ProviderSettings settings = {};
  std::optional<std::string> key = {};     // nullopt: as it was; empty: none
  std::optional<HeaderList> headers = {};  // likewise
  std::optional<std::vector<std::string>> webhook_secrets = {};
};

// A provider as it is told of: no secret among it.
struct StoredProvider {
  std::string name = {};
  ProviderSettings settings = {};
  bool has_key = false;
  std::string key_end = {};  // its last four characters; empty where it is short
  std::vector<std::string> header_names = {};
  std::size_t webhook_secret_count = 0;
  // Why its secrets cannot be had; it is not called then. Empty: they can.
  std::string trouble = {};
  bool is_from_environment = false;  // set there: it is changed there, or by storing one of the same name
  std::int64_t revision = 0;         // 0: not stored
  UnixMs created_ms = 0, updated_ms = 0;
};

// invalid_argument names the field ("/base_url").
Result<> check_provider_name(const std::string& name);
Result<> check(const ProviderSettings& settings);
Result<> check(const ProviderSecrets& secrets);

// As it is called. What check() let through.
model::Provider to_provider(std::string name, const ProviderSettings& settings, ProviderSecrets secrets);
// Empty for keys of which four characters would tell too much.
std::string end_of_key(const std::string& key);

}  // namespace atelier::studio
