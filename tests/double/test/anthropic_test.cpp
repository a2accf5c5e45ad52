#include "tests/double/test/wire_test.hpp"

namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class Anthropic : public WireTest {
 protected:
  static std::string body_of(std::string_view messages, std::string_view more = "") {
    return fmt::format(R"({{"model":"claude-double","max_tokens":100,"messages":[{}]{}}})", messages, more);
  }
  static std::string user(std::string_view text) { return fmt::format(R"({{"role":"user","content":"{}"}})", text); }
  Reply send(std::string_view messages, std::string_view more = "") const { return message(body_of(messages, more)); }
  json::Value good(std::string_view messages, std::string_view more = "") const {
    const Reply reply = send(messages, more);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json();
  }
  std::string refused(const Reply& reply) const {
    EXPECT_EQ(reply.status, 400) << reply.body;
    const json::Value body = reply.json();
    EXPECT_EQ(text_at(body, "/type"), "error");
    EXPECT_EQ(text_at(body, "/error/type"), "invalid_request_error");
    EXPECT_FALSE(text_at(body, "/request_id").empty());
    return text_at(body, "/error/message");
  }
  static constexpr std::string_view kTools =
      R"(,"tools":[{"name":"f","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}},{"name":"g","input_schema":{"type":"object"}}])";
};

TEST_F(Anthropic, StreamsBlocksInOrder) {
  const Reply reply = send(user("hello there"), R"(,"stream":true)");
  const Heard heard = doubles::hear(Wire::anthropic, Delivery::streamed, reply.body);
  EXPECT_TRUE(heard.is_whole()) << heard.describe();
  EXPECT_EQ(heard.text, "Echo: hello there");
  EXPECT_EQ(heard.finish, "end_turn");
  EXPECT_EQ(heard.input_tokens, 2);
  EXPECT_EQ(heard.output_tokens, 3);
  const auto events = events_of(reply.body);
  EXPECT_EQ(events[0].type, "message_start");
  EXPECT_EQ(text_at(events[0].json(), "/message/usage/input_tokens"), "2");
  EXPECT_EQ(text_at(events[0].json(), "/message/usage/output_tokens"), "1") << "the beginning of a count";
  EXPECT_FALSE(reply.header("request-id").empty());
}

TEST_F(Anthropic, CallsToolsAndTakesTheirResults) {
  const json::Value body = good(user("call f and g"), kTools);
  EXPECT_EQ(text_at(body, "/stop_reason"), "tool_use");
  EXPECT_EQ(text_at(body, "/content/0/input/city"), "some city");
  EXPECT_EQ(at(body, "/content/1/input"), json::Value(json::Object()));
  const std::string said = fmt::format(
      R"({},{{"role":"assistant","content":{}}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{}","content":"sunny"}},{{"type":"tool_result","tool_use_id":"{}","is_error":true,"content":[{{"type":"text","text":"no"}}]}}]}})",
      user("call f and g"), json::write(at(body, "/content")), text_at(body, "/content/0/id"),
      text_at(body, "/content/1/id"));
  EXPECT_EQ(text_at(good(said, kTools), "/content/0/text"), "Results: f=sunny; g failed=no");
}

TEST_F(Anthropic, StreamedArgumentsJoinToJson) {
  const Heard heard = doubles::hear(Wire::anthropic, Delivery::streamed,
                                    send(user("call f and g"), std::string(kTools) + R"(,"stream":true)").body);
  ASSERT_EQ(heard.calls.size(), 2U) << heard.describe();
  EXPECT_EQ(heard.calls[0].arguments, R"({"city":"some city"})");
  EXPECT_EQ(heard.calls[1].arguments, "") << "none: the empty fragment alone";
}

TEST_F(Anthropic, ThinkingIsSealedAndMustComeBackUntouched) {
  constexpr std::string_view kAdaptive = R"(,"thinking":{"type":"adaptive"})",
                             kWithBudget = R"(,"thinking":{"type":"enabled","budget_tokens":1024})";
  const json::Value body = good(user("call f [think 3] [redacted]"), std::string(kAdaptive) + std::string(kTools));
  EXPECT_EQ(text_at(body, "/content/0/type"), "thinking");
  EXPECT_EQ(text_at(body, "/content/1/type"), "redacted_thinking");
  const auto answered_with = [&](const json::Value& content, std::string_view thinking) {
    return message(fmt::format(
        R"({{"model":"m","max_tokens":2000,"messages":[{}]{}{}}})",
        fmt::format(
            R"({},{{"role":"assistant","content":{}}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{}","content":"x"}}]}})",
            user("call f"), json::write(content), text_at(body, "/content/2/id")),
        thinking, kTools));
  };
  EXPECT_EQ(answered_with(at(body, "/content"), kAdaptive).status, 200);
  json::Value changed = at(body, "/content");
  changed.as_array()[0].as_object()["thinking"] = "other";
  EXPECT_THAT(refused(answered_with(changed, kAdaptive)), HasSubstr("signature"));
  json::Value without = at(body, "/content");
  without.as_array().erase(without.as_array().begin(), without.as_array().begin() + 2);
  EXPECT_THAT(refused(answered_with(without, kWithBudget)), HasSubstr("thinking"));
  EXPECT_EQ(answered_with(without, kAdaptive).status, 200);
}

