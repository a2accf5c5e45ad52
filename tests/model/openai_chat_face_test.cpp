#include <gmock/gmock.h>

#include "model/face/face.hpp"
#include "tests/model/chat_json.hpp"

namespace atelier::model {
namespace {

using testing::describe;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const AnswerHead kHead{.id = "abc", .model = "mine", .created_s = 1'700'000'000};

Result<ChatRequest> read(std::string_view body) { return openai_chat_face().read_request(json::parse(body).value()); }

// The request's messages, where that is all there is to see.
ChatRequest read_messages(std::string_view messages) {
  auto request = read(R"({"model":"m","messages":)" + std::string(messages) + "}");
  EXPECT_TRUE(request) << request.error().describe();
  return request.value_or(ChatRequest());
}

std::string complaint(std::string_view body) {
  const auto request = read(body);
  return request ? "taken" : request.error().describe();
}
std::string complaint_of(std::string_view message) {
  return complaint(R"({"model":"m","messages":[)" + std::string(message) + "]}");
}

TEST(OpenaiChatFace, ReadsEveryField) {
  const auto request = read(
      R"({"model":"gpt-x","stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":100,"temperature":0.5,"top_p":0.25,"n":2,
    "stop":["END"],"presence_penalty":1,"frequency_penalty":-1,"seed":7,"logprobs":true,"top_logprobs":3,"user":"u-1","reasoning_effort":"high",
    "response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object"},"strict":true}},
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":false}},
             {"type":"custom","custom":{"name":"sql","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}],
    "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,"logit_bias":{"1":2},
    "messages":[{"role":"developer","content":"Be brief"},{"role":"user","content":"hi","name":"ann"}]})");
  ASSERT_TRUE(request) << request.error().describe();
  EXPECT_EQ(request->protocol, Protocol::openai_chat);
  EXPECT_EQ(request->model, "gpt-x");
  EXPECT_TRUE(request->is_streamed);
  EXPECT_TRUE(request->wants_usage);
  EXPECT_EQ(request->output_tokens_max, 100);
  EXPECT_EQ(request->temperature, 0.5);
  EXPECT_EQ(request->answer_count, 2);
  EXPECT_EQ(request->stop, std::vector<std::string>{"END"});
  EXPECT_EQ(request->seed, 7);
  EXPECT_EQ(request->top_logprobs, 3);
  EXPECT_EQ(request->end_user, "u-1");
  EXPECT_EQ(request->reasoning->effort, "high");
  EXPECT_EQ(request->format->kind, AnswerFormat::Kind::json_schema);
  EXPECT_EQ(request->format->is_strict, true);
  EXPECT_EQ(request->tools.at(0).is_strict, false);
  EXPECT_TRUE(request->tools.at(1).is_custom);
  EXPECT_EQ(json::write(request->tools[1].extra), R"({"format":{"type":"grammar","syntax":"lark","definition":"x"}})");
  EXPECT_EQ(request->tool_choice->name, "f");
  EXPECT_EQ(request->has_parallel_tool_calls, false);
  EXPECT_EQ(json::write(request->extra), R"({"logit_bias":{"1":2}})");
  EXPECT_EQ(request->messages.at(0).role, Role::developer);
  EXPECT_EQ(request->messages.at(1).name, "ann");
}

TEST(OpenaiChatFace, ReadsEveryPart) {
  const ChatRequest request = read_messages(R"([{"role":"user","content":[{"type":"text","text":"a"},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"image_url","image_url":"https://e.com/a.png"},
    {"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},
    {"type":"file","file":{"file_id":"file-1"}}]}])");
  EXPECT_EQ(
      describe(request.messages.at(0).parts),
      describe(std::vector<Part>{
          Text{.text = "a"}, Media{.base64 = "AAAA", .media_type = "image/png", .detail = "low"},
          Media{.url = "https://e.com/a.png"},
          Media{.kind = Media::Kind::audio, .base64 = "AAAA", .media_type = "audio/mpeg"},
          Media{.kind = Media::Kind::document, .base64 = "JVBE", .media_type = "application/pdf", .file_name = "a.pdf"},
          Media{.kind = Media::Kind::document, .file_id = "file-1"}}));
}

