#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "studio/chat/message.hpp"

namespace atelier::api {

// One answer as the AI SDK's UI message stream: what is new of it, as server-sent events. A state machine without
// clocks or sockets: begin(), add() as often as wanted, then end() or fail().
class UiStream {
 public:
  // `tells_usage`: tokens and cost, as metadata of the message.
  UiStream(std::string message_id, bool tells_usage) : message_id_(std::move(message_id)), tells_usage_(tells_usage) {}

  std::string begin() const;
  // A client that holds these parts already, since it goes on with their message: they are not told again.
  void pass_over(const std::vector<studio::MessagePart>& parts);
  std::string add(const std::vector<studio::PartDelta>& said);
  // What add() was not given of it, and how it ended.
  std::string end(const studio::ThreadMessage& message);
  std::string fail(std::string_view message);

  // Bytes of each part that add() was given: studio::said_beyond().
  const std::vector<std::size_t>& seen() const noexcept { return seen_; }

 private:
  struct Part {
    std::size_t opened_count = 0;
    std::string id = {};  // of the protocol; "": it is not open
    std::string_view kind = {};
    studio::part::ToolCall call = {};  // as far as it was said
  };
  void open(std::string& out, std::size_t at, std::string_view kind);
  void close(std::string& out, Part& one);
  void close_all(std::string& out);
  void add_call(std::string& out, std::size_t at, const studio::part::ToolCall& piece);
  void add_result(std::string& out, const studio::part::ToolResult& result);
  void begin_turn(std::string& out);

  const std::string message_id_;
  const bool tells_usage_;
  std::vector<std::size_t> seen_;
  std::vector<Part> parts_;   // by their place in the message
  bool has_results_ = false;  // what is said now belongs to the next step
};

}  // namespace atelier::api
