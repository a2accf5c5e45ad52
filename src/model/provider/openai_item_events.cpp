#include "model/provider/openai_item_events.hpp"

#include <algorithm>
#include <utility>

#include "model/loose_json.hpp"
#include "model/provider/openai_items.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::size_t kItemsMax = 10'000;

bool is_call(std::string_view type) noexcept { return type == "function_call" || type == "custom_tool_call"; }

bool is_same(const Part& a, const Part& b) {
  if (a.index() != b.index()) return false;
  if (const auto* text = std::get_if<Text>(&a))
    return text->extra == std::get<Text>(b).extra && text->signature == std::get<Text>(b).signature;
  if (const auto* thought = std::get_if<Reasoning>(&a)) {
    const auto& other = std::get<Reasoning>(b);
    return thought->signature == other.signature && thought->id == other.id && thought->origin == other.origin &&
           thought->is_redacted == other.is_redacted && thought->extra == other.extra;
  }
  if (const auto* call = std::get_if<ToolCall>(&a)) {
    const auto& other = std::get<ToolCall>(b);
    return call->id == other.id && call->name == other.name && call->item_id == other.item_id &&
           call->signature == other.signature;
  }
  return true;
}

}  // namespace

ItemEvents::Item* ItemEvents::find(std::int64_t output_index) {
  const auto found = std::ranges::find(items_, output_index, &Item::index);
  return found == items_.end() ? nullptr : &*found;
}

// Begins the item where its `added` never came. Null: it is over, or there are too many.
ItemEvents::Item* ItemEvents::item_at(std::int64_t output_index) {
  if (Item* known = find(output_index)) return known->is_done ? nullptr : known;
  if (items_.size() >= kItemsMax) return nullptr;
  return &items_.emplace_back(Item{.index = output_index});
}

std::int64_t ItemEvents::index_of(std::string_view item_id) const {
  const auto found =
      std::ranges::find_if(items_, [&](const Item& item) { return !item_id.empty() && item.id == item_id; });
  return found == items_.end() ? -1 : found->index;
}

std::vector<std::int64_t> ItemEvents::open() const {
  std::vector<std::int64_t> indexes;
  for (const Item& item : items_)
    if (!item.is_done) indexes.push_back(item.index);
  return indexes;
}

ItemEvents::Piece* ItemEvents::piece_at(Item& item, std::int64_t index) {
  const auto found = std::ranges::find(item.pieces, index, &Piece::index);
  return found == item.pieces.end() ? nullptr : &*found;
}

ItemEvents::Piece& ItemEvents::start(Item& item, std::int64_t index, event::PartKind kind, Part head,
                                     std::vector<ChatEvent>& out) {
  Piece& piece = item.pieces.emplace_back(Piece{.index = index, .part = next_part_++, .head = head, .final = head});
  out.emplace_back(event::PartStarted{.part = piece.part, .kind = kind, .whole = std::move(head)});
  return piece;
}

// Of a part that others may not overlap.
ItemEvents::Piece& ItemEvents::start_alone(Item& item, std::int64_t index, event::PartKind kind, Part head,
                                           std::vector<ChatEvent>& out) {
  end_current(out);
  current_item_ = item.index;
  current_piece_ = index;
  return start(item, index, kind, std::move(head), out);
}

void ItemEvents::tell(Piece& piece, std::string_view text, json::Value logprobs, std::vector<ChatEvent>& out) {
  if (text.empty() && logprobs.is_null()) return;
  piece.told += text.size();
  out.emplace_back(event::Delta{.part = piece.part, .text = std::string(text), .logprobs = std::move(logprobs)});
}

// Of servers that send only some of the deltas, or none.
void ItemEvents::tell_rest(Piece& piece, std::string_view whole, std::vector<ChatEvent>& out) {
  if (whole.size() > piece.told) tell(piece, whole.substr(piece.told), nullptr, out);
}

void ItemEvents::end(Piece& piece, std::vector<ChatEvent>& out) {
  if (piece.is_ended) return;
  piece.is_ended = true;
  if (!is_same(piece.head, piece.final)) out.emplace_back(event::PartAmended{.part = piece.part, .whole = piece.final});
  out.emplace_back(event::PartEnded{.part = piece.part});
}

void ItemEvents::end_current(std::vector<ChatEvent>& out) {
  Item* item = current_item_ < 0 ? nullptr : find(std::exchange(current_item_, -1));
  Piece* piece = item ? piece_at(*item, current_piece_) : nullptr;
  if (piece) end(*piece, out);
}

