#pragma once

#include <string_view>

#include "model/chat.hpp"

namespace atelier::model {

// What routing and limits have to know of a request that may be relayed as it is: its protocol, model, is_streamed,
// wants_usage, output_tokens_max and answer_count, and for traces its sampling; the rest is left empty. Reads top-level
// members alone, so that a request with megabytes of pictures costs one pass. Errors: invalid_argument with `where`; a
// member that stands twice is refused, since two readers could take different ones.
Result<ChatRequest> glance(Protocol face, std::string_view body);

}  // namespace atelier::model
