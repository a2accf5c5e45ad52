#include <gmock/gmock.h>

#include "model/provider/adapter.hpp"

namespace atelier::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Target kTarget{.base_url = "https://generativelanguage.googleapis.com/v1beta",
                     .model = "gemini-3-pro",
                     .credential = {.key = "AIza-1"}};
const Target kEarly{.base_url = "https://generativelanguage.googleapis.com/v1beta", .model = "gemini-2.5-flash"};

ChatRequest asked(std::vector<Message> messages) {
  return ChatRequest{.protocol = Protocol::anthropic, .model = "m", .messages = std::move(messages)};
}

template <class... Parts>
Message message(Role role, Parts... parts) {
  Message out{.role = role, .parts = {}};
  (out.parts.emplace_back(std::move(parts)), ...);
  return out;
}

std::string field(const ChatRequest& request, std::string_view name, const Target& target = kTarget) {
  const auto wire = gemini_adapter().request(request, target);
  EXPECT_TRUE(wire) << wire.error().describe();
  const json::Object body = wire ? json::parse(wire->body)->get_object() : json::Object();
  return body.contains(name) ? json::write(body.at(name)) : "absent";
}

ToolResult answered(std::string id, std::string text) {
  return ToolResult{.call_id = std::move(id), .parts = {Text{.text = std::move(text)}}};
}

TEST(GeminiRequest, GoesToTheModelsAddress) {
  ChatRequest request = asked({message(Role::user, Text{.text = "hi"})});
  auto wire = gemini_adapter().request(request, kTarget);
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:generateContent");
  EXPECT_EQ(wire->body, R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})");
  EXPECT_EQ(wire->headers[1], (std::pair<std::string, std::string>("x-goog-api-key", "AIza-1")));
  request.is_streamed = true;
  wire = gemini_adapter().request(request, {.base_url = "https://proxy.example", .model = "tunedModels/a b"});
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "https://proxy.example/v1beta/tunedModels/a%20b:streamGenerateContent?alt=sse");
}

TEST(GeminiRequest, WritesInstructionsMediaAndSettings) {
  ChatRequest request = asked({message(Role::system, Text{.text = "Be brief", .extra = {{"cache_control", 1}}}),
                               message(Role::user, Text{.text = "look"}, Media{.base64 = "iVBORw0KGgo"},
                                       Media{.url = "https://e.com/a.jpg", .media_type = "image/jpeg"},
                                       Media{.kind = Media::Kind::audio, .base64 = "AA", .media_type = "audio/wav"},
                                       Media{.kind = Media::Kind::document, .file_id = "files/1"})});
  EXPECT_EQ(field(request, "systemInstruction"), R"({"parts":[{"text":"Be brief"}]})");
  EXPECT_EQ(
      field(request, "contents"),
      R"([{"role":"user","parts":[{"text":"look"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo"}},)"
      R"({"fileData":{"fileUri":"https://e.com/a.jpg","mimeType":"image/jpeg"}},{"inlineData":{"mimeType":"audio/wav","data":"AA"}},{"fileData":{"fileUri":"files/1"}}]}])");
  request.output_tokens_max = 9;
  request.top_k = 3;
  request.seed = 4;
  request.stop = {"END"};
  request.answer_count = 2;
  request.format = AnswerFormat{.kind = AnswerFormat::Kind::json_schema, .schema = json::Object{{"type", "object"}}};
  EXPECT_EQ(
      field(request, "generationConfig"),
      R"({"maxOutputTokens":9,"topK":3,"seed":4,"candidateCount":2,"stopSequences":["END"],"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}})");
  request.messages[1].parts[1] = Media{.base64 = "????"};
  const auto refused = gemini_adapter().request(request, kTarget);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "/messages/1");
}

