#pragma once

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

}  // namespace atelier::app
