#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/provider/adapter.hpp"

// The halves of the Gemini adapter.
namespace atelier::model::gemini {

// In which answers tell how fast they were served; their bodies do not.
inline constexpr std::string_view kTierHeader = "x-gemini-service-tier";

Result<json::Object> write_request(const ChatRequest& request, const Target& target);
// The conversation's `systemInstruction` and `contents`.
Result<> write_conversation(const ChatRequest& request, const Target& target, json::Object& body);
// Models of the first two generations neither ask for signatures nor know levels of thinking.
bool is_early(std::string_view model) noexcept;

// The model gave its calls no ids: ours, the same whenever the same answer is read. They are not sent back.
std::string invent_call_id(std::string_view answer_id, std::int64_t choice, std::int64_t number, std::string_view seed);
bool is_invented(std::string_view call_id) noexcept;

// Turns pieces of an answer into events. A whole answer is one piece.
class Teller {
 public:
  // What is not in the protocol's form gives Failed; `fault` says why.
  void take(const json::Object& piece, std::vector<ChatEvent>& out);
  // The body has ended.
  void end(std::vector<ChatEvent>& out);
  // Every choice that began has said why it stopped, and there is one.
  bool is_finished() const noexcept;
  bool has_said_anything() const noexcept { return has_said_anything_; }
  const std::optional<Fault>& fault() const noexcept { return fault_; }

 private:
  struct Candidate {
    std::int64_t index = 0;
    std::int64_t next_part = 0, call_count = 0;
    std::optional<event::PartKind> open = {};  // text or reasoning, of number next_part - 1
    json::Object text_extra = {};              // of the text that is open
    bool is_finished = false;
  };
  Candidate& candidate_at(std::int64_t index);
  void take_candidate(const json::Object& piece, std::vector<ChatEvent>& out);
  void take_part(Candidate& candidate, const json::Object& part, std::vector<ChatEvent>& out);
  void take_text(Candidate& candidate, const json::Object& part, std::vector<ChatEvent>& out);
  void take_call(Candidate& candidate, const json::Object& part, const json::Object& call, std::vector<ChatEvent>& out);
  void tell_whole(Candidate& candidate, event::PartKind kind, Part whole, std::vector<ChatEvent>& out);
  void close(Candidate& candidate, std::string_view signature, std::vector<ChatEvent>& out);
  void finish(Candidate& candidate, std::string_view reason, std::vector<ChatEvent>& out);
  void fail_with(Fault fault, std::vector<ChatEvent>& out);

  std::vector<Candidate> candidates_;
  std::string answer_id_;
  Usage usage_;
  std::optional<Fault> fault_;
  bool has_started_ = false, has_said_anything_ = false;
};

Usage usage_of(const json::Object& metadata);
std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body);
std::unique_ptr<ChatEventReader> make_reader();
Fault read_fault(const HttpHead& head, std::string_view body);
// Of an `error` object told inside an answer of status 200.
Fault fault_of(const json::Object& error);

}  // namespace atelier::model::gemini