TEST(GeminiRequest, MapsThinking) {
  ChatRequest request = asked({message(Role::user, Text{.text = "hi"})});
  const auto config = [&](ReasoningWish wish, const Target& target) {
    request.reasoning = std::move(wish);
    return field(request, "generationConfig", target);
  };
  EXPECT_EQ(config({.effort = "low"}, kTarget), R"({"thinkingConfig":{"thinkingLevel":"LOW","includeThoughts":true}})");
  EXPECT_EQ(config({.effort = "xhigh", .summary = "omitted"}, kTarget),
            R"({"thinkingConfig":{"thinkingLevel":"HIGH"}})");
  EXPECT_EQ(config({.effort = "none"}, kTarget), R"({"thinkingConfig":{"thinkingLevel":"MINIMAL"}})");
  EXPECT_EQ(config({.effort = "none"}, kEarly), R"({"thinkingConfig":{"thinkingBudget":0}})");
  EXPECT_EQ(config({.effort = "medium"}, kEarly),
            R"({"thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}})");
  EXPECT_EQ(config({.budget_tokens = 77}, kTarget),
            R"({"thinkingConfig":{"thinkingBudget":77,"includeThoughts":true}})");
  EXPECT_EQ(config({.effort = "low"}, {.base_url = "http://x/v1", .model = "models/gemini-2.0-flash"}), "absent");
}

TEST(GeminiRequest, WritesToolsAndTheirChoice) {
  ChatRequest request = asked({message(Role::user, Text{.text = "hi"})});
  request.tools = {
      Tool{.name = "f", .description = "d", .parameters = json::Object{{"type", "object"}, {"$defs", json::Object()}}},
      Tool{.name = "g"},
      Tool{
          .name = {},
          .foreign = Foreign{.protocol = Protocol::anthropic, .block = json::Object{{"type", "web_search_20250305"}}}}};
  EXPECT_EQ(
      field(request, "tools"),
      R"([{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","$defs":{}}},)"
      R"({"name":"g","parametersJsonSchema":{"type":"object","properties":{}}}]}])");
  EXPECT_EQ(field(request, "toolConfig"), "absent");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::named, .name = "g"};
  EXPECT_EQ(field(request, "toolConfig"), R"({"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}})");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::none};
  EXPECT_EQ(field(request, "toolConfig"), R"({"functionCallingConfig":{"mode":"NONE"}})");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::automatic, .allowed = {"g"}};
  EXPECT_THAT(field(request, "tools"), Not(HasSubstr(R"("name":"f")")));
}

TEST(GeminiRequest, AnswersCallsInTheirOrderWithObjects) {
  const ChatRequest request =
      asked({message(Role::user, Text{.text = "hi"}),
             message(Role::assistant, ToolCall{.id = "a", .name = "f", .arguments = R"({"x":1})", .signature = "S+/="},
                     ToolCall{.id = "b", .name = "g", .arguments = ""}),
             message(Role::tool, answered("b", "plain")), message(Role::tool, answered("a", R"({"y":2})")),
             message(Role::tool, ToolResult{.call_id = "b",
                                            .parts = {Text{.text = "no"}, Media{.base64 = "iVBORw0KGgo"}},
                                            .is_error = true})});
  EXPECT_EQ(
      field(request, "contents"),
      R"([{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[)"
      R"({"functionCall":{"name":"f","args":{"x":1},"id":"a"},"thoughtSignature":"S+/="},{"functionCall":{"name":"g","args":{},"id":"b"}}]},)"
      R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"y":2},"id":"a"}},)"
      R"({"functionResponse":{"name":"g","response":{"output":"plain"},"id":"b"}},{"functionResponse":{"name":"g","response":{"error":"no"},"id":"b"}},)"
      R"({"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo"}}]}])");
  const auto lost = gemini_adapter().request(asked({message(Role::tool, answered("z", "1"))}), kTarget);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(lost.error().where, "/messages/0");
}

