#include <gmock/gmock.h>

#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"

namespace atelier::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Target kTarget{
    .base_url = "https://api.anthropic.com/v1", .model = "claude-x", .credential = {.key = "sk-ant-api-1"}};

// Of a caller who speaks OpenAI's chat.
ChatRequest asked(std::vector<Message> messages) {
  return ChatRequest{.protocol = Protocol::openai_chat, .model = "m", .messages = std::move(messages)};
}

Message say(Role role, std::string text) {
  Message message{.role = role, .parts = {}};
  message.parts.emplace_back(Text{.text = std::move(text)});
  return message;
}

json::Object body_of(const ChatRequest& request, const Target& target = kTarget) {
  const auto wire = anthropic_adapter().request(request, target);
  EXPECT_TRUE(wire) << wire.error().describe();
  return wire ? json::parse(wire->body)->get_object() : json::Object();
}

std::string field(const ChatRequest& request, std::string_view name, const Target& target = kTarget) {
  const json::Object body = body_of(request, target);
  return body.contains(name) ? json::write(body.at(name)) : "absent";
}

std::string header(const WireRequest& wire, std::string_view name) {
  for (const auto& [known, value] : wire.headers)
    if (known == name) return value;
  return "absent";
}

TEST(AnthropicAdapter, SpeaksToTheRightPlaceWithTheRightHeaders) {
  auto wire = anthropic_adapter().request(asked({say(Role::user, "hi")}), kTarget);
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "https://api.anthropic.com/v1/messages");
  EXPECT_EQ(header(*wire, "x-api-key"), "sk-ant-api-1");
  EXPECT_EQ(header(*wire, "anthropic-version"), "2023-06-01");
  EXPECT_EQ(header(*wire, "content-type"), "application/json");
  EXPECT_EQ(header(*wire, "authorization"), "absent");

  const Target own{.base_url = "https://proxy.example/anthropic",
                   .model = "m",
                   .credential = {.key = "sk-ant-oat-2"},
                   .headers = {{"Anthropic-Beta", "b1"}, {"anthropic-version", "2030-01-01"}}};
  wire = anthropic_adapter().request(asked({say(Role::user, "hi")}), own);
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "https://proxy.example/anthropic/v1/messages");
  EXPECT_EQ(header(*wire, "authorization"), "Bearer sk-ant-oat-2");
  EXPECT_EQ(header(*wire, "x-api-key"), "absent");
  EXPECT_EQ(header(*wire, "anthropic-beta"), "b1");
  EXPECT_EQ(header(*wire, "anthropic-version"), "2030-01-01");
}

TEST(AnthropicAdapter, FillsTheLimitTheProtocolWants) {
  ChatRequest request = asked({say(Role::user, "hi")});
  EXPECT_EQ(field(request, "max_tokens"), "4096");
  request.output_tokens_max = 7;
  EXPECT_EQ(field(request, "max_tokens"), "7");
}

TEST(AnthropicAdapter, HoistsInstructionsAndMergesTurns) {
  Message results{.role = Role::tool, .parts = {}};
  results.parts.emplace_back(ToolResult{.call_id = "c|1", .parts = {Text{.text = "42"}}});
  Message more{.role = Role::tool, .parts = {}};
  more.parts.emplace_back(ToolResult{.call_id = "c2", .parts = {Text{.text = "no"}}, .is_error = true});
  Message calls{.role = Role::assistant, .parts = {}};
  calls.parts.emplace_back(Text{.text = "Let me see"});
  calls.parts.emplace_back(ToolCall{.id = "c|1", .name = "f", .arguments = R"({"a":1})"});
  calls.parts.emplace_back(ToolCall{.id = "c2", .name = "f", .arguments = ""});
  const ChatRequest request =
      asked({say(Role::system, "One"), say(Role::user, "a"), say(Role::user, "b"), calls, say(Role::user, "wait"),
             results, more, say(Role::developer, "Two"), say(Role::user, "  ")});
  EXPECT_EQ(field(request, "system"), R"([{"type":"text","text":"One"},{"type":"text","text":"Two"}])");
  EXPECT_EQ(
      field(request, "messages"),
      R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},)"
      R"({"role":"assistant","content":[{"type":"text","text":"Let me see"},{"type":"tool_use","id":"c_1","name":"f","input":{"a":1}},)"
      R"({"type":"tool_use","id":"c2","name":"f","input":{}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c_1","content":[{"type":"text","text":"42"}]},)"
      R"({"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"no"}],"is_error":true},{"type":"text","text":"wait"}]}])");
}

