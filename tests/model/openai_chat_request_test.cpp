#include <gmock/gmock.h>

#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"

namespace atelier::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Target kTarget{.base_url = "https://api.openai.com/v1", .model = "gpt-x", .credential = {.key = "sk-1"}};

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

std::string field(const ChatRequest& request, std::string_view name, const Target& target = kTarget) {
  const auto wire = openai_chat_adapter().request(request, target);
  if (!wire) return wire.error().describe();
  const json::Value body = json::parse(wire->body).value();
  const json::Value* value = body.get_object().if_contains(name);
  return value ? json::write(*value) : "absent";
}

std::string whole(const ChatRequest& request, const Target& target = kTarget) {
  const auto wire = openai_chat_adapter().request(request, target);
  return wire ? wire->body : wire.error().describe();
}

std::string header(const WireRequest& wire, std::string_view name) {
  for (const auto& [known, value] : wire.headers)
    if (known == name) return value;
  return "absent";
}

// What arrives where a caller of this very protocol sends `body` and it is read and written anew.
std::string rewritten(std::string_view body, const Target& target = kTarget) {
  const auto request = openai_chat_face().read_request(json::parse(body).value());
  return request ? whole(*request, target) : request.error().describe();
}

std::string relayed(std::string_view body, const Target& target = kTarget, ChatRequest request = {}) {
  const auto wire = openai_chat_adapter().relay(body, request, target);
  return wire ? wire->body : wire.error().describe();
}

TEST(OpenaiChatRequest, SpeaksToTheRightPlaceWithTheRightHeaders) {
  const auto wire = openai_chat_adapter().request(asked({say(Role::user, "hi")}), kTarget);
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "https://api.openai.com/v1/chat/completions");
  EXPECT_FALSE(wire->is_get());
  EXPECT_EQ(header(*wire, "authorization"), "Bearer sk-1");
  EXPECT_EQ(header(*wire, "content-type"), "application/json");
  EXPECT_EQ(header(*wire, "accept"), "application/json");
  EXPECT_EQ(wire->body, R"({"model":"gpt-x","messages":[{"role":"user","content":"hi"}]})");

  Target azure{.base_url = "https://x.openai.azure.com/openai/v1",
               .model = "d",
               .credential = {.key = "k"},
               .headers = {{"X-Team", "a"}}};
  azure.quirks.key_header = "api-key";
  const auto other = openai_chat_adapter().request(asked({say(Role::user, "hi")}), azure);
  EXPECT_EQ(header(*other, "api-key"), "k");
  EXPECT_EQ(header(*other, "authorization"), "absent");
  EXPECT_EQ(header(*other, "x-team"), "a");
  azure.credential.key.clear();
  EXPECT_EQ(header(*openai_chat_adapter().request(asked({say(Role::user, "hi")}), azure), "api-key"), "absent");
}

TEST(OpenaiChatRequest, WritesEveryRoleAndWhatItMayHold) {
  Message calls =
      of(Role::assistant, {Text{.text = "Let me see"}, ToolCall{.id = "c1", .name = "f", .arguments = R"({"a":1})"},
                           ToolCall{.id = "c2", .name = "f", .arguments = ""}});
  Message result = of(Role::tool, {ToolResult{.call_id = "c1", .parts = {Text{.text = "42"}}}});
  Message none = of(Role::tool, {ToolResult{.call_id = "c2", .parts = {}}});
  const ChatRequest request = asked({say(Role::system, "One"), say(Role::developer, "Two"), say(Role::user, "a"), calls,
                                     result, none, of(Role::assistant, {})});
  EXPECT_EQ(
      field(request, "messages"),
      R"([{"role":"system","content":"One"},{"role":"developer","content":"Two"},{"role":"user","content":"a"},)"
      R"({"role":"assistant","content":"Let me see","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},)"
      R"({"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"c1","content":"42"},{"role":"tool","tool_call_id":"c2","content":""},{"role":"assistant","content":""}])");
  EXPECT_THAT(field(request, "messages", with({.has_developer_role = false})),
              HasSubstr(R"({"role":"system","content":"Two"})"));
}

