#include <gmock/gmock.h>

#include "model/face/face.hpp"
#include "model/face/openai_responses_state.hpp"
#include "tests/model/chat_json.hpp"

namespace atelier::model {
namespace {

using testing::describe;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const AnswerHead kHead{.id = "abc", .model = "mine", .created_s = 1'700'000'000};

Result<ChatRequest> read(std::string_view body) {
  return openai_responses_face().read_request(json::parse(body).value());
}

ChatRequest read_input(std::string_view input) {
  auto request = read(R"({"model":"m","input":)" + std::string(input) + "}");
  EXPECT_TRUE(request) << request.error().describe();
  return request.value_or(ChatRequest());
}

std::string complaint(std::string_view body) {
  const auto request = read(body);
  return request ? "taken" : request.error().describe();
}
std::string complaint_of(std::string_view item) {
  return complaint(R"({"model":"m","input":[)" + std::string(item) + "]}");
}

std::string stream_of(const std::vector<ChatEvent>& events, const ChatRequest& request = {}) {
  const auto writer = openai_responses_face().make_writer(request, kHead);
  std::string out;
  for (const ChatEvent& event : events) out += writer->write(event);
  return out;
}

// The types of the events, in order, each with its number checked.
std::string types_of(std::string_view stream) {
  std::string out;
  std::int64_t number = 0;
  while (!stream.empty()) {
    const std::size_t end = stream.find("\n\n");
    const std::string_view event = stream.substr(0, end);
    stream.remove_prefix(end + 2);
    const std::string_view name = event.substr(7, event.find('\n') - 7);
    const json::Value data = json::parse(event.substr(event.find('\n') + 7)).value();
    EXPECT_EQ(data.at("type").as_string(), name);
    EXPECT_EQ(data.at("sequence_number").to_number<std::int64_t>(), number++);
    out += std::string(name.starts_with("response.") ? name.substr(9) : name) + " ";
  }
  return out;
}

TEST(OpenaiResponsesFace, ReadsEveryField) {
  const auto request = read(
      R"({"model":"gpt-x","instructions":"Be brief","input":"hi","stream":true,"max_output_tokens":100,"temperature":0.5,"top_p":0.25,"top_logprobs":3,
    "include":["message.output_text.logprobs","reasoning.encrypted_content"],"user":"u-1","reasoning":{"effort":"high","summary":"auto","mode":"pro"},
    "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},
    "tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},{"type":"custom","name":"sql","format":{"type":"grammar","syntax":"lark","definition":"x"}},{"type":"web_search"}],
    "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]},"parallel_tool_calls":false,"store":false,"metadata":{"k":"v"}})");
  ASSERT_TRUE(request) << request.error().describe();
  EXPECT_EQ(request->protocol, Protocol::openai_responses);
  EXPECT_TRUE(request->is_streamed);
  EXPECT_EQ(request->output_tokens_max, 100);
  EXPECT_EQ(request->has_logprobs, true);
  EXPECT_EQ(request->top_logprobs, 3);
  EXPECT_EQ(request->end_user, "u-1");
  EXPECT_EQ(request->reasoning->effort, "high");
  EXPECT_EQ(request->reasoning->summary, "auto");
  EXPECT_EQ(request->format->name, "n");
  EXPECT_EQ(request->tools.at(0).is_strict, true);
  EXPECT_TRUE(request->tools.at(1).is_custom);
  EXPECT_EQ(json::write(request->tools.at(2).foreign->block), R"({"type":"web_search"})");
  EXPECT_EQ(request->tool_choice->mode, ToolChoice::Mode::required);
  EXPECT_EQ(request->tool_choice->allowed, std::vector<std::string>{"f"});
  EXPECT_EQ(request->has_parallel_tool_calls, false);
  EXPECT_EQ(
      json::write_canonical(request->extra),
      R"({"include":["message.output_text.logprobs","reasoning.encrypted_content"],"metadata":{"k":"v"},"reasoning":{"mode":"pro"},"store":false,"text":{"verbosity":"low"}})");
  ASSERT_EQ(request->messages.size(), 2U);
  EXPECT_EQ(request->messages[0].role, Role::system);
  EXPECT_EQ(std::get<Text>(request->messages[0].parts.at(0)).text, "Be brief");
  EXPECT_EQ(request->messages[1].role, Role::user);
}

TEST(OpenaiResponsesFace, ItemsBecomeTurns) {
  const ChatRequest request = read_input(R"([{"role":"developer","content":"d"},
    {"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"},
      {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"},{"type":"input_file","file_url":"https://e.com/b.pdf"},{"type":"input_image","file_id":"file-1"}]},
    {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"gAAA+/=="},
    {"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Let me see","annotations":[]}],"phase":"commentary"},
    {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\": 1}","status":"completed"},{"type":"custom_tool_call","call_id":"c2","name":"sql","input":"select 1"},
    {"type":"web_search_call","id":"ws_1","status":"completed"},
    {"type":"function_call_output","call_id":"c1","output":"42"},{"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"rows"},{"type":"input_image","image_url":"https://e.com/a.png"}]},
    {"role":"assistant","content":"Done"},{"role":"user","content":"thanks"}])");
  ASSERT_EQ(request.messages.size(), 7U);
  EXPECT_EQ(request.messages[0].role, Role::developer);
  EXPECT_EQ(
      describe(request.messages[1].parts),
      describe(std::vector<Part>{
          Text{.text = "a"}, Media{.base64 = "AAAA", .media_type = "image/png", .detail = "low"},
          Media{.kind = Media::Kind::document, .base64 = "JVBE", .media_type = "application/pdf", .file_name = "a.pdf"},
          Media{.kind = Media::Kind::document, .url = "https://e.com/b.pdf"}, Media{.file_id = "file-1"}}));
  EXPECT_EQ(request.messages[2].role, Role::assistant);
  EXPECT_EQ(describe(request.messages[2].parts),
            describe(std::vector<Part>{
                Reasoning{.text = "Hm", .signature = "gAAA+/==", .id = "rs_1", .origin = Protocol::openai_responses},
                Text{.text = "Let me see", .extra = {{"item", json::Object{{"id", "msg_1"}, {"phase", "commentary"}}}}},
                ToolCall{.id = "c1", .name = "f", .arguments = R"({"a": 1})", .item_id = "fc_1"},
                ToolCall{.id = "c2", .name = "sql", .arguments = "select 1", .is_custom = true},
                Foreign{.protocol = Protocol::openai_responses,
                        .block = json::Object{{"type", "web_search_call"}, {"id", "ws_1"}, {"status", "completed"}}}}));
  EXPECT_EQ(describe(request.messages[3].parts),
            describe(std::vector<Part>{ToolResult{.call_id = "c1", .parts = {Text{.text = "42"}}}}));
  EXPECT_EQ(describe(request.messages[4].parts),
            describe(std::vector<Part>{
                ToolResult{.call_id = "c2", .parts = {Text{.text = "rows"}, Media{.url = "https://e.com/a.png"}}}}));
  EXPECT_EQ(request.messages[5].role, Role::assistant);
  EXPECT_EQ(request.messages[6].role, Role::user);
}

TEST(OpenaiResponsesFace, SaysWhereARequestIsWrong) {
  EXPECT_EQ(complaint("[]"), "must be an object");
  EXPECT_EQ(complaint(R"({"input":"x"})"), "/model: is required");
  EXPECT_EQ(complaint(R"({"model":"m"})"), "/input: is required");
  EXPECT_EQ(complaint(R"({"model":"m","input":7})"), "/input: must be a string or a list of items");
  EXPECT_EQ(complaint(R"({"model":"m","input":[]})"), "/input: must not be empty");
  EXPECT_EQ(complaint_of("7"), "/input/0: must be an object");
  EXPECT_THAT(complaint_of(R"({"role":"robot","content":"x"})"), StartsWith("/input/0/role: is \"robot\""));
  EXPECT_EQ(complaint_of(R"({"role":"user"})"), "/input/0/content: is required");
  EXPECT_EQ(complaint_of(R"({"role":"user","content":[{"text":"x"}]})"), "/input/0/content/0/type: is required");
  EXPECT_EQ(complaint_of(R"({"role":"user","content":[{"type":"input_text"}]})"),
            "/input/0/content/0/text: is required");
  EXPECT_EQ(complaint_of(R"({"role":"user","content":[{"type":"input_image","image_url":"file:///etc/passwd"}]})"),
            "/input/0/content/0/image_url: must be an http(s) URL or a base64 data URL");
  EXPECT_EQ(complaint_of(R"({"role":"user","content":[{"type":"input_file"}]})"),
            "/input/0/content/0: must have file_id, file_data or an http(s) file_url");
  EXPECT_EQ(complaint_of(R"({"type":"function_call","name":"f","arguments":"{}"})"), "/input/0/call_id: is required");
  EXPECT_EQ(complaint_of(R"({"type":"function_call_output","call_id":"c"})"), "/input/0/output: is required");
  EXPECT_EQ(complaint_of(R"({"type":"function_call_output","output":"x"})"), "/input/0/call_id: is required");
  EXPECT_THAT(complaint_of(R"({"type":"item_reference","id":"msg_1"})"),
              HasSubstr("/input/0: refers to the item \"msg_1\""));
  const auto with = [](std::string_view field) {
    return complaint(R"({"model":"m","input":"x",)" + std::string(field) + "}");
  };
  EXPECT_EQ(with(R"("previous_response_id":"resp_9")"),
            "/previous_response_id: there is no response \"resp_9\" kept here");
  EXPECT_EQ(read(R"({"model":"m","input":"x","previous_response_id":"resp_9"})").error().reason,
            "previous_response_not_found");
  EXPECT_THAT(with(R"("conversation":{"id":"conv_1"})"), StartsWith("/conversation: "));
  EXPECT_THAT(with(R"("background":true)"), StartsWith("/background: "));
  EXPECT_EQ(with(R"("tools":[{"type":"function"}])"), "/tools/0/name: is required");
  EXPECT_EQ(with(R"("tools":[{"name":"f"}])"), "/tools/0/type: is required");
  EXPECT_EQ(with(R"("text":{"format":{"type":"json_schema","name":"n"}})"), "/text/format/schema: is required");
  EXPECT_EQ(with(R"("text":7)"), "/text: must be an object");
  EXPECT_EQ(with(R"("reasoning":7)"), "/reasoning: must be an object");
  EXPECT_EQ(
      with(
          R"("previous_response_id":null,"conversation":null,"background":false,"tools":null,"text":null,"reasoning":null,"tool_choice":null,"instructions":null,"include":null)"),
      "taken");
}

ChatAnswer sample() {
  ChatAnswer answer{.id = "msg_1", .model = "", .choices = {}};
  Choice choice{.parts = {Reasoning{.text = "Hm"}, Text{.text = "Hello"},
                          ToolCall{.id = "call_1", .name = "f", .arguments = R"({"a":1})"}},
                .stop = StopReason::tool_calls};
  answer.choices.push_back(std::move(choice));
  answer.usage =
      Usage{.input = 10, .cached_read = 5, .cached_write = 3, .cached_write_hour = 2, .output = 7, .reasoning = 4};
  return answer;
}

TEST(OpenaiResponsesFace, WritesAnAnswerOfAnotherProtocol) {
  const auto request = read(
      R"({"model":"mine","instructions":"Be brief","input":"hi","temperature":0.5,"tools":[{"type":"function","name":"f","parameters":{},"strict":true}],"metadata":{"k":"v"},"store":false})");
  EXPECT_EQ(
      openai_responses_face().write_answer(sample(), *request, kHead),
      R"({"id":"resp_abc","object":"response","created_at":1700000000,"status":"completed","error":null,"incomplete_details":null,"model":"mine","output":[)"
      R"({"type":"reasoning","id":"rs_atelier_resp_abc_0","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":null},)"
      R"({"type":"message","id":"msg_atelier_resp_abc_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[],"logprobs":[]}]},)"
      R"({"type":"function_call","id":"fc_atelier_resp_abc_2","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed"}],)"
      R"("usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":5,"cache_write_tokens":5},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":31},)"
      R"("service_tier":"default","instructions":"Be brief","max_output_tokens":null,"metadata":{"k":"v"},"parallel_tool_calls":true,"previous_response_id":null,)"
      R"("reasoning":{"effort":null,"summary":null},"store":false,"temperature":5E-1,"text":{"format":{"type":"text"}},"tool_choice":"auto",)"
      R"("tools":[{"type":"function","name":"f","parameters":{},"strict":true}],"top_p":1E0,"truncation":"disabled"})");
}