TEST(OpenaiChatFace, ReadsWhatTheAssistantSaidAndToolsGave) {
  const ChatRequest request = read_messages(
      R"([{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},
      {"id":"c2","type":"custom","custom":{"name":"sql","input":"select 1"}}]},
    {"role":"tool","tool_call_id":"c1","content":"42"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
    {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"no"}],"reasoning_content":"Hm"},{"role":"assistant","refusal":"No","content":null}])");
  ASSERT_EQ(request.messages.size(), 5U);
  EXPECT_EQ(
      describe(request.messages[0].parts),
      describe(std::vector<Part>{ToolCall{.id = "c1", .name = "f", .arguments = R"({"a": 1})"},
                                 ToolCall{.id = "c2", .name = "sql", .arguments = "select 1", .is_custom = true}}));
  EXPECT_EQ(describe(request.messages[2].parts),
            describe(std::vector<Part>{ToolResult{.call_id = "c2", .parts = {Text{.text = "a"}, Text{.text = "b"}}}}));
  EXPECT_EQ(describe(request.messages[3].parts),
            describe(std::vector<Part>{Reasoning{.text = "Hm"}, Text{.text = "a"}, Refusal{.text = "no"}}));
  EXPECT_EQ(describe(request.messages[4].parts), describe(std::vector<Part>{Refusal{.text = "No"}}));
}

TEST(OpenaiChatFace, ThoughtsComeBackToTheirPlacesWithWhatSealsThem) {
  const std::vector<Part> said = {
      Reasoning{.text = "One", .signature = "s1+/=", .origin = Protocol::anthropic},
      Text{.text = "a"},
      Reasoning{.signature = "r+/=", .is_redacted = true, .origin = Protocol::anthropic},
      Text{.text = "b", .signature = "g+/="},
      Reasoning{.text = "Two", .signature = "gAAA", .id = "rs_1", .origin = Protocol::openai_responses},
      ToolCall{.id = "c", .name = "f", .arguments = "{}", .signature = "t+/="}};
  ChatAnswer answer{.id = "x", .model = "m", .choices = {Choice{.parts = said}}};
  json::Object message =
      json::parse(openai_chat_face().write_answer(answer, {}, kHead))->at("choices").at(0).at("message").as_object();
  const ChatRequest request = read_messages(json::write(json::Array{message}));
  EXPECT_EQ(describe(request.messages.at(0).parts), describe(said));
}

TEST(OpenaiChatFace, SpeaksOfFunctionsToThoseWhoDo) {
  const auto request =
      read(R"({"model":"m","functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"},
    "messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"42"}]})");
  ASSERT_TRUE(request) << request.error().describe();
  EXPECT_EQ(request->tools.at(0).name, "f");
  EXPECT_EQ(request->tool_choice->mode, ToolChoice::Mode::named);
  const std::string id = std::get<ToolCall>(request->messages.at(1).parts.at(0)).id;
  EXPECT_EQ(std::get<ToolResult>(request->messages.at(2).parts.at(0)).call_id, id);
  EXPECT_FALSE(id.empty());
  ChatAnswer answer{.id = "x",
                    .model = "m",
                    .choices = {Choice{.parts = {ToolCall{.id = "c", .name = "f", .arguments = R"({"a":1})"}},
                                       .stop = StopReason::tool_calls}}};
  EXPECT_THAT(
      openai_chat_face().write_answer(answer, *request, kHead),
      HasSubstr(
          R"("function_call":{"name":"f","arguments":"{\"a\":1}"}},"logprobs":null,"finish_reason":"function_call"})"));
  const auto writer = openai_chat_face().make_writer(*request, kHead);
  std::string out;
  for (const ChatEvent& event : events_of(answer)) out += writer->write(event);
  EXPECT_THAT(out, HasSubstr(R"("delta":{"function_call":{"name":"f","arguments":""}})"));
  EXPECT_THAT(out, HasSubstr(R"("finish_reason":"function_call")"));
  EXPECT_THAT(out, Not(HasSubstr("tool_calls")));
}

