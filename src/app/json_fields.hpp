#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace atelier::app {

// The text under `name` in an answer of the API; empty where there is none.
inline std::string text_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.is_object() ? object.get_object().if_contains(name) : nullptr;
  return value && value->is_string() ? std::string(value->get_string().data(), value->get_string().size())
                                     : std::string();
}

// The whole number under `name` in an answer of the API; 0 where there is none.
inline std::int64_t integer_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.is_object() ? object.get_object().if_contains(name) : nullptr;
  boost::json::error_code ec;
  const std::int64_t number = value ? value->to_number<std::int64_t>(ec) : 0;
  return ec ? 0 : number;
}

}  // namespace atelier::app
