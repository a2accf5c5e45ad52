#include "studio/chat/running_answer.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "studio/chat/tool_rounds.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kCallNameBytesMax = 128;  // of its id, too

model::Usage sum_of(model::Usage one, const model::Usage& other) {
  one.input += other.input;
  one.cached_read += other.cached_read;
  one.cached_write += other.cached_write;
  one.cached_write_hour += other.cached_write_hour;
  one.output += other.output;
  one.reasoning += other.reasoning;
  one.input_audio += other.input_audio;
  one.output_audio += other.output_audio;
  one.input_image += other.input_image;
  one.output_image += other.output_image;
  one.is_estimated = one.is_estimated || other.is_estimated;
  return one;
}

std::string_view finish_of(model::StopReason stop) noexcept {
  switch (stop) {
    case model::StopReason::stop:
    case model::StopReason::stop_sequence:
      return "stop";
    case model::StopReason::length:
    case model::StopReason::pause:
      return "length";
    case model::StopReason::tool_calls:
      return "tool_calls";
    case model::StopReason::content_filter:
      return "content_filter";
    case model::StopReason::refusal:
      return "refusal";
  }
  return "stop";
}

part::Reasoning reasoning_of(const model::Reasoning& thought) {
  return {.text = thought.text,
          .signature = thought.signature,
          .origin = thought.origin ? std::string(model::to_string(*thought.origin)) : std::string(),
          .thought_id = thought.id,
          .is_redacted = thought.is_redacted};
}

part::ToolCall call_of(const model::ToolCall& call) {
  part::ToolCall made{.id = call.id, .name = call.name, .arguments = call.arguments};
  made.signature = call.signature;
  return made;
}

// What a piece brings, as a message has it; nullopt: nothing that is shown.
std::optional<MessagePart> piece_of(const model::Part& part) {
  if (const auto* text = std::get_if<model::Text>(&part)) return part::Text{text->text};
  if (const auto* refusal = std::get_if<model::Refusal>(&part)) return part::Text{refusal->text};
  if (const auto* thought = std::get_if<model::Reasoning>(&part)) return reasoning_of(*thought);
  if (const auto* call = std::get_if<model::ToolCall>(&part)) return call_of(*call);
  return std::nullopt;
}

MessagePart empty_piece(model::event::PartKind kind) {
  if (kind == model::event::PartKind::reasoning) return part::Reasoning{};
  if (kind == model::event::PartKind::tool_call) return part::ToolCall{};
  return part::Text{};
}

// The next piece of one of that kind.
MessagePart more_of(model::event::PartKind kind, const std::string& text) {
  if (kind == model::event::PartKind::reasoning) return part::Reasoning{.text = text};
  if (kind == model::event::PartKind::tool_call) return part::ToolCall{.id = {}, .name = {}, .arguments = text};
  return part::Text{text};
}

std::size_t size_of(const MessagePart& piece) noexcept {
  if (const auto* text = std::get_if<part::Text>(&piece)) return text->text.size();
  if (const auto* thought = std::get_if<part::Reasoning>(&piece))
    return thought->text.size() + thought->signature.size();
  if (const auto* call = std::get_if<part::ToolCall>(&piece))
    return call->arguments.size() + call->name.size() + call->effect.size() + call->signature.size();
  if (const auto* result = std::get_if<part::ToolResult>(&piece)) return result->text.size();
  return 0;
}

// Deltas of one part follow each other as one.
void put(std::vector<PartDelta>& deltas, const PartDelta& delta) {
  if (!deltas.empty() && deltas.back().at == delta.at && deltas.back().piece.index() == delta.piece.index()) {
    std::vector<MessagePart> whole{std::move(deltas.back().piece)};
    append(whole, {.at = 0, .piece = delta.piece});
    deltas.back().piece = std::move(whole.front());
  } else {
    deltas.push_back(delta);
  }
}

}  // namespace

void RunningAnswer::add(std::size_t at, MessagePart piece) {
  size_bytes_ += size_of(piece);
  part_count_ = std::max(part_count_, at + 1);
  put(untold_, {.at = at, .piece = std::move(piece)});
}

bool RunningAnswer::take(const model::ChatEvent& event, std::size_t bytes_max) {
  if (const auto* begun = std::get_if<model::event::PartStarted>(&event)) {
    if (begun->choice != 0) return true;
    if (begun->kind == model::event::PartKind::media || begun->kind == model::event::PartKind::foreign) return true;
    std::size_t at = part_count_;
    // What goes on with a text goes on in it.
    const bool is_same_text = is_first_step_ && places_.empty() && is_gone_on_with_ &&
                              begun->kind == model::event::PartKind::text &&
                              std::holds_alternative<part::Text>(message_.parts.back());
    if (is_same_text) --at;
    if (part_count_ >= kMessagePartsMax) return false;
    places_.push_back({.part = begun->part, .at = at, .kind = begun->kind});
    auto piece = piece_of(begun->whole);
    if (begun->kind == model::event::PartKind::tool_call) {
      const auto* call = piece ? std::get_if<part::ToolCall>(&*piece) : nullptr;
      piece = take_name(call ? *call : part::ToolCall());
    }
    add(at, piece && piece->index() == empty_piece(begun->kind).index() ? std::move(*piece) : empty_piece(begun->kind));
  } else if (const auto* delta = std::get_if<model::event::Delta>(&event)) {
    const auto place = std::ranges::find(places_, delta->part, &Place::part);
    if (delta->choice == 0 && place != places_.end() && !delta->text.empty())
      add(place->at, more_of(place->kind, delta->text));
  } else if (const auto* amended = std::get_if<model::event::PartAmended>(&event)) {
    const auto place = std::ranges::find(places_, amended->part, &Place::part);
    if (amended->choice != 0 || place == places_.end()) return true;
    auto piece = piece_of(amended->whole);  // what it says came before
    if (auto* thought = piece ? std::get_if<part::Reasoning>(&*piece) : nullptr) {
      thought->text.clear();
      add(place->at, std::move(*thought));
    } else if (auto* call = piece ? std::get_if<part::ToolCall>(&*piece) : nullptr; call && !call->signature.empty()) {
      part::ToolCall seal;
      seal.signature = std::move(call->signature);
      add(place->at, std::move(seal));
    }
  } else if (const auto* finished = std::get_if<model::event::Finished>(&event)) {
    if (finished->choice == 0) stop_ = finished->stop;
  } else if (const auto* failed = std::get_if<model::event::Failed>(&event)) {
    fail(failed->error);
  }
  return size_bytes_ <= bytes_max;
}