TEST(AnthropicAdapter, BeginsWithTheUserAndKeepsAPrefillTrimmed) {
  EXPECT_EQ(
      field(asked({say(Role::assistant, "Hello!"), say(Role::user, "hi"), say(Role::assistant, "Sure: \n")}),
            "messages"),
      R"([{"role":"user","content":[{"type":"text","text":"."}]},{"role":"assistant","content":[{"type":"text","text":"Hello!"}]},)"
      R"({"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":[{"type":"text","text":"Sure:"}]}])");
  EXPECT_EQ(field(asked({say(Role::system, "Tell a joke")}), "messages"),
            R"([{"role":"user","content":[{"type":"text","text":"Tell a joke"}]}])");
}

TEST(AnthropicAdapter, SendsSamplingOnlyWhereTheCallerSetIt) {
  ChatRequest request = asked({say(Role::user, "hi")});
  EXPECT_EQ(
      json::write(body_of(request)),
      R"({"model":"claude-x","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]})");
  request.temperature = 1.5;
  request.top_p = 0.5;
  request.seed = 3;
  request.presence_penalty = 1;
  EXPECT_EQ(field(request, "temperature"), "1E0");
  EXPECT_EQ(field(request, "top_p"), "absent");
  EXPECT_EQ(field(request, "seed"), "absent");
  request.reasoning = ReasoningWish{.effort = "high"};
  EXPECT_EQ(field(request, "temperature"), "absent");
}

TEST(AnthropicAdapter, MapsEffortsAndBudgets) {
  ChatRequest request = asked({say(Role::user, "hi")});
  Target old = kTarget;
  old.quirks.has_adaptive_thinking = false;
  const auto wish = [&](ReasoningWish wanted, const Target& target) {
    request.reasoning = std::move(wanted);
    return field(request, "thinking", target) + " " + field(request, "output_config", target) + " " +
           field(request, "max_tokens", target);
  };
  EXPECT_EQ(wish({.effort = "none"}, kTarget), R"({"type":"disabled"} absent 4096)");
  EXPECT_EQ(wish({.effort = "minimal"}, kTarget),
            R"({"type":"adaptive","display":"summarized"} {"effort":"low"} 4096)");
  EXPECT_EQ(wish({.effort = "xhigh", .summary = "auto"}, kTarget),
            R"({"type":"adaptive","display":"summarized"} {"effort":"xhigh"} 4096)");
  EXPECT_EQ(wish({.effort = "medium"}, old),
            R"({"type":"enabled","budget_tokens":8192,"display":"summarized"} absent 12288)");
  EXPECT_EQ(wish({.budget_tokens = 2000}, kTarget),
            R"({"type":"enabled","budget_tokens":2000,"display":"summarized"} absent 6096)");
  EXPECT_EQ(wish({}, old), "absent absent 4096");
  request.output_tokens_max = 3000;
  EXPECT_EQ(wish({.effort = "high"}, old),
            R"({"type":"enabled","budget_tokens":2999,"display":"summarized"} absent 3000)");
  request.output_tokens_max = 500;
  EXPECT_EQ(wish({.effort = "high"}, old), "absent absent 500");
  // Thinking by a budget cannot stand beside a tool that must be called.
  request.output_tokens_max = 3000;
  request.tools.push_back(Tool{.name = "f"});
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::required};
  EXPECT_EQ(wish({.effort = "high"}, old), "absent absent 3000");
  EXPECT_EQ(wish({.effort = "high"}, kTarget), R"({"type":"adaptive","display":"summarized"} {"effort":"high"} 3000)");
  // Of Responses' callers only those want to see thoughts who ask for a summary.
  request.protocol = Protocol::openai_responses;
  EXPECT_EQ(wish({.effort = "high"}, kTarget), R"({"type":"adaptive"} {"effort":"high"} 3000)");
}

