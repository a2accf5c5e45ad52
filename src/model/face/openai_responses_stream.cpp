#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "model/face/anthropic_parts.hpp"
#include "model/face/openai_response_events.hpp"
#include "model/face/openai_responses_parts.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_parts.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string_view(text)); }

json::Object kept_of(const Part& part) {
  const auto* text = std::get_if<Text>(&part);
  const json::Object* kept = text ? loose::object_at(text->extra, "item") : nullptr;
  return kept ? *kept : json::Object();
}

// Takes out what a part begins with, which is then told as a delta.
std::string take_said(Part& part) {
  if (auto* text = std::get_if<Text>(&part)) return std::exchange(text->text, std::string());
  if (auto* reasoning = std::get_if<Reasoning>(&part)) return std::exchange(reasoning->text, std::string());
  if (auto* call = std::get_if<ToolCall>(&part)) return std::exchange(call->arguments, std::string());
  if (auto* refusal = std::get_if<Refusal>(&part)) return std::exchange(refusal->text, std::string());
  return {};
}

class ResponsesWriter final : public ChatEventWriter {
 public:
  ResponsesWriter(const ChatRequest& request, AnswerHead head)
      : repeated_(repeated_of(request)), answer_head_(std::move(head)) {}
  std::string write(const ChatEvent& what) override;
  std::int64_t next_number() const noexcept override { return events_.next_number(); }
  void go_on_at(std::int64_t number, bool is_item_ended) override;

 private:
  // A part that grows.
  struct Open {
    std::int64_t part = 0;
    event::PartKind kind = event::PartKind::text;
    Part whole = {};                   // its text is empty
    ResponseEvents::Block place = {};  // of its item, and of a text's block
    std::string said = {};             // of a call that was not told yet: held back
    json::Array logprobs = {};
    bool is_told = false;  // a call's item was begun; a thought has said something
  };

  void start(const event::Started& started);
  void start_part(const event::PartStarted& started);
  void start_text(Open open);
  void start_reasoning(Open open);
  void say(Open& open, std::string_view text, const json::Value& logprobs);
  void amend(const event::PartAmended& amended);
  void end_part(Open& open);
  void end_text(Open& open);
  void end_reasoning(Open& open);
  void end_call(Open& open);
  void tell_call(Open& open, bool must_be_told);
  void seal_call(const ToolCall& call);
  void finish(const event::Finished& finished);
  void end();
  void fail_with(const Error& error);
  Open* find(std::int64_t choice, std::int64_t part);
  std::string at(const Open& open) const;

  const json::Object repeated_;
  const AnswerHead answer_head_;
  ResponseHead head_;
  ResponseEvents events_;
  std::vector<Open> open_;
  std::optional<event::Finished> finished_;
  json::Value usage_;
  bool has_started_ = false, has_refusal_ = false, is_over_ = false;
};

std::string ResponsesWriter::write(const ChatEvent& what) {
  if (is_over_) return {};
  if (const auto* started = std::get_if<event::Started>(&what)) {
    start(*started);
  } else if (const auto* part = std::get_if<event::PartStarted>(&what)) {
    start_part(*part);
  } else if (const auto* delta = std::get_if<event::Delta>(&what)) {
    if (Open* open = find(delta->choice, delta->part)) say(*open, delta->text, delta->logprobs);
  } else if (const auto* amended = std::get_if<event::PartAmended>(&what)) {
    amend(*amended);
  } else if (const auto* ended = std::get_if<event::PartEnded>(&what)) {
    if (Open* open = find(ended->choice, ended->part)) {
      Open whole = std::move(*open);
      open_.erase(open_.begin() + (open - open_.data()));
      end_part(whole);
    }
  } else if (const auto* finished = std::get_if<event::Finished>(&what)) {
    finish(*finished);
  } else if (const auto* told = std::get_if<event::UsageTold>(&what)) {
    usage_ = write_responses_usage(told->usage);
  } else if (const auto* failed = std::get_if<event::Failed>(&what)) {
    fail_with(failed->error);
  } else {
    end();
  }
  return events_.take_bytes();
}