void ItemEvents::tell_alone(event::PartKind kind, Part part, std::vector<ChatEvent>& out) {
  end_current(out);
  const std::int64_t number = next_part_++;
  out.emplace_back(event::PartStarted{.part = number, .kind = kind, .whole = std::move(part)});
  out.emplace_back(event::PartEnded{.part = number});
}

void ItemEvents::end_all(std::vector<ChatEvent>& out) {
  for (Item& item : items_) {
    item.is_done = true;
    for (Piece& piece : item.pieces) end(piece, out);
  }
  current_item_ = -1;
}

std::string ItemEvents::signature_for(std::string_view call_id) const {
  for (const Sealed& sealed : for_calls_)
    if (sealed.call_id == call_id) return sealed.reasoning.signature;
  return {};
}

bool ItemEvents::added(std::int64_t output_index, const json::Object& object, std::vector<ChatEvent>& out) {
  Item* item = item_at(output_index);
  if (!item || !item->start.empty()) return false;
  item->start = object;
  item->id = loose::text_at(object, "id");
  const std::string_view type = loose::view_at(object, "type");
  if (is_call(type) && !loose::view_at(object, "name").empty()) {
    ToolCall head = read_call_item(object);
    const std::string said = std::exchange(head.arguments, std::string());
    head.signature = signature_for(head.id);
    has_call_ = true;
    Piece& piece = start(*item, 0, event::PartKind::tool_call, std::move(head), out);
    tell(piece, said, nullptr, out);
  }
  return true;
}

bool ItemEvents::part_added(std::int64_t output_index, std::int64_t content_index, const json::Object& part,
                            std::vector<ChatEvent>& out) {
  Item* item = item_at(output_index);
  if (!item) return false;
  const std::string_view type = loose::view_at(part, "type");
  if (type != "output_text" && type != "text" && type != "refusal") return true;  // a thought's, or of next year
  const bool is_refusal = type == "refusal";
  say(output_index, content_index, is_refusal ? event::PartKind::refusal : event::PartKind::text,
      loose::view_at(part, is_refusal ? "refusal" : "text"), nullptr, out);
  return true;
}

bool ItemEvents::say(std::int64_t output_index, std::int64_t content_index, event::PartKind kind, std::string_view text,
                     json::Value logprobs, std::vector<ChatEvent>& out) {
  Item* item = item_at(output_index);
  if (!item) return false;
  Piece* piece = piece_at(*item, content_index);
  if (!piece) {
    const bool is_refusal = kind == event::PartKind::refusal;
    has_refusal_ = has_refusal_ || is_refusal;
    piece = &start_alone(*item, content_index, kind,
                         is_refusal ? Part(Refusal{}) : Part(read_text_block({}, item->start)), out);
  }
  if (piece->is_ended) return false;
  tell(*piece, text, std::move(logprobs), out);
  return true;
}

bool ItemEvents::think(std::int64_t output_index, std::int64_t piece_index, std::string_view text,
                       std::vector<ChatEvent>& out) {
  Item* item = item_at(output_index);
  if (!item) return false;
  Piece* piece = piece_at(*item, 0);
  if (!piece) {
    // What is encrypted in an item that is not whole is not what must be sent back.
    Reasoning head = read_reasoning_item(loose::rest_of(item->start, {"encrypted_content", "summary", "content"}));
    piece = &start_alone(*item, 0, event::PartKind::reasoning, std::move(head), out);
  } else if (piece->is_ended) {
    return false;
  } else if (item->thought_index != piece_index) {
    tell(*piece, kSummaryBreak, nullptr, out);
  }
  item->thought_index = piece_index;
  tell(*piece, text, nullptr, out);
  return true;
}

bool ItemEvents::argue(std::int64_t output_index, std::string_view arguments, std::vector<ChatEvent>& out) {
  Item* item = find(output_index);
  Piece* piece = item && !item->is_done ? piece_at(*item, 0) : nullptr;
  if (!piece || !std::holds_alternative<ToolCall>(piece->head)) return false;
  tell(*piece, arguments, nullptr, out);
  return true;
}

bool ItemEvents::annotate(std::int64_t output_index, std::int64_t content_index, const json::Value& annotation) {
  Item* item = find(output_index);
  Piece* piece = item ? piece_at(*item, content_index) : nullptr;
  auto* text = piece && !piece->is_ended ? std::get_if<Text>(&piece->final) : nullptr;
  if (!text) return false;
  json::Value& known = text->extra["annotations"];
  if (!known.is_array()) known = json::Array();
  known.get_array().push_back(annotation);
  return true;
}

