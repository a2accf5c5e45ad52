#include <gmock/gmock.h>

#include <set>
#include <tuple>

#include "tests/model/chat_json.hpp"
#include "tests/model/pairs.hpp"

// Every served protocol with every called one, streamed and whole: what the provider said arrives, whatever lies
// between.
namespace atelier::model {
namespace {

using testing::calls_of;
using ::testing::Combine;
using testing::converse;
using testing::DoubleProvider;
using ::testing::HasSubstr;
using testing::Heard;
using testing::Pair;
using testing::said_by;
using testing::text_of;
using testing::thought_of;
using ::testing::Values;

Target provider_of(Protocol called) {
  switch (called) {
    case Protocol::openai_chat:
      return {.base_url = "http://double/openai/v1", .model = "gpt-5"};
    case Protocol::openai_responses:
      return {.base_url = "http://double/openai/v1", .model = "gpt-5"};
    case Protocol::anthropic:
      return {.base_url = "http://double/anthropic/v1", .model = "claude-5"};
    case Protocol::gemini:
      return {.base_url = "http://double/gemini/v1beta", .model = "gemini-3-pro"};
    case Protocol::ollama:
      return {.base_url = "http://double/ollama", .model = "llama"};
  }
  return {};
}

ChatRequest asking(std::string text) {
  ChatRequest request{.model = {}, .messages = {}};
  request.messages.push_back(said_by(Role::system, {Text{.text = "Be brief."}}));
  request.messages.push_back(said_by(Role::user, {Text{.text = std::move(text)}}));
  request.output_tokens_max = 4096;
  return request;
}

Tool tool(std::string name) {
  return Tool{
      .name = std::move(name),
      .description = "A tool.",
      .parameters = json::parse(R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]})").value()};
}

class Pairs : public ::testing::TestWithParam<std::tuple<Protocol, Protocol, bool>> {
 protected:
  Pair pair() const {
    const auto [program, called, is_streamed] = GetParam();
    return {.program = program, .provider = provider_of(called), .called = called, .is_streamed = is_streamed};
  }
  Heard talk(const ChatRequest& conversation) {
    Heard heard = converse(provider_, pair(), conversation);
    EXPECT_EQ(heard.failure, "");
    EXPECT_EQ(heard.answer.choices.size(), 1U);
    // What is told to the program is what was counted, in sum.
    EXPECT_EQ(heard.answer.usage.input_total(), heard.billed.input_total());
    EXPECT_EQ(heard.answer.usage.output_total(), heard.billed.output_total());
    EXPECT_EQ(heard.answer.usage.cached_read, heard.billed.cached_read);
    EXPECT_EQ(heard.answer.usage.reasoning, heard.billed.reasoning);
    EXPECT_GT(heard.billed.input_total(), 0);
    return heard;
  }
  StopReason stop(const Heard& heard) {
    return heard.answer.choices.empty() ? StopReason::pause : heard.answer.choices[0].stop;
  }
  DoubleProvider provider_;
};

TEST_P(Pairs, TextArrivesWhole) {
  const Heard heard = talk(asking("Grüße, \"world\" 🎬\n\tdata: x"));
  EXPECT_EQ(text_of(heard.answer), "Echo: Grüße, \"world\" 🎬\n\tdata: x");
  EXPECT_EQ(stop(heard), StopReason::stop);
}

TEST_P(Pairs, PicturesGoOut) {
  ChatRequest request = asking("Look");
  request.messages[1].parts.emplace_back(Media{.base64 = "iVBORw0KGgo=", .media_type = "image/png"});
  EXPECT_THAT(text_of(talk(request).answer), HasSubstr(" 8 bytes]"));
}

TEST_P(Pairs, AnswersEndAsTheyEnded) {
  ChatRequest request = asking("[say 500]");
  request.output_tokens_max = 20;
  const Heard cut = talk(request);
  EXPECT_EQ(stop(cut), StopReason::length);
  EXPECT_EQ(text_of(cut.answer).substr(0, 8), "t1 t2 t3");
}

TEST_P(Pairs, SchemasAreKept) {
  ChatRequest request = asking("An object, please");
  request.format = AnswerFormat{
      .kind = AnswerFormat::Kind::json_schema,
      .name = "thing",
      .schema =
          json::parse(
              R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false})")
              .value(),
      .is_strict = true};
  const auto object = json::parse(text_of(talk(request).answer));
  ASSERT_TRUE(object);
  EXPECT_TRUE(object->is_object() && object->get_object().contains("n"));
}