void ResponsesWriter::go_on_at(std::int64_t number, bool is_item_ended) {
  if (is_item_ended) events_.close_message();
  events_.go_on_at(number);
}

// Where a delta belongs.
std::string ResponsesWriter::at(const Open& open) const {
  std::string out = fmt::format(R"("item_id":{},"output_index":{})", quoted(open.place.id), open.place.place);
  if (open.kind == event::PartKind::text || open.kind == event::PartKind::refusal)
    out += fmt::format(R"(,"content_index":{})", open.place.index);
  else if (open.kind == event::PartKind::reasoning)
    out += R"(,"summary_index":0)";
  return out;
}

void ResponsesWriter::start(const event::Started& started) {
  if (std::exchange(has_started_, true)) return;
  head_ = response_head(started.id, started.model, started.created_s, started.extra, answer_head_);
  events_.set_response_id(head_.id);
  const std::string response = R"("response":)" + json::write(response_object(repeated_, head_, {}));
  events_.write("response.created", response);
  events_.write("response.in_progress", response);
}

ResponsesWriter::Open* ResponsesWriter::find(std::int64_t choice, std::int64_t part) {
  if (choice != 0) return nullptr;
  const auto found = std::ranges::find(open_, part, &Open::part);
  return found == open_.end() ? nullptr : &*found;
}

void ResponsesWriter::start_part(const event::PartStarted& started) {
  start({});
  // The protocol has one choice.
  if (started.choice != 0 || finished_) return;
  Open open{.part = started.part, .kind = started.kind, .whole = started.whole};
  switch (started.kind) {
    case event::PartKind::text:
    case event::PartKind::refusal:
      return start_text(std::move(open));
    case event::PartKind::reasoning:
      return start_reasoning(std::move(open));
    case event::PartKind::tool_call: {
      events_.close_message();
      if (!std::holds_alternative<ToolCall>(open.whole)) open.whole = ToolCall{};
      open.said = take_said(open.whole);
      open_.push_back(std::move(open));
      return tell_call(open_.back(), false);
    }
    case event::PartKind::media: {
      const auto* media = std::get_if<Media>(&started.whole);
      if (!media) return;
      if (auto item = media_item(*media, events_.made_id("ig"))) {
        events_.close_message();
        return events_.add_whole(std::move(*item));
      }
      open.kind = event::PartKind::text;
      open.whole = Text{.text = anthropic::words_for(*media)};
      return start_text(std::move(open));
    }
    case event::PartKind::foreign: {
      const auto* foreign = std::get_if<Foreign>(&started.whole);
      if (!foreign || foreign->protocol != Protocol::openai_responses || !foreign->block.is_object()) return;
      events_.close_message();
      return events_.add_whole(foreign->block.get_object());
    }
  }
}

void ResponsesWriter::start_text(Open open) {
  const bool is_refusal = open.kind == event::PartKind::refusal;
  has_refusal_ = has_refusal_ || is_refusal;
  const std::string said = take_said(open.whole);
  const json::Object empty = is_refusal ? refusal_block("") : text_block({.text = {}}, nullptr);
  open.place = events_.open_block(kept_of(open.whole), empty);
  events_.write("response.content_part.added", fmt::format(R"({},"part":{})", at(open), json::write(empty)));
  open_.push_back(std::move(open));
  say(open_.back(), said, nullptr);
}

void ResponsesWriter::start_reasoning(Open open) {
  events_.close_message();
  if (!std::holds_alternative<Reasoning>(open.whole)) open.whole = Reasoning{};
  const std::string said = take_said(open.whole);
  const auto& reasoning = std::get<Reasoning>(open.whole);
  const bool is_own = reasoning.origin == Protocol::openai_responses && !reasoning.id.empty();
  open.place.id = is_own ? reasoning.id : events_.made_id("rs");
  open.place.place = events_.add(reasoning_item(open.place.id, {}, {}));
  open_.push_back(std::move(open));
  say(open_.back(), said, nullptr);
}

