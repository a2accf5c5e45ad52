#include "tests/model/pairs.hpp"

namespace atelier::model::testing {
namespace {

constexpr std::string_view kModel = "asked";

// A program's own quirks: it keeps everything it hears, as the clients of OpenRouter do.
const Target kGateway{
    .base_url = "http://gateway/v1",
    .model = std::string(kModel),
    .quirks = {
        .takes_reasoning_back = true, .has_top_k = true, .has_reasoning_object = true, .takes_cache_control = true}};

struct Read {
  ChatAnswer answer;
  std::string failure;
};

Read read_stream(const ChatAdapter& adapter, const Quirks& quirks, std::string_view body) {
  const auto reader = adapter.make_reader(quirks);
  AnswerBuilder builder;
  Read read;
  const auto take = [&](const std::vector<ChatEvent>& events) {
    for (const ChatEvent& event : events) builder.take(event);
  };
  take(reader->feed(body));
  take(reader->end());
  if (reader->fault())
    read.failure = reader->fault()->message;
  else if (!builder.has_ended())
    read.failure = "the stream has no end";
  else if (reader->skipped_count() > 0)
    read.failure = "events were skipped";
  read.answer = builder.take_answer();
  return read;
}

Read read_whole(const ChatAdapter& adapter, const Quirks& quirks, std::string_view body) {
  auto answer = adapter.read_answer({.status = 200, .headers = {}}, body, quirks);
  if (!answer) return {.answer = {}, .failure = answer.error().message};
  return {.answer = std::move(*answer), .failure = {}};
}

Read read(const ChatAdapter& adapter, const Quirks& quirks, const DoubleProvider::Answered& answered) {
  return answered.is_streamed ? read_stream(adapter, quirks, answered.body)
                              : read_whole(adapter, quirks, answered.body);
}

// The items of a response, or of a stream's last event.
std::vector<Part> items_of(std::string_view received, bool is_streamed) {
  if (is_streamed) received.remove_prefix(received.rfind("\ndata: ") + 7);
  const json::Value value = json::parse(received).value();
  std::vector<Part> items;
  for (const json::Value& item : (is_streamed ? value.at("response") : value).at("output").as_array())
    items.emplace_back(Foreign{.protocol = Protocol::openai_responses, .block = item});
  return items;
}

// The provider's bytes as the program gets them.
std::string translated(const ChatAdapter& called, const Quirks& quirks, const ChatFace& face,
                       const ChatRequest& request, const DoubleProvider::Answered& answered) {
  const AnswerHead head{.id = "made", .model = request.model, .created_s = 1'700'000'000};
  if (!answered.is_streamed)
    return face.write_answer(called.read_answer({.status = 200, .headers = {}}, answered.body, quirks).value(), request,
                             head);
  const auto reader = called.make_reader(quirks);
  const auto writer = face.make_writer(request, head);
  std::string out;
  // In small pieces, as they arrive.
  for (std::string_view rest = answered.body; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 61)))
    for (const ChatEvent& event : reader->feed(rest.substr(0, 61))) out += writer->write(event);
  for (const ChatEvent& event : reader->end()) out += writer->write(event);
  return out;
}

}  // namespace

const ChatFace& face_of(Protocol protocol) {
  if (protocol == Protocol::openai_responses) return openai_responses_face();
  return protocol == Protocol::anthropic ? anthropic_face() : openai_chat_face();
}

Heard converse(DoubleProvider& provider, const Pair& pair, ChatRequest conversation) {
  const ChatAdapter& program = adapter_for(pair.program);
  const ChatAdapter& called = adapter_for(pair.called);
  const ChatFace& face = face_of(pair.program);
  conversation.protocol = pair.program;
  conversation.model = kModel;
  conversation.is_streamed = pair.is_streamed;
  conversation.wants_usage = true;
  if (pair.program == Protocol::openai_responses) {
    conversation.extra["store"] = false;
    conversation.extra["include"] = json::Array{"reasoning.encrypted_content"};
  }
  Heard heard;
  const auto failed = [&](std::string why) {
    heard.failure = std::move(why);
    return heard;
  };
  const auto sent = program.request(conversation, kGateway);
  if (!sent) return failed("the program cannot say it: " + sent.error().describe());
  const auto request = face.read_request(json::parse(sent->body).value());
  if (!request) return failed("the face refused: " + request.error().describe() + " in " + sent->body);
  const bool is_relayed = pair.program == pair.called;
  const auto wire =
      is_relayed ? called.relay(sent->body, *request, pair.provider) : called.request(*request, pair.provider);
  if (!wire) return failed("the adapter refused: " + wire.error().describe());
  heard.sent = wire->body;
  const DoubleProvider::Answered answered = provider.answer(*wire);
  if (answered.status != 200) return failed("the provider refused: " + answered.body + " of " + wire->body);
  if (answered.is_streamed != pair.is_streamed) return failed("the answer is streamed, or is not");
  Read there = read(called, pair.provider.quirks, answered);
  if (!there.failure.empty()) return failed("the adapter cannot read: " + there.failure + " in " + answered.body);
  heard.billed = there.answer.usage;
  const std::string received =
      is_relayed ? answered.body : translated(called, pair.provider.quirks, face, *request, answered);
  Read here = read(program, is_relayed ? pair.provider.quirks : Quirks(),
                   {.status = 200, .is_streamed = pair.is_streamed, .body = received});
  if (!here.failure.empty()) return failed("the program cannot read: " + here.failure + " in " + received);
  heard.answer = std::move(here.answer);
  heard.said =
      said_by(Role::assistant, pair.program == Protocol::openai_responses ? items_of(received, pair.is_streamed)
                                                                          : heard.answer.choices.at(0).parts);
  return heard;
}

Message said_by(Role role, std::vector<Part> parts) { return Message{.role = role, .parts = std::move(parts)}; }

std::string text_of(const ChatAnswer& answer) {
  std::string out;
  for (const Choice& choice : answer.choices)
    for (const Part& part : choice.parts) {
      if (const auto* text = std::get_if<Text>(&part)) out += text->text;
      if (const auto* refusal = std::get_if<Refusal>(&part)) out += refusal->text;
    }
  return out;
}

std::string thought_of(const ChatAnswer& answer) {
  std::string out;
  for (const Choice& choice : answer.choices)
    for (const Part& part : choice.parts)
      if (const auto* reasoning = std::get_if<Reasoning>(&part)) out += reasoning->text;
  return out;
}

std::vector<ToolCall> calls_of(const ChatAnswer& answer) {
  std::vector<ToolCall> calls;
  for (const Choice& choice : answer.choices)
    for (const Part& part : choice.parts)
      if (const auto* call = std::get_if<ToolCall>(&part)) calls.push_back(*call);
  return calls;
}

}  // namespace atelier::model::testing
