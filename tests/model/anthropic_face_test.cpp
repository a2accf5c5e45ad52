#include <gmock/gmock.h>

#include "model/face/anthropic_count.hpp"
#include "model/face/anthropic_seal.hpp"
#include "model/face/face.hpp"
#include "tests/model/chat_json.hpp"

namespace atelier::model {
namespace {

using testing::describe;
using ::testing::HasSubstr;
using ::testing::Not;

Result<ChatRequest> read(std::string_view body) { return anthropic_face().read_request(json::parse(body).value()); }

// The request's messages, where that is all there is to see.
ChatRequest read_messages(std::string_view messages) {
  auto request = read(R"({"model":"m","max_tokens":5,"messages":)" + std::string(messages) + "}");
  EXPECT_TRUE(request) << request.error().describe();
  return request.value_or(ChatRequest());
}

std::string complaint(std::string_view body) {
  const auto request = read(body);
  return request ? "taken" : request.error().describe();
}

TEST(AnthropicFace, ReadsEveryField) {
  const auto request =
      read(R"({"model":"claude-x","max_tokens":1024,"stream":true,"temperature":0.5,"top_p":0.25,"top_k":7,
    "system":[{"type":"text","text":"Be brief","cache_control":{"type":"ephemeral"}}],
    "stop_sequences":["END"],"metadata":{"user_id":"u-1","tag":"x"},"service_tier":"auto",
    "thinking":{"type":"enabled","budget_tokens":2048,"display":"omitted"},
    "output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}},"later":1},
    "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral","ttl":"1h"}},
             {"type":"web_search_20250305","name":"web_search","max_uses":3}],
    "tool_choice":{"type":"any","disable_parallel_tool_use":true},
    "messages":[{"role":"user","content":"hi"}]})");
  ASSERT_TRUE(request) << request.error().describe();
  EXPECT_EQ(request->protocol, Protocol::anthropic);
  EXPECT_EQ(request->model, "claude-x");
  EXPECT_EQ(request->output_tokens_max, 1024);
  EXPECT_TRUE(request->is_streamed);
  EXPECT_EQ(request->temperature, 0.5);
  EXPECT_EQ(request->top_p, 0.25);
  EXPECT_EQ(request->top_k, 7);
  EXPECT_EQ(request->stop, std::vector<std::string>{"END"});
  EXPECT_EQ(request->end_user, "u-1");
  ASSERT_TRUE(request->reasoning);
  EXPECT_EQ(request->reasoning->budget_tokens, 2048);
  EXPECT_EQ(request->reasoning->effort, "high");
  EXPECT_EQ(request->reasoning->summary, "omitted");
  ASSERT_TRUE(request->format);
  EXPECT_EQ(request->format->kind, AnswerFormat::Kind::json_schema);
  ASSERT_TRUE(request->tool_choice);
  EXPECT_EQ(request->tool_choice->mode, ToolChoice::Mode::required);
  EXPECT_EQ(request->has_parallel_tool_calls, false);
  ASSERT_EQ(request->tools.size(), 2U);
  EXPECT_EQ(request->tools[0].is_strict, true);
  EXPECT_EQ(json::write(request->tools[0].extra), R"({"cache_control":{"type":"ephemeral","ttl":"1h"}})");
  ASSERT_TRUE(request->tools[1].foreign);
  EXPECT_EQ(json::write(request->tools[1].foreign->block),
            R"({"type":"web_search_20250305","name":"web_search","max_uses":3})");
  EXPECT_EQ(json::write_canonical(request->extra),
            R"({"metadata":{"tag":"x"},"output_config":{"later":1},"service_tier":"auto"})");
  ASSERT_EQ(request->messages.size(), 2U);
  EXPECT_EQ(request->messages[0].role, Role::system);
  EXPECT_EQ(json::write(std::get<Text>(request->messages[0].parts[0]).extra),
            R"({"cache_control":{"type":"ephemeral"}})");
}

