#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "model/face/anthropic_parts.hpp"
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

// Named events, each with its number. Items are told of by their place in the output, so that calls which interleave need
// no waiting; the last event repeats the whole output.
class ResponsesWriter final : public ChatEventWriter {
 public:
  ResponsesWriter(const ChatRequest& request, AnswerHead head) : request_(request), answer_head_(std::move(head)) {}
  std::string write(const ChatEvent& what) override;

 private:
  // A message that is not whole. Texts that follow each other and came of one item are its blocks.
  struct OpenMessage {
    std::size_t place = 0;
    std::string id = {};
    json::Object kept = {};
    json::Array content = {};
    std::size_t open_count = 0;
    bool is_closing = false;  // takes no more blocks
  };
  struct Open {
    std::int64_t part = 0;
    event::PartKind kind = event::PartKind::text;
    Part whole = {};
    std::size_t place = 0;    // of its item in the output
    std::size_t content = 0;  // of its block in the message
    std::string id = {};      // of its item
    std::string said = {};    // of a call that was not told yet: held back
    json::Array logprobs = {};
    bool is_told = false;     // its first event was written
  };

  void start(const event::Started& started);
  void start_part(const event::PartStarted& started);
  void start_text(Open open);
  void take_delta(const event::Delta& delta);
  void say(Open& open, std::string_view text, const json::Value& logprobs);
  void amend(const event::PartAmended& amended);
  void end_part(Open& open);
  void end_text(Open& open);
  void end_reasoning(Open& open);
  void end_call(Open& open);
  void tell_call(Open& open, bool must_be_told);
  void finish(const event::Finished& finished);
  void end();
  void fail_with(const Error& error);

  void close_message(bool is_forced);
  void finish_message(OpenMessage& message);
  OpenMessage* message_at(std::size_t place);
  std::size_t add_item(const json::Object& item);
  void add_whole(json::Object item);
  void seal_call(const ToolCall& call);
  std::string made_id(std::string_view prefix) const { return made_item_id(prefix, head_.id, output_.size()); }
  Open* find(std::int64_t choice, std::int64_t part);
  void event(std::string_view type, std::string_view fields);
  void item_event(std::string_view type, std::size_t place, const json::Value& item);
  std::string at(const Open& open) const;

  const ChatRequest request_;
  const AnswerHead answer_head_;
  ResponseHead head_;
  std::vector<Open> open_;
  std::vector<OpenMessage> messages_;
  std::optional<std::size_t> current_;  // the message that further texts join
  std::vector<json::Value> output_;     // an item that is not whole is null
  std::optional<event::Finished> finished_;
  json::Value usage_;
  std::string out_;
  std::int64_t number_ = 0;
  bool has_started_ = false, has_refusal_ = false, is_over_ = false;
};

std::string ResponsesWriter::write(const ChatEvent& what) {
  if (is_over_) return {};
  if (const auto* started = std::get_if<event::Started>(&what)) {
    start(*started);
  } else if (const auto* part = std::get_if<event::PartStarted>(&what)) {
    start_part(*part);
  } else if (const auto* delta = std::get_if<event::Delta>(&what)) {
    take_delta(*delta);
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
  return std::exchange(out_, std::string());
}

void ResponsesWriter::event(std::string_view type, std::string_view fields) {
  fmt::format_to(std::back_inserter(out_), "event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":{1},{2}}}\n\n", type, number_++, fields);
}

void ResponsesWriter::item_event(std::string_view type, std::size_t place, const json::Value& item) {
  event(type, fmt::format(R"("output_index":{},"item":{})", place, json::write(item)));
}

// Where a delta belongs.
std::string ResponsesWriter::at(const Open& open) const {
  std::string out = fmt::format(R"("item_id":{},"output_index":{})", quoted(open.id), open.place);
  if (open.kind == event::PartKind::text || open.kind == event::PartKind::refusal)
    out += fmt::format(R"(,"content_index":{})", open.content);
  else if (open.kind == event::PartKind::reasoning)
    out += R"(,"summary_index":0)";
  return out;
}