TEST(GeminiRequest, CallsThatOthersMadeInThisTurnNeedNoSignature) {
  const auto call = [](std::string id) { return ToolCall{.id = std::move(id), .name = "f", .arguments = "{}"}; };
  const ChatRequest request = asked({message(Role::user, Text{.text = "one"}), message(Role::assistant, call("a")),
                                     message(Role::tool, answered("a", "1")), message(Role::user, Text{.text = "two"}),
                                     message(Role::assistant, Text{.text = "so"}, call("b"), call("c")),
                                     message(Role::tool, answered("b", "1")), message(Role::tool, answered("c", "1")),
                                     message(Role::assistant, call("d")), message(Role::tool, answered("d", "1"))});
  EXPECT_EQ(
      field(request, "contents"),
      R"([{"role":"user","parts":[{"text":"one"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{},"id":"a"}}]},)"
      R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"1"},"id":"a"}},{"text":"two"}]},)"
      R"({"role":"model","parts":[{"text":"so"},{"functionCall":{"name":"f","args":{},"id":"b"},"thoughtSignature":"skip_thought_signature_validator"},)"
      R"({"functionCall":{"name":"f","args":{},"id":"c"}}]},)"
      R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"1"},"id":"b"}},{"functionResponse":{"name":"f","response":{"output":"1"},"id":"c"}}]},)"
      R"({"role":"model","parts":[{"functionCall":{"name":"f","args":{},"id":"d"},"thoughtSignature":"skip_thought_signature_validator"}]},)"
      R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"1"},"id":"d"}}]}])");
  EXPECT_THAT(field(request, "contents", kEarly), Not(HasSubstr("skip_thought")));
}

TEST(GeminiRequest, ThoughtsOfOthersStayBehind) {
  const ChatRequest request =
      asked({message(Role::user, Text{.text = "hi"}),
             message(Role::assistant, Reasoning{.text = "Hm", .signature = "a", .origin = Protocol::anthropic},
                     Reasoning{.text = "unsigned"},
                     Reasoning{.text = "own", .signature = "G", .origin = Protocol::gemini}, Text{.text = "x"})});
  EXPECT_EQ(
      field(request, "contents"),
      R"([{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"own","thoughtSignature":"G","thought":true},{"text":"x"}]}])");
}

TEST(GeminiRequest, NothingIsEverRelayed) {
  EXPECT_EQ(gemini_adapter().make_watch({}, {}), nullptr);
  const auto relayed = gemini_adapter().relay("{}", {}, kTarget);
  ASSERT_FALSE(relayed);
  EXPECT_EQ(relayed.error().code, ErrorCode::internal);
}

TEST(GeminiModels, AreListedPageByPage) {
  EXPECT_EQ(gemini_adapter().list_models(kTarget).url,
            "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000");
  const std::string page = R"({"models":[
    {"name":"models/gemini-3-pro","version":"001","displayName":"Gemini 3 Pro","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","countTokens"],"thinking":true},
    {"name":"models/embed-1","supportedGenerationMethods":["embedContent"]}],"nextPageToken":"t+1"})";
  const auto models = gemini_adapter().read_models(page);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 1U);
  EXPECT_EQ(models->at(0).id, "gemini-3-pro");
  EXPECT_EQ(models->at(0).title, "Gemini 3 Pro");
  EXPECT_EQ(models->at(0).context_tokens, 1'048'576);
  EXPECT_EQ(models->at(0).output_tokens_max, 65'536);
  EXPECT_TRUE(models->at(0).facts.at("thinking").get_bool());
  EXPECT_EQ(gemini_adapter().list_more(kTarget, page)->url,
            "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000&pageToken=t%2B1");
  EXPECT_FALSE(gemini_adapter().list_more(kTarget, R"({"models":[]})"));
  EXPECT_TRUE(gemini_adapter().read_models("{}"));
  EXPECT_FALSE(gemini_adapter().read_models("<html>"));
}

}  // namespace
}  // namespace atelier::model