TEST(OpenaiChatRequest, WritesMediaAndRefusesWhatItCannotSay) {
  const auto said = [](Media media) { return field(asked({of(Role::user, {std::move(media)})}), "messages"); };
  EXPECT_EQ(
      said({.base64 = "iVBORw0KGgoAAA"}),
      R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAA"}}]}])");
  EXPECT_EQ(
      said({.url = "https://e.com/a.png", .detail = "high"}),
      R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://e.com/a.png","detail":"high"}}]}])");
  EXPECT_EQ(said({.kind = Media::Kind::audio, .base64 = "AAAA", .media_type = "audio/mpeg"}),
            R"([{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}}]}])");
  EXPECT_EQ(
      said({.kind = Media::Kind::document, .base64 = "JVBERi0", .media_type = "application/pdf", .file_name = "a.pdf"}),
      R"([{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,JVBERi0","filename":"a.pdf"}}]}])");
  EXPECT_EQ(said({.kind = Media::Kind::document, .file_id = "file-1"}),
            R"([{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}])");
  EXPECT_THAT(said({.file_id = "file-1"}), HasSubstr("an image by its file's id"));
  EXPECT_THAT(said({.kind = Media::Kind::audio, .url = "https://e.com/a.wav"}),
              HasSubstr("audio that is not in the request"));
  EXPECT_THAT(said({.kind = Media::Kind::document, .url = "https://e.com/a.pdf"}), HasSubstr("a document by its URL"));
}

TEST(OpenaiChatRequest, PicturesThatToolsGaveFollowAsTheUsers) {
  Message first = of(
      Role::tool, {ToolResult{.call_id = "c1", .parts = {Text{.text = "see"}, Media{.url = "https://e.com/a.png"}}}});
  Message second = of(Role::tool, {ToolResult{.call_id = "c2", .parts = {Text{.text = "ok"}}}});
  EXPECT_EQ(
      field(asked({first, second}), "messages"),
      R"([{"role":"tool","tool_call_id":"c1","content":"see"},{"role":"tool","tool_call_id":"c2","content":"ok"},)"
      R"({"role":"user","content":[{"type":"text","text":"What the tool call c1 returned:"},{"type":"image_url","image_url":{"url":"https://e.com/a.png"}}]}])");
}

TEST(OpenaiChatRequest, WritesSettingsAsTheServerNamesThem) {
  ChatRequest request = asked({say(Role::user, "hi")});
  request.output_tokens_max = 100;
  request.temperature = 0.5;
  request.seed = 7;
  request.stop = {"END", "\n\n"};
  request.top_k = 5;
  request.answer_count = 2;
  request.end_user = "u";
  request.reasoning = ReasoningWish{.effort = "low"};
  EXPECT_EQ(
      whole(request),
      R"({"model":"gpt-x","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":100,"temperature":5E-1,"seed":7,"n":2,)"
      R"("stop":["END","\n\n"],"reasoning_effort":"low","user":"u"})");
  const Target other =
      with({.token_limit_name = Quirks::TokenLimitName::max_tokens, .seed_name = "random_seed", .has_top_k = true});
  EXPECT_EQ(field(request, "max_completion_tokens", other), "absent");
  EXPECT_EQ(field(request, "max_tokens", other), "100");
  EXPECT_EQ(field(request, "seed", other), "absent");
  EXPECT_EQ(field(request, "random_seed", other), "7");
  EXPECT_EQ(field(request, "top_k", other), "5");
}

TEST(OpenaiChatRequest, AsksForUsageOnlyWhereItStreamsAndTheServerUnderstands) {
  ChatRequest request = asked({say(Role::user, "hi")});
  EXPECT_EQ(field(request, "stream_options"), "absent");
  request.is_streamed = true;
  EXPECT_EQ(field(request, "stream_options"), R"({"include_usage":true})");
  EXPECT_EQ(field(request, "stream"), "true");
  EXPECT_EQ(field(request, "stream_options", with({.has_stream_options = false})), "absent");
}

TEST(OpenaiChatRequest, WishesToThinkAreSaidAsTheServerKnowsThem) {
  ChatRequest request = asked({say(Role::user, "hi")});
  const auto wish = [&](ReasoningWish wanted, const Target& target) {
    request.reasoning = std::move(wanted);
    return field(request, "reasoning_effort", target) + " " + field(request, "reasoning", target);
  };
  const Target router = with({.has_reasoning_object = true});
  EXPECT_EQ(wish({.effort = "high"}, kTarget), R"("high" absent)");
  EXPECT_EQ(wish({.budget_tokens = 1024}, kTarget), R"("low" absent)");
  EXPECT_EQ(wish({.budget_tokens = 8192}, kTarget), R"("medium" absent)");
  EXPECT_EQ(wish({.budget_tokens = 32768}, kTarget), R"("high" absent)");
  EXPECT_EQ(wish({}, kTarget), "absent absent");
  EXPECT_EQ(wish({.effort = "high"}, router), R"(absent {"effort":"high"})");
  EXPECT_EQ(wish({.budget_tokens = 2000}, router), R"(absent {"max_tokens":2000})");
  EXPECT_EQ(wish({}, router), R"(absent {"enabled":true})");
}

TEST(OpenaiChatRequest, WritesToolsTheirChoiceAndTheFormat) {
  ChatRequest request = asked({say(Role::user, "hi")});
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::required};
  request.has_parallel_tool_calls = false;
  EXPECT_EQ(field(request, "tool_choice"), "absent");  // refused without tools
  EXPECT_EQ(field(request, "parallel_tool_calls"), "absent");
  request.tools = {
      Tool{.name = "f",
           .description = "d",
           .parameters = json::Object{{"type", "object"}},
           .is_strict = true,
           .extra = {{"cache_control", 1}}},
      Tool{.name = "sql",
           .is_custom = true,
           .extra = {{"format", json::Object{{"type", "grammar"}, {"syntax", "lark"}, {"definition", "x"}}}}},
      Tool{
          .name = {},
          .foreign = Foreign{.protocol = Protocol::anthropic, .block = json::Object{{"type", "web_search_20250305"}}}}};
  EXPECT_EQ(
      field(request, "tools"),
      R"([{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},)"
      R"({"type":"custom","custom":{"name":"sql","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}])");
  EXPECT_EQ(field(request, "tool_choice"), R"("required")");
  EXPECT_EQ(field(request, "parallel_tool_calls"), "false");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::named, .name = "sql"};
  EXPECT_EQ(field(request, "tool_choice"), R"({"type":"custom","custom":{"name":"sql"}})");
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::required, .allowed = {"f"}};
  EXPECT_EQ(
      field(request, "tool_choice"),
      R"({"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}})");
  request.format = AnswerFormat{
      .kind = AnswerFormat::Kind::json_schema, .schema = json::Object{{"type", "object"}}, .is_strict = true};
  EXPECT_EQ(field(request, "response_format"),
            R"({"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"},"strict":true}})");
  request.format = AnswerFormat{.kind = AnswerFormat::Kind::json};
  EXPECT_EQ(field(request, "response_format"), R"({"type":"json_object"})");
}

