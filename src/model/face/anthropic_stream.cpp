#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <deque>

#include "model/face/anthropic_parts.hpp"
#include "model/face/anthropic_seal.hpp"
#include "model/loose_json.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::anthropic {
namespace {

void append_event(std::string& out, std::string_view type, std::string_view data) {
  fmt::format_to(std::back_inserter(out), "event: {}\ndata: {}\n\n", type, data);
}

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string_view(text)); }

// Of a part that begins with something already said.
std::string said_in(const Part& part) {
  if (const auto* text = std::get_if<Text>(&part)) return text->text;
  if (const auto* reasoning = std::get_if<Reasoning>(&part)) return reasoning->text;
  if (const auto* call = std::get_if<ToolCall>(&part)) return call->arguments;
  if (const auto* refusal = std::get_if<Refusal>(&part)) return refusal->text;
  return {};
}

// Blocks of this protocol never overlap: the oldest unfinished part is written as it grows, those behind it wait. A
// block begins with its first content, so that a part that stays empty leaves no block.
class EventWriter final : public ChatEventWriter {
 public:
  explicit EventWriter(AnswerHead head) : head_(std::move(head)) {}
  std::string write(const ChatEvent& what) override;

 private:
  struct Waiting {
    std::int64_t part;
    event::PartKind kind;
    Part whole;
    std::string text;  // not written yet
    bool is_ended = false;
  };

  void start(const event::Started& started);
  void amend(const event::PartAmended& amended);
  void end_all();
  void finish();
  Waiting* find(std::int64_t choice, std::int64_t part);
  void advance();
  bool open(const Waiting& part);
  void write_text(Waiting& part);
  void close(const Waiting& part);
  void write_whole(const json::Object& block);
  void start_block(std::string_view block);
  void write_delta(std::string_view type, std::string_view field, std::string_view text);
  void stop_block();

  AnswerHead head_;
  json::Object extra_;
  std::deque<Waiting> parts_;
  std::string out_;
  std::int64_t index_ = 0;
  bool has_started_ = false, is_open_ = false, is_over_ = false;
  StopReason stop_ = StopReason::stop;
  std::string stop_sequence_;
  Usage usage_;
};

std::string EventWriter::write(const ChatEvent& what) {
  if (is_over_) return {};
  if (const auto* failed = std::get_if<event::Failed>(&what)) {
    is_over_ = true;
    return write_stream_error(Protocol::anthropic, failed->error, {});
  }
  if (const auto* started = std::get_if<event::Started>(&what)) {
    start(*started);
  } else if (const auto* part = std::get_if<event::PartStarted>(&what)) {
    start({});
    if (part->choice == 0) parts_.push_back({part->part, part->kind, part->whole, said_in(part->whole)});
  } else if (const auto* delta = std::get_if<event::Delta>(&what)) {
    if (Waiting* part_of = find(delta->choice, delta->part)) part_of->text += delta->text;
  } else if (const auto* amended = std::get_if<event::PartAmended>(&what)) {
    amend(*amended);
  } else if (const auto* ended = std::get_if<event::PartEnded>(&what)) {
    if (Waiting* part_of = find(ended->choice, ended->part)) part_of->is_ended = true;
  } else if (const auto* finished = std::get_if<event::Finished>(&what)) {
    if (finished->choice == 0) {
      stop_ = finished->stop;
      stop_sequence_ = finished->stop_sequence;
      end_all();
    }
  } else if (const auto* told = std::get_if<event::UsageTold>(&what)) {
    usage_ = told->usage;
  } else {
    finish();
  }
  advance();
  if (std::holds_alternative<event::Ended>(what)) {
    json::Object delta{{"stop_reason", stop_reason(stop_)}, {"stop_sequence", nullptr}};
    if (stop_ == StopReason::stop_sequence) delta["stop_sequence"] = stop_sequence_;
    append_event(
        out_, "message_delta",
        json::write(json::Object{{"type", "message_delta"}, {"delta", delta}, {"usage", usage_block(usage_, extra_)}}));
    append_event(out_, "message_stop", R"({"type":"message_stop"})");
    is_over_ = true;
  }
  return std::exchange(out_, std::string());
}

void EventWriter::start(const event::Started& started) {
  if (has_started_) return;
  has_started_ = true;
  extra_ = started.extra;
  json::Object message{{"id", message_id(started.id, head_)},
                       {"type", "message"},
                       {"role", "assistant"},
                       {"model", started.model.empty() ? head_.model : started.model},
                       {"content", json::Array()},
                       {"stop_reason", nullptr},
                       {"stop_sequence", nullptr},
                       {"usage", usage_block(usage_, extra_)}};
  if (const json::Object* container = loose::object_at(extra_, "container")) message["container"] = *container;
  append_event(out_, "message_start",
               json::write(json::Object{{"type", "message_start"}, {"message", std::move(message)}}));
}

void EventWriter::amend(const event::PartAmended& amended) {
  Waiting* part = find(amended.choice, amended.part);
  if (part && (part->whole.index() == amended.whole.index() || part->whole.index() == 0)) part->whole = amended.whole;
}

void EventWriter::end_all() {
  for (Waiting& part : parts_) part.is_ended = true;
}

void EventWriter::finish() {
  start({});
  end_all();
}