// A whole loop: parallel calls, with thoughts before them, and their results. Providers that seal their thoughts refuse
// calls that come back without them, or with a byte changed.
TEST_P(Pairs, ToolLoopsComeRound) {
  ChatRequest request = asking(R"([think 5] call f({"a":1}) and g({"a":2}) and f({"a":3}))");
  request.tools = {tool("f"), tool("g")};
  request.reasoning = ReasoningWish{.effort = "low", .summary = "auto"};
  const Heard heard = talk(request);
  EXPECT_EQ(stop(heard), StopReason::tool_calls);
  const auto calls = calls_of(heard.answer);
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0].name + calls[1].name + calls[2].name, "fgf");
  EXPECT_EQ(json::parse(calls[2].arguments).value(), json::parse(R"({"a":3})").value());
  EXPECT_EQ((std::set<std::string>{calls[0].id, calls[1].id, calls[2].id}).size(), 3U);
  const Protocol called = pair().called;
  const bool tells_thoughts = called != Protocol::anthropic && called != Protocol::ollama;
  EXPECT_EQ(heard.billed.reasoning, tells_thoughts ? 5 : 0);

  request.messages.push_back(heard.said);
  for (const auto& call : calls)
    request.messages.push_back(said_by(
        Role::tool, {ToolResult{.call_id = call.id,
                                .parts = {Text{.text = "r" + json::write(json::parse(call.arguments)->at("a"))}}}}));
  const Heard after = talk(request);
  EXPECT_EQ(text_of(after.answer), "Results: f=r1; g=r2; f=r3");
  // What seals the thoughts went back.
  std::string_view seal;
  if (called == Protocol::openai_responses) seal = "\"encrypted_content\":\"";
  if (called == Protocol::anthropic) seal = "\"signature\":\"";
  if (called == Protocol::gemini) seal = "\"thoughtSignature\":\"";
  EXPECT_THAT(after.sent, HasSubstr(std::string(seal)));
  // And on, with all of it in the past.
  request.messages.push_back(after.said);
  request.messages.push_back(said_by(Role::user, {Text{.text = "Thanks"}}));
  EXPECT_EQ(text_of(talk(request).answer), "Echo: Thanks");
}

// Free text, where a provider has only tools that take an object, is the text all the same.
TEST_P(Pairs, CustomToolsAreCalledAndAnswered) {
  if (pair().program == Protocol::anthropic) GTEST_SKIP() << "it has none";
  ChatRequest request = asking("call patch");
  request.tools = {Tool{.name = "patch", .description = "Takes a patch.", .is_custom = true}, tool("f")};
  const Heard heard = talk(request);
  const auto calls = calls_of(heard.answer);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_TRUE(calls[0].is_custom);
  EXPECT_FALSE(calls[0].arguments.empty() || calls[0].arguments.starts_with("{")) << calls[0].arguments;
  request.messages.push_back(heard.said);
  request.messages.push_back(
      said_by(Role::tool, {ToolResult{.call_id = calls[0].id, .parts = {Text{.text = "done"}}}}));
  EXPECT_EQ(text_of(talk(request).answer), "Results: patch=done");
}

TEST_P(Pairs, ThoughtsAreShown) {
  ChatRequest request = asking("[think 5] Why?");
  request.reasoning = ReasoningWish{.effort = "low", .summary = "auto"};
  const Heard heard = talk(request);
  EXPECT_EQ(thought_of(heard.answer), "t1 t2 t3 t4 t5");
  EXPECT_EQ(text_of(heard.answer), "Echo: [think 5] Why?");
}

TEST_P(Pairs, RefusalsAreHeard) {
  const Heard heard = talk(asking("[refuse]"));
  EXPECT_EQ(text_of(heard.answer), "The double declines to answer that.");
}

TEST_P(Pairs, CachedTokensAreTold) {
  const Heard heard = talk(asking("[cached 3] one two three four five six seven eight"));
  EXPECT_EQ(heard.answer.usage.cached_read, heard.billed.cached_read);
}

std::string name_of(const ::testing::TestParamInfo<Pairs::ParamType>& info) {
  const auto [program, called, is_streamed] = info.param;
  return std::string(to_string(program)) + "_to_" + std::string(to_string(called)) +
         (is_streamed ? "_streamed" : "_whole");
}

INSTANTIATE_TEST_SUITE_P(All, Pairs,
                         Combine(Values(Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic),
                                 Values(Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic,
                                        Protocol::gemini, Protocol::ollama),
                                 Values(true, false)),
                         name_of);

}  // namespace
}  // namespace atelier::model