TEST(AnthropicFace, ToolResultsBecomeMessagesOfTheirOwnBeforeTheRest) {
  const ChatRequest request = read_messages(R"([{"role":"user","content":[
    {"type":"tool_result","tool_use_id":"a","content":"42"},
    {"type":"tool_result","tool_use_id":"b","is_error":true,"content":[{"type":"text","text":"no"},
      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
    {"type":"text","text":"go on"}]}])");
  ASSERT_EQ(request.messages.size(), 3U);
  EXPECT_EQ(request.messages[0].role, Role::tool);
  const auto& first = std::get<ToolResult>(request.messages[0].parts[0]);
  EXPECT_EQ(first.call_id, "a");
  EXPECT_EQ(std::get<Text>(first.parts[0]).text, "42");
  const auto& second = std::get<ToolResult>(request.messages[1].parts[0]);
  EXPECT_TRUE(second.is_error);
  EXPECT_EQ(std::get<Media>(second.parts[1]).base64, "AAAA");
  EXPECT_EQ(request.messages[2].role, Role::user);
}

TEST(AnthropicFace, DocumentsOfTextAreReadableToOthersAndGoBackWhole) {
  const ChatRequest request = read_messages(R"([{"role":"user","content":[
    {"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"body"}},
    {"type":"document","source":{"type":"content","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}},
    {"type":"search_result","source":"https://e.com","title":"S","content":[{"type":"text","text":"found"}]}]}])");
  const auto& parts = request.messages[0].parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(std::get<Text>(parts[0]).text, "T\nbody");
  EXPECT_EQ(std::get<Text>(parts[1]).text, "one\ntwo");
  EXPECT_EQ(std::get<Text>(parts[2]).text, "S\nhttps://e.com\nfound");
  EXPECT_EQ(json::write(std::get<Text>(parts[2]).extra.at("block").at("content")),
            R"([{"type":"text","text":"found"}])");
}

TEST(AnthropicFace, ServerToolsStayAsTheyCame) {
  const ChatRequest request = read_messages(R"([{"role":"assistant","content":[
    {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}},
    {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","encrypted_content":"E+/="}]}]}])");
  const auto& result = std::get<Foreign>(request.messages[0].parts[1]);
  EXPECT_EQ(
      json::write(result.block),
      R"({"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","encrypted_content":"E+/="}]})");
}

TEST(AnthropicFace, ThinkingIsReadInEveryForm) {
  const auto wish = [](std::string_view fields) {
    const auto request =
        read(R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}],)" + std::string(fields) + "}");
    return request && request->reasoning
               ? request->reasoning->effort + "/" + std::to_string(request->reasoning->budget_tokens.value_or(-1))
               : std::string("none");
  };
  EXPECT_EQ(wish(R"("thinking":{"type":"disabled"})"), "none/-1");
  EXPECT_EQ(wish(R"("thinking":{"type":"adaptive"})"), "/-1");
  EXPECT_EQ(wish(R"("thinking":{"type":"adaptive"},"output_config":{"effort":"max"})"), "max/-1");
  EXPECT_EQ(wish(R"("output_config":{"effort":"low"})"), "low/-1");
  EXPECT_EQ(wish(R"("thinking":{"type":"of_next_year"})"), "none");
}

TEST(AnthropicFace, SaysWhereARequestIsWrong) {
  EXPECT_EQ(complaint("[]"), "must be an object");
  EXPECT_EQ(complaint(R"({"max_tokens":1,"messages":[{"role":"user","content":"x"}]})"), "/model: is required");
  EXPECT_EQ(complaint(R"({"model":"m","messages":[{"role":"user","content":"x"}]})"), "/max_tokens: is required");
  EXPECT_EQ(complaint(R"({"model":"m","max_tokens":1,"messages":[]})"), "/messages: must not be empty");
  EXPECT_THAT(complaint(R"({"model":"m","max_tokens":1,"messages":[{"role":"robot","content":"x"}]})"),
              HasSubstr("/messages/0/role: is \"robot\""));
  EXPECT_EQ(complaint(R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text"}]}]})"),
            "/messages/0/content/0/text: is required");
  EXPECT_EQ(complaint(R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":7}]})"),
            "/messages/0/content: must be a string or a list of blocks");
  EXPECT_THAT(
      complaint(
          R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}]})"),
      HasSubstr("/messages/0/content/0/type: tool_use belongs"));
  EXPECT_THAT(
      complaint(
          R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"odd"}}]}]})"),
      HasSubstr("/messages/0/content/0/source: "));
  EXPECT_EQ(
      complaint(R"({"model":"m","max_tokens":1,"tools":[{"name":"f"}],"messages":[{"role":"user","content":"x"}]})"),
      "/tools/0/input_schema: must be an object");
  EXPECT_THAT(
      complaint(
          R"({"model":"m","max_tokens":1,"tool_choice":{"type":"must"},"messages":[{"role":"user","content":"x"}]})"),
      HasSubstr("/tool_choice/type: is \"must\""));
  EXPECT_THAT(
      complaint(R"({"model":"m","max_tokens":1,"stop_sequences":[1],"messages":[{"role":"user","content":"x"}]})"),
      HasSubstr("/stop_sequences/0: must be a string"));
}

