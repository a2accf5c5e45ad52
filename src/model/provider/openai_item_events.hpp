#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"
#include "model/provider/openai_seal.hpp"

namespace atelier::model::openai {

// The items of a streamed response, as its events build them up: turns them into parts. Texts, thoughts and refusals
// follow each other; calls may interleave. Items are known by their output_index, since some gateways give every event
// another id.
class ItemEvents {
 public:
  // Each gives the events it leads to; false: nobody knows what it belongs to.
  bool added(std::int64_t output_index, const json::Object& item, std::vector<ChatEvent>& out);
  bool part_added(std::int64_t output_index, std::int64_t content_index, const json::Object& part,
                  std::vector<ChatEvent>& out);
  bool say(std::int64_t output_index, std::int64_t content_index, event::PartKind kind, std::string_view text,
           json::Value logprobs, std::vector<ChatEvent>& out);
  // A piece of a summary, or of the thought itself.
  bool think(std::int64_t output_index, std::int64_t piece_index, std::string_view text, std::vector<ChatEvent>& out);
  bool argue(std::int64_t output_index, std::string_view arguments, std::vector<ChatEvent>& out);
  bool annotate(std::int64_t output_index, std::int64_t content_index, const json::Value& annotation);
  // The item is whole: tells what the events before left out, or all of it.
  bool done(std::int64_t output_index, const json::Object& item, std::vector<ChatEvent>& out);

  std::int64_t index_of(std::string_view item_id) const;  // -1: unknown
  bool is_empty() const noexcept { return items_.empty(); }
  // Items that began and are not done, by output_index.
  std::vector<std::int64_t> open() const;
  // Ends the parts that are still open.
  void end_all(std::vector<ChatEvent>& out);
  bool has_call() const noexcept { return has_call_; }
  bool has_refusal() const noexcept { return has_refusal_; }

 private:
  // A part of the answer: one block of a message, a thought, or a call.
  struct Piece {
    std::int64_t index = 0;  // of the block in its message
    std::int64_t part = 0;
    Part head = {};        // as PartStarted told it
    Part final = {};       // as it is now known; its text is empty
    std::size_t told = 0;  // bytes of its text
    bool is_ended = false;
  };
  struct Item {
    std::int64_t index = 0;
    std::string id = {};
    json::Object start = {};  // as it was added
    std::vector<Piece> pieces = {};
    std::int64_t thought_index = -1;  // of the piece of a summary that was told last
    bool is_done = false;
  };

  Item* find(std::int64_t output_index);
  Item* item_at(std::int64_t output_index);
  Piece& start(Item& item, std::int64_t index, event::PartKind kind, Part head, std::vector<ChatEvent>& out);
  Piece& start_alone(Item& item, std::int64_t index, event::PartKind kind, Part head, std::vector<ChatEvent>& out);
  static Piece* piece_at(Item& item, std::int64_t index);
  void tell(Piece& piece, std::string_view text, json::Value logprobs, std::vector<ChatEvent>& out);
  void tell_rest(Piece& piece, std::string_view whole, std::vector<ChatEvent>& out);
  void end(Piece& piece, std::vector<ChatEvent>& out);
  void end_current(std::vector<ChatEvent>& out);
  void tell_alone(event::PartKind kind, Part part, std::vector<ChatEvent>& out);
  void done_message(Item& item, const json::Object& whole, std::vector<ChatEvent>& out);
  void done_reasoning(Item& item, const json::Object& whole, std::vector<ChatEvent>& out);
  void done_call(Item& item, const json::Object& whole, std::vector<ChatEvent>& out);
  void unseal_call(const Sealed& sealed, std::vector<ChatEvent>& out);
  void unseal_text(const Sealed& sealed, std::vector<ChatEvent>& out);
  std::string signature_for(std::string_view call_id) const;

  std::vector<Item> items_;
  std::vector<Sealed> for_calls_;
  std::int64_t next_part_ = 0;
  std::int64_t current_item_ = -1, current_piece_ = -1;  // the text, thought or refusal that grows
  bool has_call_ = false, has_refusal_ = false;
};

}  // namespace atelier::model::openai