TEST(OpenaiChatRequest, ThoughtsGoBackOnlyWhereTheyAreTaken) {
  const Message thought =
      of(Role::assistant,
         {Reasoning{.text = "Hm", .signature = "EqQB+/=", .origin = Protocol::anthropic}, Text{.text = "Hi"}});
  const ChatRequest request = asked({say(Role::user, "a"), thought, say(Role::user, "b")});
  EXPECT_THAT(whole(request), Not(HasSubstr("reasoning")));
  EXPECT_THAT(whole(request), Not(HasSubstr("EqQB")));
  EXPECT_THAT(whole(request, with({.takes_reasoning_back = true})),
              HasSubstr(R"({"role":"assistant","content":"Hi","reasoning_content":"Hm"})"));
  EXPECT_THAT(
      whole(request, with({.has_reasoning_object = true})),
      HasSubstr(
          R"("reasoning_details":[{"type":"reasoning.text","text":"Hm","signature":"EqQB+/=","format":"anthropic-claude-v1","index":0}])"));
}

TEST(OpenaiChatRequest, CacheMarksGoOnlyWhereTheyAreUnderstood) {
  ChatRequest request = asked({of(
      Role::user, {Text{.text = "a", .extra = {{"cache_control", json::Object{{"type", "ephemeral"}}}, {"odd", 1}}}})});
  EXPECT_EQ(field(request, "messages"), R"([{"role":"user","content":"a"}])");
  EXPECT_EQ(field(request, "messages", with({.takes_cache_control = true})),
            R"([{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}])");
}

