#pragma once

#include <string_view>

#include "net/conditional.hpp"
#include "net/message.hpp"

namespace atelier::net {

// What becomes of a request between a handler and whatever carries its answer. Each server's answer and each of a
// batch go through these.

// What the handler throws is an error: its edge is here. `handler` outlives the call.
Task<Result<Response>> call_handler(const Handler* handler, Request request);

// Logs what was not the caller's fault: what failed inside, and what could not be done for now. A caller's words, and a
// provider's, are told of in the answer alone.
void log_failure(const Error& error, std::string_view request_id);
// A problem document, after log_failure().
Response to_problem(const Error& error, std::string_view request_id);

// What a 304 repeats of the answer it stands for (RFC 9110 section 15.4.5).
Headers fields_of_not_modified(const Headers& whole);
// A read text that the asker holds already (If-None-Match) becomes a 304.
void answer_conditions(const Conditions& conditions, Response& response);

}  // namespace atelier::net
