#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "net/sse.hpp"

namespace atelier::model::anthropic {
namespace {

// Fetched documents come whole, in one event.
constexpr net::SseLimits kLimits{.line_bytes_max = std::size_t{64} << 20, .event_bytes_max = std::size_t{64} << 20};

constexpr std::size_t kOpenBlocksMax = 256;  // the protocol has one

class EventReader final : public ChatEventReader {
 public:
  std::vector<ChatEvent> feed(std::string_view bytes) override;
  std::vector<ChatEvent> end() override;
  const Fault* fault() const noexcept override { return fault_ ? &*fault_ : nullptr; }
  std::size_t skipped_count() const noexcept override { return skipped_; }

 private:
  // A block between its start and its stop.
  struct Block {
    std::int64_t index, part;
    event::PartKind kind;  // foreign: collected, since it is told whole
    json::Object start;
    std::string signature, input;
    json::Array citations = {};
  };

  void take(const net::SseEvent& event);
  void start_message(const json::Object& message);
  void start_block(const json::Object& what);
  void begin_part(Block& block);
  void take_delta(const json::Object& what);
  void stop_block(Block block);
  void take_message_delta(const json::Object& what);
  void finish(StopReason stop, const json::Object& delta);
  void refuse(Fault fault);
  void ensure_started();
  void say(std::int64_t part, std::string_view text);
  std::vector<Block>::iterator find(std::int64_t index) { return std::ranges::find(open_, index, &Block::index); }

