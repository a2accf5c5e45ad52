#pragma once

#include <cstdint>
#include <string>

#include "base/json.hpp"

namespace atelier::model {

// A whole response as a stream would have told it: server-sent events, numbered from 0, each text in one piece. Those
// up to number `after` are left out; -1: none.
std::string replay_response(const json::Object& response, std::int64_t after);

}  // namespace atelier::model