void ResponsesWriter::start(const event::Started& started) {
  if (std::exchange(has_started_, true)) return;
  head_ = response_head(started.id, started.model, started.created_s, started.extra, answer_head_);
  const std::string response = R"("response":)" + json::write(response_object(request_, head_, {}));
  event("response.created", response);
  event("response.in_progress", response);
}

std::size_t ResponsesWriter::add_item(const json::Object& item) {
  output_.emplace_back();
  item_event("response.output_item.added", output_.size() - 1, item);
  return output_.size() - 1;
}

// An item that came in one piece.
void ResponsesWriter::add_whole(json::Object item) {
  const std::size_t place = add_item(item);
  item_event("response.output_item.done", place, item);
  output_[place] = std::move(item);
}

ResponsesWriter::Open* ResponsesWriter::find(std::int64_t choice, std::int64_t part) {
  if (choice != 0) return nullptr;
  const auto found = std::ranges::find(open_, part, &Open::part);
  return found == open_.end() ? nullptr : &*found;
}

ResponsesWriter::OpenMessage* ResponsesWriter::message_at(std::size_t place) {
  const auto found = std::ranges::find(messages_, place, &OpenMessage::place);
  return found == messages_.end() ? nullptr : &*found;
}

// No text joins the message any more. It ends here, or with the last of its texts.
void ResponsesWriter::close_message(bool is_forced) {
  if (!current_) return;
  OpenMessage* message = message_at(*std::exchange(current_, std::nullopt));
  if (!message) return;
  message->is_closing = true;
  if (message->open_count == 0 || is_forced) finish_message(*message);
}

void ResponsesWriter::finish_message(OpenMessage& message) {
  json::Object item = message_item(message.id, std::move(message.content), message.kept, ItemState::completed);
  item_event("response.output_item.done", message.place, item);
  output_[message.place] = std::move(item);
  messages_.erase(messages_.begin() + (&message - messages_.data()));
}

void ResponsesWriter::start_part(const event::PartStarted& started) {
  start({});
  if (started.choice != 0 || finished_) return;
  Open open{.part = started.part, .kind = started.kind, .whole = started.whole};
  switch (started.kind) {
    case event::PartKind::text:
    case event::PartKind::refusal: return start_text(std::move(open));
    case event::PartKind::reasoning: {
      close_message(false);
      if (!std::holds_alternative<Reasoning>(open.whole)) open.whole = Reasoning{};
      auto& reasoning = std::get<Reasoning>(open.whole);
      const bool is_own = reasoning.origin == Protocol::openai_responses && !reasoning.id.empty();
      open.id = is_own ? reasoning.id : made_id("rs");
      const std::string said = std::exchange(reasoning.text, std::string());
      open.place = add_item(reasoning_item(open.id, {}, {}));
      open_.push_back(std::move(open));
      return say(open_.back(), said, nullptr);
    }
    case event::PartKind::tool_call: {
      close_message(false);
      if (!std::holds_alternative<ToolCall>(open.whole)) open.whole = ToolCall{};
      open.said = std::exchange(std::get<ToolCall>(open.whole).arguments, std::string());
      open_.push_back(std::move(open));
      return tell_call(open_.back(), false);
    }
    case event::PartKind::media: {
      const auto* media = std::get_if<Media>(&started.whole);
      if (!media) return;
      if (auto item = media_item(*media, made_id("ig"))) {
        close_message(false);
        return add_whole(std::move(*item));
      }
      open.kind = event::PartKind::text;
      open.whole = Text{.text = anthropic::words_for(*media)};
      return start_text(std::move(open));
    }
    case event::PartKind::foreign: {
      const auto* foreign = std::get_if<Foreign>(&started.whole);
      if (!foreign || foreign->protocol != Protocol::openai_responses || !foreign->block.is_object()) return;
      close_message(false);
      return add_whole(foreign->block.get_object());
    }
  }
}