TEST(OpenaiChatFace, SaysWhereARequestIsWrong) {
  EXPECT_EQ(complaint("[]"), "must be an object");
  EXPECT_EQ(complaint(R"({"messages":[{"role":"user","content":"x"}]})"), "/model: is required");
  EXPECT_EQ(complaint(R"({"model":"m"})"), "/messages: is required");
  EXPECT_EQ(complaint(R"({"model":"m","messages":[]})"), "/messages: must not be empty");
  EXPECT_EQ(complaint_of("7"), "/messages/0: must be an object");
  EXPECT_THAT(complaint_of(R"({"role":"robot","content":"x"})"), StartsWith("/messages/0/role: is \"robot\""));
  EXPECT_EQ(complaint_of(R"({"role":"user"})"), "/messages/0/content: is required");
  EXPECT_EQ(complaint_of(R"({"role":"user","content":7})"), "/messages/0/content: must be a string or a list of parts");
  EXPECT_EQ(complaint_of(R"({"role":"user","content":[{"type":"text"}]})"), "/messages/0/content/0/text: is required");
  EXPECT_EQ(complaint_of(R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"ftp://x"}}]})"),
            "/messages/0/content/0/image_url/url: must be an http(s) URL or a base64 data URL");
  EXPECT_EQ(complaint_of(R"({"role":"tool","content":"x"})"), "/messages/0/tool_call_id: is required");
  EXPECT_EQ(complaint_of(R"({"role":"assistant"})"), "/messages/0/content: is required unless there are tool_calls");
  EXPECT_EQ(complaint_of(R"({"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f"}}]})"),
            "/messages/0/tool_calls/0/id: is required");
  EXPECT_EQ(complaint_of(R"({"role":"assistant","tool_calls":[7]})"), "/messages/0/tool_calls: must hold objects");
  EXPECT_THAT(complaint_of(R"({"role":"system","content":[{"type":"image_url","image_url":{"url":"https://x"}}]})"),
              StartsWith("/messages/0/content/0/type: is \"image_url\""));
  const auto with = [](std::string_view field) {
    return complaint(R"({"model":"m","messages":[{"role":"user","content":"x"}],)" + std::string(field) + "}");
  };
  EXPECT_THAT(with(R"("temperature":3)"), StartsWith("/temperature: "));
  EXPECT_THAT(with(R"("n":0)"), StartsWith("/n: "));
  EXPECT_EQ(with(R"("stop":[1])"), "/stop/0: must be a string");
  EXPECT_EQ(with(R"("tools":[{"type":"function","function":{}}])"), "/tools/0/function/name: is required");
  EXPECT_EQ(with(R"("tools":[{"type":"function"}])"), "/tools/0/function: must be an object");
  EXPECT_THAT(with(R"("tool_choice":"must")"), StartsWith("/tool_choice: is \"must\""));
  EXPECT_EQ(with(R"("response_format":{"type":"json_schema","json_schema":{"name":"n"}})"),
            "/response_format/json_schema/schema: is required");
  EXPECT_THAT(with(R"("response_format":{"type":"xml"})"), StartsWith("/response_format/type: is \"xml\""));
  EXPECT_EQ(with(R"("max_tokens":5,"max_completion_tokens":6)"),
            "/max_tokens: differs from max_completion_tokens: give one of them");
  EXPECT_EQ(with(R"("max_tokens":5,"max_completion_tokens":5)"), "taken");
  EXPECT_EQ(with(R"("stream_options":{"include_usage":1},"stream":true)"),
            "/stream_options/include_usage: must be true or false");
  EXPECT_EQ(with(R"("reasoning_effort":"low","reasoning":{"effort":"high"})"),
            "/reasoning/effort: differs from reasoning_effort: give one of them");
  EXPECT_EQ(
      with(
          R"("stop":null,"tools":null,"tool_choice":null,"response_format":null,"reasoning":null,"stream_options":null,"temperature":null,"user":null)"),
      "taken");
}

ChatAnswer sample() {
  ChatAnswer answer{.id = "msg_1", .model = "", .choices = {}};
  Choice choice{.parts = {Reasoning{.text = "Hm"}, Text{.text = "Hello"},
                          ToolCall{.id = "call.1", .name = "f", .arguments = R"({"a":1})"}},
                .stop = StopReason::tool_calls};
  answer.choices.push_back(std::move(choice));
  answer.usage =
      Usage{.input = 10, .cached_read = 5, .cached_write = 3, .cached_write_hour = 2, .output = 7, .reasoning = 4};
  return answer;
}