TEST(OpenaiResponsesFace, StreamsEventsInOrder) {
  const std::string out = stream_of(events_of(sample()));
  EXPECT_EQ(
      types_of(out),
      "created in_progress output_item.added reasoning_summary_part.added reasoning_summary_text.delta "
      "reasoning_summary_text.done reasoning_summary_part.done output_item.done "
      "output_item.added content_part.added output_text.delta output_text.done content_part.done output_item.done "
      "output_item.added function_call_arguments.delta function_call_arguments.done output_item.done completed ");
  EXPECT_THAT(
      out,
      HasSubstr(
          R"({"type":"response.output_text.delta","sequence_number":10,"item_id":"msg_atelier_resp_abc_1","output_index":1,"content_index":0,"delta":"Hello","logprobs":[]})"));
  EXPECT_THAT(
      out,
      HasSubstr(
          R"({"type":"response.function_call_arguments.done","sequence_number":16,"item_id":"fc_atelier_resp_abc_2","output_index":2,"name":"f","arguments":"{\"a\":1}"})"));
  EXPECT_THAT(out, Not(HasSubstr("[DONE]")));
  // The last event repeats what a whole answer says.
  const std::size_t last = out.rfind("data: ");
  EXPECT_EQ(json::write(json::parse(out.substr(last + 6))->at("response")),
            openai_responses_face().write_answer(sample(), {}, kHead));
}

TEST(OpenaiResponsesFace, TextsOfOneItemShareAMessageAndPartsInterleave) {
  const std::string out = stream_of(
      {event::Started(), event::PartStarted{.part = 0, .whole = Text{}}, event::Delta{.part = 0, .text = "a"},
       event::PartEnded{.part = 0}, event::PartStarted{.part = 1, .whole = Text{}},
       event::Delta{.part = 1, .text = "b"}, event::PartEnded{.part = 1},
       event::PartStarted{
           .part = 2, .kind = event::PartKind::tool_call, .whole = ToolCall{.id = "x", .name = "f", .arguments = {}}},
       event::PartStarted{.part = 3,
                          .kind = event::PartKind::tool_call,
                          .whole = ToolCall{.id = "y", .name = "g", .arguments = {}, .is_custom = true}},
       event::Delta{.part = 3, .text = "Y"}, event::Delta{.part = 2, .text = "{}"}, event::PartEnded{.part = 3},
       event::PartEnded{.part = 2}, event::Finished{.stop = StopReason::tool_calls}, event::Ended()});
  EXPECT_EQ(types_of(out),
            "created in_progress output_item.added content_part.added output_text.delta output_text.done "
            "content_part.done content_part.added output_text.delta output_text.done content_part.done "
            "output_item.done output_item.added output_item.added custom_tool_call_input.delta "
            "function_call_arguments.delta custom_tool_call_input.done output_item.done "
            "function_call_arguments.done output_item.done completed ");
  const json::Value output = json::parse(out.substr(out.rfind("data: ") + 6))->at("response").at("output");
  EXPECT_EQ(output.as_array().size(), 3U);
  EXPECT_EQ(output.at(0).at("content").at(1).at("text"), "b");
  EXPECT_EQ(output.at(1).at("call_id"), "x");
  EXPECT_EQ(output.at(2).at("input"), "Y");
}

TEST(OpenaiResponsesFace, PartsLeftOpenEndWithTheAnswer) {
  const std::string out = stream_of(
      {event::PartStarted{.part = 0, .kind = event::PartKind::reasoning}, event::PartEnded{.part = 0},
       event::PartStarted{.part = 1, .whole = Text{.text = "He"}}, event::Delta{.part = 1, .text = "llo"},
       event::PartStarted{
           .part = 2, .kind = event::PartKind::tool_call, .whole = ToolCall{.id = {}, .name = "f", .arguments = {}}},
       event::Finished{.stop = StopReason::length}, event::UsageTold{Usage{.input = 3}}, event::Ended()});
  EXPECT_EQ(
      types_of(out),
      "created in_progress output_item.added output_item.done output_item.added content_part.added output_text.delta "
      "output_text.delta output_text.done content_part.done output_item.done "
      "output_item.added function_call_arguments.delta function_call_arguments.done output_item.done incomplete ");
  EXPECT_THAT(out, HasSubstr(R"("incomplete_details":{"reason":"max_output_tokens"})"));
  EXPECT_THAT(out, HasSubstr(R"("text":"Hello")"));
  EXPECT_THAT(out, HasSubstr(R"("input_tokens":3)"));
}

TEST(OpenaiResponsesFace, PicturesAreItemsAndWhatHasNoneIsWords) {
  ChatAnswer answer{
      .id = {},
      .model = {},
      .choices = {
          Choice{.parts = {Media{.base64 = "AAAA", .media_type = "image/png"}, Media{.url = "https://e.com/a.png"},
                           Foreign{.protocol = Protocol::gemini, .block = json::Object{{"executableCode", 1}}},
                           Foreign{.protocol = Protocol::openai_responses,
                                   .block = json::Object{{"type", "web_search_call"}, {"id", "ws_1"}}}}}}};
  const json::Value whole = json::parse(openai_responses_face().write_answer(answer, {}, kHead)).value();
  ASSERT_EQ(whole.at("output").as_array().size(), 3U);
  EXPECT_EQ(whole.at("output").at(0).at("result"), "AAAA");
  EXPECT_EQ(whole.at("output").at(1).at("content").at(0).at("text"), "[image: https://e.com/a.png]");
  EXPECT_EQ(whole.at("output").at(2).at("id"), "ws_1");
  const std::string out = stream_of(events_of(answer));
  EXPECT_EQ(json::write(json::parse(out.substr(out.rfind("data: ") + 6))->at("response")), json::write(whole));
}

TEST(OpenaiResponsesFace, AFailureIsTheLastWord) {
  const auto writer = openai_responses_face().make_writer({}, kHead);
  std::string out = writer->write(event::Started());
  out += writer->write(event::Failed{Error{.code = ErrorCode::unavailable,
                                           .message = "gone",
                                           .reason = "provider_error",
                                           .where = {},
                                           .retry_after_ms = {},
                                           .source = {}}});
  EXPECT_EQ(types_of(out), "created in_progress error failed ");
  EXPECT_THAT(
      out,
      HasSubstr(
          R"({"type":"error","code":"provider_error","message":"gone","param":null,"sequence_number":2,"error":{"message":"gone","type":"service_unavailable_error","param":null,"code":"provider_error"}})"));
  EXPECT_THAT(out, HasSubstr(R"("status":"failed","error":{"code":"provider_error","message":"gone"})"));
  EXPECT_EQ(writer->write(event::Ended()), "");
}

TEST(OpenaiResponsesState, IsFoundInARequest) {
  const auto wish = read_state_wish(
      R"({"model":"m","previous_response_id":"resp_1","store":false,"input":[{"type":"item_reference","id":"rs_1"},{"role":"user","content":"x"},{"type":"item_reference","id":"msg_1"}]})");
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->previous_id, "resp_1");
  EXPECT_EQ(wish->item_ids, (std::vector<std::string>{"rs_1", "msg_1"}));
  EXPECT_FALSE(wish->is_kept);
  const auto none = read_state_wish(R"({"model":"m","previous_response_id":null,"input":"speaks of item_reference"})");
  ASSERT_TRUE(none) << none.error().describe();
  EXPECT_EQ(none->previous_id, "");
  EXPECT_TRUE(none->item_ids.empty());
  EXPECT_TRUE(none->is_kept);
  EXPECT_EQ(read_state_wish(R"({"previous_response_id":7})").error().where, "/previous_response_id");
}

