#include "tests/double/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::doubles {
namespace {

const json::Object kNoFields;

std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c + 32);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string_view kind_name(const json::Value& value) noexcept {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "an integer";
    case boost::json::kind::double_:
      return "a decimal number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
  }
  return "something";
}

std::string Checks::element(const std::string& path, std::size_t index) const {
  return words_.has_dotted_indices ? fmt::format("{}.{}", path, index) : fmt::format("{}[{}]", path, index);
}

Reader::Reader(const json::Value& value, std::string path, Checks& checks)
    : object_(value.if_object() ? value.if_object() : &kNoFields), path_(std::move(path)), checks_(checks) {
  if (!value.is_object()) checks_.add(checks_.words().wrong_type(path_, "an object", kind_name(value)));
}

std::string Reader::path_to(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

const json::Value* Reader::find(std::string_view name) {
  known_.emplace(name);
  const json::Value* value = object_->if_contains(name);
  if (!value && checks_.words().takes_snake_case) {
    const std::string other = snake_case(name);
    known_.emplace(other);
    value = object_->if_contains(other);
  }
  return value && !value->is_null() ? value : nullptr;
}

bool Reader::has(std::string_view name) { return find(name) != nullptr; }

const json::Value* Reader::require(std::string_view name) {
  const json::Value* value = find(name);
  if (!value) checks_.add(checks_.words().missing(path_to(name)));
  return value;
}

std::string Reader::text(std::string_view name, std::string_view fallback) {
  const json::Value* value = find(name);
  if (value && value->is_string()) return std::string(value->as_string());
  if (value) checks_.add(checks_.words().wrong_type(path_to(name), "a string", kind_name(*value)));
  return std::string(fallback);
}

std::string Reader::required_text(std::string_view name) { return require(name) ? text(name) : std::string(); }

std::optional<double> Reader::number(std::string_view name, double min, double max) {
  const json::Value* value = find(name);
  if (!value) return std::nullopt;
  boost::json::error_code ec;
  const double number = value->to_number<double>(ec);
  if (ec) {
    checks_.add(checks_.words().wrong_type(path_to(name), "a number", kind_name(*value)));
    return std::nullopt;
  }
  checks_.require(number >= min && number <= max, path_to(name),
                  fmt::format("{} is not between {} and {}", number, min, max));
  return number;
}

std::optional<std::int64_t> Reader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const json::Value* value = find(name);
  if (!value) return std::nullopt;
  boost::json::error_code ec;
  const auto number = value->to_number<std::int64_t>(ec);
  if (ec) {
    checks_.add(checks_.words().wrong_type(path_to(name), "an integer", kind_name(*value)));
    return std::nullopt;
  }
  checks_.require(number >= min && number <= max, path_to(name),
                  fmt::format("{} is not between {} and {}", number, min, max));
  return number;
}

bool Reader::flag(std::string_view name, bool fallback) {
  const json::Value* value = find(name);
  if (value && value->is_bool()) return value->as_bool();
  if (value) checks_.add(checks_.words().wrong_type(path_to(name), "a boolean", kind_name(*value)));
  return fallback;
}

const json::Array* Reader::array(std::string_view name) {
  const json::Value* value = find(name);
  if (value && !value->is_array())
    checks_.add(checks_.words().wrong_type(path_to(name), "an array", kind_name(*value)));
  return value ? value->if_array() : nullptr;
}

const json::Array* Reader::required_array(std::string_view name) { return require(name) ? array(name) : nullptr; }

const json::Object* Reader::object_at(std::string_view name) {
  const json::Value* value = find(name);
  if (value && !value->is_object())
    checks_.add(checks_.words().wrong_type(path_to(name), "an object", kind_name(*value)));
  return value ? value->if_object() : nullptr;
}

std::string Reader::choice(std::string_view name, std::initializer_list<std::string_view> allowed) {
  std::string value = text(name);
  if (!has(name) || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  checks_.invalid(path_to(name), fmt::format("'{}' is none of the values it may have", value));
  return {};
}

void Reader::ignore(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    known_.emplace(name);
    if (checks_.words().takes_snake_case) known_.insert(snake_case(name));
  }
}

void Reader::refuse_others() {
  if (!checks_.is_strict()) return;
  for (const auto& [name, value] : *object_)
    if (!known_.contains(std::string_view(name)) && !name.starts_with("x_"))
      checks_.add(checks_.words().unknown(path_to(name)));
}

}  // namespace atelier::doubles