TEST(OpenaiChatFace, WritesAnAnswerOfAnotherProtocol) {
  EXPECT_EQ(
      openai_chat_face().write_answer(sample(), {}, kHead),
      R"({"id":"chatcmpl-abc","object":"chat.completion","created":1700000000,"model":"mine","choices":[{"index":0,"message":{"role":"assistant","content":"Hello","refusal":null,)"
      R"("reasoning_content":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","format":"unknown","index":0}],)"
      R"("tool_calls":[{"id":"call.1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],)"
      R"("usage":{"prompt_tokens":20,"completion_tokens":11,"total_tokens":31,"prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0,"cache_write_tokens":5},)"
      R"("completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}})");
}

TEST(OpenaiChatFace, StreamsChunksInOrder) {
  const auto writer =
      openai_chat_face().make_writer({.model = {}, .messages = {}, .is_streamed = true, .wants_usage = true}, kHead);
  std::string out;
  for (const ChatEvent& event : events_of(sample())) out += writer->write(event);
  const auto chunk = [](std::string_view delta, std::string_view reason = "null") {
    return R"(data: {"id":"chatcmpl-abc","object":"chat.completion.chunk","created":1700000000,"model":"mine","choices":[{"index":0,"delta":)" +
           std::string(delta) + R"(,"logprobs":null,"finish_reason":)" + std::string(reason) + "}],\"usage\":null}\n\n";
  };
  EXPECT_EQ(
      out,
      chunk(R"({"role":"assistant","content":"","refusal":null})") +
          chunk(
              R"({"reasoning_content":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","format":"unknown","index":0}]})") +
          chunk(R"({"content":"Hello"})") +
          chunk(
              R"({"tool_calls":[{"index":0,"id":"call.1","type":"function","function":{"name":"f","arguments":""}}]})") +
          chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]})") +
          chunk("{}", "\"tool_calls\"") +
          R"(data: {"id":"chatcmpl-abc","object":"chat.completion.chunk","created":1700000000,"model":"mine","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":11,)"
          R"("total_tokens":31,"prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0,"cache_write_tokens":5},"completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0,)"
          R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}})"
          "\n\ndata: [DONE]\n\n");
  EXPECT_EQ(writer->write(event::Ended()), "");
}

TEST(OpenaiChatFace, TellsUsageOnlyToThoseWhoAskedForIt) {
  const auto writer = openai_chat_face().make_writer({.model = {}, .messages = {}, .is_streamed = true}, kHead);
  std::string out;
  for (const ChatEvent& event : events_of(sample())) out += writer->write(event);
  EXPECT_THAT(out, Not(HasSubstr("usage")));
  EXPECT_THAT(out, EndsWith("data: [DONE]\n\n"));
}

