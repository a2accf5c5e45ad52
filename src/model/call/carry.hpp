#pragma once

#include <map>
#include <optional>
#include <vector>

#include "model/chat.hpp"

namespace atelier::model {

// What the caller has of an attempt that broke off.
struct Carried {
  ChatAnswer said = {};
  bool is_last_part_ended = false;
  bool is_item_ended = false;    // and what it stands in, where their protocol has such (Responses)
  std::int64_t next_number = 0;  // of the events, where it numbers them
};

// Joins a new attempt's answer to what the caller already has of one that broke off: the new one's beginning is held
// back as long as it repeats what was said, and what goes beyond it comes out as if one attempt had said it all.
class Carry {
 public:
  // Only text and reasoning of one choice can be gone on with: is_possible().
  explicit Carry(ChatAnswer said, bool is_last_part_ended = false);
  static bool is_possible(const ChatAnswer& said);

  // What brings a writer to where the caller is: to be written and thrown away.
  std::vector<ChatEvent> replayed() const;
  // The events to write for one of the new answer's; nullopt: it differs from what was said.
  std::optional<std::vector<ChatEvent>> take(const ChatEvent& event);
  bool has_caught_up() const noexcept { return has_caught_up_; }

 private:
  enum class Match : std::uint8_t { not_yet, differs, caught_up };
  Match compare() const;
  std::vector<ChatEvent> catch_up();
  std::optional<ChatEvent> renumbered(const ChatEvent& event) const;

  const ChatAnswer said_;
  const bool is_last_part_ended_;  // and its end was told
  AnswerBuilder anew_;
  std::vector<std::int64_t> begun_;  // the new answer's part numbers, in order
  std::vector<std::int64_t> ended_;
  bool has_caught_up_ = false;
};

}  // namespace atelier::model
