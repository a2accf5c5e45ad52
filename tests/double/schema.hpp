#pragma once

#include "base/json.hpp"

namespace atelier::doubles {

// The same value for the same JSON Schema, and one that it accepts: const, enum, properties, items, $ref within the
// schema, anyOf, oneOf, allOf, bounds and the usual formats are looked at; a pattern is not. Takes Gemini's spelling of
// types too ("STRING").
json::Value instance_of(const json::Value& schema);

}  // namespace atelier::doubles