  net::SseParser parser_{kLimits};
  std::vector<ChatEvent> out_;
  std::vector<Block> open_;
  Counts counts_;
  std::string id_;
  std::optional<Fault> fault_;
  std::int64_t next_part_ = 0;
  std::size_t skipped_ = 0;
  bool has_started_ = false, has_calls_ = false, is_finished_ = false, is_over_ = false;
};

std::vector<ChatEvent> EventReader::feed(std::string_view bytes) {
  if (is_over_) return {};
  auto events = parser_.feed(bytes);
  if (!events)
    refuse(broken_answer(events.error().message));
  else
    for (const net::SseEvent& event : *events)
      if (!is_over_) take(event);
  return std::exchange(out_, {});
}

std::vector<ChatEvent> EventReader::end() {
  if (is_over_) return {};
  is_over_ = true;
  for (const Block& block : open_)
    if (block.kind != event::PartKind::foreign) out_.emplace_back(event::PartEnded{.part = block.part});
  open_.clear();
  return std::exchange(out_, {});
}

void EventReader::take(const net::SseEvent& event) {
  const std::string_view data = trim(event.data);
  if (data.empty() || data == "[DONE]") return;
  const auto what = loose::parse_object(data);
  if (!what) {
    if (event.type == "error") return refuse(fault_of({}, data));
    ++skipped_;
    return;
  }
  std::string_view type = loose::view_at(*what, "type");
  if (type.empty()) type = event.type;
  if (type == "content_block_delta") return take_delta(*what);
  if (type == "content_block_start") return start_block(*what);
  if (type == "message_delta") return take_message_delta(*what);
  if (type == "content_block_stop") {
    const auto block = what->contains("index") ? find(loose::integer_at(*what, "index")) : open_.end();
    if (block == open_.end()) {
      ++skipped_;
      return;
    }
    Block stopped = std::move(*block);
    open_.erase(block);
    return stop_block(std::move(stopped));
  }
  if (type == "message_start") {
    if (const json::Object* message = loose::object_at(*what, "message")) return start_message(*message);
    ++skipped_;
    return;
  }
  if (type == "message_stop") {
    finish(has_calls_ ? StopReason::tool_calls : StopReason::stop, {});
    out_.emplace_back(event::Ended());
    is_over_ = true;
    return;
  }
  if (type == "error" || loose::object_at(*what, "error")) {
    const json::Object* error = loose::object_at(*what, "error");
    return refuse(
        fault_of(error ? loose::view_at(*error, "type") : "", error ? loose::view_at(*error, "message") : data));
  }
}

void EventReader::start_message(const json::Object& message) {
  std::string id = loose::text_at(message, "id");
  if (has_started_) {
    // Proxies repeat the start of a message; another message spliced in is nobody's answer.
    if (id != id_) refuse(broken_answer("a second message began inside the answer"));
    return;
  }
  has_started_ = true;
  id_ = id;
  out_.emplace_back(
      event::Started{.id = std::move(id), .model = loose::text_at(message, "model"), .extra = extra_of(message)});
  if (const json::Object* usage = loose::object_at(message, "usage")) {
    counts_.take(*usage);
    out_.emplace_back(event::UsageTold{counts_.usage()});
  }
}

void EventReader::ensure_started() {
  if (!has_started_) out_.emplace_back(event::Started());
  has_started_ = true;
}

void EventReader::say(std::int64_t part, std::string_view text) {
  if (!text.empty()) out_.emplace_back(event::Delta{.part = part, .text = std::string(text)});
}

void EventReader::start_block(const json::Object& what) {
  const json::Object* start = loose::object_at(what, "content_block");
  const std::int64_t index = loose::integer_at(what, "index");
  if (!start || find(index) != open_.end() || open_.size() >= kOpenBlocksMax || is_finished_) {
    ++skipped_;
    return;
  }
  ensure_started();
  Block block{
      .index = index, .part = 0, .kind = event::PartKind::foreign, .start = *start, .signature = {}, .input = {}};
  const std::string_view type = loose::view_at(*start, "type");
  if (type == "text") block.kind = event::PartKind::text;
  if (type == "thinking" || type == "redacted_thinking") block.kind = event::PartKind::reasoning;
  if (type == "tool_use") block.kind = event::PartKind::tool_call;
  if (block.kind != event::PartKind::foreign) begin_part(block);
  open_.push_back(std::move(block));
}

void EventReader::begin_part(Block& block) {
  block.part = next_part_++;
  Part whole = part_of(block.start);
  std::string said;
  if (auto* text = std::get_if<Text>(&whole)) {
    said = std::exchange(text->text, {});
    if (const json::Array* citations = loose::array_at(text->extra, "citations")) block.citations = *citations;
  } else if (auto* reasoning = std::get_if<Reasoning>(&whole)) {
    said = std::exchange(reasoning->text, {});
    if (!reasoning->is_redacted) block.signature = reasoning->signature;
  } else if (auto* call = std::get_if<ToolCall>(&whole)) {
    call->arguments.clear();  // at the stop, if no delta brings them
    has_calls_ = true;
  }
  out_.emplace_back(event::PartStarted{.part = block.part, .kind = block.kind, .whole = std::move(whole)});
  say(block.part, said);
}

void EventReader::take_delta(const json::Object& what) {
  const json::Object* delta = loose::object_at(what, "delta");
  const auto block = what.contains("index") ? find(loose::integer_at(what, "index")) : open_.end();
  if (!delta || block == open_.end()) {
    ++skipped_;
    return;
  }
  const std::string_view type = loose::view_at(*delta, "type");
  if (type == "text_delta" && block->kind == event::PartKind::text) {
    say(block->part, loose::view_at(*delta, "text"));
  } else if (type == "thinking_delta" && block->kind == event::PartKind::reasoning) {
    say(block->part, loose::view_at(*delta, "thinking"));
  } else if (type == "signature_delta") {
    block->signature += loose::view_at(*delta, "signature");
  } else if (type == "input_json_delta") {
    const std::string_view text = loose::view_at(*delta, "partial_json");
    block->input += text;
    if (block->kind == event::PartKind::tool_call) say(block->part, text);
  } else if (type == "citations_delta") {
    if (const json::Value* citation = delta->if_contains("citation")) block->citations.push_back(*citation);
  }
}

void EventReader::stop_block(Block block) {
  if (block.kind == event::PartKind::foreign) {
    if (auto input = loose::parse_object(block.input)) block.start["input"] = std::move(*input);
    block.part = next_part_++;
    out_.emplace_back(
        event::PartStarted{.part = block.part,
                           .kind = block.kind,
                           .whole = Foreign{.protocol = Protocol::anthropic, .block = std::move(block.start)}});
  } else if (block.kind == event::PartKind::text && !block.citations.empty()) {
    out_.emplace_back(event::PartAmended{
        .part = block.part, .whole = Text{.text = {}, .extra = {{"citations", std::move(block.citations)}}}});
  } else if (block.kind == event::PartKind::reasoning && !block.signature.empty()) {
    out_.emplace_back(
        event::PartAmended{.part = block.part,
                           .whole = Reasoning{.signature = std::move(block.signature), .origin = Protocol::anthropic}});
  } else if (block.kind == event::PartKind::tool_call && block.input.empty()) {
    const json::Object* input = loose::object_at(block.start, "input");
    say(block.part, input ? json::write(*input) : "{}");
  }
  out_.emplace_back(event::PartEnded{.part = block.part});
}

void EventReader::take_message_delta(const json::Object& what) {
  ensure_started();
  const json::Object* delta = loose::object_at(what, "delta");
  if (!delta) {
    ++skipped_;
    return;
  }
  if (const json::Object* usage = loose::object_at(what, "usage")) {
    counts_.take(*usage);
    out_.emplace_back(event::UsageTold{counts_.usage()});
  }
  if (const auto stop = stop_of(loose::view_at(*delta, "stop_reason"))) finish(*stop, *delta);
}

void EventReader::finish(StopReason stop, const json::Object& delta) {
  if (is_finished_) return;
  ensure_started();
  is_finished_ = true;
  for (Block& block : std::exchange(open_, {})) stop_block(std::move(block));
  if (std::string words = explanation_in(delta); stop == StopReason::refusal && !words.empty()) {
    const std::int64_t part = next_part_++;
    out_.emplace_back(event::PartStarted{.part = part, .kind = event::PartKind::refusal, .whole = Refusal()});
    say(part, words);
    out_.emplace_back(event::PartEnded{.part = part});
  }
  event::Finished finished{.stop = stop};
  if (stop == StopReason::stop_sequence) finished.stop_sequence = loose::text_at(delta, "stop_sequence");
  out_.emplace_back(std::move(finished));
}

void EventReader::refuse(Fault fault) {
  out_.emplace_back(event::Failed{to_error(fault, "anthropic")});
  fault_ = std::move(fault);
  is_over_ = true;
}

}  // namespace

std::unique_ptr<ChatEventReader> make_reader() { return std::make_unique<EventReader>(); }

}  // namespace atelier::model::anthropic
