#include "model/face/glance.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

std::string where(std::string_view body) {
  auto request = glance(Protocol::openai_chat, body);
  return request ? "fine" : request.error().where;
}

TEST(Glance, ReadsWhatRoutingNeeds) {
  auto request = glance(
      Protocol::openai_chat,
      R"({"messages":[{"role":"user","content":"\"model\":\"no\" }{"}],"model":"a\/b","stream":true,"max_completion_tokens":77,
                            "stream_options":{"include_usage":true},"n":2,"x":{"model":"inner","stream":false}})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->model, "a/b");
  EXPECT_TRUE(request->is_streamed);
  EXPECT_TRUE(request->wants_usage);
  EXPECT_EQ(request->output_tokens_max, 77);
  EXPECT_EQ(request->answer_count, 2);
}

TEST(Glance, ReadsItsSamplingForTracesAndRefusesNoneOfIt) {
  const auto request =
      glance(Protocol::openai_chat, R"({"model":"m","temperature":0.7,"top_p":1,"seed":-3,"presence_penalty":"much"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->temperature, 0.7);
  EXPECT_EQ(request->top_p, 1);
  EXPECT_EQ(request->seed, -3);
  EXPECT_EQ(request->presence_penalty, std::nullopt) << "the provider refuses it in its own words";
}

TEST(Glance, TakesTheLimitOfItsOwnProtocolAlone) {
  // Money is set aside by it: a name that limits nothing must not make a call look small.
  const std::string body = R"({"model":"m","max_tokens":5000,"max_output_tokens":1,"max_completion_tokens":2})";
  EXPECT_EQ(glance(Protocol::anthropic, body)->output_tokens_max, 5000);
  EXPECT_EQ(glance(Protocol::openai_responses, body)->output_tokens_max, 1);
  EXPECT_EQ(glance(Protocol::openai_chat, body)->output_tokens_max, 5000) << "of chat's two names the larger";
}

TEST(Glance, NamesTheMemberThatIsWrong) {
  EXPECT_EQ(where(R"({"stream":true})"), "/model");
  EXPECT_EQ(where(R"({"model":7})"), "/model");
  EXPECT_EQ(where(R"({"model":""})"), "/model");
  EXPECT_EQ(where(R"({"model":"m","stream":"yes"})"), "/stream");
  EXPECT_EQ(where(R"({"model":"m","max_tokens":-1})"), "/max_tokens");
  EXPECT_EQ(where(R"({"model":"m","max_tokens":1.5})"), "/max_tokens");
}

TEST(Glance, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(where(R"({"model":"allowed","model":"forbidden"})"), "/model");
  EXPECT_NE(where(R"({"model":"allowed","\u006dodel":"forbidden"})"), "fine");
}

TEST(Glance, RefusesConversationsKeptInTheProvidersAccountAsTheirClientsUnderstand) {
  auto request = glance(Protocol::anthropic, R"({"model":"m","thread":{"type":"create"},"messages":[]})");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().reason, "thread_unsupported_request");
  EXPECT_EQ(request.error().where, "/thread");
  EXPECT_TRUE(glance(Protocol::anthropic, R"({"model":"m","thread":null,"messages":[]})"));
  EXPECT_TRUE(glance(Protocol::openai_chat, R"({"model":"m","thread":{"type":"create"},"messages":[]})"));
}

TEST(Glance, RefusesWhatIsNoObject) {
  for (const char* body : {"", "[]", "null", "\"x\"", "{", R"({"model":"m")", R"({"model":"m"}})", R"({"model":"m",})"})
    EXPECT_FALSE(glance(Protocol::openai_chat, body)) << body;
}

}  // namespace
}  // namespace atelier::model