void ResponsesWriter::start_text(Open open) {
  const bool is_refusal = open.kind == event::PartKind::refusal;
  std::string said;
  if (auto* text = std::get_if<Text>(&open.whole)) said = std::exchange(text->text, std::string());
  if (auto* refusal = std::get_if<Refusal>(&open.whole)) said = std::exchange(refusal->text, std::string());
  has_refusal_ = has_refusal_ || is_refusal;
  const json::Object kept = kept_of(open.whole);
  OpenMessage* message = current_ ? message_at(*current_) : nullptr;
  if (!message || message->kept != kept) {
    close_message(false);
    OpenMessage begun{.id = kept.contains("id") ? loose::text_at(kept, "id") : made_id("msg"), .kept = kept};
    begun.place = add_item(message_item(begun.id, {}, kept, ItemState::in_progress));
    current_ = begun.place;
    message = &messages_.emplace_back(std::move(begun));
  }
  open.place = message->place;
  open.id = message->id;
  open.content = message->content.size();
  const json::Object block = is_refusal ? refusal_block("") : text_block({.text = {}}, nullptr);
  message->content.push_back(block);
  ++message->open_count;
  event("response.content_part.added", fmt::format(R"({},"part":{})", at(open), json::write(block)));
  open_.push_back(std::move(open));
  say(open_.back(), said, nullptr);
}

void ResponsesWriter::take_delta(const event::Delta& delta) {
  if (Open* open = find(delta.choice, delta.part)) say(*open, delta.text, delta.logprobs);
}

void ResponsesWriter::say(Open& open, std::string_view text, const json::Value& logprobs) {
  const json::Object* told = logprobs.if_object();
  const json::Array* tokens = told ? loose::array_at(*told, "content") : nullptr;
  const bool has_tokens = open.kind == event::PartKind::text && tokens && !tokens->empty();
  if (text.empty() && !has_tokens) return;
  const bool is_held = open.kind == event::PartKind::tool_call && !open.is_told;
  open.said += text;
  if (is_held) return;
  switch (open.kind) {
    case event::PartKind::text: {
      if (has_tokens) open.logprobs.insert(open.logprobs.end(), tokens->begin(), tokens->end());
      return event("response.output_text.delta",
                   fmt::format(R"({},"delta":{},"logprobs":{})", at(open), quoted(text), has_tokens ? json::write(*tokens) : "[]"));
    }
    case event::PartKind::refusal: return event("response.refusal.delta", fmt::format(R"({},"delta":{})", at(open), quoted(text)));
    case event::PartKind::reasoning:
      if (!std::exchange(open.is_told, true))
        event("response.reasoning_summary_part.added", fmt::format(R"({},"part":{{"type":"summary_text","text":""}})", at(open)));
      return event("response.reasoning_summary_text.delta", fmt::format(R"({},"delta":{})", at(open), quoted(text)));
    case event::PartKind::tool_call:
      return event(std::get<ToolCall>(open.whole).is_custom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta",
                   fmt::format(R"({},"delta":{})", at(open), quoted(text)));
    case event::PartKind::media:
    case event::PartKind::foreign: return;
  }
}

// The signature stands before its call where it is known by then.
void ResponsesWriter::seal_call(const ToolCall& call) {
  if (call.signature.empty()) return;
  add_whole(sealed_item(made_id("rs"), {.place = Sealed::Place::call, .reasoning = {.signature = call.signature}, .call_id = call.id}));
}

