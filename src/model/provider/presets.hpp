#pragma once

#include <span>
#include <string_view>

#include "model/provider/adapter.hpp"

namespace atelier::model {

// A provider we know: a row, and nothing to configure but its key.
struct Preset {
  std::string_view name;  // "deepseek"
  std::string_view title;
  Protocol protocol;
  std::string_view base_url;  // empty: the user's own (Azure)
  std::string_view key_variable;
  std::string_view url_variable;       // of the environment, instead of base_url
  std::string_view model_prefixes;     // parted by spaces: ids it serves, before its list was ever read
  void (*set_quirks)(Quirks& quirks);  // null: none
};

std::span<const Preset> presets() noexcept;
const Preset* find_preset(std::string_view name) noexcept;
Quirks quirks_of(const Preset& preset);

}  // namespace atelier::model
