#pragma once

#include <string>
#include <vector>

#include "model/chat.hpp"

namespace atelier::model {

// For protocols that cannot demand a tool: the request asked for its arguments as the answer
// (ChatAdapter::said_as_call_of), and what is said is turned into a call of it here. One per answer.
class SaidCall {
 public:
  // `id`: what the call's id is made from.
  SaidCall(std::string tool, std::string_view id);
  void shape(ChatEvent& event) const;
  void shape(ChatAnswer& answer) const;

 private:
  ToolCall call_of(std::int64_t choice) const;
  const std::string tool_, id_;
};

}  // namespace atelier::model
