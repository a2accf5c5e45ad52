#include <gmock/gmock.h>

#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"
#include "model/provider/openai_seal.hpp"

namespace atelier::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Target kTarget{.base_url = "https://api.openai.com/v1", .model = "gpt-4.1", .credential = {.key = "sk-1"}};

// Of a caller who speaks another protocol.
ChatRequest asked(std::vector<Message> messages) {
  return ChatRequest{.protocol = Protocol::anthropic, .model = "m", .messages = std::move(messages)};
}

Message of(Role role, std::vector<Part> parts) { return Message{.role = role, .parts = std::move(parts)}; }
Message say(Role role, std::string text) { return of(role, {Text{.text = std::move(text)}}); }

Target with(Quirks quirks) {
  Target target = kTarget;
  target.quirks = std::move(quirks);
  return target;
}

std::string whole(const ChatRequest& request, const Target& target = kTarget) {
  const auto wire = openai_responses_adapter().request(request, target);
  return wire ? wire->body : wire.error().describe();
}

std::string field(const ChatRequest& request, std::string_view name, const Target& target = kTarget) {
  const auto body = json::parse(whole(request, target));
  if (!body) return whole(request, target);
  const json::Value* value = body->get_object().if_contains(name);
  return value ? json::write(*value) : "absent";
}

std::string relayed(std::string_view body, const Target& target = kTarget) {
  const auto wire = openai_responses_adapter().relay(body, {}, target);
  return wire ? wire->body : wire.error().describe();
}

TEST(OpenaiResponsesRequest, SpeaksToTheRightPlaceAndKeepsNothingThere) {
  const auto wire = openai_responses_adapter().request(asked({say(Role::user, "hi")}), kTarget);
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "https://api.openai.com/v1/responses");
  EXPECT_EQ(wire->body,
            R"({"model":"gpt-4.1","input":[{"type":"message","role":"user","content":"hi"}],"store":false})");
}

TEST(OpenaiResponsesRequest, WritesTheConversationAsItems) {
  Message turn =
      of(Role::assistant,
         {Reasoning{.text = "Hm", .signature = "gAAA+/=", .id = "rs_1", .origin = Protocol::openai_responses},
          Text{.text = "Let me"}, Text{.text = " see"},
          ToolCall{.id = "c1", .name = "f", .arguments = R"({"a":1})", .item_id = "fc_1"},
          ToolCall{.id = "c2", .name = "sql", .arguments = "select 1", .is_custom = true},
          Reasoning{.text = "other", .signature = "EqQB", .origin = Protocol::anthropic}});
  Message first = of(Role::tool, {ToolResult{.call_id = "c1", .parts = {Text{.text = "42"}}}});
  Message second = of(
      Role::tool, {ToolResult{.call_id = "c2", .parts = {Text{.text = "see"}, Media{.url = "https://e.com/a.png"}}}});
  const ChatRequest request = asked({say(Role::system, "One"), say(Role::developer, "Two"), say(Role::user, "a"), turn,
                                     first, second, of(Role::assistant, {Refusal{.text = "No"}})});
  EXPECT_EQ(field(request, "instructions"), R"("One")");
  EXPECT_EQ(
      field(request, "input"),
      R"([{"type":"message","role":"developer","content":"Two"},{"type":"message","role":"user","content":"a"},)"
      R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"gAAA+/="},)"
      R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me","annotations":[]},{"type":"output_text","text":" see","annotations":[]}]},)"
      R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},{"type":"custom_tool_call","call_id":"c2","name":"sql","input":"select 1"},)"
      R"({"type":"function_call_output","call_id":"c1","output":"42"},)"
      R"({"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"see"},{"type":"input_image","detail":"auto","image_url":"https://e.com/a.png"}]},)"
      R"({"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"No"}]}])");
  EXPECT_THAT(field(request, "input", with({.has_developer_role = false})),
              HasSubstr(R"({"type":"message","role":"system","content":"Two"})"));
}

