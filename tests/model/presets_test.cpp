#include "model/provider/presets.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/model/pairs.hpp"

// The providers we know, as they are called with what their rows say, behind programs of every protocol. The double
// refuses fields that the strict ones among them refuse.
namespace atelier::model {
namespace {

using testing::calls_of;
using ::testing::Combine;
using testing::converse;
using testing::DoubleProvider;
using ::testing::HasSubstr;
using testing::Heard;
using ::testing::Not;
using testing::Pair;
using testing::said_by;
using testing::text_of;
using testing::thought_of;
using ::testing::Values;

struct Known {
  const char* preset;
  const char* url;  // at the double
  const char* model;
};

constexpr Known kKnown[] = {
    {"openai", "http://double/openai/v1", "gpt-5"},
    {"azure", "http://double/azure/openai/v1", "deployment"},
    {"openrouter", "http://double/openrouter/api/v1", "a/m"},
    {"deepseek", "http://double/deepseek", "deepseek-reasoner"},
    {"mistral", "http://double/mistral/v1", "magistral-medium"},
    {"groq", "http://double/groq/openai/v1", "gpt-oss-120b"},
    {"xai", "http://double/xai/v1", "grok-4"},
    {"together", "http://double/together/v1", "m"},
    {"llamacpp", "http://double/llama-cpp/v1", "m"},
    {"lmstudio", "http://double/lm-studio/v1", "m"},
    {"vllm", "http://double/vllm/v1", "m"},
};

class Presets : public ::testing::TestWithParam<std::tuple<Known, Protocol, bool>> {
 protected:
  Pair pair() const {
    const auto [known, program, is_streamed] = GetParam();
    const Preset* preset = find_preset(known.preset);
    EXPECT_TRUE(preset) << known.preset;
    return {.program = program,
            .provider = {.base_url = known.url,
                         .model = known.model,
                         .credential = {.key = "sk-double"},
                         .quirks = quirks_of(*preset)},
            .called = preset->protocol,
            .is_streamed = is_streamed};
  }
  Heard talk(const ChatRequest& conversation) {
    Heard heard = converse(provider_, pair(), conversation);
    EXPECT_EQ(heard.failure, "");
    EXPECT_GT(heard.billed.input_total(), 0);
    EXPECT_GT(heard.billed.output_total(), 0);
    return heard;
  }
  DoubleProvider provider_;
};

ChatRequest asking(std::string text) {
  ChatRequest request{.model = {}, .messages = {}};
  request.messages.push_back(said_by(Role::developer, {Text{.text = "Be brief."}}));
  request.messages.push_back(said_by(Role::user, {Text{.text = std::move(text)}}));
  request.output_tokens_max = 4096;
  return request;
}

TEST_P(Presets, EverySettingIsTaken) {
  ChatRequest request = asking("Hello");
  request.temperature = 0.5;
  request.seed = 7;
  if (pair().program == Protocol::anthropic) request.top_k = 5;
  const Heard heard = talk(request);
  EXPECT_EQ(text_of(heard.answer), "Echo: Hello");
}

TEST_P(Presets, ToolLoopsWithThoughtsComeRound) {
  ChatRequest request = asking(R"([think 5] call f({"a":1}) and f({"a":2}))");
  request.tools = {Tool{
      .name = "f", .parameters = json::parse(R"({"type":"object","properties":{"a":{"type":"integer"}}})").value()}};
  const Heard heard = talk(request);
  EXPECT_EQ(thought_of(heard.answer), "t1 t2 t3 t4 t5");
  EXPECT_EQ(heard.billed.reasoning, 5);
  const auto calls = calls_of(heard.answer);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_NE(calls[0].id, calls[1].id);
  EXPECT_EQ(heard.answer.choices[0].stop, StopReason::tool_calls);
  request.messages.push_back(heard.said);
  for (const auto& call : calls)
    request.messages.push_back(
        said_by(Role::tool, {ToolResult{.call_id = call.id, .parts = {Text{.text = call.arguments}}}}));
  EXPECT_EQ(text_of(talk(request).answer), R"(Results: f={"a":1}; f={"a":2})");
}

TEST_P(Presets, ToolsOfFreeTextAreCalled) {
  if (pair().program == Protocol::anthropic || pair().program == pair().called)
    GTEST_SKIP() << "it has none, or is relayed";
  ChatRequest request = asking("call patch");
  request.tools = {Tool{.name = "patch", .is_custom = true}};
  const Heard heard = talk(request);
  const auto calls = calls_of(heard.answer);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_TRUE(calls[0].is_custom);
  request.messages.push_back(heard.said);
  request.messages.push_back(
      said_by(Role::tool, {ToolResult{.call_id = calls[0].id, .parts = {Text{.text = "done"}}}}));
  EXPECT_EQ(text_of(talk(request).answer), "Results: patch=done");
}

TEST_P(Presets, UsageIsCountedOnceWhereverItStands) {
  const Heard heard = talk(asking("[think 5] [say 10]"));
  EXPECT_EQ(heard.billed.reasoning, 5);
  EXPECT_EQ(heard.billed.output, 10);
  EXPECT_EQ(heard.billed.input_total(), heard.answer.usage.input_total());
}

std::string name_of(const ::testing::TestParamInfo<Presets::ParamType>& info) {
  const auto [known, program, is_streamed] = info.param;
  return std::string(known.preset) + "_for_" + std::string(to_string(program)) + (is_streamed ? "_streamed" : "_whole");
}

INSTANTIATE_TEST_SUITE_P(All, Presets,
                         Combine(::testing::ValuesIn(kKnown),
                                 Values(Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic),
                                 Values(true, false)),
                         name_of);

// What goes to one provider and not to another.
std::string sent(const char* preset, ChatRequest request) {
  const Preset* known = find_preset(preset);
  const auto wire =
      adapter_for(known->protocol)
          .request(request,
                   {.base_url = "http://x/v1", .model = "m", .credential = {.key = "k"}, .quirks = quirks_of(*known)});
  return wire ? wire->body : wire.error().describe();
}

TEST(PresetQuirks, LimitsRolesAndSeedsHaveTheirNames) {
  ChatRequest request = asking("x");
  request.protocol = Protocol::anthropic;
  request.seed = 7;
  request.is_streamed = true;
  for (const char* preset : {"openai", "azure", "openrouter", "groq", "xai"})
    EXPECT_THAT(sent(preset, request), HasSubstr("\"max_completion_tokens\":4096")) << preset;
  for (const char* preset : {"deepseek", "mistral", "together", "llamacpp", "lmstudio", "vllm"})
    EXPECT_THAT(sent(preset, request), HasSubstr("\"max_tokens\":4096")) << preset;
  for (const char* preset : {"openai", "azure"})
    EXPECT_THAT(sent(preset, request), HasSubstr("\"role\":\"developer\"")) << preset;
  for (const char* preset : {"deepseek", "mistral", "groq", "xai", "together", "llamacpp", "lmstudio", "vllm"})
    EXPECT_THAT(sent(preset, request), HasSubstr("\"role\":\"system\"")) << preset;
  EXPECT_THAT(sent("mistral", request), HasSubstr("\"random_seed\":7"));
  EXPECT_THAT(sent("mistral", request), Not(HasSubstr("stream_options")));
  EXPECT_THAT(sent("openai", request), HasSubstr("\"seed\":7"));
  EXPECT_THAT(sent("openai", request), HasSubstr("stream_options"));
}

TEST(PresetQuirks, ThoughtsGoBackWhereTheyAreWanted) {
  ChatRequest request = asking("x");
  request.messages.push_back(said_by(Role::assistant, {Reasoning{.text = "Hm"}, Text{.text = "a"}}));
  request.messages.push_back(said_by(Role::user, {Text{.text = "y"}}));
  EXPECT_THAT(sent("deepseek", request), HasSubstr("\"reasoning_content\":\"Hm\""));
  EXPECT_THAT(sent("openrouter", request), HasSubstr("\"reasoning_details\""));
  for (const char* preset : {"openai", "azure", "mistral", "groq", "xai", "together"})
    EXPECT_THAT(sent(preset, request), Not(HasSubstr("Hm"))) << preset;
}

TEST(PresetQuirks, ToolsOfFreeTextAreFunctionsWhereTheServerHasNoOthers) {
  ChatRequest request = asking("x");
  request.protocol = Protocol::openai_responses;
  request.tools = {Tool{.name = "sql", .is_custom = true, .extra = {{"format", json::Object{{"type", "text"}}}}}};
  request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::named, .name = "sql"};
  request.messages.push_back(said_by(
      Role::assistant, {ToolCall{.id = "c12345678", .name = "sql", .arguments = "select \"a\"", .is_custom = true}}));
  for (const char* preset : {"openai", "azure"})
    EXPECT_THAT(sent(preset, request), HasSubstr(R"("custom":{"name":"sql","input":"select \"a\""})")) << preset;
  for (const char* preset :
       {"openrouter", "deepseek", "mistral", "groq", "xai", "together", "llamacpp", "lmstudio", "vllm"}) {
    const std::string body = sent(preset, request);
    EXPECT_THAT(body, HasSubstr(R"("function":{"name":"sql","arguments":"{\"input\":\"select \\\"a\\\"\"}"})"))
        << preset;
    EXPECT_THAT(body, HasSubstr(R"("tool_choice":{"type":"function","function":{"name":"sql"}})")) << preset;
    EXPECT_THAT(body, Not(HasSubstr("custom"))) << preset;
  }
}

TEST(PresetQuirks, AzuresKeyHasAHeaderOfItsOwn) {
  const auto wire = openai_chat_adapter().request(asking("x"), {.base_url = "http://x/v1",
                                                                .model = "m",
                                                                .credential = {.key = "k"},
                                                                .quirks = quirks_of(*find_preset("azure"))});
  EXPECT_THAT(wire->headers, ::testing::Contains(std::pair<std::string, std::string>("api-key", "k")));
}

}  // namespace
}  // namespace atelier::model