bool ItemEvents::done(std::int64_t output_index, const json::Object& whole, std::vector<ChatEvent>& out) {
  Item* item = item_at(output_index);
  if (!item) return false;
  const std::string_view type = loose::view_at(whole, "type");
  if (type == "message") {
    done_message(*item, whole, out);
  } else if (type == "reasoning") {
    done_reasoning(*item, whole, out);
  } else if (is_call(type)) {
    done_call(*item, whole, out);
  } else if (auto image = type == "image_generation_call" ? read_image_item(whole) : std::nullopt) {
    tell_alone(event::PartKind::media, std::move(*image), out);
  } else {
    tell_alone(event::PartKind::foreign, Foreign{.protocol = Protocol::openai_responses, .block = whole}, out);
  }
  item->is_done = true;
  item->start.clear();
  return true;
}

// Its last text stays open until something else begins: its signature may be in the next item.
void ItemEvents::done_message(Item& item, const json::Object& whole, std::vector<ChatEvent>& out) {
  const json::Array* content = loose::array_at(whole, "content");
  for (std::size_t i = 0; content && i < content->size(); ++i) {
    const json::Object* block = (*content)[i].if_object();
    if (!block) continue;
    const auto index = static_cast<std::int64_t>(i);
    const bool is_refusal = loose::view_at(*block, "type") == "refusal";
    Part head = Refusal{};
    if (!is_refusal) {
      Text text = read_text_block(*block, whole);
      text.text.clear();
      head = std::move(text);
    }
    has_refusal_ = has_refusal_ || is_refusal;
    Piece* piece = piece_at(item, index);
    if (!piece)
      piece = &start_alone(item, index, is_refusal ? event::PartKind::refusal : event::PartKind::text, head, out);
    if (piece->is_ended || piece->head.index() != head.index()) continue;
    if (piece->told == 0 && !is_refusal) {
      const std::string_view text = loose::view_at(*block, "text");
      tell(*piece, text, text.empty() ? json::Value() : read_logprobs(*block), out);
    } else {
      tell_rest(*piece, loose::view_at(*block, is_refusal ? "refusal" : "text"), out);
    }
    piece->final = std::move(head);
  }
}

void ItemEvents::done_reasoning(Item& item, const json::Object& whole, std::vector<ChatEvent>& out) {
  if (const auto sealed = unseal(loose::view_at(whole, "encrypted_content"))) {
    if (sealed->place == Sealed::Place::call) return unseal_call(*sealed, out);
    if (sealed->place == Sealed::Place::text) return unseal_text(*sealed, out);
  }
  Reasoning final = read_reasoning_item(whole);
  const std::string text = std::exchange(final.text, std::string());
  Piece* piece = piece_at(item, 0);
  if (!piece) piece = &start_alone(item, 0, event::PartKind::reasoning, final, out);
  if (piece->is_ended) return;
  tell_rest(*piece, text, out);
  piece->final = std::move(final);
  end(*piece, out);
}

void ItemEvents::done_call(Item& item, const json::Object& whole, std::vector<ChatEvent>& out) {
  ToolCall final = read_call_item(whole);
  const std::string arguments = std::exchange(final.arguments, std::string());
  final.signature = signature_for(final.id);
  has_call_ = true;
  Piece* piece = piece_at(item, 0);
  if (!piece) piece = &start(item, 0, event::PartKind::tool_call, final, out);
  tell_rest(*piece, arguments, out);
  if (piece->told == 0 && !final.is_custom) tell(*piece, "{}", nullptr, out);
  piece->final = std::move(final);
  end(*piece, out);
}

// It may come before its call or after it.
void ItemEvents::unseal_call(const Sealed& sealed, std::vector<ChatEvent>& out) {
  for_calls_.push_back(sealed);
  for (Item& item : items_)
    for (Piece& piece : item.pieces) {
      auto* call = std::get_if<ToolCall>(&piece.final);
      if (!call || call->id != sealed.call_id) continue;
      call->signature = sealed.reasoning.signature;
      if (piece.is_ended) out.emplace_back(event::PartAmended{.part = piece.part, .whole = piece.final});
    }
}

void ItemEvents::unseal_text(const Sealed& sealed, std::vector<ChatEvent>& out) {
  Item* item = current_item_ < 0 ? nullptr : find(current_item_);
  Piece* piece = item ? piece_at(*item, current_piece_) : nullptr;
  auto* text = piece ? std::get_if<Text>(&piece->final) : nullptr;
  if (!text) return tell_alone(event::PartKind::text, Text{.text = {}, .signature = sealed.reasoning.signature}, out);
  text->signature = sealed.reasoning.signature;
  end_current(out);
}

}  // namespace atelier::model::openai