TEST(OpenaiResponsesRequest, AnInstructionAloneIsTheInput) {
  EXPECT_EQ(field(asked({say(Role::system, "Tell a joke")}), "input"),
            R"([{"type":"message","role":"system","content":"Tell a joke"}])");
  EXPECT_EQ(field(asked({say(Role::system, "Tell a joke")}), "instructions"), "absent");
  EXPECT_EQ(
      field(asked({of(Role::system, {Text{.text = "a"}, Text{.text = "b"}}), say(Role::user, "x")}), "instructions"),
      R"("a\n\nb")");
}

TEST(OpenaiResponsesRequest, WritesMediaAndRefusesWhatItCannotSay) {
  const auto said = [](Media media) { return field(asked({of(Role::user, {std::move(media)})}), "input"); };
  const auto content = [](std::string_view block) {
    return R"([{"type":"message","role":"user","content":[)" + std::string(block) + "]}]";
  };
  EXPECT_EQ(said({.base64 = "iVBORw0KGgoAAA"}),
            content(R"({"type":"input_image","detail":"auto","image_url":"data:image/png;base64,iVBORw0KGgoAAA"})"));
  EXPECT_EQ(said({.file_id = "file-1", .detail = "low"}),
            content(R"({"type":"input_image","detail":"low","file_id":"file-1"})"));
  EXPECT_EQ(said({.kind = Media::Kind::document, .url = "https://e.com/a.pdf"}),
            content(R"({"type":"input_file","file_url":"https://e.com/a.pdf"})"));
  EXPECT_EQ(
      said({.kind = Media::Kind::document, .base64 = "JVBERi0"}),
      content(R"({"type":"input_file","file_data":"data:application/pdf;base64,JVBERi0","filename":"document.pdf"})"));
  EXPECT_THAT(said({.kind = Media::Kind::audio, .base64 = "AAAA"}), HasSubstr("no way to send audio"));
  EXPECT_THAT(said({.kind = Media::Kind::video, .url = "https://e.com/a.mp4"}), HasSubstr("no way to send video"));
  ChatRequest several = asked({say(Role::user, "hi")});
  several.answer_count = 2;
  EXPECT_THAT(whole(several), ::testing::StartsWith("/n: "));
  ChatRequest stops = asked({say(Role::user, "hi")});
  stops.stop = {"END"};
  EXPECT_THAT(whole(stops), ::testing::StartsWith("/stop: "));
}

TEST(OpenaiResponsesRequest, WritesSettingsFlat) {
  ChatRequest request = asked({say(Role::user, "hi")});
  request.output_tokens_max = 100;
  request.temperature = 0.5;
  request.seed = 7;
  request.has_logprobs = true;
  request.top_logprobs = 3;
  request.is_streamed = true;
  request.end_user = "u";
  request.has_parallel_tool_calls = false;
  request.tools = {
      Tool{.name = "f", .parameters = json::Object{{"type", "object"}}, .is_strict = true}, Tool{.name = "g"},
      Tool{.name = "sql",
           .is_custom = true,
           .extra = {{"format", json::Object{{"type", "grammar"}, {"syntax", "lark"}, {"definition", "x"}}}}}};
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::named, .name = "f"};
  request.format = AnswerFormat{.kind = AnswerFormat::Kind::json_schema,
                                .name = "n",
                                .schema = json::Object{{"type", "object"}},
                                .is_strict = true};
  EXPECT_EQ(
      whole(request),
      R"({"model":"gpt-4.1","input":[{"type":"message","role":"user","content":"hi"}],"max_output_tokens":100,"temperature":5E-1,"top_logprobs":3,)"
      R"("tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true},{"type":"function","name":"g","parameters":{"type":"object","properties":{}},"strict":false},)"
      R"({"type":"custom","name":"sql","format":{"type":"grammar","syntax":"lark","definition":"x"}}],"tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,)"
      R"("text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}},"store":false,"include":["message.output_text.logprobs"],"stream":true,"user":"u"})");
  request.output_tokens_max = 3;
  EXPECT_EQ(field(request, "max_output_tokens"), "16");  // less is refused
}

