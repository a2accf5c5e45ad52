#include "base/toml_tree.hpp"

#include <fmt/format.h>

#include <sstream>

#include <toml++/toml.h>

namespace atelier {
namespace {

TomlValue toml_value_of(const toml::node& node) {
  TomlValue out{.value = std::string(), .line = node.source().begin.line};
  if (const toml::table* table = node.as_table()) {
    TomlValue::Table fields;
    for (const auto& [key, one] : *table)
      fields.push_back({std::string(key.str()), key.source().begin.line, toml_value_of(one)});
    out.value = std::move(fields);
  } else if (const toml::array* array = node.as_array()) {
    TomlValue::Array items;
    for (const toml::node& one : *array) items.push_back(toml_value_of(one));
    out.value = std::move(items);
  } else if (const auto* flag = node.as_boolean()) {
    out.value = flag->get();
  } else if (const auto* integer = node.as_integer()) {
    out.value = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.value = number->get();
  } else if (const auto* text = node.as_string()) {
    out.value = text->get();
  } else {
    std::ostringstream written;
    node.visit([&](const auto& other) { written << other; });
    out.value = written.str();
  }
  return out;
}

}  // namespace

const TomlValue* TomlValue::find(std::string_view name) const noexcept {
  if (const Table* fields = table())
    for (const TomlField& field : *fields)
      if (field.name == name) return &field.value;
  return nullptr;
}

Result<TomlValue> parse_toml(std::string_view text, std::string_view file_name) {
  try {
    return toml_value_of(toml::parse(text, file_name));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_argument, fmt::format("not TOML: {}", error.description()),
                {.reason = "setting_invalid",
                 .where = fmt::format("{}:{}:{}", file_name, error.source().begin.line, error.source().begin.column)});
  }
}

}  // namespace atelier
