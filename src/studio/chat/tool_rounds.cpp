#include "studio/chat/tool_rounds.hpp"

#include <algorithm>

namespace atelier::studio {

std::vector<std::size_t> open_calls(const std::vector<MessagePart>& parts) {
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at < parts.size(); ++at) {
    if (std::holds_alternative<part::ToolCall>(parts[at])) open.push_back(at);
    const auto* result = std::get_if<part::ToolResult>(&parts[at]);
    if (result == nullptr) continue;
    const auto call = std::ranges::find_if(
        open, [&](std::size_t place) { return std::get<part::ToolCall>(parts[place]).id == result->id; });
    if (call != open.end()) open.erase(call);
  }
  return open;
}

ToolCounts count_tools(const std::vector<MessagePart>& parts) {
  ToolCounts counts;
  bool is_in_round = false;
  for (const MessagePart& one : parts) {
    if (std::holds_alternative<part::ToolCall>(one)) {
      ++counts.calls;
      if (!is_in_round) ++counts.rounds;
      is_in_round = true;
    } else if (std::holds_alternative<part::ToolResult>(one)) {
      is_in_round = false;
    }
  }
  return counts;
}

std::size_t call_number(const std::vector<MessagePart>& parts, std::size_t at) {
  return static_cast<std::size_t>(
      std::ranges::count_if(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                            [](const MessagePart& one) { return std::holds_alternative<part::ToolCall>(one); }));
}

}  // namespace atelier::studio
