#pragma once

#include <expected>

#include "tests/double/call.hpp"

namespace atelier::doubles {

// A Responses request as it was asked for.
struct ResponseAsk {
  Wish wish;
  bool is_prefilled = false;
  bool is_streamed = false;
  bool has_obfuscation = true;
  bool is_stored = true;
  bool wants_encrypted = false;  // reasoning.encrypted_content is included
  bool wants_summary = false;
  bool wants_logprobs = false;
  int top_logprobs = 0;
  json::Array input;  // as items, those of the previous response before them
};

std::expected<ResponseAsk, Problem> read_response(const Call& call);

// Items that can be told apart by anyone: what is encrypted within a reasoning item.
std::string encrypt_reasoning(std::string_view text);

}  // namespace atelier::doubles