TEST(OpenaiResponsesState, WhatNobodyKeepsHereIsRefusedByName) {
  const auto refused = [](const char* body) { return read_state_wish(body).error().where; };
  EXPECT_EQ(refused(R"({"background":true})"), "/background");
  EXPECT_EQ(refused(R"({"conversation":{"id":"conv_1"}})"), "/conversation");
  EXPECT_EQ(refused(R"({"store":"yes"})"), "/store");
  EXPECT_EQ(refused(R"({"previous_response_id":""})"), "/previous_response_id");
  EXPECT_TRUE(read_state_wish(R"({"background":false,"conversation":null,"store":null})")->is_kept);
}

TEST(OpenaiResponsesState, IsPutIntoTheRequestsText) {
  const std::string body = R"({ "model":"m", "previous_response_id":"resp_1", "odd":1.0, "input":"more \u00e9" })";
  const auto wish = read_state_wish(body);
  ASSERT_TRUE(wish);
  const auto plain = without_state(body, *wish,
                                   {.turns = {R"([{"role":"user","content":"hi","odd":1.00}])", "[ ]",
                                              R"([{"type":"message","role":"assistant","content":[]}])"}});
  ASSERT_TRUE(plain) << plain.error().describe();
  EXPECT_EQ(plain->own_items,
            R"([{"type":"message","role":"user","content":[{"type":"input_text","text":"more \u00e9"}]}])");
  EXPECT_EQ(
      plain->body,
      R"({"store":false, "model":"m", "odd":1.0, "input":[{"role":"user","content":"hi","odd":1.00},{"type":"message","role":"assistant","content":[]},)"
      R"({"type":"message","role":"user","content":[{"type":"input_text","text":"more \u00e9"}]}] })");
  EXPECT_TRUE(openai_responses_face().read_request(json::parse(plain->body).value()));
}

