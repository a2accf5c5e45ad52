#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace atelier {

enum class Reload : std::uint8_t { at_start, live };

// Both ends included, in the setting's unit.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

using SettingValue = std::variant<bool, std::int64_t, double, std::string>;

// A setting without its C++ type: what the loader, `atelier settings` and the docs see. `name` ends in its unit:
// "http.header_timeout_ms".
struct SettingInfo {
  std::string_view name;
  std::variant<bool, std::int64_t, double, std::string_view> fallback;
  Range range;  // of a number; of a text's size in bytes
  Reload reload;
  std::string_view help;
};

// A setting, declared once as a constant beside the code that reads it:
//   inline constexpr Setting<std::uint32_t> kMaxBodyMiB{"http.max_body_mib", 64, Range{1, 4096}, Reload::live, "..."};
template <class T>
struct Setting : SettingInfo {
  constexpr Setting(std::string_view setting_name, T setting_fallback, Range setting_range, Reload setting_reload,
                    std::string_view setting_help)
      : SettingInfo{setting_name, widen(setting_fallback), setting_range, setting_reload, setting_help} {}

 private:
  static constexpr decltype(SettingInfo::fallback) widen(T value) {
    if constexpr (std::same_as<T, bool>)
      return value;
    else if constexpr (std::integral<T>)
      return static_cast<std::int64_t>(value);
    else
      return value;
  }
};

struct SettingSources {
  // The text of the settings file and its name for messages; empty text: none.
  std::string file_text;
  std::string file_name;
  // Environment variables beginning with ATELIER_.
  std::map<std::string, std::string> environment;
  // From the command line, as name and value.
  std::vector<std::pair<std::string, std::string>> flags;
};

// The values in force. A file weighs least, then the environment (ATELIER_HTTP_MAX_BODY_MIB), then flags. Immutable.
class Settings {
 public:
  // `declared` must outlive the settings. A wrong name or value is an error with file and line, or the variable or
  // flag, and the nearest known name.
  static Result<Settings> load(const SettingSources& sources, std::span<const SettingInfo* const> declared);

  template <class T>
  T get(const Setting<T>& setting) const {
    const SettingValue& value = find(setting.name).value;
    if constexpr (std::same_as<T, bool>)
      return std::get<bool>(value);
    else if constexpr (std::integral<T>)
      return static_cast<T>(std::get<std::int64_t>(value));
    else if constexpr (std::floating_point<T>)
      return static_cast<T>(std::get<double>(value));
    else
      return std::get<std::string>(value);
  }
  // Views into this object.
  std::string get(const Setting<std::string_view>& setting) const {
    return std::get<std::string>(find(setting.name).value);
  }

  struct Entry {
    const SettingInfo* info = nullptr;
    SettingValue value;
    std::string source;  // "default", "atelier.toml:3", "ATELIER_HTTP_PORT", "--listen"
  };
  std::vector<Entry> all() const;
  // Of the settings file, there or not; empty: none was named.
  const std::string& file_name() const noexcept { return file_name_; }
  static std::string to_text(const SettingValue& value);

 private:
  const Entry& find(std::string_view name) const;
  std::map<std::string_view, Entry> entries_;
  std::string file_name_;
};

// "http.max_body_mib" -> "ATELIER_HTTP_MAX_BODY_MIB".
std::string environment_name(std::string_view setting_name);

}  // namespace atelier