TEST(OpenaiChatRequest, MistralsIdsAreNineLettersAndStillMeet) {
  Message calls = of(Role::assistant, {ToolCall{.id = "toolu_0123456789", .name = "f", .arguments = "{}"},
                                       ToolCall{.id = "abcDEF123", .name = "f", .arguments = "{}"}});
  const ChatRequest request = asked({calls, of(Role::tool, {ToolResult{.call_id = "toolu_0123456789", .parts = {}}}),
                                     of(Role::tool, {ToolResult{.call_id = "abcDEF123", .parts = {}}})});
  const auto wire = openai_chat_adapter().request(request, with({.has_short_call_ids = true}));
  const json::Value messages = json::parse(wire->body)->at("messages");
  const json::Value& id = messages.at(0).at("tool_calls").at(0).at("id");
  EXPECT_THAT(std::string(id.as_string()), ::testing::MatchesRegex("[0-9A-Za-z]{9}"));
  EXPECT_EQ(messages.at(1).at("tool_call_id"), id);
  EXPECT_EQ(messages.at(0).at("tool_calls").at(1).at("id"), "abcDEF123");
}

TEST(OpenaiChatRequest, FieldsNobodyKnowsGoOnToTheSameProtocolAndToNoOther) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"odd":1},)"
      R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"https://e.com/a.png"},"mark":2},{"type":"of_next_year","x":[1]}]},)"
      R"({"role":"assistant","content":"x","prefix":true}],)"
      R"("tools":[{"type":"function","function":{"name":"f","parameters":{},"later":3},"later":4},{"type":"openrouter:web_search","max":5}],)"
      R"("logit_bias":{"50256":-100},"provider":{"order":["a"]},"models":["b","c"],"service_tier":"flex","metadata":{"k":"v"},"safety_identifier":"u-1",)"
      R"("stream":true,"stream_options":{"include_obfuscation":false},"reasoning":{"effort":"low","exclude":true}})";
  EXPECT_EQ(
      rewritten(body),
      R"({"model":"gpt-x","messages":[{"role":"system","content":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"odd":1},)"
      R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"https://e.com/a.png"},"mark":2},{"type":"of_next_year","x":[1]}]},)"
      R"({"role":"assistant","content":"x","prefix":true}],)"
      R"("tools":[{"type":"function","function":{"name":"f","parameters":{},"later":3},"later":4},{"type":"openrouter:web_search","max":5}],)"
      R"("reasoning":{"exclude":true,"effort":"low"},"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true},)"
      R"("safety_identifier":"u-1","logit_bias":{"50256":-100},"provider":{"order":["a"]},"models":["b","c"],"service_tier":"flex","metadata":{"k":"v"}})");
  auto request = openai_chat_face().read_request(json::parse(body).value()).value();
  const auto anthropic = anthropic_adapter().request(request, {.base_url = "http://a", .model = "c"});
  ASSERT_TRUE(anthropic);
  for (const std::string_view word :
       {"odd", "mark", "next_year", "prefix", "later", "openrouter", "logit_bias", "provider", "flex", "exclude"})
    EXPECT_THAT(anthropic->body, Not(HasSubstr(std::string(word)))) << word;
}

TEST(OpenaiChatRelay, ChangesTheModelsNameAndNothingElse) {
  EXPECT_EQ(
      relayed(
          R"({ "temperature": 1.0e0, "model":"asked",  "messages":[{"role":"user","content":"hi"}], "new_field":{"b":1,"a":2} })"),
      R"({ "temperature": 1.0e0, "model":"gpt-x",  "messages":[{"role":"user","content":"hi"}], "new_field":{"b":1,"a":2} })");
}

