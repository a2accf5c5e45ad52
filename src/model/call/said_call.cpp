#include "model/call/said_call.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::model {
namespace {

// Cut short, it stays what it is.
StopReason stop_of(StopReason said) noexcept { return said == StopReason::stop ? StopReason::tool_calls : said; }

}  // namespace

SaidCall::SaidCall(std::string tool, std::string_view id) : tool_(std::move(tool)), id_(fmt::format("call_{}", id)) {}

ToolCall SaidCall::call_of(std::int64_t choice) const {
  return ToolCall{.id = choice == 0 ? id_ : fmt::format("{}_{}", id_, choice), .name = tool_, .arguments = {}};
}

void SaidCall::shape(ChatEvent& event) const {
  if (auto* part = std::get_if<event::PartStarted>(&event); part && part->kind == event::PartKind::text) {
    part->kind = event::PartKind::tool_call;
    part->whole = call_of(part->choice);
  } else if (auto* finished = std::get_if<event::Finished>(&event)) {
    finished->stop = stop_of(finished->stop);
  }
}

void SaidCall::shape(ChatAnswer& answer) const {
  for (Choice& choice : answer.choices) {
    ToolCall call = call_of(choice.index);
    for (const Part& part : choice.parts)
      if (const auto* text = std::get_if<Text>(&part)) call.arguments += text->text;
    if (call.arguments.empty()) continue;
    std::erase_if(choice.parts, [](const Part& part) { return std::holds_alternative<Text>(part); });
    choice.parts.emplace_back(std::move(call));
    choice.stop = stop_of(choice.stop);
  }
}

}  // namespace atelier::model
