#pragma once

#include <cstdint>
#include <string>

#include "model/chat.hpp"

// POST /v1/messages/count_tokens: a request without a limit on its answer, and how long it is.
namespace atelier::model {

Result<ChatRequest> read_anthropic_count_request(const json::Value& body);
std::string write_anthropic_count(std::int64_t input_tokens);

}  // namespace atelier::model
