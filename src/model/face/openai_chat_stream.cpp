#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "model/face/openai_chat_parts.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_parts.hpp"
#include "model/provider/openai_reasoning.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string_view(text)); }

// Of a part that begins with something already said.
std::string said_in(const Part& part) {
  if (const auto* text = std::get_if<Text>(&part)) return text->text;
  if (const auto* reasoning = std::get_if<Reasoning>(&part)) return reasoning->text;
  if (const auto* call = std::get_if<ToolCall>(&part)) return call->arguments;
  if (const auto* refusal = std::get_if<Refusal>(&part)) return refusal->text;
  return {};
}

// Chunks of chat, data only. Every chunk has the same id, created and model; a choice's first one tells the role and
// nothing else, its last one the reason of its end and nothing else; the usage comes in a chunk without choices.
class ChatWriter final : public ChatEventWriter {
 public:
  ChatWriter(const ChatRequest& request, AnswerHead head)
      : head_(std::move(head)), wants_usage_(request.wants_usage), is_of_functions_(is_of_functions(request)) {}
  std::string write(const ChatEvent& what) override;

 private:
  struct ChoiceState {
    std::int64_t index = 0;
    std::size_t part_count = 0, call_count = 0, image_count = 0;
    std::size_t said_bytes = 0;  // of its texts, which are one string here
    bool has_refusal = false, is_finished = false;
  };
  struct Open {
    std::int64_t choice = 0, part = 0;
    event::PartKind kind = event::PartKind::text;
    Part whole = {};
    std::size_t place = 0;  // among the choice's parts; of a call: among its calls
    std::size_t begin = 0;  // of a text in the content
    std::size_t size = 0;   // said so far
    std::string held = {};  // of a call whose id or name is still to come
    bool is_told = false;   // a call's first fragment was written
  };

  void start(const event::Started& started);
  void start_part(const event::PartStarted& started);
  void take_delta(const event::Delta& delta);
  void amend(const event::PartAmended& amended);
  void end_part(Open& open);
  void finish(const event::Finished& finished);
  void end();
  void say(Open& open, std::string_view text, const json::Value& logprobs);
  void tell_call(Open& open, bool must_be_told);
  void write_media(const Media& media, ChoiceState& choice);
  ChoiceState& choice_at(std::int64_t index);
  Open* find(std::int64_t choice, std::int64_t part);
  void chunk(std::int64_t choice, std::string_view delta, const json::Value& logprobs = nullptr,
             std::string_view stop = {});

  const AnswerHead head_;
  const bool wants_usage_, is_of_functions_;
  std::string front_;  // of every chunk, up to its choices
  std::string id_;
  std::vector<ChoiceState> choices_;
  std::vector<Open> open_;
  std::optional<Usage> usage_;
  std::string out_;
  bool is_over_ = false;
};

std::string ChatWriter::write(const ChatEvent& what) {
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
      end_part(*open);
      open_.erase(open_.begin() + (open - open_.data()));
    }
  } else if (const auto* finished = std::get_if<event::Finished>(&what)) {
    finish(*finished);
  } else if (const auto* told = std::get_if<event::UsageTold>(&what)) {
    usage_ = told->usage;
  } else if (const auto* failed = std::get_if<event::Failed>(&what)) {
    is_over_ = true;
    return write_stream_error(Protocol::openai_chat, failed->error, {});
  } else {
    end();
  }
  return std::exchange(out_, std::string());
}

void ChatWriter::start(const event::Started& started) {
  if (!front_.empty()) return;
  id_ = chat_id(started.id, head_);
  front_ = fmt::format(R"(data: {{"id":{},"object":"chat.completion.chunk","created":{},"model":{})", quoted(id_),
                       started.created_s > 0 ? started.created_s : head_.created_s,
                       quoted(started.model.empty() ? head_.model : started.model));
  for (const auto& [name, value] : chat_extra(started.extra))
    front_ += fmt::format(",{}:{}", quoted(name), json::write(value));
  front_ += R"(,"choices":[)";
  choice_at(0);
}

// Tells the role where the choice is new.
ChatWriter::ChoiceState& ChatWriter::choice_at(std::int64_t index) {
  start({});
  const auto known = std::ranges::find(choices_, index, &ChoiceState::index);
  if (known != choices_.end()) return *known;
  choices_.push_back({.index = index});
  chunk(index, R"({"role":"assistant","content":"","refusal":null})");
  return choices_.back();
}

