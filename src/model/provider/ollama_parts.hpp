#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <vector>

#include "model/provider/adapter.hpp"

// The halves of the Ollama adapter, which speaks the server's own protocol: its OpenAI side cannot set the context's
// size, and swallows errors in streams.
namespace atelier::model::ollama {

Result<json::Object> write_request(const ChatRequest& request, const Target& target);
// The one tool that must be called, for which there is no word: its arguments are asked for as the answer. Null: none.
const Tool* demanded_tool(const ChatRequest& request);

// Turns pieces of an answer into events. A whole answer is one piece.
class Teller {
 public:
  void take(const json::Object& piece, std::vector<ChatEvent>& out);
  // The body has ended.
  void end(std::vector<ChatEvent>& out);
  bool has_ended() const noexcept { return has_ended_; }
  const std::optional<Fault>& fault() const noexcept { return fault_; }

 private:
  void say(event::PartKind kind, std::string_view text, std::vector<ChatEvent>& out);
  void take_calls(const json::Array& calls, std::vector<ChatEvent>& out);
  void close(std::vector<ChatEvent>& out);
  void finish(const json::Object& piece, std::vector<ChatEvent>& out);

  std::optional<event::PartKind> open_;  // of number next_part_ - 1
  std::optional<Fault> fault_;
  std::string made_at_;  // of the first piece, as it says: what ids are made from
  std::int64_t next_part_ = 0, call_count_ = 0;
  bool has_started_ = false, has_ended_ = false;
};

std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body);
std::unique_ptr<ChatEventReader> make_reader();
Fault read_fault(const HttpHead& head, std::string_view body);
// Of what an `error` field says inside an answer of status 200.
Fault fault_of(std::string_view words);

}  // namespace atelier::model::ollama