TEST(AnthropicFace, ACountAsksForNoLimit) {
  const auto body = json::parse(R"({"model":"m","system":"s","messages":[{"role":"user","content":"hi"}]})");
  const auto request = read_anthropic_count_request(*body);
  ASSERT_TRUE(request) << request.error().describe();
  EXPECT_FALSE(request->output_tokens_max);
  EXPECT_EQ(request->messages.size(), 2U);
  EXPECT_EQ(write_anthropic_count(14), R"({"input_tokens":14})");
}

ChatAnswer sample() {
  ChatAnswer answer{.id = "chatcmpl-1", .model = "", .choices = {}};
  Choice choice;
  choice.parts.emplace_back(Text{.text = "Hello"});
  choice.parts.emplace_back(ToolCall{.id = "call.1", .name = "f", .arguments = R"({"a":1})"});
  choice.stop = StopReason::tool_calls;
  answer.choices.push_back(std::move(choice));
  answer.usage =
      Usage{.input = 10, .cached_read = 5, .cached_write = 3, .cached_write_hour = 2, .output = 7, .reasoning = 4};
  return answer;
}

TEST(AnthropicFace, WritesAnAnswerOfAnotherProtocol) {
  EXPECT_EQ(
      anthropic_face().write_answer(sample(), {}, {.id = "abc", .model = "mine"}),
      R"({"id":"msg_abc","type":"message","role":"assistant","model":"mine","content":[{"type":"text","text":"Hello"},)"
      R"({"type":"tool_use","id":"call_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,)"
      R"("usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":5,)"
      R"("cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":2},"output_tokens":11,)"
      R"("output_tokens_details":{"thinking_tokens":4}}})");
}

TEST(AnthropicFace, ArgumentsThatAreNoObjectAreToldAsTheyAre) {
  ChatAnswer answer = sample();
  std::get<ToolCall>(answer.choices[0].parts[1]).arguments = "{\"a\":";
  EXPECT_THAT(anthropic_face().write_answer(answer, {}, {}), HasSubstr(R"("input":{"INVALID_JSON":"{\"a\":"})"));
}

TEST(AnthropicFace, StreamsNamedEventsInOrder) {
  const auto writer = anthropic_face().make_writer({}, {.id = "abc", .model = "mine"});
  std::string out;
  for (const ChatEvent& event : events_of(sample())) out += writer->write(event);
  EXPECT_EQ(
      out,
      "event: message_start\n"
      R"(data: {"type":"message_start","message":{"id":"msg_abc","type":"message","role":"assistant","model":"mine","content":[],)"
      R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,)"
      R"("cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":0}}})"
      "\n\nevent: content_block_start\n"
      R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
      "\n\nevent: content_block_delta\n"
      R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}})"
      "\n\nevent: content_block_stop\n"
      R"(data: {"type":"content_block_stop","index":0})"
      "\n\nevent: content_block_start\n"
      R"(data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"call_1","name":"f","input":{}}})"
      "\n\nevent: content_block_delta\n"
      R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}})"
      "\n\nevent: content_block_stop\n"
      R"(data: {"type":"content_block_stop","index":1})"
      "\n\nevent: message_delta\n"
      R"(data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":10,)"
      R"("cache_creation_input_tokens":5,"cache_read_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":3,)"
      R"("ephemeral_1h_input_tokens":2},"output_tokens":11,"output_tokens_details":{"thinking_tokens":4}}})"
      "\n\nevent: message_stop\n"
      R"(data: {"type":"message_stop"})"
      "\n\n");
  EXPECT_EQ(writer->write(event::Ended()), "");
}

TEST(AnthropicFace, ASecondStartGivesNoSecondMessage) {
  const auto writer = anthropic_face().make_writer({}, {});
  EXPECT_THAT(writer->write(event::Started{.id = "msg_1", .model = {}}), HasSubstr("message_start"));
  EXPECT_EQ(writer->write(event::Started{.id = "msg_2", .model = {}}), "");
}