void ChatWriter::chunk(std::int64_t choice, std::string_view delta, const json::Value& logprobs,
                       std::string_view stop) {
  fmt::format_to(std::back_inserter(out_), R"({}{{"index":{},"delta":{},"logprobs":)", front_, choice, delta);
  out_ += logprobs.is_null() ? "null" : json::write(logprobs);
  out_ += R"(,"finish_reason":)";
  out_ += stop.empty() ? "null" : quoted(stop);
  out_ += wants_usage_ ? "}],\"usage\":null}\n\n" : "}]}\n\n";
}

ChatWriter::Open* ChatWriter::find(std::int64_t choice, std::int64_t part) {
  const auto found =
      std::ranges::find_if(open_, [&](const Open& open) { return open.choice == choice && open.part == part; });
  return found == open_.end() ? nullptr : &*found;
}

void ChatWriter::start_part(const event::PartStarted& started) {
  ChoiceState& choice = choice_at(started.choice);
  if (choice.is_finished) return;
  const std::size_t place = choice.part_count++;
  if (const auto* media = std::get_if<Media>(&started.whole)) return write_media(*media, choice);
  if (started.kind == event::PartKind::media || started.kind == event::PartKind::foreign) return;
  Open open{.choice = started.choice,
            .part = started.part,
            .kind = started.kind,
            .whole = started.whole,
            .place = place,
            .begin = choice.said_bytes};
  if (open.kind == event::PartKind::tool_call) {
    open.place = choice.call_count++;
    if (!std::holds_alternative<ToolCall>(open.whole)) open.whole = ToolCall{};
  }
  if (open.kind == event::PartKind::reasoning && !std::holds_alternative<Reasoning>(open.whole))
    open.whole = Reasoning{};
  const std::string said = said_in(open.whole);
  open_.push_back(std::move(open));
  if (started.kind == event::PartKind::tool_call) tell_call(open_.back(), false);
  if (!said.empty()) say(open_.back(), said, nullptr);
}

void ChatWriter::take_delta(const event::Delta& delta) {
  Open* open = find(delta.choice, delta.part);
  if (open && (!delta.text.empty() || !delta.logprobs.is_null())) say(*open, delta.text, delta.logprobs);
}

void ChatWriter::say(Open& open, std::string_view text, const json::Value& logprobs) {
  switch (open.kind) {
    case event::PartKind::text:
      choice_at(open.choice).said_bytes += text.size();
      chunk(open.choice, fmt::format(R"({{"content":{}}})", quoted(text)), logprobs);
      break;
    case event::PartKind::refusal:
      choice_at(open.choice).has_refusal = true;
      chunk(open.choice, fmt::format(R"({{"refusal":{}}})", quoted(text)), logprobs);
      break;
    case event::PartKind::reasoning: {
      const auto& known = std::get<Reasoning>(open.whole);
      const Reasoning head{.origin = known.origin, .extra = known.extra};
      chunk(open.choice,
            fmt::format(R"({{"reasoning_content":{},"reasoning_details":{}}})", quoted(text),
                        json::write(write_details(text, head, open.place))),
            logprobs);
      break;
    }
    case event::PartKind::tool_call: {
      if (!open.is_told) {
        open.held += text;
        return;
      }
      const bool is_custom = std::get<ToolCall>(open.whole).is_custom;
      if (is_of_functions_)
        chunk(open.choice, fmt::format(R"({{"function_call":{{"arguments":{}}}}})", quoted(text)));
      else
        chunk(open.choice,
              fmt::format(R"({{"tool_calls":[{{"index":{},"{}":{{"{}":{}}}}}]}})", open.place,
                          is_custom ? "custom" : "function", is_custom ? "input" : "arguments", quoted(text)));
      break;
    }
    case event::PartKind::media:
    case event::PartKind::foreign:
      return;
  }
  open.size += text.size();
}

