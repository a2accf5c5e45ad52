#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace atelier {

struct TomlField;

// What a TOML file says, with the lines in which it says it. Dates and times are the text that stands there.
struct TomlValue {
  using Array = std::vector<TomlValue>;
  using Table = std::vector<TomlField>;  // by name
  std::variant<bool, std::int64_t, double, std::string, Array, Table> value;
  std::uint32_t line = 0;  // from 1

  const Table* table() const noexcept { return std::get_if<Table>(&value); }
  const Array* array() const noexcept { return std::get_if<Array>(&value); }
  const std::string* text() const noexcept { return std::get_if<std::string>(&value); }
  // Of a table; null: it has none of that name.
  const TomlValue* find(std::string_view name) const noexcept;
};
struct TomlField {
  std::string name;
  std::uint32_t line = 0;  // of the name
  TomlValue value;
};

// invalid_argument (reason setting_invalid) with file, line and column where the text is no TOML.
Result<TomlValue> parse_toml(std::string_view text, std::string_view file_name);

}  // namespace atelier
