#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

// Reading JSON that others wrote, where a field of another kind is as good as absent.
namespace atelier::model::loose {

const json::Object* object_at(const json::Object& from, std::string_view name);
const json::Array* array_at(const json::Object& from, std::string_view name);
std::string_view view_at(const json::Object& from, std::string_view name);  // "" where absent
std::string text_at(const json::Object& from, std::string_view name);
// 0 where absent. Takes a number in a string too, as Google writes 64 bits.
std::int64_t integer_at(const json::Object& from, std::string_view name);
bool is_true_at(const json::Object& from, std::string_view name);

std::string_view view_of(const json::Value& value);  // "" where it is no string
std::optional<json::Object> parse_object(std::string_view text);
// The fields that are not among `known` and not null.
json::Object rest_of(const json::Object& from, std::initializer_list<std::string_view> known);

}  // namespace atelier::model::loose