TEST_F(Anthropic, TheCacheIsWrittenOnceAndReadAfterwards) {
  constexpr std::string_view kSystem =
      R"(,"system":[{"type":"text","text":"a b c d e","cache_control":{"type":"ephemeral"}}])";
  const json::Value first = good(user("hi"), kSystem), second = good(user("hi you"), kSystem);
  EXPECT_EQ(text_at(first, "/usage/cache_creation_input_tokens"), "5");
  EXPECT_EQ(text_at(first, "/usage/cache_read_input_tokens"), "0");
  EXPECT_EQ(text_at(second, "/usage/cache_creation_input_tokens"), "0");
  EXPECT_EQ(text_at(second, "/usage/cache_read_input_tokens"), "5");
  EXPECT_EQ(text_at(second, "/usage/input_tokens"), "2") << "what was cached is not among them";
}

TEST_F(Anthropic, StopsAreTold) {
  EXPECT_EQ(text_at(good(user("[say 10]"), R"(,"stop_sequences":["t3"])"), "/stop_reason"), "stop_sequence");
  EXPECT_EQ(text_at(good(user("[say 10]"), R"(,"stop_sequences":["t3"])"), "/stop_sequence"), "t3");
  EXPECT_EQ(text_at(message(R"({"model":"m","max_tokens":2,"messages":[{"role":"user","content":"[say 10]"}]})").json(),
                    "/stop_reason"),
            "max_tokens");
  EXPECT_EQ(text_at(good(user("[refuse]")), "/stop_reason"), "refusal");
}

struct RefusedMessage {
  const char* name;
  const char* body;
  const char* message;
};
class AnthropicRefuses : public Anthropic, public testing::WithParamInterface<RefusedMessage> {};
TEST_P(AnthropicRefuses, WithTheFieldNamed) {
  EXPECT_THAT(refused(message(GetParam().body)), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    Requests, AnthropicRefuses,
    testing::Values(
        RefusedMessage{"NoLimit", R"({"model":"m","messages":[{"role":"user","content":"x"}]})", "max_tokens"},
        RefusedMessage{"UnknownField",
                       R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"wibble":1})",
                       "wibble"},
        RefusedMessage{"SystemRole", R"({"model":"m","max_tokens":9,"messages":[{"role":"system","content":"x"}]})",
                       "messages.0.role"},
        RefusedMessage{"AssistantFirst",
                       R"({"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":"x"}]})",
                       "first message"},
        RefusedMessage{"EmptyText", R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":""}]})",
                       "non-empty"},
        RefusedMessage{
            "OrphanResult",
            R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}]})",
            "tool_use_id"},
        RefusedMessage{
            "TrailingBlank",
            R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y "}]})",
            "whitespace"},
        RefusedMessage{
            "Budget",
            R"({"model":"m","max_tokens":2000,"thinking":{"type":"enabled","budget_tokens":3000},"messages":[{"role":"user","content":"x"}]})",
            "budget_tokens"},
        RefusedMessage{
            "ToolWithoutSchema",
            R"({"model":"m","max_tokens":9,"tools":[{"name":"f"}],"messages":[{"role":"user","content":"x"}]})",
            "input_schema"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(Anthropic, ItsVersionAndKeyAreAsked) {
  EXPECT_EQ(ask("POST", "/v1/messages", body_of(user("x")), "x-api-key: sk-other\r\nanthropic-version: 2023-06-01\r\n")
                .status,
            401);
  const Reply reply = ask("POST", "/anthropic/v1/messages", body_of(user("x")), "x-api-key: sk-double\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("anthropic-version"));
}

TEST_F(Anthropic, TokensAreCountedAndModelsListedInPages) {
  constexpr std::string_view kFields = "x-api-key: sk-double\r\nanthropic-version: 2023-06-01\r\n";
  const Reply count = ask("POST", "/v1/messages/count_tokens",
                          R"({"model":"m","messages":[{"role":"user","content":"one two three"}]})", kFields);
  EXPECT_EQ(text_at(count.json(), "/input_tokens"), "3");
  const json::Value page = ask("GET", "/v1/models?limit=2", "", kFields).json();
  EXPECT_EQ(text_at(page, "/has_more"), "true");
  const json::Value rest = ask("GET", "/v1/models?limit=2&after_id=" + text_at(page, "/last_id"), "", kFields).json();
  EXPECT_EQ(text_at(rest, "/data/0/id"), "double-embedding");
  EXPECT_EQ(text_at(rest, "/has_more"), "false");
  EXPECT_EQ(ask("GET", "/v1/models/nobody", "", kFields).status, 404);
}

}  // namespace
}  // namespace atelier::doubles