EventWriter::Waiting* EventWriter::find(std::int64_t choice, std::int64_t part) {
  if (choice != 0) return nullptr;
  const auto found = std::ranges::find(parts_, part, &Waiting::part);
  return found == parts_.end() ? nullptr : &*found;
}

void EventWriter::advance() {
  while (!parts_.empty()) {
    Waiting& part = parts_.front();
    if (!is_open_) is_open_ = open(part);
    if (is_open_) write_text(part);
    if (!part.is_ended) return;
    close(part);
    is_open_ = false;
    parts_.pop_front();
  }
}

// Whether the part's block has begun now.
bool EventWriter::open(const Waiting& part) {
  switch (part.kind) {
    case event::PartKind::text:
    case event::PartKind::refusal:
      if (part.text.empty()) return false;
      start_block(R"({"type":"text","text":""})");
      return true;
    case event::PartKind::reasoning:
      if (part.text.empty()) return false;
      start_block(R"({"type":"thinking","thinking":"","signature":""})");
      return true;
    case event::PartKind::tool_call: {
      const auto* call = std::get_if<ToolCall>(&part.whole);
      const bool is_known = call && !call->id.empty() && !call->name.empty();
      if (!is_known && !part.is_ended) return false;
      if (call && !call->signature.empty())
        write_whole(thinking_block("", seal(Sealed{.place = Sealed::Place::call, .signature = call->signature})));
      json::Object block{{"type", "tool_use"},
                         {"id", plain_call_id(call ? call->id : "")},
                         {"name", call ? call->name : ""},
                         {"input", json::Object()}};
      if (const json::Object* caller = call ? loose::object_at(call->extra, "caller") : nullptr)
        block["caller"] = *caller;
      start_block(json::write(block));
      return true;
    }
    case event::PartKind::media:
    case event::PartKind::foreign:
      return false;  // whole, at its end
  }
  return false;
}

void EventWriter::write_text(Waiting& part) {
  if (part.text.empty()) return;
  if (part.kind == event::PartKind::reasoning)
    write_delta("thinking_delta", "thinking", part.text);
  else if (part.kind == event::PartKind::tool_call)
    write_delta("input_json_delta", "partial_json", part.text);
  else
    write_delta("text_delta", "text", part.text);
  part.text.clear();
}

void EventWriter::close(const Waiting& part) {
  if (const auto* reasoning = std::get_if<Reasoning>(&part.whole)) {
    const std::string signature = shown_signature(*reasoning);
    if (is_open_) {
      if (!signature.empty()) write_delta("signature_delta", "signature", signature);
      stop_block();
    } else if (reasoning->is_redacted) {
      write_whole({{"type", "redacted_thinking"}, {"data", signature}});
    } else if (!signature.empty()) {
      write_whole(thinking_block("", signature));
    }
    return;
  }
  if (const auto* media = std::get_if<Media>(&part.whole))
    return write_whole({{"type", "text"}, {"text", words_for(*media)}});
  if (const auto* foreign = std::get_if<Foreign>(&part.whole)) {
    if (foreign->protocol == Protocol::anthropic && foreign->block.is_object())
      write_whole(foreign->block.get_object());
    return;
  }
  const auto* text = std::get_if<Text>(&part.whole);
  if (is_open_) {
    const json::Array* citations = text ? loose::array_at(text->extra, "citations") : nullptr;
    for (std::size_t i = 0; citations && i < citations->size(); ++i)
      append_event(
          out_, "content_block_delta",
          fmt::format(
              R"({{"type":"content_block_delta","index":{},"delta":{{"type":"citations_delta","citation":{}}}}})",
              index_, json::write((*citations)[i])));
    stop_block();
  }
  if (text && !text->signature.empty())
    write_whole(thinking_block(
        "", seal(Sealed{.place = is_open_ ? Sealed::Place::text : Sealed::Place::part, .signature = text->signature})));
}

// A block that came in one piece. Texts, thoughts and inputs still go as deltas, since that is where readers look for
// them.
void EventWriter::write_whole(const json::Object& block) {
  const std::string_view type = loose::view_at(block, "type");
  json::Object head = block;
  if (type == "text") {
    head["text"] = "";
    start_block(json::write(head));
    write_delta("text_delta", "text", loose::view_at(block, "text"));
  } else if (type == "thinking") {
    head["signature"] = "";
    start_block(json::write(head));
    write_delta("signature_delta", "signature", loose::view_at(block, "signature"));
  } else if (const json::Object* input = loose::object_at(block, "input"); input && type.ends_with("_tool_use")) {
    head["input"] = json::Object();
    start_block(json::write(head));
    write_delta("input_json_delta", "partial_json", json::write(*input));
  } else {
    start_block(json::write(head));
  }
  stop_block();
}

void EventWriter::start_block(std::string_view block) {
  append_event(out_, "content_block_start",
               fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})", index_, block));
}

void EventWriter::write_delta(std::string_view type, std::string_view field, std::string_view text) {
  append_event(out_, "content_block_delta",
               fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{{"type":"{}","{}":{}}}}})", index_,
                           type, field, quoted(text)));
}

void EventWriter::stop_block() {
  append_event(out_, "content_block_stop", fmt::format(R"({{"type":"content_block_stop","index":{}}})", index_));
  ++index_;
}

}  // namespace

std::unique_ptr<ChatEventWriter> make_writer(AnswerHead head) { return std::make_unique<EventWriter>(std::move(head)); }

}  // namespace atelier::model::anthropic