TEST(OpenaiResponsesRequest, ThoughtsComeSealedWhereTheModelThinks) {
  ChatRequest request = asked({say(Role::user, "hi")});
  const auto included = [&](std::string model) {
    Target target = kTarget;
    target.model = std::move(model);
    return field(request, "include", target);
  };
  for (const char* model :
       {"o1", "o4-mini", "gpt-5", "gpt-5.2-codex", "gpt-10", "openai/gpt-5-mini", "codex-mini-latest", "gpt-oss-20b"})
    EXPECT_EQ(included(model), R"(["reasoning.encrypted_content"])") << model;
  for (const char* model : {"gpt-4.1", "gpt-4o", "gpt-5-chat-latest", "omni", "llama"})
    EXPECT_EQ(included(model), "absent") << model;
  request.reasoning = ReasoningWish{.effort = "low", .summary = "summarized"};
  EXPECT_EQ(included("llama"), R"(["reasoning.encrypted_content"])");
  EXPECT_EQ(field(request, "reasoning"), R"({"effort":"low","summary":"auto"})");
  request.reasoning = ReasoningWish{.budget_tokens = 4096, .summary = "omitted"};
  EXPECT_EQ(field(request, "reasoning"), R"({"effort":"medium"})");
}

TEST(OpenaiResponsesRequest, BareThoughtsGoBackWhereTheyAreTaken) {
  const ChatRequest request = asked(
      {say(Role::user, "a"), of(Role::assistant, {Reasoning{.text = "Hm"}, Text{.text = "Hi"}}), say(Role::user, "b")});
  EXPECT_THAT(field(request, "input"), Not(HasSubstr("reasoning")));
  EXPECT_THAT(field(request, "input", with({.takes_reasoning_back = true})),
              HasSubstr(R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Hm"}]})"));
}

TEST(OpenaiResponsesRequest, LongIdsAreShortenedAndStillMeet) {
  const std::string id(80, 'x');
  const ChatRequest request = asked({of(Role::assistant, {ToolCall{.id = id, .name = "f", .arguments = "{}"}}),
                                     of(Role::tool, {ToolResult{.call_id = id, .parts = {}}})});
  const json::Value input = json::parse(whole(request))->at("input");
  EXPECT_LE(input.at(0).at("call_id").as_string().size(), 64U);
  EXPECT_EQ(input.at(0).at("call_id"), input.at(1).at("call_id"));
}

TEST(OpenaiResponsesRequest, FieldsNobodyKnowsGoOnToTheSameProtocolAndToNoOther) {
  const std::string body =
      R"({"model":"m","instructions":"Be brief","input":[{"type":"message","role":"system","content":"s"},)"
      R"({"type":"message","role":"user","content":[{"type":"input_text","text":"a","prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"of_next_year","x":[1]}],"odd":1},)"
      R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA+/="},)"
      R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[{"type":"url_citation","url":"https://e.com"}]}],"id":"msg_1","phase":"commentary","status":"completed"},)"
      R"({"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},)"
      R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}","status":"completed"},{"type":"function_call_output","call_id":"call_1","output":"42","status":"completed"}],)"
      R"("tools":[{"type":"function","name":"f","parameters":null,"strict":true,"later":3},{"type":"web_search","search_context_size":"low"}],"tool_choice":{"type":"web_search_preview"},)"
      R"("text":{"format":{"type":"text"},"verbosity":"low"},"reasoning":{"effort":"low","mode":"pro"},"store":true,"include":["web_search_call.results"],)"
      R"("truncation":"auto","metadata":{"k":"v"},"max_tool_calls":3,"service_tier":"flex","stream":true,"stream_options":{"include_obfuscation":false}})";
  const auto request = openai_responses_face().read_request(json::parse(body).value());
  ASSERT_TRUE(request) << request.error().describe();
  const json::Value sent = json::parse(whole(*request)).value();
  const json::Value asked_for = json::parse(body).value();
  for (const auto& [name, value] : asked_for.as_object()) {
    if (name == "model") continue;
    const json::Value* kept = sent.as_object().if_contains(name);
    ASSERT_TRUE(kept) << std::string_view(name);
    EXPECT_EQ(json::write_canonical(*kept), json::write_canonical(value)) << std::string_view(name);
  }
  const auto chat = openai_chat_adapter().request(*request, kTarget);
  ASSERT_TRUE(chat);
  for (const std::string_view word : {"breakpoint", "next_year", "odd", "gAAA", "phase", "web_search", "later",
                                      "verbosity", "pro", "truncation", "flex", "obfuscation"})
    EXPECT_THAT(chat->body, Not(HasSubstr(std::string(word)))) << word;
}