TEST(OpenaiChatFace, ACallWaitsForItsIdAndName) {
  const auto writer = openai_chat_face().make_writer({}, kHead);
  writer->write(event::Started());
  EXPECT_EQ(writer->write(event::PartStarted{.kind = event::PartKind::tool_call, .whole = ToolCall{}}), "");
  EXPECT_EQ(writer->write(event::Delta{.text = "{\"a\""}), "");
  const std::string begun =
      writer->write(event::PartAmended{.whole = ToolCall{.id = "c1", .name = "f", .arguments = {}}});
  EXPECT_THAT(begun, HasSubstr(R"("id":"c1","type":"function","function":{"name":"f","arguments":""})"));
  EXPECT_THAT(begun, HasSubstr(R"({"arguments":"{\"a\""})"));
}

TEST(OpenaiChatFace, EveryChoiceHasItsRoleAndItsEnd) {
  ChatAnswer answer = sample();
  answer.choices.push_back(Choice{.index = 1, .parts = {Text{.text = "Other"}}, .stop = StopReason::length});
  const auto writer = openai_chat_face().make_writer({}, kHead);
  std::string out;
  for (const ChatEvent& event : events_of(answer)) out += writer->write(event);
  EXPECT_THAT(out, HasSubstr(R"({"index":1,"delta":{"role":"assistant","content":"","refusal":null})"));
  EXPECT_THAT(out, HasSubstr(R"({"index":1,"delta":{},"logprobs":null,"finish_reason":"length"})"));
}

TEST(OpenaiChatFace, EndsAreNamedAsChatNamesThem) {
  const std::pair<StopReason, std::string_view> kStops[] = {{StopReason::stop, "stop"},
                                                            {StopReason::stop_sequence, "stop"},
                                                            {StopReason::length, "length"},
                                                            {StopReason::tool_calls, "tool_calls"},
                                                            {StopReason::content_filter, "content_filter"},
                                                            {StopReason::refusal, "content_filter"},
                                                            {StopReason::pause, "stop"}};
  for (const auto& [stop, name] : kStops) {
    const ChatAnswer answer{.id = {}, .model = {}, .choices = {Choice{.parts = {Text{.text = "x"}}, .stop = stop}}};
    EXPECT_EQ(json::parse(openai_chat_face().write_answer(answer, {}, kHead))
                  ->at("choices")
                  .at(0)
                  .at("finish_reason")
                  .as_string(),
              name);
  }
  // A refusal that says something is one, and ends well.
  const ChatAnswer refused{
      .id = {}, .model = {}, .choices = {Choice{.parts = {Refusal{.text = "No"}}, .stop = StopReason::refusal}}};
  EXPECT_THAT(
      openai_chat_face().write_answer(refused, {}, kHead),
      HasSubstr(
          R"("message":{"role":"assistant","content":null,"refusal":"No"},"logprobs":null,"finish_reason":"stop")"));
}

TEST(OpenaiChatFace, AFailureIsTheLastWord) {
  const auto writer = openai_chat_face().make_writer({}, kHead);
  writer->write(event::Started());
  const std::string out = writer->write(event::Failed{Error{.code = ErrorCode::unavailable,
                                                            .message = "gone",
                                                            .reason = "provider_error",
                                                            .where = {},
                                                            .retry_after_ms = {},
                                                            .source = {}}});
  EXPECT_EQ(
      out,
      R"(data: {"error":{"message":"gone","type":"service_unavailable_error","param":null,"code":"provider_error"}})"
      "\n\n");
  EXPECT_EQ(writer->write(event::Ended()), "");
}

TEST(OpenaiErrors, AreToldAsTheProtocolTellsThem) {
  const Error error{.code = ErrorCode::invalid_argument,
                    .message = "is required",
                    .reason = "field_invalid",
                    .where = "/messages/0/content",
                    .retry_after_ms = {},
                    .source = {}};
  const json::Value told = json::parse(write_error(Protocol::openai_chat, error, 400, "req_1"))->at("error");
  EXPECT_THAT(std::string(told.at("message").as_string()), EndsWith("is required"));
  EXPECT_EQ(told.at("type"), "invalid_request_error");
  EXPECT_EQ(told.at("param"), "messages[0].content");
  EXPECT_EQ(told.at("code"), "field_invalid");
  EXPECT_EQ(write_error(Protocol::openai_responses, error, 400, "req_1"),
            write_error(Protocol::openai_chat, error, 400, "req_1"));
  EXPECT_THAT(write_error(Protocol::openai_chat, error, 429, ""), HasSubstr(R"("type":"rate_limit_error")"));
  EXPECT_THAT(write_error(Protocol::openai_chat, error, 418, ""), HasSubstr(R"("type":"invalid_request_error")"));
  EXPECT_THAT(write_error(Protocol::openai_chat, error, 599, ""), HasSubstr(R"("type":"server_error")"));
  const std::string event = write_stream_error(Protocol::openai_responses, error, "");
  EXPECT_THAT(event, StartsWith("event: error\ndata: "));
  const json::Value flat = json::parse(std::string_view(event).substr(event.find('{'))).value_or(nullptr);
  EXPECT_EQ(flat.at("type"), "error");
  EXPECT_EQ(flat.at("code"), "field_invalid");
  EXPECT_EQ(flat.at("error").at("param"), "messages[0].content");
}

}  // namespace
}  // namespace atelier::model