TEST(OpenaiResponsesState, ABeginningStaysAsItIs) {
  const std::string body = R"({"model":"m","store":true,"input":[{"role":"user","content":"x"}]})";
  const auto plain = without_state(body, *read_state_wish(body), {});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->body, R"({"model":"m","store":false,"input":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(plain->own_items, R"([{"role":"user","content":"x"}])");
  EXPECT_EQ(without_state(R"({"input":7})", {}, {}).error().where, "/input");
}

TEST(OpenaiResponsesState, ATurnIsItsInputAndItsOutputByteForByte) {
  const auto items = items_of_turn(
      R"([ {"role":"user","content":"hi"} ])",
      R"({"id":"resp_1","output":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA\/=="}, {"type":"function_call","id":"fc_1","arguments":"{ }"}]})");
  ASSERT_TRUE(items);
  EXPECT_EQ(
      *items,
      R"([ {"role":"user","content":"hi"} ,{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA\/=="},{"type":"function_call","id":"fc_1","arguments":"{ }"}])");
  EXPECT_EQ(*items_of_turn("[]", R"({"status":"incomplete"})"), "[]");
}

// A provider that keeps nothing refuses its own thought where that comes back without its seal.
TEST(OpenaiResponsesState, ThoughtsThatCannotBeGivenBackAreLeftOut) {
  const auto items = items_of_turn(
      "[]",
      R"({"output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":null},)"
      R"({"type":"reasoning","id":"rs_2","summary":[],"content":[{"type":"reasoning_text","text":"in words"}]},{"type":"message","id":"msg_1"}]})");
  ASSERT_TRUE(items);
  EXPECT_EQ(
      *items,
      R"([{"type":"reasoning","id":"rs_2","summary":[],"content":[{"type":"reasoning_text","text":"in words"}]},{"type":"message"}])")
      << "and what followed is nobody's";
}

TEST(OpenaiResponsesState, ReferencesGiveWayToWhatTheyNamed) {
  const std::string body =
      R"({"store":false,"input":[{"type":"item_reference","id":"a"},{"role":"user","content":"x"},{"type":"item_reference","id":"b"}]})";
  const auto plain =
      without_state(body, *read_state_wish(body),
                    {.referenced = {R"({"type":"message","id":"a"})", R"({"type":"reasoning","id":"b"})"}});
  ASSERT_TRUE(plain);
  EXPECT_EQ(
      plain->body,
      R"({"store":false,"input":[{"type":"message","id":"a"},{"role":"user","content":"x"},{"type":"reasoning","id":"b"}]})");
  EXPECT_EQ(output_ids(R"({"output":[{"id":"a"},{"type":"odd"},{"id":"b\u0063"}]})"),
            (std::vector<std::string>{"a", "bc"}));
}

}  // namespace
}  // namespace atelier::model