TEST(AnthropicAdapter, ThinksByNoBudgetInAToolLoopThatBeganElsewhere) {
  Message calls{.role = Role::assistant, .parts = {}};
  calls.parts.emplace_back(ToolCall{.id = "c", .name = "f", .arguments = "{}"});
  Message result{.role = Role::tool, .parts = {}};
  result.parts.emplace_back(ToolResult{.call_id = "c", .parts = {Text{.text = "1"}}});
  ChatRequest request = asked({say(Role::user, "hi"), calls, result});
  request.reasoning = ReasoningWish{.budget_tokens = 2000};
  EXPECT_EQ(field(request, "thinking"), "absent");
  request.messages[1].parts.insert(request.messages[1].parts.begin(),
                                   Reasoning{.signature = "s", .origin = Protocol::anthropic});
  EXPECT_EQ(field(request, "thinking"), R"({"type":"enabled","budget_tokens":2000,"display":"summarized"})");
  request.messages.erase(request.messages.begin() + 1);
  EXPECT_EQ(field(request, "thinking"), R"({"type":"enabled","budget_tokens":2000,"display":"summarized"})");
}

TEST(AnthropicAdapter, WritesToolsAndTheirChoice) {
  ChatRequest request = asked({say(Role::user, "hi")});
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::required};
  EXPECT_EQ(field(request, "tool_choice"), "absent");  // refused without tools
  request.tools = {
      Tool{.name = "f",
           .description = "d",
           .parameters = json::Object{{"type", "object"}},
           .is_strict = true,
           .extra = {{"x", 1}}},
      Tool{.name = "free", .is_custom = true},
      Tool{.name = {},
           .foreign = Foreign{.protocol = Protocol::openai_responses, .block = json::Object{{"type", "web_search"}}}}};
  EXPECT_EQ(
      field(request, "tools"),
      R"([{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true},)"
      R"({"name":"free","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}])");
  EXPECT_EQ(field(request, "tool_choice"), R"({"type":"any"})");
  request.has_parallel_tool_calls = false;
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::named, .name = "f"};
  EXPECT_EQ(field(request, "tool_choice"), R"({"type":"tool","name":"f","disable_parallel_tool_use":true})");
  request.tool_choice.reset();
  EXPECT_EQ(field(request, "tool_choice"), R"({"type":"auto","disable_parallel_tool_use":true})");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::automatic, .allowed = {"free"}};
  EXPECT_THAT(field(request, "tools"), Not(HasSubstr(R"("name":"f")")));
}

TEST(AnthropicAdapter, WritesMediaAndRefusesWhatItCannotSay) {
  const auto said = [](Media media) {
    Message message{.role = Role::user, .parts = {}};
    message.parts.emplace_back(std::move(media));
    const auto wire = anthropic_adapter().request(asked({message}), kTarget);
    return wire ? json::write(json::parse(wire->body)->at("messages").at(0).at("content").at(0))
                : wire.error().describe();
  };
  EXPECT_EQ(said({.base64 = "iVBORw0KGgoAAA"}),
            R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAA"}})");
  EXPECT_EQ(said({.base64 = "/9j/AA", .media_type = "image/jpg"}),
            R"({"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/AA"}})");
  EXPECT_EQ(said({.url = "https://e.com/a.png", .detail = "high"}),
            R"({"type":"image","source":{"type":"url","url":"https://e.com/a.png"}})");
  EXPECT_EQ(
      said({.kind = Media::Kind::document, .base64 = "JVBERi0", .file_name = "a.pdf"}),
      R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0"},"title":"a.pdf"})");
  EXPECT_EQ(said({.kind = Media::Kind::document, .base64 = "aGk=", .media_type = "text/markdown"}),
            R"({"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"}})");
  EXPECT_THAT(said({.kind = Media::Kind::document, .base64 = "!!", .media_type = "text/plain"}),
              HasSubstr("/messages/0: a text document"));
  EXPECT_THAT(said({.kind = Media::Kind::document, .base64 = "AAAA", .media_type = "application/zip"}),
              HasSubstr("application/zip"));
  EXPECT_THAT(said({.kind = Media::Kind::audio, .base64 = "AAAA"}), HasSubstr("/messages/0: "));
  ChatRequest several = asked({say(Role::user, "hi")});
  several.answer_count = 2;
  const auto wire = anthropic_adapter().request(several, kTarget);
  ASSERT_FALSE(wire);
  EXPECT_EQ(wire.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(wire.error().where, "/n");
}

TEST(AnthropicAdapter, SendsFieldsOfOtherProtocolsToNobody) {
  ChatRequest request = asked({say(Role::user, "hi")});
  request.extra = {{"logit_bias", 1}, {"service_tier", "flex"}};
  std::get<Text>(request.messages[0].parts[0]).extra = {{"annotations", 1},
                                                        {"cache_control", json::Object{{"type", "ephemeral"}}}};
  request.messages[0].parts.emplace_back(Reasoning{.signature = "g", .origin = Protocol::gemini});
  const std::string body = json::write(body_of(request));
  EXPECT_THAT(body, Not(HasSubstr("logit_bias")));
  EXPECT_THAT(body, Not(HasSubstr("service_tier")));
  EXPECT_THAT(body, Not(HasSubstr("annotations")));
  EXPECT_THAT(body, Not(HasSubstr("thinking")));
  EXPECT_THAT(body,
              HasSubstr(R"("cache_control":{"type":"ephemeral"})"));  // callers of any protocol who mark mean this one
}

TEST(AnthropicAdapter, AsksForJsonInWordsAndForASchemaInTheProtocols) {
  ChatRequest request = asked({say(Role::user, "hi")});
  request.format = AnswerFormat{.kind = AnswerFormat::Kind::json};
  EXPECT_THAT(field(request, "system"), HasSubstr("JSON"));
  request.format =
      AnswerFormat{.kind = AnswerFormat::Kind::json_schema, .name = "n", .schema = json::Object{{"type", "object"}}};
  request.reasoning = ReasoningWish{.effort = "low"};
  EXPECT_EQ(field(request, "output_config"),
            R"({"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}})");
}

