#pragma once

#include <expected>

#include "tests/double/call.hpp"

namespace atelier::doubles {

// A Messages request as it was asked for.
struct MessagesAsk {
  Wish wish;
  bool is_prefilled = false;
  bool is_streamed = false;
  bool hides_thinking = false;  // display: omitted
  // Tokens of the prompt's prefix that were known, and those marked for the cache now.
  std::int64_t cached_read = 0, cached_write = 0;
  bool has_cache_marks = false;
  bool is_hour_cache = false;
};

enum class Purpose : std::uint8_t { answer, count };
std::expected<MessagesAsk, Problem> read_messages(const Call& call, Purpose purpose);

inline constexpr std::string_view kThinkingSeal = "anthropic", kRedactedSeal = "anthropic-redacted";

}  // namespace atelier::doubles
