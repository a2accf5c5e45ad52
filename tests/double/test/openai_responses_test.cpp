#include "tests/double/test/wire_test.hpp"

namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class Responses : public WireTest {
 protected:
  static constexpr std::string_view kKey = "Authorization: Bearer sk-double\r\n";
  static constexpr std::string_view kTools =
      R"(,"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{"city":{"type":"string"}}}},{"type":"function","name":"g"}])";
  Reply send(std::string_view input, std::string_view more = "") const {
    return ask("POST", "/v1/responses", fmt::format(R"({{"model":"double","input":{}{}}})", input, more), kKey);
  }
  std::string refused(const Reply& reply) const {
    EXPECT_EQ(reply.status, 400) << reply.body;
    return text_at(reply.json(), "/error/message") + " " + text_at(reply.json(), "/error/param") + " " +
           text_at(reply.json(), "/error/code");
  }
};

TEST_F(Responses, StreamsNumberedEventsAndTellsTheWholeAtTheEnd) {
  const Heard heard =
      doubles::hear(Wire::openai_responses, Delivery::streamed, send(R"("hello there")", R"(,"stream":true)").body);
  EXPECT_TRUE(heard.is_whole()) << heard.describe();
  EXPECT_EQ(heard.text, "Echo: hello there");
  EXPECT_EQ(heard.input_tokens, 2);
  EXPECT_EQ(heard.output_tokens, 3);
}

TEST_F(Responses, CallsToolsWithAndWithoutStream) {
  const Heard streamed = doubles::hear(Wire::openai_responses, Delivery::streamed,
                                       send(R"("call f and g")", std::string(kTools) + R"(,"stream":true)").body);
  EXPECT_TRUE(streamed.is_whole()) << streamed.describe();
  ASSERT_EQ(streamed.calls.size(), 2U);
  EXPECT_EQ(streamed.calls[0].arguments, R"({"city":"some city"})");
  const json::Value whole = send(R"("call f")", kTools).json();
  EXPECT_EQ(text_at(whole, "/output/0/type"), "function_call");
  EXPECT_EQ(text_at(whole, "/status"), "completed");
}

TEST_F(Responses, StateIsKeptAndGoneOnWith) {
  const json::Value first = send(R"("call f")", kTools).json();
  const std::string id = text_at(first, "/id");
  const std::string result = fmt::format(R"([{{"type":"function_call_output","call_id":"{}","output":"sunny"}}])",
                                         text_at(first, "/output/0/call_id"));
  const Reply second = send(result, fmt::format(R"(,"previous_response_id":"{}"{})", id, kTools));
  EXPECT_EQ(text_at(second.json(), "/output/0/content/0/text"), "Results: f=sunny");
  EXPECT_EQ(text_at(ask("GET", "/v1/responses/" + id, "", kKey).json(), "/id"), id);
  EXPECT_EQ(at(ask("GET", "/v1/responses/" + id + "/input_items", "", kKey).json(), "/data").as_array().size(), 1U);
  EXPECT_EQ(text_at(ask("DELETE", "/v1/responses/" + id, "", kKey).json(), "/deleted"), "true");
  EXPECT_EQ(ask("GET", "/v1/responses/" + id, "", kKey).status, 404);
  EXPECT_THAT(refused(send(R"("x")", fmt::format(R"(,"previous_response_id":"{}")", id))),
              HasSubstr("previous_response_not_found"));
  const json::Value unstored = send(R"("x")", R"(,"store":false)").json();
  EXPECT_EQ(ask("GET", "/v1/responses/" + text_at(unstored, "/id"), "", kKey).status, 404);
}

TEST_F(Responses, ReasoningComesEncryptedAndMustComeBackBeforeItsCall) {
  constexpr std::string_view kReasons =
      R"(,"reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"],"store":false)";
  const json::Value body = send(R"("call f")", std::string(kTools) + std::string(kReasons)).json();
  EXPECT_EQ(text_at(body, "/output/0/type"), "reasoning");
  EXPECT_TRUE(at(body, "/output/0/encrypted_content").is_string());
  EXPECT_EQ(text_at(body, "/output/0/summary/0/type"), "summary_text");
  const auto answered_with = [&](const std::string& items) {
    return send(
        fmt::format(
            R"([{{"role":"user","content":"call f"}},{},{{"type":"function_call_output","call_id":"{}","output":"x"}}])",
            items, text_at(body, "/output/1/call_id")),
        std::string(kTools) + std::string(kReasons));
  };
  const std::string reasoning = json::write(at(body, "/output/0")), call = json::write(at(body, "/output/1"));
  EXPECT_EQ(answered_with(reasoning + "," + call).status, 200);
  EXPECT_THAT(refused(answered_with(call)), HasSubstr("reasoning"));
  json::Value changed = at(body, "/output/0");
  changed.as_object()["encrypted_content"] = "AAAA";
  EXPECT_THAT(refused(answered_with(json::write(changed) + "," + call)), HasSubstr("invalid_encrypted_content"));
}

TEST_F(Responses, LimitsFiltersAndFormatsAreTold) {
  const json::Value cut = send(R"("[say 40]")", R"(,"max_output_tokens":16)").json();
  EXPECT_EQ(text_at(cut, "/status"), "incomplete");
  EXPECT_EQ(text_at(cut, "/incomplete_details/reason"), "max_output_tokens");
  const Heard streamed = doubles::hear(Wire::openai_responses, Delivery::streamed,
                                       send(R"("[say 40]")", R"(,"max_output_tokens":16,"stream":true)").body);
  EXPECT_EQ(streamed.finish, "incomplete");
  EXPECT_TRUE(streamed.complaints.empty()) << streamed.describe();
  const json::Value fitting =
      send(
          R"("x")",
          R"(,"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object","properties":{"n":{"type":"integer"}}}}})")
          .json();
  EXPECT_EQ(text_at(fitting, "/output/0/content/0/text"), R"({"n":1})");
  EXPECT_EQ(text_at(send(R"("[refuse]")").json(), "/output/0/content/0/type"), "refusal");
}

TEST_F(Responses, WhatIsWrongIsNamed) {
  EXPECT_THAT(refused(ask("POST", "/v1/responses", R"({"model":"double"})", kKey)), HasSubstr("input"));
  EXPECT_THAT(refused(send(R"("x")", R"(,"wibble":1)")), HasSubstr("wibble"));
  EXPECT_THAT(refused(send(R"([{"role":"robot","content":"x"}])")), HasSubstr("role"));
  EXPECT_THAT(refused(send(R"([{"role":"user","content":[{"type":"text","text":"x"}]}])")),
              HasSubstr("content[0].type"));
  EXPECT_THAT(refused(send(R"([{"type":"function_call_output","call_id":"c","output":"x"}])")), HasSubstr("c"));
  EXPECT_THAT(refused(send(R"("x")", R"(,"max_output_tokens":1)")), HasSubstr("max_output_tokens"));
}

TEST_F(Responses, TokensAreCounted) {
  EXPECT_EQ(
      text_at(ask("POST", "/v1/responses/input_tokens", R"({"model":"double","input":"one two three"})", kKey).json(),
              "/input_tokens"),
      "3");
}

}  // namespace
}  // namespace atelier::doubles