void ResponsesWriter::say(Open& open, std::string_view text, const json::Value& logprobs) {
  const json::Object* told = logprobs.if_object();
  const json::Array* tokens = told ? loose::array_at(*told, "content") : nullptr;
  const bool has_tokens = open.kind == event::PartKind::text && tokens && !tokens->empty();
  if (text.empty() && !has_tokens) return;
  open.said += text;
  const std::string delta = fmt::format(R"({},"delta":{})", at(open), quoted(text));
  switch (open.kind) {
    case event::PartKind::text:
      if (has_tokens) open.logprobs.insert(open.logprobs.end(), tokens->begin(), tokens->end());
      return events_.write("response.output_text.delta",
                           fmt::format(R"({},"logprobs":{})", delta, has_tokens ? json::write(*tokens) : "[]"));
    case event::PartKind::refusal:
      return events_.write("response.refusal.delta", delta);
    case event::PartKind::reasoning:
      if (!std::exchange(open.is_told, true))
        events_.write("response.reasoning_summary_part.added",
                      fmt::format(R"({},"part":{{"type":"summary_text","text":""}})", at(open)));
      return events_.write("response.reasoning_summary_text.delta", delta);
    case event::PartKind::tool_call:
      if (!open.is_told) return;  // held back
      return events_.write(std::get<ToolCall>(open.whole).is_custom ? "response.custom_tool_call_input.delta"
                                                                    : "response.function_call_arguments.delta",
                           delta);
    case event::PartKind::media:
    case event::PartKind::foreign:
      return;
  }
}

// The signature stands before its call where it is known by then.
void ResponsesWriter::seal_call(const ToolCall& call) {
  if (call.signature.empty()) return;
  events_.add_whole(
      sealed_item(events_.made_id("rs"),
                  {.place = Sealed::Place::call, .reasoning = {.signature = call.signature}, .call_id = call.id}));
}

// A call begins once its id and name are known.
void ResponsesWriter::tell_call(Open& open, bool must_be_told) {
  auto& call = std::get<ToolCall>(open.whole);
  if (open.is_told || (!must_be_told && (call.id.empty() || call.name.empty()))) return;
  if (call.id.empty()) call.id = made_call_id(head_.id, call.name, static_cast<std::size_t>(open.part));
  seal_call(call);
  open.is_told = true;
  open.place.id = call.item_id.empty() ? events_.made_id(call.is_custom ? "ctc" : "fc") : call.item_id;
  open.place.place =
      events_.add(call_item({.id = call.id, .name = call.name, .arguments = {}, .is_custom = call.is_custom},
                            open.place.id, ItemState::in_progress));
  const std::string held = std::exchange(open.said, std::string());
  say(open, held, nullptr);
}

void ResponsesWriter::amend(const event::PartAmended& amended) {
  Open* open = find(amended.choice, amended.part);
  if (!open || (open->whole.index() != amended.whole.index() && open->whole.index() != 0)) return;
  auto* call = std::get_if<ToolCall>(&open->whole);
  if (!call) {
    open->whole = amended.whole;
    return;
  }
  // What was told of a call stays.
  const ToolCall told = *call;
  *call = std::get<ToolCall>(amended.whole);
  if (!open->is_told) return tell_call(*open, false);
  call->id = told.id;
  call->name = told.name;
  call->is_custom = told.is_custom;
  if (told.signature.empty()) seal_call(*call);
}

void ResponsesWriter::end_part(Open& open) {
  if (open.kind == event::PartKind::reasoning) return end_reasoning(open);
  if (open.kind == event::PartKind::tool_call) return end_call(open);
  end_text(open);
}

