#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

// What a model gives a tool, held against the tool's JSON Schema.
namespace atelier::studio {

// The schemas that tools have use these words of JSON Schema alone: type (one name), properties, required,
// additionalProperties (a bool), items, enum, minLength, maxLength, minimum, maximum, minItems, maxItems, and
// description and title, which say nothing about a value. Says which word is none of them, or is wrong itself.
Result<> check_schema(const json::Value& schema);

// Whether a value is what the schema wants. The error names the field by its JSON pointer, below `where`.
Result<> check_value(const json::Value& schema, const json::Value& value, std::string where = {});

// A call's arguments: a JSON object ("" is an empty one) that is what the schema wants.
Result<json::Object> read_arguments(const json::Value& schema, std::string_view text);

}  // namespace atelier::studio