void RunningAnswer::fail(const Error& error) {
  if (!failure_) failure_ = part::Failure{.code = std::string(error.stable_code()), .message = error.message};
}

void RunningAnswer::report(const model::CallReport& report) {
  const std::lock_guard lock(mutex_);
  AnswerReport& told = message_.report;
  told.candidate = report.candidate;
  told.provider = report.provider;
  told.model = report.model;
  if (report.has_usage) told.usage = told.usage ? sum_of(*told.usage, report.usage) : report.usage;
  if (told.cost && report.cost)
    *told.cost += *report.cost;
  else if (report.cost)
    told.cost = report.cost;
  if (report.first_token && !told.first_token_ms) told.first_token_ms = report.first_token->count();
  told.total_ms = told.total_ms.value_or(0) + report.total.count();
}

ThreadMessage RunningAnswer::look() const {
  const std::lock_guard lock(mutex_);
  return message_;
}

std::vector<PartDelta> RunningAnswer::beyond(const std::vector<std::size_t>& seen) const {
  const std::lock_guard lock(mutex_);
  return said_beyond(message_.parts, seen);
}

RunningAnswer::Telling RunningAnswer::take_untold() {
  Telling telling;
  if (untold_.empty()) return telling;
  telling.deltas = std::exchange(untold_, {});
  {
    const std::lock_guard lock(mutex_);
    telling.seq = ++message_.seq;
    for (const PartDelta& delta : telling.deltas) append(message_.parts, delta);
  }
  for (const PartDelta& delta : telling.deltas) {
    unwritten_.size_bytes += size_of(delta.piece);
    put(unwritten_.deltas, delta);
  }
  unwritten_.seq = telling.seq;
  return telling;
}

RunningAnswer::Writing RunningAnswer::take_unwritten() { return std::exchange(unwritten_, {}); }

void RunningAnswer::give_back(Writing writing) {
  for (const PartDelta& delta : unwritten_.deltas) put(writing.deltas, delta);
  writing.size_bytes += unwritten_.size_bytes;
  writing.seq = std::max(writing.seq, unwritten_.seq);
  unwritten_ = std::move(writing);
}

bool RunningAnswer::has_open_calls() const {
  const bool is_cut = stop_ == model::StopReason::length || stop_ == model::StopReason::content_filter;
  return !is_cut && !open_calls(whole().parts).empty();
}

void RunningAnswer::begin_step() {
  places_.clear();
  stop_.reset();
  is_first_step_ = false;
}

// An id of its own, by which a result finds its call: some models count their calls anew each time, or give no id.
part::ToolCall RunningAnswer::take_name(part::ToolCall call) {
  if (call.name.size() > kCallNameBytesMax) call.name = std::string(truncate_utf8(call.name, kCallNameBytesMax));
  if (call.id.empty() || call.id.size() > kCallNameBytesMax || call_ids_.contains(call.id))
    call.id = "call_" + Ulid::make().to_string();
  call_ids_.insert(call.id);
  return call;
}

void RunningAnswer::note(std::size_t at, const part::ToolCall& call) {
  part::ToolCall noted;
  noted.title = call.title;
  noted.effect = call.effect;
  noted.approval = call.approval;
  add(at, std::move(noted));
}

void RunningAnswer::add_result(part::ToolResult result) { add(part_count_, std::move(result)); }

ThreadMessage RunningAnswer::whole() const {
  ThreadMessage message = look();
  for (const PartDelta& delta : untold_) append(message.parts, delta);
  return message;
}

ThreadMessage RunningAnswer::end(bool is_shutdown) const {
  ThreadMessage message = whole();
  if (failure_) message.parts.push_back(*failure_);
  if (stop_) message.report.finish = finish_of(*stop_);
  if (failure_)
    message.state = MessageState::failed;
  else if (is_waiting && !is_stopped)
    message.state = MessageState::waiting;
  else if (stop_)
    message.state = MessageState::complete;
  else if (is_stopped)
    message.state = MessageState::stopped;
  else
    message.state = is_shutdown ? MessageState::interrupted : MessageState::failed;
  return message;
}

}  // namespace atelier::studio
