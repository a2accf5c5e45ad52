#pragma once

#include <expected>

#include "tests/double/call.hpp"

namespace atelier::doubles {

// A chat completion as it was asked for.
struct ChatAsk {
  Wish wish;
  bool is_prefilled = false;
  bool is_streamed = false;
  bool wants_usage = false;
  bool has_obfuscation = true;
  bool has_logprobs = false;
  int top_logprobs = 0;
  int count = 1;  // n
};

std::expected<ChatAsk, Problem> read_chat(const Call& call);

}  // namespace atelier::doubles
