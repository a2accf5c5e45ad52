#include <gmock/gmock.h>

#include <random>

#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"

namespace atelier::model {
namespace {

using testing::describe;
using testing::feed;
using ::testing::HasSubstr;
using testing::Told;

const Target kTarget{.base_url = "http://127.0.0.1:11434", .model = "llama3:8b"};

template <class... Parts>
Message message(Role role, Parts... parts) {
  Message out{.role = role, .parts = {}};
  (out.parts.emplace_back(std::move(parts)), ...);
  return out;
}

ChatRequest asked(std::vector<Message> messages) {
  return ChatRequest{.protocol = Protocol::openai_chat, .model = "m", .messages = std::move(messages)};
}

std::string field(const ChatRequest& request, std::string_view name) {
  const auto wire = ollama_adapter().request(request, kTarget);
  EXPECT_TRUE(wire) << wire.error().describe();
  const json::Object body = wire ? json::parse(wire->body)->get_object() : json::Object();
  return body.contains(name) ? json::write(body.at(name)) : "absent";
}

std::string refusal(const ChatRequest& request) {
  const auto wire = ollama_adapter().request(request, kTarget);
  return wire ? "taken" : wire.error().describe();
}

TEST(OllamaRequest, SaysNoMoreThanTheCallerDid) {
  const auto wire = ollama_adapter().request(asked({message(Role::user, Text{.text = "hi"})}), kTarget);
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "http://127.0.0.1:11434/api/chat");
  EXPECT_EQ(wire->body, R"({"model":"llama3:8b","messages":[{"role":"user","content":"hi"}],"stream":false})");
  EXPECT_EQ(ollama_adapter().list_models({.base_url = "http://h:1/api", .model = {}}).url, "http://h:1/api/tags");
}

TEST(OllamaRequest, WritesAToolLoop) {
  EXPECT_EQ(
      field(asked({message(Role::developer, Text{.text = "Be brief"}),
                   message(Role::user, Text{.text = "look"}, Media{.base64 = "iVBOR", .media_type = "image/png"}),
                   message(Role::assistant, Reasoning{.text = "Hm"},
                           ToolCall{.id = "c1", .name = "f", .arguments = R"({"a":1})"},
                           ToolCall{.id = "c2", .name = "g", .arguments = "{broken"}),
                   message(Role::tool, ToolResult{.call_id = "c1", .parts = {Text{.text = "4"}, Text{.text = "2"}}}),
                   message(Role::tool, ToolResult{.call_id = "c2", .parts = {}})}),
            "messages"),
      R"([{"role":"system","content":"Be brief"},{"role":"user","content":"look","images":["iVBOR"]},)"
      R"({"role":"assistant","content":"","thinking":"Hm","tool_calls":[{"function":{"name":"f","arguments":{"a":1}},"id":"c1"},{"function":{"name":"g","arguments":{"INVALID_JSON":"{broken"}},"id":"c2"}]},)"
      R"({"role":"tool","content":"4\n2","tool_name":"f","tool_call_id":"c1"},{"role":"tool","content":"","tool_name":"g","tool_call_id":"c2"}])");
  // Thoughts of earlier turns stay behind.
  EXPECT_EQ(field(asked({message(Role::user, Text{.text = "a"}),
                         message(Role::assistant, Reasoning{.text = "Hm"}, Text{.text = "b"}),
                         message(Role::user, Text{.text = "c"})}),
                  "messages"),
            R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}])");
}

TEST(OllamaRequest, MapsSettings) {
  ChatRequest request = asked({message(Role::user, Text{.text = "hi"})});
  request.output_tokens_max = 9;
  request.seed = 3;
  request.stop = {"END"};
  request.extra = {{"options", json::Object{{"num_ctx", 32768}}}, {"keep_alive", "10m"}, {"other", 1}};
  EXPECT_EQ(field(request, "options"), R"({"num_ctx":32768,"num_predict":9,"seed":3,"stop":["END"]})");
  EXPECT_EQ(field(request, "keep_alive"), R"("10m")");
  EXPECT_EQ(field(request, "other"), "absent");
  EXPECT_EQ(field(request, "think"), "absent");
  const auto think = [&](std::string effort) {
    request.reasoning = ReasoningWish{.effort = std::move(effort)};
    return field(request, "think");
  };
  EXPECT_EQ(think("none"), "false");
  EXPECT_EQ(think(""), "true");
  EXPECT_EQ(think("minimal"), R"("low")");
  EXPECT_EQ(think("medium"), R"("medium")");
  EXPECT_EQ(think("xhigh"), R"("high")");
  request.format = AnswerFormat{.kind = AnswerFormat::Kind::json};
  EXPECT_EQ(field(request, "format"), R"("json")");
  request.format = AnswerFormat{.kind = AnswerFormat::Kind::json_schema, .schema = json::Object{{"type", "object"}}};
  EXPECT_EQ(field(request, "format"), R"({"type":"object"})");
}

