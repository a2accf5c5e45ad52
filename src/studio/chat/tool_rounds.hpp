#pragma once

#include <string>
#include <vector>

#include "studio/chat/message.hpp"

// How tools are called in the course of an answer. Its parts are rounds: what the model says, its calls, their results,
// and once more. Pure functions of the parts.
namespace atelier::studio {

inline constexpr std::size_t kToolRoundsMax = 8;  // of one answer
inline constexpr std::size_t kToolCallsMax = 16;

// Places of the calls that have no result.
std::vector<std::size_t> open_calls(const std::vector<MessagePart>& parts);
struct ToolCounts {
  std::size_t rounds = 0, calls = 0;
};
// Of all that it called so far.
ToolCounts count_tools(const std::vector<MessagePart>& parts);
// Which of all calls that one is, from 1.
std::size_t call_number(const std::vector<MessagePart>& parts, std::size_t at);

}  // namespace atelier::studio
