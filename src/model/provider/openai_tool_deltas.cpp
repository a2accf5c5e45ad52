#include "model/provider/openai_tool_deltas.hpp"

#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/openai_parts.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::size_t kCallsMax = 1024;  // of one choice

// The fragment begins another call than the slot's: its id or name is another, or the slot already has all it needs.
bool is_another(const ToolDeltas::Slot& slot, std::string_view id, std::string_view name, std::string_view arguments) {
  if (!id.empty() && !slot.call.id.empty() && id != slot.call.id) return true;
  if (name.empty() || slot.call.name.empty()) return false;
  // Servers without ids repeat the name on every fragment, or begin the next call with it.
  if (id.empty() || slot.call.id.empty()) return name != slot.call.name || (!arguments.empty() && slot.is_whole());
  return false;
}

}  // namespace

bool ToolDeltas::Slot::is_whole() const {
  if (call.is_custom) return true;
  return !call.arguments.empty() && loose::parse_object(call.arguments).has_value();
}

bool ToolDeltas::has_open() const noexcept {
  return std::ranges::any_of(slots_, [](const Slot& slot) { return !slot.is_ended; });
}

ToolDeltas::Fragment ToolDeltas::read(const json::Object& object) {
  Fragment fragment{.index = {}, .id = loose::view_at(object, "id"), .name = {}, .arguments = {}};
  if (const json::Value* index = object.if_contains("index"); index && index->is_number())
    fragment.index = loose::integer_at(object, "index");
  const json::Object* custom = loose::object_at(object, "custom");
  const json::Object* function = loose::object_at(object, "function");
  fragment.is_custom = custom != nullptr && !function;
  if (const json::Object* named = custom && !function ? custom : function) {
    fragment.name = loose::view_at(*named, "name");
    fragment.arguments = read_arguments(named->if_contains(fragment.is_custom ? "input" : "arguments"));
  }
  return fragment;
}

ToolDeltas::Slot* ToolDeltas::latest_at(std::int64_t index) {
  for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot)
    if (slot->index == index) return &*slot;
  return nullptr;
}

ToolDeltas::Slot* ToolDeltas::find(const Fragment& fragment, std::size_t place, std::size_t count) {
  if (!fragment.id.empty()) {
    const auto known = std::ranges::find_if(slots_, [&](const Slot& slot) { return slot.call.id == fragment.id; });
    if (known != slots_.end()) return &*known;
  }
  Slot* slot = nullptr;
  if (fragment.index)
    slot = latest_at(*fragment.index);
  else if (count > 1)
    slot = place < slots_.size() ? &slots_[place] : nullptr;  // all calls of this chunk, in their order
  else
    slot = slots_.empty() ? nullptr : &slots_.back();
  if (slot && is_another(*slot, fragment.id, fragment.name, fragment.arguments)) slot = nullptr;
  return slot;
}

ToolDeltas::Slot* ToolDeltas::take(const json::Object& object, std::size_t place, std::size_t count) {
  Fragment fragment = read(object);
  Slot* slot = find(fragment, place, count);
  if (!slot && slots_.size() >= kCallsMax) return nullptr;
  if (!slot) slot = &slots_.emplace_back(Slot{.index = fragment.index});
  if (slot->is_ended) {
    const bool is_empty = fragment.arguments.find_first_not_of(" \t\r\n") == std::string::npos;
    return is_empty ? slot : nullptr;
  }
  ToolCall& call = slot->call;
  const std::string signature = read_call_signature(object);
  const bool has_begun = slot->part >= 0;
  if (!fragment.id.empty() && call.id.empty()) call.id = fragment.id;
  if (!fragment.name.empty() && call.name.empty()) call.name = fragment.name;
  if (!signature.empty()) {
    slot->is_amended = has_begun && call.signature != signature;
    call.signature = signature;
  }
  if (call.arguments.empty() && !has_begun) call.is_custom = call.is_custom || fragment.is_custom;
  if (!has_begun)
    for (auto& [name, value] : loose::rest_of(object, {"id", "type", "function", "custom", "index", "extra_content"}))
      call.extra[name] = value;
  call.arguments += fragment.arguments;
  return slot;
}

}  // namespace atelier::model::openai