TEST(OllamaRequest, ChoosesToolsByLeavingThemOut) {
  ChatRequest request = asked({message(Role::user, Text{.text = "hi"})});
  request.tools = {Tool{.name = "f", .description = "d", .parameters = json::Object{{"type", "object"}}},
                   Tool{.name = "g"}};
  EXPECT_EQ(
      field(request, "tools"),
      R"([{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}])");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::named, .name = "g"};
  EXPECT_EQ(field(request, "tools"), "absent") << "its arguments are asked for as the answer";
  EXPECT_EQ(field(request, "format"), R"({"type":"object","properties":{}})");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::required};
  EXPECT_THAT(field(request, "tools"), HasSubstr(R"("name":"g")")) << "which of the two nobody knows";
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::none};
  EXPECT_EQ(field(request, "tools"), "absent");
}

TEST(OllamaRequest, RefusesWhatItCannotSay) {
  EXPECT_THAT(refusal(asked({message(Role::user, Media{.url = "https://e.com/a.png"})})), HasSubstr("/messages/0: "));
  EXPECT_THAT(refusal(asked({message(Role::user, Media{.kind = Media::Kind::document, .base64 = "AA"})})),
              HasSubstr("/messages/0: "));
  ChatRequest several = asked({message(Role::user, Text{.text = "hi"})});
  several.answer_count = 2;
  EXPECT_THAT(refusal(several), HasSubstr("/n: "));
  EXPECT_FALSE(ollama_adapter().relay("{}", {}, kTarget));
  EXPECT_EQ(ollama_adapter().make_watch({}, {}), nullptr);
}

std::string line(std::string_view message, std::string_view more = R"(,"done":false)") {
  return R"({"model":"llama3:8b","created_at":"2026-01-01T00:00:01.5Z","message":{"role":"assistant",)" +
         std::string(message) + "}" + std::string(more) + "}\n";
}
const std::string kDone =
    R"(,"done":true,"done_reason":"stop","total_duration":1,"prompt_eval_count":26,"eval_count":290)";

TEST(OllamaStream, ReadsThoughtTextAndCalls) {
  const std::string stream =
      line(R"("content":"","thinking":"Hm")") + line(R"("content":"","thinking":", so")") + line(R"("content":"Hel")") +
      line(R"("content":"lo")") +
      line(
          R"("content":"","tool_calls":[{"id":"call_1","function":{"index":0,"name":"f","arguments":{"a":1}}},{"function":{"name":"g","arguments":{}}}])") +
      line(R"("content":"")", kDone);
  const Told told = feed(ollama_adapter(), stream);
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.answer.model, "llama3:8b");
  EXPECT_EQ(told.answer.created_s, 1'767'225'601);
  const auto& parts = told.answer.choices.at(0).parts;
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(std::get<Reasoning>(parts[0]).text, "Hm, so");
  EXPECT_EQ(std::get<Text>(parts[1]).text, "Hello");
  EXPECT_EQ(std::get<ToolCall>(parts[2]).id, "call_1");
  EXPECT_EQ(std::get<ToolCall>(parts[2]).arguments, R"({"a":1})");
  EXPECT_THAT(std::get<ToolCall>(parts[3]).id, ::testing::StartsWith("call_"));
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::tool_calls);  // the server says "stop"
  EXPECT_EQ(told.answer.usage, (Usage{.input = 26, .output = 290}));

  const auto whole = ollama_adapter().read_answer(
      {},
      line(
          R"("content":"Hello","thinking":"Hm, so","tool_calls":[{"id":"call_1","function":{"index":0,"name":"f","arguments":{"a":1}}},{"function":{"name":"g","arguments":{}}}])",
          kDone),
      {});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(describe(*whole), describe(told.answer));
}

TEST(OllamaStream, MapsItsReasons) {
  const auto stop = [](std::string_view more) {
    return feed(ollama_adapter(), line(R"("content":"x")", more)).answer.choices.at(0).stop;
  };
  EXPECT_EQ(stop(R"(,"done":true,"done_reason":"length")"), StopReason::length);
  EXPECT_EQ(stop(R"(,"done":true,"done_reason":"load")"), StopReason::stop);
  EXPECT_EQ(stop(R"(,"done":true)"), StopReason::stop);
}