TEST(AnthropicFace, ASignatureComesJustBeforeItsBlockStops) {
  const auto writer = anthropic_face().make_writer({}, {});
  writer->write(event::Started());
  writer->write(event::PartStarted{.kind = event::PartKind::reasoning, .whole = Reasoning()});
  writer->write(event::Delta{.text = "Hm"});
  EXPECT_EQ(writer->write(event::PartAmended{.whole = Reasoning{.signature = "s+/=", .origin = Protocol::anthropic}}),
            "");
  const std::string end = writer->write(event::PartEnded());
  EXPECT_LT(end.find(R"({"type":"signature_delta","signature":"s+/="})"), end.find("content_block_stop"));
}

TEST(AnthropicFace, AToolCallWaitsForItsIdAndName) {
  const auto writer = anthropic_face().make_writer({}, {});
  writer->write(event::Started());
  EXPECT_EQ(writer->write(event::PartStarted{.kind = event::PartKind::tool_call, .whole = ToolCall{}}), "");
  EXPECT_EQ(writer->write(event::Delta{.text = "{\"a\""}), "");
  const std::string begun =
      writer->write(event::PartAmended{.whole = ToolCall{.id = "c1", .name = "f", .arguments = {}}});
  EXPECT_THAT(begun, HasSubstr(R"("id":"c1","name":"f")"));
  EXPECT_THAT(begun, HasSubstr(R"("partial_json":"{\"a\"")"));
}

TEST(AnthropicFace, PartsLeftOpenEndBeforeTheMessageDoes) {
  const auto writer = anthropic_face().make_writer({}, {});
  writer->write(event::Started());
  writer->write(event::PartStarted{.kind = event::PartKind::text, .whole = Text()});
  writer->write(event::Delta{.text = "cut"});
  const std::string out = writer->write(event::Finished{.stop = StopReason::length});
  EXPECT_THAT(out, HasSubstr("content_block_stop"));
  EXPECT_THAT(writer->write(event::Ended()), HasSubstr(R"("stop_reason":"max_tokens")"));
}

TEST(AnthropicFace, AFailureIsItsOwnEventAndTheLast) {
  const auto writer = anthropic_face().make_writer({}, {});
  writer->write(event::Started());
  const std::string out = writer->write(event::Failed{Error{.code = ErrorCode::unavailable,
                                                            .message = "gone",
                                                            .reason = {},
                                                            .where = {},
                                                            .retry_after_ms = {},
                                                            .source = {}}});
  EXPECT_THAT(out, ::testing::StartsWith("event: error\ndata: {\"type\":\"error\""));
  EXPECT_THAT(out, ::testing::EndsWith("\n\n"));
  EXPECT_EQ(writer->write(event::Ended()), "");
}

TEST(AnthropicFace, OtherChoicesAndOthersBlocksAreLeftOut) {
  const auto writer = anthropic_face().make_writer({}, {});
  std::string out = writer->write(event::Started());
  out += writer->write(event::PartStarted{.choice = 1, .kind = event::PartKind::text, .whole = Text()});
  out += writer->write(event::Delta{.choice = 1, .text = "other"});
  out += writer->write(
      event::PartStarted{.kind = event::PartKind::foreign,
                         .whole = Foreign{.protocol = Protocol::gemini, .block = json::Object{{"executableCode", 1}}}});
  out += writer->write(event::PartEnded());
  EXPECT_THAT(out, Not(HasSubstr("content_block")));
}

TEST(AnthropicSeal, GivesBackWhatItSealed) {
  using anthropic::Sealed;
  for (const auto place : {Sealed::Place::part, Sealed::Place::text, Sealed::Place::call}) {
    const auto back = anthropic::unseal(
        anthropic::seal({.origin = Protocol::openai_responses, .place = place, .id = "rs_1", .signature = "a:b+/="}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->origin, Protocol::openai_responses);
    EXPECT_EQ(back->place, place);
    EXPECT_EQ(back->id, "rs_1");
    EXPECT_EQ(back->signature, "a:b+/=");
  }
  for (const std::string_view text : {"", "EqQB", "atelier:", "atelier:gemini", "atelier:gemini:part",
                                      "atelier:gemini:part:", "atelier:nobody:part::x", "atelier:gemini:sky::x"})
    EXPECT_FALSE(anthropic::unseal(text)) << text;
  EXPECT_TRUE(anthropic::unseal("atelier:gemini:part::"));
}

}  // namespace
}  // namespace atelier::model
