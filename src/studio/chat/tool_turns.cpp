#include "studio/chat/tool_turns.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace atelier::studio {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::string_view kNotRun = "This call was not run.";

model::Message result_message(model::ToolResult result) {
  model::Message message;
  message.role = model::Role::tool;
  message.parts.emplace_back(std::move(result));
  return message;
}

class Turns {
 public:
  explicit Turns(model::Role role) : role_(role) {}

  void add(model::Part part) {
    if (auto* result = std::get_if<model::ToolResult>(&part)) {
      add_result(std::move(*result));
      return;
    }
    // What comes behind a result belongs to the next turn.
    if (!results_.empty()) end_turn();
    if (const auto* call = std::get_if<model::ToolCall>(&part)) open_.push_back({call->id, call->name});
    turn_.push_back(std::move(part));
  }

  std::vector<model::Message> take() {
    end_turn();
    return std::move(messages_);
  }

 private:
  struct Call {
    std::string id, name;
    bool operator==(const Call&) const = default;
  };

  void add_result(model::ToolResult result) {
    const auto call = std::ranges::find(open_, result.call_id, &Call::id);
    if (call == open_.end()) return;
    if (result.name.empty()) result.name = call->name;
    open_.erase(call);
    results_.push_back(std::move(result));
  }

  void end_turn() {
    for (Call& call : std::exchange(open_, {})) {
      model::ToolResult none{
          .call_id = std::move(call.id), .name = std::move(call.name), .parts = {}, .is_error = true};
      none.parts.emplace_back(model::Text{.text = std::string(kNotRun)});
      results_.push_back(std::move(none));
    }
    if (!turn_.empty()) {
      model::Message turn;
      turn.role = role_;
      turn.parts = std::exchange(turn_, {});
      messages_.push_back(std::move(turn));
    }
    for (model::ToolResult& result : std::exchange(results_, {}))
      messages_.push_back(result_message(std::move(result)));
  }

  const model::Role role_;
  std::vector<model::Part> turn_;
  std::vector<Call> open_;  // of this turn, without a result so far
  std::vector<model::ToolResult> results_;
  std::vector<model::Message> messages_;
};

}  // namespace

std::string plain_tool_name(std::string_view name) {
  std::string plain(name.substr(0, kNameBytesMax));
  for (char& c : plain) {
    const bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!is_fine) c = '_';
  }
  return plain.empty() ? std::string("tool") : plain;
}

std::vector<model::Message> turns_of(model::Role role, std::vector<model::Part> parts) {
  Turns turns(role);
  for (model::Part& part : parts) turns.add(std::move(part));
  return turns.take();
}

}  // namespace atelier::studio
