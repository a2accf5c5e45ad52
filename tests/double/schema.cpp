#include "tests/double/schema.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace atelier::doubles {
namespace {

constexpr int kDepthMax = 24;

class Builder {
 public:
  explicit Builder(const json::Value& root) : root_(root) {}

  json::Value build(const json::Value& schema, std::string_view name, int depth) const {
    const json::Object* object = schema.if_object();
    if (!object || depth > kDepthMax) return json::Object();
    if (const auto* constant = object->if_contains("const")) return *constant;
    if (const auto* values = array_of(*object, "enum"); values && !values->empty()) return values->front();
    if (const auto* example = object->if_contains("default"); example && !example->is_null()) return *example;
    if (const auto* reference = object->if_contains("$ref"); reference && reference->is_string())
      return build(resolve(reference->as_string()), name, depth + 1);
    for (const std::string_view choice : {"anyOf", "oneOf"})
      if (const auto* choices = array_of(*object, choice); choices && !choices->empty())
        return build(choices->front(), name, depth + 1);
    if (const auto* parts = array_of(*object, "allOf")) {
      json::Object merged;
      for (const auto& part : *parts)
        if (auto built = build(part, name, depth + 1); built.is_object())
          for (const auto& [key, value] : built.as_object()) merged[key] = value;
      return merged;
    }
    return build_type(type_of(*object), *object, name, depth);
  }

 private:
  static const json::Array* array_of(const json::Object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? value->if_array() : nullptr;
  }

  static double number_of(const json::Object& object, std::string_view name, double fallback) {
    const auto* value = object.if_contains(name);
    if (!value) return fallback;
    boost::json::error_code ec;
    const double number = value->to_number<double>(ec);
    return ec ? fallback : number;
  }

  static std::string type_of(const json::Object& object) {
    const auto* type = object.if_contains("type");
    if (type && type->is_array() && !type->as_array().empty()) type = &type->as_array().front();
    std::string name = type && type->is_string() ? std::string(type->as_string()) : "";
    if (name.empty()) name = object.contains("properties") ? "object" : object.contains("items") ? "array" : "string";
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
  }

  json::Value build_type(const std::string& type, const json::Object& object, std::string_view name, int depth) const {
    if (type == "object") {
      json::Object built;
      if (const auto* properties = object.if_contains("properties"); properties && properties->is_object())
        for (const auto& [key, value] : properties->as_object()) built[key] = build(value, key, depth + 1);
      return built;
    }
    if (type == "array") {
      json::Array built;
      const auto* items = object.if_contains("items");
      const auto count = static_cast<std::size_t>(std::max(1.0, number_of(object, "minItems", 1)));
      for (std::size_t i = 0; items && i < std::min<std::size_t>(count, 100); ++i)
        built.push_back(build(*items, name, depth + 1));
      return built;
    }
    if (type == "integer") return static_cast<std::int64_t>(bounded(object, 1));
    if (type == "number") return bounded(object, 1.5);
    if (type == "boolean") return true;
    if (type == "null") return nullptr;
    return json::Value(text(object, name));
  }

  static double bounded(const json::Object& object, double wish) {
    wish = std::max({wish, number_of(object, "minimum", wish), number_of(object, "exclusiveMinimum", wish - 1) + 1});
    return std::min({wish, number_of(object, "maximum", wish), number_of(object, "exclusiveMaximum", wish + 1) - 1});
  }

  static std::string text(const json::Object& object, std::string_view name) {
    const auto* format = object.if_contains("format");
    const std::string_view wanted =
        format && format->is_string() ? std::string_view(format->as_string()) : std::string_view();
    if (wanted == "date-time") return "2026-01-02T03:04:05Z";
    if (wanted == "date") return "2026-01-02";
    if (wanted == "time") return "03:04:05Z";
    if (wanted == "email") return "someone@example.com";
    if (wanted == "uri") return "https://example.com/";
    if (wanted == "uuid") return "00000000-0000-4000-8000-000000000001";
    std::string value = name.empty() ? "text" : "some " + std::string(name);
    const auto least = static_cast<std::size_t>(number_of(object, "minLength", 0));
    if (value.size() < least) value.resize(std::min<std::size_t>(least, 10'000), 'x');
    const auto most = static_cast<std::size_t>(number_of(object, "maxLength", 10'000));
    return value.substr(0, most);
  }

  const json::Value& resolve(std::string_view reference) const {
    static const json::Value kEmpty;
    if (!reference.starts_with('#')) return kEmpty;
    boost::json::error_code ec;
    const json::Value* found =
        root_.find_pointer(boost::json::string_view(reference.data() + 1, reference.size() - 1), ec);
    return found && !ec ? *found : kEmpty;
  }

  const json::Value& root_;
};

}  // namespace

json::Value instance_of(const json::Value& schema) { return Builder(schema).build(schema, "", 0); }

}  // namespace atelier::doubles