// A call begins once its id and name are known.
void ResponsesWriter::tell_call(Open& open, bool must_be_told) {
  auto& call = std::get<ToolCall>(open.whole);
  if (open.is_told || (!must_be_told && (call.id.empty() || call.name.empty()))) return;
  if (call.id.empty()) call.id = made_call_id(head_.id, call.name, output_.size());
  seal_call(call);
  open.is_told = true;
  open.id = call.item_id.empty() ? made_id(call.is_custom ? "ctc" : "fc") : call.item_id;
  open.place = add_item(call_item({.id = call.id, .name = call.name, .arguments = {}, .is_custom = call.is_custom}, open.id, ItemState::in_progress));
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
    event("response.refusal.done", fmt::format(R"({},"refusal":{})", at(open), quoted(open.said)));
  } else {
    const auto* known = std::get_if<Text>(&open.whole);
    Text text = known ? *known : Text{};
    text.text = open.said;
    signature = text.signature;
    block = text_block(text, json::Object{{"content", open.logprobs}});
    const json::Array& notes = block["annotations"].get_array();
    for (std::size_t i = 0; i < notes.size(); ++i)
      event("response.output_text.annotation.added", fmt::format(R"({},"annotation_index":{},"annotation":{})", at(open), i, json::write(notes[i])));
    event("response.output_text.done", fmt::format(R"({},"text":{},"logprobs":{})", at(open), quoted(open.said), json::write(block["logprobs"])));
  }
  event("response.content_part.done", fmt::format(R"({},"part":{})", at(open), json::write(block)));
  if (OpenMessage* message = message_at(open.place)) {
    message->content[open.content] = std::move(block);
    --message->open_count;
    if (message->is_closing && message->open_count == 0) finish_message(*message);
  }
  if (signature.empty()) return;
  close_message(false);
  add_whole(sealed_item(made_id("rs"), {.place = Sealed::Place::text, .reasoning = {.signature = signature}}));
}

void ResponsesWriter::end_reasoning(Open& open) {
  if (open.is_told) {
    event("response.reasoning_summary_text.done", fmt::format(R"({},"text":{})", at(open), quoted(open.said)));
    event("response.reasoning_summary_part.done",
          fmt::format(R"({},"part":{})", at(open), json::write(json::Object{{"type", "summary_text"}, {"text", open.said}})));
  }
  const auto* known = std::get_if<Reasoning>(&open.whole);
  json::Object item = reasoning_item(open.id, open.said, known ? encrypted_content_of(*known) : std::string());
  item_event("response.output_item.done", open.place, item);
  output_[open.place] = std::move(item);
}

void ResponsesWriter::end_call(Open& open) {
  tell_call(open, true);
  ToolCall call = std::get<ToolCall>(open.whole);
  if (open.said.empty() && !call.is_custom) say(open, "{}", nullptr);
  call.arguments = open.said;
  if (call.is_custom)
    event("response.custom_tool_call_input.done", fmt::format(R"({},"input":{})", at(open), quoted(open.said)));
  else
    event("response.function_call_arguments.done", fmt::format(R"({},"name":{},"arguments":{})", at(open), quoted(call.name), quoted(open.said)));
  json::Object item = call_item(call, open.id, ItemState::completed);
  item_event("response.output_item.done", open.place, item);
  output_[open.place] = std::move(item);
}

void ResponsesWriter::finish(const event::Finished& finished) {
  start({});
  if (finished.choice != 0 || finished_) return;
  for (Open& open : std::exchange(open_, {})) end_part(open);
  close_message(true);
  finished_ = finished;
}

void ResponsesWriter::end() {
  finish({});
  ResponseState state = state_of(finished_->stop, has_refusal_);
  for (json::Value& item : output_)
    if (!item.is_null()) state.output.push_back(std::move(item));
  state.usage = std::move(usage_);
  const std::string_view type = state.status == ResponseStatus::incomplete ? "response.incomplete" : "response.completed";
  event(type, R"("response":)" + json::write(response_object(request_, head_, std::move(state))));
  is_over_ = true;
}

// The service itself tells both: the error, and the response that failed of it.
void ResponsesWriter::fail_with(const Error& error) {
  start({});
  is_over_ = true;
  json::Object told = responses_error(error, number_++);
  out_ += fmt::format("event: error\ndata: {}\n\n", json::write(told));
  ResponseState state{.status = ResponseStatus::failed, .error = json::Object{{"code", told["code"]}, {"message", told["message"]}}};
  for (json::Value& item : output_)
    if (!item.is_null()) state.output.push_back(std::move(item));
  event("response.failed", R"("response":)" + json::write(response_object(request_, head_, std::move(state))));
}

}  // namespace

std::unique_ptr<ChatEventWriter> make_responses_writer(const ChatRequest& request, AnswerHead head) {
  return std::make_unique<ResponsesWriter>(request, std::move(head));
}

}  // namespace atelier::model::openai
