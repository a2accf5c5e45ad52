#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/chat.hpp"

namespace atelier::model::openai {

// Puts the fragments of a choice's tool calls together, as servers really send them: without an index, with the same
// index for every call, with the id late, empty or on every fragment, whole in one chunk, with arguments as an object.
class ToolDeltas {
 public:
  struct Slot {
    std::optional<std::int64_t> index = {};  // the server's
    ToolCall call = {.id = {}, .name = {}, .arguments = {}};
    std::int64_t part = -1;   // where its events go; -1: not begun
    std::size_t told = 0;     // bytes of its arguments that were told
    bool is_amended = false;  // something beside the arguments came after it began
    bool is_ended = false;
    // Its arguments are whole JSON: nothing more has to come.
    bool is_whole() const;
  };
  // One entry of `tool_calls`. `place` is its place in that list, which has `count` entries. Null: it belongs to a call
  // that has ended, or there are too many.
  Slot* take(const json::Object& fragment, std::size_t place, std::size_t count);
  std::vector<Slot>& slots() noexcept { return slots_; }
  const std::vector<Slot>& slots() const noexcept { return slots_; }
  bool has_open() const noexcept;

 private:
  struct Fragment {
    std::optional<std::int64_t> index;
    std::string_view id, name;
    std::string arguments;
    bool is_custom = false;
  };
  static Fragment read(const json::Object& object);
  Slot* find(const Fragment& fragment, std::size_t place, std::size_t count);
  Slot* latest_at(std::int64_t index);

  std::vector<Slot> slots_;
};

}  // namespace atelier::model::openai