// The first fragment of a call: its id and name, once they are known.
void ChatWriter::tell_call(Open& open, bool must_be_told) {
  auto& call = std::get<ToolCall>(open.whole);
  if (open.is_told || (!must_be_told && (call.id.empty() || call.name.empty()))) return;
  // Of the old functions there is one.
  if (is_of_functions_ && open.place > 0) return;
  if (call.id.empty()) call.id = made_call_id(id_, call.name, open.place);
  call.arguments.clear();
  open.is_told = true;
  json::Object written{{"index", open.place}};
  for (const auto& [name, value] : write_tool_call(call)) written[name] = value;
  written[call.is_custom ? "custom" : "function"].as_object()[call.is_custom ? "input" : "arguments"] = "";
  if (is_of_functions_)
    chunk(open.choice, json::write(json::Object{
                           {"function_call", written.contains("function") ? written["function"] : written["custom"]}}));
  else
    chunk(open.choice, json::write(json::Object{{"tool_calls", json::Array{std::move(written)}}}));
  if (const std::string held = std::exchange(open.held, std::string()); !held.empty()) say(open, held, nullptr);
}

void ChatWriter::amend(const event::PartAmended& amended) {
  Open* open = find(amended.choice, amended.part);
  if (!open) return;
  const bool had_signature =
      std::holds_alternative<ToolCall>(open->whole) && !std::get<ToolCall>(open->whole).signature.empty();
  if (open->whole.index() != amended.whole.index() && open->whole.index() != 0) return;
  open->whole = amended.whole;
  const auto* call = std::get_if<ToolCall>(&open->whole);
  if (!call) return;
  if (open->is_told && !had_signature && !call->signature.empty())
    chunk(open->choice,
          json::write(json::Object{
              {"tool_calls", json::Array{json::Object{{"index", open->place},
                                                      {"extra_content", write_call_signature(call->signature)}}}}}));
  tell_call(*open, false);
}

// What stands at a part's end: a thought's signature, a text's annotations, the arguments of a call that has none.
void ChatWriter::end_part(Open& open) {
  if (const auto* reasoning = std::get_if<Reasoning>(&open.whole)) {
    const bool is_sealed = !reasoning->signature.empty() || !reasoning->id.empty();
    if (is_sealed)
      chunk(open.choice, json::write(json::Object{{"reasoning_details", write_details("", *reasoning, open.place)}}));
  } else if (std::holds_alternative<ToolCall>(open.whole)) {
    tell_call(open, true);
    if (open.is_told && open.size == 0 && !std::get<ToolCall>(open.whole).is_custom) say(open, "{}", nullptr);
  } else if (const auto* text = std::get_if<Text>(&open.whole)) {
    const json::Array* annotations = loose::array_at(text->extra, "annotations");
    if (annotations && !annotations->empty())
      chunk(open.choice, json::write(json::Object{{"annotations", nest_annotations(*annotations)}}));
    if (!text->signature.empty()) {
      const TextSeal seal{.begin = open.begin, .size = open.size, .signature = text->signature};
      chunk(open.choice,
            json::write(json::Object{{"reasoning_details", json::Array{write_text_seal(seal, open.place)}}}));
    }
  }
}

void ChatWriter::write_media(const Media& media, ChoiceState& choice) {
  if (media.kind == Media::Kind::audio)
    return chunk(choice.index, json::write(json::Object{{"audio", write_audio(media)}}));
  if (media.kind != Media::Kind::image) return;
  json::Object image = write_image(media);
  image["index"] = choice.image_count++;
  chunk(choice.index, json::write(json::Object{{"images", json::Array{std::move(image)}}}));
}

void ChatWriter::finish(const event::Finished& finished) {
  if (choice_at(finished.choice).is_finished) return;
  for (Open& open : open_)
    if (open.choice == finished.choice) end_part(open);
  std::erase_if(open_, [&](const Open& open) { return open.choice == finished.choice; });
  ChoiceState& choice = choice_at(finished.choice);
  choice.is_finished = true;
  std::string_view stop = write_stop(finished.stop, choice.has_refusal);
  if (is_of_functions_ && stop == "tool_calls") stop = "function_call";
  chunk(finished.choice, "{}", nullptr, stop);
}

void ChatWriter::end() {
  start({});
  is_over_ = true;
  if (wants_usage_ && usage_)
    out_ += fmt::format("{}],\"usage\":{}}}\n\n", front_, json::write(write_chat_usage(*usage_)));
  out_ += "data: [DONE]\n\n";
}

}  // namespace

std::unique_ptr<ChatEventWriter> make_chat_writer(const ChatRequest& request, AnswerHead head) {
  return std::make_unique<ChatWriter>(request, std::move(head));
}

}  // namespace atelier::model::openai
