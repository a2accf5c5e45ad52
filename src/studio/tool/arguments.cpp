#include "studio/tool/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

constexpr std::array<std::string_view, 6> kTypes{"object", "array", "string", "integer", "number", "boolean"};
constexpr std::array<std::string_view, 14> kWords{
    "type",    "properties", "required", "additionalProperties", "items", "enum", "minLength", "maxLength", "minimum",
    "maximum", "minItems",   "maxItems", "description",          "title"};
// A model's arguments are a few fields: what is more is no honest call.
constexpr json::Limits kArgumentLimits{.depth_max = 16, .values_max = 10'000, .key_bytes_max = 255};

std::unexpected<Error> wrong(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "field_invalid", .where = std::move(where)});
}

const json::Value* word_of(const json::Value& schema, std::string_view name) {
  return schema.get_object().if_contains(name);
}
std::optional<double> number_of(const json::Value& schema, std::string_view name) {
  const json::Value* value = word_of(schema, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::string type_of(const json::Value& schema) {
  const json::Value* type = word_of(schema, "type");
  return type != nullptr && type->is_string() ? std::string(type->get_string()) : std::string();
}

bool is_whole(const json::Value& value) { return value.is_int64() || value.is_uint64(); }

bool is_of_type(const json::Value& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return is_whole(value);
  if (type == "number") return value.is_number();
  return value.is_bool();
}

std::string_view article_of(std::string_view type) noexcept {
  return type == "object" || type == "array" || type == "integer" ? "an" : "a";
}

Result<> check_size(const json::Value& schema, double size, std::string_view min, std::string_view max,
                    std::string_view unit, const std::string& where) {
  const auto least = number_of(schema, min), most = number_of(schema, max);
  if (least && size < *least) return wrong(where, fmt::format("must be at least {}{}", *least, unit));
  if (most && size > *most) return wrong(where, fmt::format("must be at most {}{}", *most, unit));
  return {};
}

Result<> check_object(const json::Value& schema, const json::Object& object, const std::string& where) {
  if (const json::Value* required = word_of(schema, "required"))
    for (const json::Value& name : required->get_array())
      if (!object.contains(name.get_string()))
        return wrong(fmt::format("{}/{}", where, std::string_view(name.get_string())), "is missing");
  const json::Value* properties = word_of(schema, "properties");
  const json::Value* more = word_of(schema, "additionalProperties");
  for (const auto& [key, value] : object) {
    const json::Value* wanted = properties == nullptr ? nullptr : properties->get_object().if_contains(key);
    const std::string at = fmt::format("{}/{}", where, std::string_view(key));
    if (wanted == nullptr) {
      if (more != nullptr && !more->get_bool()) return wrong(at, "is no argument of this tool");
      continue;
    }
    if (auto checked = check_value(*wanted, value, at); !checked) return checked;
  }
  return {};
}

Result<> check_array(const json::Value& schema, const json::Array& list, const std::string& where) {
  const auto size = static_cast<double>(list.size());
  if (auto checked = check_size(schema, size, "minItems", "maxItems", " long", where); !checked) return checked;
  const json::Value* items = word_of(schema, "items");
  for (std::size_t at = 0; items != nullptr && at < list.size(); ++at)
    if (auto checked = check_value(*items, list[at], fmt::format("{}/{}", where, at)); !checked) return checked;
  return {};
}

}  // namespace

Result<> check_schema(const json::Value& schema) {
  const auto bad = [](std::string_view what) {
    return fail(ErrorCode::internal, fmt::format("a tool's schema cannot be used: {}", what));
  };
  if (!schema.is_object()) return bad("it is no object");
  for (const auto& [key, value] : schema.get_object()) {
    const std::string_view word = key;
    if (std::ranges::find(kWords, word) == kWords.end()) return bad(word);
    if (word == "required" || word == "enum") {
      if (!value.is_array()) return bad(word);
      for (const json::Value& one : value.get_array())
        if (!one.is_string()) return bad(word);
    }
    if (word == "additionalProperties" && !value.is_bool()) return bad(word);
    if ((word.starts_with("min") || word.starts_with("max")) && !value.is_number()) return bad(word);
    if (word == "items")
      if (auto checked = check_schema(value); !checked) return checked;
    if (word != "properties") continue;
    if (!value.is_object()) return bad(word);
    for (const auto& [name, wanted] : value.get_object())
      if (auto checked = check_schema(wanted); !checked) return checked;
  }
  if (std::ranges::find(kTypes, type_of(schema)) == kTypes.end()) return bad("type");
  return {};
}

Result<> check_value(const json::Value& schema, const json::Value& value, std::string where) {
  const std::string type = type_of(schema);
  if (!is_of_type(value, type)) return wrong(std::move(where), fmt::format("must be {} {}", article_of(type), type));
  if (const json::Value* allowed = word_of(schema, "enum")) {
    const json::Array& list = allowed->get_array();
    if (std::ranges::find(list, value) == list.end())
      return wrong(std::move(where), fmt::format("must be one of {}", json::write(list)));
  }
  if (value.is_object()) return check_object(schema, value.get_object(), where);
  if (value.is_array()) return check_array(schema, value.get_array(), where);
  if (value.is_string())
    return check_size(schema, static_cast<double>(value.get_string().size()), "minLength", "maxLength", " bytes long",
                      where);
  if (value.is_number()) return check_size(schema, value.to_number<double>(), "minimum", "maximum", "", where);
  return {};
}

Result<json::Object> read_arguments(const json::Value& schema, std::string_view text) {
  if (trim(text).empty()) text = "{}";
  auto value = json::parse(text, kArgumentLimits);
  if (!value) return wrong({}, fmt::format("the arguments are no JSON: {}", value.error().message));
  if (!value->is_object()) return wrong({}, "the arguments must be an object");
  if (auto checked = check_value(schema, *value); !checked) return error_of(checked);
  return std::move(value->get_object());
}

}  // namespace atelier::studio