TEST(AnthropicAdapter, RelaysBytesWithTheModelsNamePutIn) {
  const std::string body =
      R"({ "max_tokens": 1.0e2, "model":"asked",  "messages":[{"role":"user","content":"hi"}], "new_field":{"b":1,"a":2} })";
  const auto wire = anthropic_adapter().relay(body, {}, kTarget);
  ASSERT_TRUE(wire);
  EXPECT_EQ(
      wire->body,
      R"({ "max_tokens": 1.0e2, "model":"claude-x",  "messages":[{"role":"user","content":"hi"}], "new_field":{"b":1,"a":2} })");
}

TEST(AnthropicAdapter, ThoughtsOthersSignedAreNotRelayed) {
  const auto relayed = [](std::string_view signature) {
    const std::string body =
        R"({"model":"asked","max_tokens":9,"odd":1,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[)"
        R"({"type":"thinking","thinking":"Hm","signature": ")" +
        std::string(signature) + R"("},{"type":"text","text":"a"}]},{"role":"user","content":"b"}]})";
    return anthropic_adapter().relay(body, {}, kTarget)->body;
  };
  EXPECT_THAT(relayed("EqQB"), HasSubstr("thinking"));
  EXPECT_THAT(relayed(""), Not(HasSubstr("thinking")));
  EXPECT_THAT(relayed("atelier:gemini:part::abc"), Not(HasSubstr("thinking")));
  EXPECT_THAT(relayed(""), HasSubstr(R"("odd":1)"));
}

TEST(AnthropicAdapter, ReadsListsOfModelsPageByPage) {
  const WireRequest list = anthropic_adapter().list_models(kTarget);
  EXPECT_TRUE(list.is_get());
  EXPECT_EQ(list.url, "https://api.anthropic.com/v1/models?limit=1000");
  const std::string page =
      R"({"data":[{"type":"model","id":"claude-x","display_name":"Claude X","created_at":"2026-01-01T00:00:00Z",
    "max_input_tokens":1000000,"max_tokens":128000,"capabilities":{"image_input":{"supported":true}}},
    {"type":"model","id":"claude-old","display_name":"Old","max_input_tokens":null,"max_tokens":null,"capabilities":null}],
    "has_more":true,"first_id":"claude-x","last_id":"claude old"})";
  const auto models = anthropic_adapter().read_models(page);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ((*models)[0].title, "Claude X");
  EXPECT_EQ((*models)[0].context_tokens, 1'000'000);
  EXPECT_EQ((*models)[0].output_tokens_max, 128'000);
  EXPECT_EQ(json::write(models->at(0).facts.at("capabilities")), R"({"image_input":{"supported":true}})");
  EXPECT_EQ((*models)[1].context_tokens, 0);
  const auto more = anthropic_adapter().list_more(kTarget, page);
  ASSERT_TRUE(more);
  EXPECT_EQ(more->url, "https://api.anthropic.com/v1/models?limit=1000&after_id=claude%20old");
  EXPECT_FALSE(anthropic_adapter().list_more(kTarget, R"({"data":[],"has_more":false,"last_id":"x"})"));
  EXPECT_FALSE(anthropic_adapter().read_models("<html>"));
}

}  // namespace
}  // namespace atelier::model
