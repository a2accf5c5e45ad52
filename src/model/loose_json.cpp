#include "model/loose_json.hpp"

#include <algorithm>
#include <charconv>

namespace atelier::model::loose {

const json::Object* object_at(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  return value ? value->if_object() : nullptr;
}

const json::Array* array_at(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  return value ? value->if_array() : nullptr;
}

std::string_view view_of(const json::Value& value) {
  const auto* text = value.if_string();
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

std::string_view view_at(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  return value ? view_of(*value) : std::string_view();
}

std::string text_at(const json::Object& from, std::string_view name) { return std::string(view_at(from, name)); }

std::int64_t integer_at(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  if (!value) return 0;
  if (value->is_string()) {
    const std::string_view text = view_of(*value);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
  }
  boost::json::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

bool is_true_at(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

std::optional<json::Object> parse_object(std::string_view text) {
  auto value = json::parse(text);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(value->get_object());
}

json::Object rest_of(const json::Object& from, std::initializer_list<std::string_view> known) {
  json::Object rest;
  for (const auto& [name, value] : from)
    if (!value.is_null() && std::ranges::find(known, std::string_view(name)) == known.end()) rest.emplace(name, value);
  return rest;
}

}  // namespace atelier::model::loose
