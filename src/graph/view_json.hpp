#pragma once

#include "base/json.hpp"
#include "graph/engine.hpp"

namespace atelier::graph {

// As the API and the events show them; times are RFC 3339.
json::Value to_json(const RunView& run, bool with_steps);
// Without outputs: events carry this.
json::Value to_json(const StepView& step);
// What a step gave, with inline JSON over kShownBytesMax left out but for its size.
json::Value shown_outputs(const Outputs& outputs);
inline constexpr std::size_t kShownBytesMax = 4 * 1024;
// {"code", "message", "where"}; null where there is none.
json::Value to_json(const std::optional<Error>& error);

// As the database keeps an Error: everything but its source.
std::string stored_error(const Error& error);
Error error_from_stored(std::string_view text);

}  // namespace atelier::graph