TEST(OpenaiResponsesRelay, ChangesTheModelsNameAndNothingElse) {
  EXPECT_EQ(
      relayed(
          R"({ "temperature": 1.0e0, "model":"asked",  "input":"hi", "previous_response_id":"resp_1", "new_field":{"b":1,"a":2} })"),
      R"({ "temperature": 1.0e0, "model":"gpt-4.1",  "input":"hi", "previous_response_id":"resp_1", "new_field":{"b":1,"a":2} })");
}

// Where later turns will go on from an answer that is kept here, models that think must say it so that it can be given
// back.
TEST(OpenaiResponsesRelay, AsksForTheSealOfThoughtsWhereTheirStateIsOurs) {
  ChatRequest request{.protocol = Protocol::openai_responses, .model = "asked", .messages = {}};
  request.wants_sealed_thoughts = true;
  const auto sent = [&](const char* body, const char* model) {
    Target target = kTarget;
    target.model = model;
    const auto wire = openai_responses_adapter().relay(body, request, target);
    return wire ? wire->body : wire.error().describe();
  };
  EXPECT_EQ(sent(R"({"model":"asked","input":"x"})", "gpt-5"),
            R"({"include":["reasoning.encrypted_content"],"model":"gpt-5","input":"x"})");
  EXPECT_EQ(sent(R"({"model":"asked","include":["message.output_text.logprobs"]})", "o4-mini"),
            R"({"model":"o4-mini","include":["message.output_text.logprobs","reasoning.encrypted_content"]})");
  EXPECT_EQ(sent(R"({"model":"asked","include":["reasoning.encrypted_content"]})", "gpt-5"),
            R"({"model":"gpt-5","include":["reasoning.encrypted_content"]})");
  EXPECT_EQ(sent(R"({"model":"asked","input":"x"})", "gpt-4.1"), R"({"model":"gpt-4.1","input":"x"})")
      << "it refuses what it does not have";
  EXPECT_THAT(sent(R"({"model":"asked","reasoning":{"effort":"low"}})", "lab-7"),
              HasSubstr("reasoning.encrypted_content"));
  EXPECT_THAT(sent(R"({"model":"asked","reasoning":{"effort":"none"}})", "lab-7"),
              Not(HasSubstr("reasoning.encrypted_content")));
  auto read = openai_responses_face().read_request(
      json::parse(R"({"model":"m","input":"x","include":["message.output_text.logprobs"]})").value());
  ASSERT_TRUE(read);
  read->wants_sealed_thoughts = true;
  Target target = kTarget;
  target.model = "gpt-5";
  const auto written = openai_responses_adapter().request(*read, target);
  ASSERT_TRUE(written);
  EXPECT_THAT(written->body, HasSubstr(R"("include":["message.output_text.logprobs","reasoning.encrypted_content"])"));
}

TEST(OpenaiResponsesRelay, TakesOutWhatOnlyWeCanRead) {
  const std::string sealed = openai::seal({.reasoning = {.signature = "EqQB", .origin = Protocol::anthropic}});
  const std::string body =
      R"({"model":"m","odd":1.0,"input":[{"type":"reasoning","id":"rs_atelier_resp_1_0","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":")" +
      sealed +
      R"("},{"type":"reasoning","id":"rs_atelier_resp_1_1","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":null},)"
      R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},)"
      R"({"type":"message","id":"msg_atelier_resp_1_2","status":"completed","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[]}]},)"
      R"({"type":"function_call","id":"fc_2","call_id":"c","name":"f","arguments":"{}"}]})";
  EXPECT_EQ(
      relayed(body),
      R"({"model":"gpt-4.1","odd":1.0,"input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},)"
      R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[]}]},)"
      R"({"type":"function_call","id":"fc_2","call_id":"c","name":"f","arguments":"{}"}]})");
}

TEST(OpenaiResponsesRelay, SaysSystemWhereDevelopersAreUnknown) {
  EXPECT_EQ(
      relayed(R"({"model":"m","input":[{"role":"developer","content":"d"}]})", with({.has_developer_role = false})),
      R"({"model":"gpt-4.1","input":[{"role":"system","content":"d"}]})");
}

}  // namespace
}  // namespace atelier::model
