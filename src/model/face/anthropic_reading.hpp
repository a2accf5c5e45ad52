#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"

namespace atelier::model::anthropic {

// Where a value lies in the request: a JSON pointer, spelled only when something is wrong there. Lives on the stack.
struct Place {
  const Place* above = nullptr;  // nullptr: the whole body
  std::string_view name = {};    // of a field; empty: an entry of a list
  std::size_t index = 0;
  std::string spell() const;
};

// The first thing that is wrong with a request.
class Complaint {
 public:
  void add(const Place& at, std::string message);
  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  std::optional<Error> error_;
};

// Messages and their blocks. What is wrong lands in the complaint, and the value reads as empty.
class MessageReader {
 public:
  explicit MessageReader(Complaint& complaint) : complaint_(complaint) {}
  // Appends what the message says: its tool results as messages of the role `tool`, one each, then the rest.
  void read(const json::Value& message, const Place& at, std::vector<Message>& out);
  // A string, or a list of blocks.
  std::vector<Part> read_content(const json::Value& content, const Place& at, Role role);

 private:
  std::optional<Part> read_block(const json::Value& value, const Place& at, Role role);
  std::optional<Part> read_document(const json::Object& block, const Place& at);
  Reasoning read_thinking(const json::Object& block, const Place& at);
  ToolCall read_call(const json::Object& block, const Place& at);
  ToolResult read_result(const json::Object& block, const Place& at);
  std::optional<Media> read_media(const json::Object& block, Media::Kind kind);
  std::string required_text(const json::Object& from, const Place& at, std::string_view name);

  Complaint& complaint_;
};

}  // namespace atelier::model::anthropic
