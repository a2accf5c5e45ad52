#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"
#include "model/provider/openai_chat_message.hpp"
#include "model/provider/openai_reasoning.hpp"
#include "model/provider/openai_tool_deltas.hpp"

namespace atelier::model::openai {

// One choice of a streamed chat answer: turns its deltas into parts. Text, thoughts and refusals follow each other;
// tool calls may interleave and stay open until the choice's end, or until something else is said when they are whole.
class ChoiceReader {
 public:
  // `skipped_count` belongs to the reader of the whole stream.
  ChoiceReader(std::int64_t index, std::string answer_id, bool has_think_tags, std::size_t& skipped_count)
      : index_(index),
        answer_id_(std::move(answer_id)),
        has_think_tags_(has_think_tags),
        skipped_count_(&skipped_count) {}

  std::int64_t index() const noexcept { return index_; }
  bool is_finished() const noexcept { return is_finished_; }
  void take(const json::Object& delta, json::Value logprobs, std::vector<ChatEvent>& out);
  void finish(std::string_view reason, std::vector<ChatEvent>& out);
  // The stream has ended: ends the parts that are still open.
  void close(std::vector<ChatEvent>& out);

 private:
  // The part that grows: a text, a thought or a refusal.
  struct Current {
    std::int64_t part = 0;
    event::PartKind kind = event::PartKind::text;
    Text text = {};
    PlacedReasoning thought = {};
    std::size_t begin = 0, size = 0;  // of a text, in the choice's texts
    bool is_amended = false;
  };
  // What came while a call was not whole, to be said after it.
  struct Held {
    event::PartKind kind;
    std::string text;
    PlacedReasoning thought = {};
  };

  void take_reasoning(const json::Object& delta, std::vector<ChatEvent>& out);
  void take_content(const json::Value& content, std::vector<ChatEvent>& out);
  void take_media(const json::Object& delta, std::vector<ChatEvent>& out);
  void take_annotations(const json::Array& annotations);
  void take_calls(const json::Object& delta, std::vector<ChatEvent>& out);
  void take_seal(const TextSeal& seal, std::vector<ChatEvent>& out);
  void say(event::PartKind kind, std::string text, std::vector<ChatEvent>& out);
  void say_text(std::string_view text, std::vector<ChatEvent>& out);
  void think(PlacedReasoning piece, std::vector<ChatEvent>& out);
  void start_current(event::PartKind kind, std::vector<ChatEvent>& out);
  void end_current(std::vector<ChatEvent>& out);
  bool may_open(std::vector<ChatEvent>& out);
  void tell(ToolDeltas::Slot& slot, bool must_begin, std::vector<ChatEvent>& out);
  void end_slot(ToolDeltas::Slot& slot, std::vector<ChatEvent>& out);
  void end_all(std::vector<ChatEvent>& out);
  void whole_part(event::PartKind kind, Part part, std::vector<ChatEvent>& out);

  std::int64_t index_;
  std::string answer_id_;
  bool has_think_tags_;
  std::size_t* skipped_count_;
  ThinkSplitter think_splitter_;
  ToolDeltas calls_;
  std::optional<Current> current_;
  std::vector<Held> held_;
  json::Value logprobs_;  // of the delta that is being read
  std::int64_t next_part_ = 0;
  std::size_t said_bytes_ = 0;
  bool has_refusal_ = false, is_finished_ = false, is_ending_ = false;
};

}  // namespace atelier::model::openai