void ResponsesWriter::end_text(Open& open) {
  json::Object block;
  std::string signature;
  if (open.kind == event::PartKind::refusal) {
    block = refusal_block(open.said);
    events_.write("response.refusal.done", fmt::format(R"({},"refusal":{})", at(open), quoted(open.said)));
  } else {
    const auto* known = std::get_if<Text>(&open.whole);
    Text text = known ? *known : Text{};
    text.text = open.said;
    signature = text.signature;
    block = text_block(text, json::Object{{"content", open.logprobs}});
    const json::Array& notes = block["annotations"].get_array();
    for (std::size_t i = 0; i < notes.size(); ++i)
      events_.write("response.output_text.annotation.added",
                    fmt::format(R"({},"annotation_index":{},"annotation":{})", at(open), i, json::write(notes[i])));
    events_.write("response.output_text.done", fmt::format(R"({},"text":{},"logprobs":{})", at(open), quoted(open.said),
                                                           json::write(block["logprobs"])));
  }
  events_.write("response.content_part.done", fmt::format(R"({},"part":{})", at(open), json::write(block)));
  events_.finish_block(open.place, std::move(block));
  if (signature.empty()) return;
  events_.close_message();
  events_.add_whole(
      sealed_item(events_.made_id("rs"), {.place = Sealed::Place::text, .reasoning = {.signature = signature}}));
}

void ResponsesWriter::end_reasoning(Open& open) {
  if (open.is_told) {
    events_.write("response.reasoning_summary_text.done", fmt::format(R"({},"text":{})", at(open), quoted(open.said)));
    events_.write("response.reasoning_summary_part.done",
                  fmt::format(R"({},"part":{})", at(open),
                              json::write(json::Object{{"type", "summary_text"}, {"text", open.said}})));
  }
  const auto* known = std::get_if<Reasoning>(&open.whole);
  events_.finish(open.place.place,
                 reasoning_item(open.place.id, open.said, known ? encrypted_content_of(*known) : std::string()));
}

void ResponsesWriter::end_call(Open& open) {
  tell_call(open, true);
  ToolCall call = std::get<ToolCall>(open.whole);
  if (open.said.empty() && !call.is_custom) say(open, "{}", nullptr);
  call.arguments = open.said;
  if (call.is_custom)
    events_.write("response.custom_tool_call_input.done", fmt::format(R"({},"input":{})", at(open), quoted(open.said)));
  else
    events_.write("response.function_call_arguments.done",
                  fmt::format(R"({},"name":{},"arguments":{})", at(open), quoted(call.name), quoted(open.said)));
  events_.finish(open.place.place, call_item(call, open.place.id, ItemState::completed));
}

void ResponsesWriter::finish(const event::Finished& finished) {
  start({});
  if (finished.choice != 0 || finished_) return;
  for (Open& open : std::exchange(open_, {})) end_part(open);
  events_.close_message();
  finished_ = finished;
}

void ResponsesWriter::end() {
  finish({});
  ResponseState state = state_of(finished_->stop, has_refusal_);
  state.output = events_.take_output();
  state.usage = std::move(usage_);
  const std::string_view type =
      state.status == ResponseStatus::incomplete ? "response.incomplete" : "response.completed";
  events_.write(type, R"("response":)" + json::write(response_object(repeated_, head_, std::move(state))));
  is_over_ = true;
}

// The service itself tells both: the error, and the response that failed of it.
void ResponsesWriter::fail_with(const Error& error) {
  start({});
  is_over_ = true;
  json::Object told = responses_error(error, events_.take_number());
  events_.write_bytes(fmt::format("event: error\ndata: {}\n\n", json::write(told)));
  ResponseState state{.status = ResponseStatus::failed,
                      .error = json::Object{{"code", told["code"]}, {"message", told["message"]}}};
  state.output = events_.take_output();
  events_.write("response.failed", R"("response":)" + json::write(response_object(repeated_, head_, std::move(state))));
}

}  // namespace

std::unique_ptr<ChatEventWriter> make_responses_writer(const ChatRequest& request, AnswerHead head) {
  return std::make_unique<ResponsesWriter>(request, std::move(head));
}

}  // namespace atelier::model::openai