TEST(OllamaStream, TheLastLineMayLackItsBreak) {
  const std::string stream = line(R"("content":"x")") + line(R"("content":"")", kDone);
  EXPECT_TRUE(feed(ollama_adapter(), std::string_view(stream).substr(0, stream.size() - 1)).has_ended);
  EXPECT_FALSE(feed(ollama_adapter(), std::string_view(stream).substr(0, stream.size() - 9)).has_ended);
  EXPECT_FALSE(feed(ollama_adapter(), line(R"("content":"x")")).has_ended);
  EXPECT_FALSE(feed(ollama_adapter(), "").has_ended);
}

TEST(OllamaStream, AnErrorInMidStreamFails) {
  const Told told =
      feed(ollama_adapter(), line(R"("content":"x")") + R"({"error":"llama runner process has terminated"})" + "\n" +
                                 line(R"("content":"y")", kDone));
  ASSERT_TRUE(told.fault);
  EXPECT_EQ(told.fault->kind, Fault::Kind::server);
  EXPECT_EQ(told.fault->message, "llama runner process has terminated");
  EXPECT_FALSE(told.has_ended);
}

TEST(OllamaStream, BrokenLinesAreSkippedAndCounted) {
  const Told told =
      feed(ollama_adapter(), line(R"("content":"a")") + "{\"mess\nnot json\n\n" + line(R"("content":"b")") +
                                 line(R"("content":"")", kDone) + "after the end\n");
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 2U);
  EXPECT_EQ(std::get<Text>(told.answer.choices.at(0).parts.at(0)).text, "ab");
}

TEST(OllamaStream, BrokenBytesNeverCrash) {
  std::mt19937 random(5);
  const std::string whole =
      line(R"("content":"a","thinking":"t","tool_calls":[{"function":{"name":"g","arguments":{}}}])") +
      line(R"("content":"")", kDone);
  for (int round = 0; round < 1000; ++round) {
    std::string stream = whole;
    for (auto i = 1 + random() % 6; i > 0; --i) stream[random() % stream.size()] = static_cast<char>(random() % 256);
    testing::feed_whole(ollama_adapter(), stream);
    (void)ollama_adapter().read_fault({.status = 500, .headers = {}}, stream);
    (void)ollama_adapter().read_models(stream);
  }
}

struct FaultCase {
  int status;
  std::string_view body, kind;
};

TEST(OllamaFault, IsSortedForRouting) {
  const FaultCase kCases[] = {
      {400, R"({"error":"\"llama3\" does not support thinking"})", "request_refused"},
      {404, R"({"error":"model 'x' not found"})", "model_not_found"},
      {403, "", "provider_permission"},
      {401, R"({"error":"unauthorized","signin_url":"https://e.com"})", "provider_key_refused"},
      {500, R"({"error":"model requires more system memory"})", "provider_error"},
      {500, R"({"error":"the input length exceeds the context length"})", "context_length_exceeded"},
      {502, R"({"error":"x"})", "provider_error"},
      {503, R"({"error":"server busy, please try again.  maximum pending requests exceeded"})", "provider_overloaded"},
      {200, R"({"error":"Unexpected endpoint or method."})", "provider_error"},
      {502, "<html><title>Bad Gateway</title></html>", "provider_error"}};
  for (const FaultCase& one : kCases) {
    const Fault fault = ollama_adapter().read_fault({.status = one.status, .headers = {}}, one.body);
    EXPECT_EQ(to_string(fault.kind), one.kind) << one.status << one.body;
    EXPECT_FALSE(fault.message.empty());
  }
  const auto answer = ollama_adapter().read_answer({}, R"({"error":"Unexpected endpoint or method."})", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Fault::Kind::server);
}

TEST(OllamaModels, TellWhatTheyCan) {
  const auto models = ollama_adapter().read_models(R"({"models":[
    {"name":"llama3:8b","model":"llama3:8b","size":1,"details":{"family":"llama","context_length":131072},"capabilities":["completion","tools"]},
    {"name":"embed:latest","model":"embed:latest","details":{},"capabilities":["embedding"]},{"model":"old","details":{}}]})");
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ(models->at(0).id, "llama3:8b");
  EXPECT_EQ(models->at(0).context_tokens, 131'072);
  EXPECT_EQ(json::write(models->at(0).facts.at("capabilities")), R"(["completion","tools"])");
  EXPECT_EQ(models->at(1).id, "old");
  EXPECT_TRUE(ollama_adapter().read_models(R"({"models":null})"));
  EXPECT_FALSE(ollama_adapter().read_models("Ollama is running"));
}

}  // namespace
}  // namespace atelier::model
