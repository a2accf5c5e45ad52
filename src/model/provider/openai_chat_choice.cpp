#include "model/provider/openai_chat_choice.hpp"

#include <algorithm>
#include <utility>

#include "model/loose_json.hpp"
#include "model/provider/openai_parts.hpp"

namespace atelier::model::openai {

void ChoiceReader::take(const json::Object& delta, json::Value logprobs, std::vector<ChatEvent>& out) {
  if (is_finished_) return;
  logprobs_ = std::move(logprobs);
  take_reasoning(delta, out);
  if (const json::Value* content = delta.if_contains("content")) take_content(*content, out);
  if (const std::string_view refusal = loose::view_at(delta, "refusal"); !refusal.empty())
    say(event::PartKind::refusal, std::string(refusal), out);
  if (const json::Array* annotations = loose::array_at(delta, "annotations")) take_annotations(*annotations);
  take_media(delta, out);
  take_calls(delta, out);
  // Of a chunk that has log probabilities and no text: they belong to what was said last.
  if (!logprobs_.is_null() && current_)
    out.emplace_back(event::Delta{
        .choice = index_, .part = current_->part, .text = {}, .logprobs = std::exchange(logprobs_, nullptr)});
}

void ChoiceReader::take_reasoning(const json::Object& delta, std::vector<ChatEvent>& out) {
  std::string plain = plain_reasoning(delta);
  std::vector<PlacedReasoning> pieces;
  std::vector<TextSeal> seals;
  if (const json::Array* details = loose::array_at(delta, "reasoning_details"))
    for (const json::Value& value : *details) {
      Detail detail = read_detail(value);
      if (detail.piece) pieces.push_back(std::move(*detail.piece));
      if (detail.seal) seals.push_back(std::move(*detail.seal));
    }
  if (const json::Array* blocks = loose::array_at(delta, "thinking_blocks"); blocks && pieces.empty())
    for (const json::Value& value : *blocks)
      if (const json::Object* block = value.if_object()) pieces.push_back(read_thinking(*block));
  const bool is_said =
      std::ranges::any_of(pieces, [](const PlacedReasoning& piece) { return !piece.reasoning.text.empty(); });
  if (!plain.empty() && !is_said) think({.at = {}, .reasoning = {.text = std::move(plain)}}, out);
  for (PlacedReasoning& piece : pieces) think(std::move(piece), out);
  for (const TextSeal& seal : seals) take_seal(seal, out);
}

void ChoiceReader::take_content(const json::Value& content, std::vector<ChatEvent>& out) {
  if (content.is_string()) return say_text(loose::view_of(content), out);
  const json::Array* list = content.if_array();
  if (!list) return;
  for (const json::Value& value : *list) {
    const json::Object* block = value.if_object();
    if (!block) continue;
    const std::string_view type = loose::view_at(*block, "type");
    if (type == "thinking")
      think(read_thinking(*block), out);
    else if (auto image = type == "image_url" ? read_image(value) : std::nullopt)
      whole_part(event::PartKind::media, std::move(*image), out);
    else
      say_text(loose::view_at(*block, "text"), out);
  }
}

void ChoiceReader::say_text(std::string_view text, std::vector<ChatEvent>& out) {
  if (text.empty()) return;
  if (!has_think_tags_) return say(event::PartKind::text, std::string(text), out);
  ThinkSplitter::Pieces pieces = think_splitter_.feed(text);
  if (!pieces.thought.empty()) think({.at = {}, .reasoning = {.text = std::move(pieces.thought)}}, out);
  if (!pieces.said.empty()) say(event::PartKind::text, std::move(pieces.said), out);
}

void ChoiceReader::take_media(const json::Object& delta, std::vector<ChatEvent>& out) {
  if (const json::Array* images = loose::array_at(delta, "images"))
    for (const json::Value& value : *images)
      if (auto image = read_image(value)) whole_part(event::PartKind::media, std::move(*image), out);
  if (const json::Object* audio = loose::object_at(delta, "audio"); audio && !audio->empty())
    whole_part(event::PartKind::media, read_audio(*audio), out);
}

void ChoiceReader::take_annotations(const json::Array& annotations) {
  if (!current_ || current_->kind != event::PartKind::text || annotations.empty()) return;
  json::Value& known = current_->text.extra["annotations"];
  if (!known.is_array()) known = json::Array();
  for (json::Value& one : flatten_annotations(annotations)) known.get_array().push_back(std::move(one));
  current_->is_amended = true;
}

void ChoiceReader::take_calls(const json::Object& delta, std::vector<ChatEvent>& out) {
  json::Array fragments;
  if (const json::Array* calls = loose::array_at(delta, "tool_calls")) fragments = *calls;
  // As it was before there were tools: one call.
  if (const json::Object* function = loose::object_at(delta, "function_call"))
    fragments.push_back(json::Object{{"index", 0}, {"function", *function}});
  for (std::size_t i = 0; i < fragments.size(); ++i) {
    const json::Object* fragment = fragments[i].if_object();
    ToolDeltas::Slot* slot = fragment ? calls_.take(*fragment, i, fragments.size()) : nullptr;
    if (!slot) {
      ++*skipped_count_;
      continue;
    }
    end_current(out);
    tell(*slot, false, out);
  }
}

// A signature on a text that ends here, or on an empty one behind it.
void ChoiceReader::take_seal(const TextSeal& seal, std::vector<ChatEvent>& out) {
  if (current_ && current_->kind == event::PartKind::text && current_->begin == seal.begin &&
      current_->size == seal.size) {
    current_->text.signature = seal.signature;
    current_->is_amended = true;
    return end_current(out);
  }
  whole_part(event::PartKind::text, Text{.text = {}, .signature = seal.signature}, out);
}

void ChoiceReader::say(event::PartKind kind, std::string text, std::vector<ChatEvent>& out) {
  if (!current_ || current_->kind != kind) {
    if (!may_open(out)) {
      held_.push_back({.kind = kind, .text = std::move(text)});
      return;
    }
    start_current(kind, out);
    out.emplace_back(event::PartStarted{.choice = index_,
                                        .part = current_->part,
                                        .kind = kind,
                                        .whole = kind == event::PartKind::refusal ? Part(Refusal{}) : Part(Text{})});
  }
  if (kind == event::PartKind::refusal) has_refusal_ = true;
  if (kind == event::PartKind::text) {
    current_->size += text.size();
    said_bytes_ += text.size();
  }
  out.emplace_back(event::Delta{.choice = index_,
                                .part = current_->part,
                                .text = std::move(text),
                                .logprobs = std::exchange(logprobs_, nullptr)});
}

void ChoiceReader::think(PlacedReasoning piece, std::vector<ChatEvent>& out) {
  std::string text = std::exchange(piece.reasoning.text, std::string());
  const bool is_current = current_ && current_->kind == event::PartKind::reasoning;
  const auto origin = is_current ? current_->thought.reasoning.origin : std::nullopt;
  if (is_current && join(current_->thought, piece)) {
    const bool has_news = !piece.reasoning.signature.empty() || !piece.reasoning.id.empty() ||
                          current_->thought.reasoning.origin != origin;
    current_->is_amended = current_->is_amended || has_news;
  } else {
    if (!may_open(out)) {
      held_.push_back({.kind = event::PartKind::reasoning, .text = std::move(text), .thought = std::move(piece)});
      return;
    }
    start_current(event::PartKind::reasoning, out);
    current_->thought = std::move(piece);
    out.emplace_back(event::PartStarted{.choice = index_,
                                        .part = current_->part,
                                        .kind = event::PartKind::reasoning,
                                        .whole = current_->thought.reasoning});
  }
  if (!text.empty())
    out.emplace_back(event::Delta{.choice = index_, .part = current_->part, .text = std::move(text), .logprobs = {}});
}

void ChoiceReader::start_current(event::PartKind kind, std::vector<ChatEvent>& out) {
  end_current(out);
  current_ = Current{.part = next_part_++, .kind = kind, .begin = said_bytes_};
}

void ChoiceReader::end_current(std::vector<ChatEvent>& out) {
  if (!current_) return;
  const Current ended = std::move(*std::exchange(current_, std::nullopt));
  if (ended.is_amended) {
    Part whole = ended.text;
    if (ended.kind == event::PartKind::reasoning) whole = ended.thought.reasoning;
    out.emplace_back(event::PartAmended{.choice = index_, .part = ended.part, .whole = std::move(whole)});
  }
  out.emplace_back(event::PartEnded{.choice = index_, .part = ended.part});
}

void ChoiceReader::whole_part(event::PartKind kind, Part part, std::vector<ChatEvent>& out) {
  end_current(out);
  const std::int64_t number = next_part_++;
  out.emplace_back(event::PartStarted{.choice = index_, .part = number, .kind = kind, .whole = std::move(part)});
  out.emplace_back(event::PartEnded{.choice = index_, .part = number});
}

// Whether something else than a call may begin: calls that are whole end here, a call that is not must go on alone.
bool ChoiceReader::may_open(std::vector<ChatEvent>& out) {
  if (is_ending_) return true;
  if (!held_.empty()) return false;
  for (ToolDeltas::Slot& slot : calls_.slots())
    if (!slot.is_ended && !slot.call.name.empty() && slot.is_whole()) end_slot(slot, out);
  return !calls_.has_open();
}

// Begins the call once its id and name are known, and tells what came of its arguments.
void ChoiceReader::tell(ToolDeltas::Slot& slot, bool must_begin, std::vector<ChatEvent>& out) {
  if (slot.is_ended) return;
  ToolCall head = slot.call;
  head.arguments.clear();
  if (slot.part < 0) {
    if (head.name.empty() || (head.id.empty() && !must_begin)) return;
    if (head.id.empty()) {
      const auto place = static_cast<std::size_t>(&slot - calls_.slots().data());
      slot.call.id = head.id = made_call_id(answer_id_, head.name, place);
    }
    slot.part = next_part_++;
    out.emplace_back(event::PartStarted{
        .choice = index_, .part = slot.part, .kind = event::PartKind::tool_call, .whole = std::move(head)});
  } else if (std::exchange(slot.is_amended, false)) {
    out.emplace_back(event::PartAmended{.choice = index_, .part = slot.part, .whole = std::move(head)});
  }
  if (slot.told == slot.call.arguments.size()) return;
  out.emplace_back(
      event::Delta{.choice = index_, .part = slot.part, .text = slot.call.arguments.substr(slot.told), .logprobs = {}});
  slot.told = slot.call.arguments.size();
}

void ChoiceReader::end_slot(ToolDeltas::Slot& slot, std::vector<ChatEvent>& out) {
  if (slot.is_ended) return;
  if (slot.call.arguments.empty() && !slot.call.is_custom) slot.call.arguments = "{}";
  tell(slot, true, out);
  slot.is_ended = true;
  if (slot.part >= 0)
    out.emplace_back(event::PartEnded{.choice = index_, .part = slot.part});
  else
    ++*skipped_count_;  // a call without a name
}

void ChoiceReader::end_all(std::vector<ChatEvent>& out) {
  for (ToolDeltas::Slot& slot : calls_.slots()) end_slot(slot, out);
  is_ending_ = true;
  for (Held& held : std::exchange(held_, {})) {
    if (held.kind == event::PartKind::reasoning) {
      held.thought.reasoning.text = std::move(held.text);
      think(std::move(held.thought), out);
    } else {
      say(held.kind, std::move(held.text), out);
    }
  }
  if (has_think_tags_) {
    ThinkSplitter::Pieces rest = think_splitter_.end();
    if (!rest.thought.empty()) think({.at = {}, .reasoning = {.text = std::move(rest.thought)}}, out);
    if (!rest.said.empty()) say(event::PartKind::text, std::move(rest.said), out);
  }
  end_current(out);
}

void ChoiceReader::finish(std::string_view reason, std::vector<ChatEvent>& out) {
  if (is_finished_) return;
  end_all(out);
  is_finished_ = true;
  StopReason stop = read_stop(reason);
  const bool has_call =
      std::ranges::any_of(calls_.slots(), [](const ToolDeltas::Slot& slot) { return slot.part >= 0; });
  if (stop == StopReason::stop && has_call) stop = StopReason::tool_calls;
  if (stop == StopReason::stop && has_refusal_) stop = StopReason::refusal;
  out.emplace_back(event::Finished{.choice = index_, .stop = stop});
}

void ChoiceReader::close(std::vector<ChatEvent>& out) {
  if (is_finished_) return;
  // What never began is nothing to a reader; what began is told as far as it came.
  for (ToolDeltas::Slot& slot : calls_.slots()) {
    if (slot.part >= 0 && !slot.is_ended) out.emplace_back(event::PartEnded{.choice = index_, .part = slot.part});
    slot.is_ended = true;
  }
  end_all(out);
}

}  // namespace atelier::model::openai