TEST(OpenaiChatRelay, AsksForUsageWhereTheCallerDidNot) {
  const ChatRequest streamed{.model = {}, .messages = {}, .is_streamed = true};
  const std::string body = R"({"model":"m","messages":[],"stream":true})";
  EXPECT_EQ(json::parse(relayed(body, kTarget, streamed))->at("stream_options"),
            json::parse(R"({"include_usage":true})").value());
  EXPECT_EQ(
      json::parse(
          relayed(R"({"model":"m","stream":true,"stream_options":{"include_usage":false,"include_obfuscation":false}})",
                  kTarget, streamed))
          ->at("stream_options"),
      json::parse(R"({"include_usage":true,"include_obfuscation":false})").value());
  ChatRequest wants = streamed;
  wants.wants_usage = true;
  const std::string own = R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})";
  EXPECT_EQ(relayed(own, kTarget, wants), R"({"model":"gpt-x","stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(relayed(own, with({.has_stream_options = false}), wants), R"({"model":"gpt-x","stream":true})");
  EXPECT_EQ(relayed(body, with({.has_stream_options = false}), streamed),
            R"({"model":"gpt-x","messages":[],"stream":true})");
}

TEST(OpenaiChatRelay, WritesAnewWhatTheServerWouldRefuse) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"developer","content":"d"},{"role":"assistant","content":"a","reasoning_content":"Hm"}],"max_completion_tokens":5,"seed":3,"odd":1})";
  EXPECT_EQ(relayed(body, with({.takes_reasoning_back = true})),
            R"({"model":"gpt-x",)" + body.substr(std::string(R"({"model":"m",)").size()));
  EXPECT_THAT(relayed(body, with({.has_developer_role = false})), HasSubstr(R"({"role":"system","content":"d"})"));
  EXPECT_THAT(relayed(body, with({.token_limit_name = Quirks::TokenLimitName::max_tokens})),
              HasSubstr(R"("max_tokens":5)"));
  EXPECT_THAT(relayed(body, with({.seed_name = "random_seed"})), HasSubstr(R"("random_seed":3)"));
  EXPECT_THAT(relayed(body), Not(HasSubstr("reasoning_content")));
  EXPECT_THAT(relayed(body), HasSubstr(R"("odd":1)"));
  // A text that speaks of them is none of them.
  const std::string talk =
      R"({"model":"m","messages":[{"role":"user","content":"\"max_completion_tokens\" and \"developer\""}]})";
  EXPECT_EQ(
      relayed(talk, with({.token_limit_name = Quirks::TokenLimitName::max_tokens, .has_developer_role = false})),
      R"({"model":"gpt-x","messages":[{"role":"user","content":"\"max_completion_tokens\" and \"developer\""}]})");
}

TEST(OpenaiModels, ListsAreReadInEveryForm) {
  const WireRequest list = openai_chat_adapter().list_models(kTarget);
  EXPECT_TRUE(list.is_get());
  EXPECT_EQ(list.url, "https://api.openai.com/v1/models");
  EXPECT_EQ(header(list, "authorization"), "Bearer sk-1");
  const auto first = [](std::string_view body) {
    const auto models = openai_chat_adapter().read_models(body);
    if (!models) return models.error().message;
    if (models->empty()) return std::string("none");
    const ListedModel& model = models->front();
    return model.id + "|" + model.title + "|" + std::to_string(model.context_tokens) + "|" +
           std::to_string(model.output_tokens_max);
  };
  EXPECT_EQ(first(R"({"object":"list","data":[{"id":"m","object":"model","created":1686935002,"owned_by":"openai"}]})"),
            "m||0|0");
  EXPECT_EQ(
      first(
          R"({"data":[{"id":"a/m","name":"A: M","context_length":200000,"top_provider":{"context_length":100,"max_completion_tokens":64000}}]})"),
      "a/m|A: M|200000|64000");
  EXPECT_EQ(first(R"([{"id":"t","display_name":"T","context_length":4096}])"), "t|T|4096|0");
  EXPECT_EQ(first(R"({"models":[{"name":"llama"}],"object":"list"})"), "llama||0|0");
  EXPECT_EQ(first(R"({"data":[{"id":"v","max_model_len":32768}]})"), "v||32768|0");
  EXPECT_EQ(first(R"({"data":[{"id":"l","meta":{"n_ctx_train":8192}}]})"), "l||8192|0");
  EXPECT_EQ(first(R"({"data":[7,{"no":"id"}]})"), "none");
  EXPECT_EQ(first(R"({"error":"x"})"), "the list of models has neither data nor models");
}

}  // namespace
}  // namespace atelier::model
