// Answers that others have, or will have: kept for equal requests, and equal requests in flight.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class Sharing : public GatewayHouseTest {
 protected:
  void start() {
    listen();
    add_provider("p", "openai_chat", "/openai/v1");
  }
  static std::string body(std::string_view model, std::string_view prompt, bool is_streamed = false) {
    return json::write(json::Object{{"model", model},
                                    {"stream", is_streamed},
                                    {"messages", json::Array{json::Object{{"role", "user"}, {"content", prompt}}}}});
  }
  Answer ask_chat(std::string asked, Headers headers = {}) {
    return call(net::Method::post, "/v1/chat/completions", std::move(asked), std::move(headers));
  }
  // The beginning of a stream, until `marker`; then its caller goes away.
  std::future<std::string> hear(std::string asked, Headers headers, std::string marker, std::size_t count = 1) {
    net::FetchRequest request;
    request.method = net::Method::post;
    request.target = "/v1/chat/completions";
    request.headers.set("content-type", "application/json");
    for (auto& [name, value] : headers) request.headers.set(name, value);
    request.body = std::move(asked);
    return std::async(std::launch::async, [this, request = std::move(request), marker = std::move(marker),
                                           count]() mutable {
      auto said = run_blocking(loops_.executor(0), listen_for(endpoint_, std::move(request), std::move(marker), count));
      return said ? *said : said.error().describe();
    });
  }
  void wait_for_conversations(std::size_t count) const {
    for (int i = 0; i < 400 && conversations() < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_EQ(conversations(), count);
  }
  // A metric's value, waited for.
  bool reaches(const std::string& line) {
    for (int i = 0; i < 400; ++i) {
      if (call(net::Method::get, "/metrics", {}, admin_).body.find(line) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
};

TEST_F(Sharing, AnEqualRequestIsAnsweredFromTheCacheWithItsAgeAndSaving) {
  start();
  add_route(R"({"name":"kept","targets":[{"provider":"p","model":"double"}],"cache_life_s":60})");
  const Answer first = ask_chat(body("kept", "hi"));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.headers.find("x-atelier-cache"), "miss");
  const Answer again = ask_chat(body("kept", "hi"));
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.find("x-atelier-cache"), "hit");
  EXPECT_EQ(again.headers.find("x-atelier-candidate"), "p/double");
  EXPECT_TRUE(again.headers.find("age"));
  EXPECT_EQ(ask_chat(body("kept", "hi!")).headers.find("x-atelier-cache"), "miss");
  EXPECT_EQ(conversations(), 2U);
  EXPECT_TRUE(reaches(R"(atelier_answer_cache_lookups_total{outcome="hit"} 1)"));
  // Nobody asked for it here.
  EXPECT_FALSE(ask_chat(body("p/double", "hi")).headers.find("x-atelier-cache"));
  EXPECT_FALSE(ask_chat(body("p/double", "hi")).headers.find("x-atelier-cache"));
  EXPECT_EQ(conversations(), 4U);
}

TEST_F(Sharing, AStreamIsReplayedAsAStream) {
  start();
  const Headers asked = {{"x-atelier-cache", "on"}};
  const Answer first = ask_chat(body("p/double", "[say 3000]", true), asked);
  const Answer again = ask_chat(body("p/double", "[say 3000]", true), asked);
  EXPECT_THAT(first.body, HasSubstr("t3000"));
  EXPECT_TRUE(first.body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.find("content-type"), first.headers.find("content-type"));
  EXPECT_EQ(again.headers.find("x-atelier-cache"), "hit");
  EXPECT_EQ(conversations(), 1U);
}

TEST_F(Sharing, CacheControlIsHonoured) {
  start();
  const auto ask_with = [&](std::string control) {
    return ask_chat(body("p/double", "hi"), {{"x-atelier-cache", "60"}, {"cache-control", std::move(control)}});
  };
  EXPECT_EQ(ask_with("only-if-cached").status, 503);
  EXPECT_EQ(conversations(), 0U);
  EXPECT_EQ(ask_with("no-store").status, 200);
  EXPECT_EQ(ask_with("max-age=60").headers.find("x-atelier-cache"), "miss");  // kept from here on
  EXPECT_EQ(ask_with("max-age=60").headers.find("x-atelier-cache"), "hit");
  EXPECT_EQ(ask_with("only-if-cached").status, 200);
  EXPECT_EQ(ask_with("no-cache").headers.find("x-atelier-cache"), std::nullopt);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(ask_with("max-age=0").headers.find("x-atelier-cache"), "miss");
  EXPECT_EQ(conversations(), 4U);
  EXPECT_EQ(ask_chat(body("p/double", "hi"), {{"x-atelier-cache", "maybe"}}).status, 400);
}

TEST_F(Sharing, WhatFailedOrWasLeftIsNotKept) {
  start();
  const Headers asked = {{"x-atelier-cache", "on"}};
  EXPECT_EQ(ask_chat(body("p/double@400", "hi"), asked).status, 400);
  EXPECT_EQ(ask_chat(body("p/double@400", "hi"), asked).headers.find("x-atelier-cache"), std::nullopt);
  EXPECT_THAT(ask_chat(body("p/double@cut-mid", "hi", true), asked).body, Not(HasSubstr("[DONE]")));
  const std::size_t before = conversations();
  EXPECT_EQ(ask_chat(body("p/double@cut-mid", "hi", true), asked).headers.find("x-atelier-cache"), "miss");
  EXPECT_EQ(conversations(), before + 1);
  EXPECT_THAT(hear(body("p/double@token-gap=20", "[say 50]", true), asked, "t2").get(), HasSubstr("t2"));
  EXPECT_EQ(ask_chat(body("p/double@token-gap=20", "[say 50]", true), asked).headers.find("x-atelier-cache"), "miss");
}

TEST_F(Sharing, KeysDoNotShareAndHitsCountAgainstTheirLimits) {
  ask_for_keys();
  add_provider("p", "openai_chat", "/openai/v1");
  const auto make_asking_key = [&](std::string settings) {
    Headers sent = make_key(std::move(settings));
    sent.emplace_back("x-atelier-cache", "on");
    return sent;
  };
  const Headers one = make_asking_key(R"({"name":"one","requests_per_minute":2})"),
                other = make_asking_key(R"({"name":"other"})");
  EXPECT_EQ(ask_chat(body("p/double", "hi"), one).headers.find("x-atelier-cache"), "miss");
  EXPECT_EQ(ask_chat(body("p/double", "hi"), other).headers.find("x-atelier-cache"), "miss");
  EXPECT_EQ(ask_chat(body("p/double", "hi"), one).headers.find("x-atelier-cache"), "hit");
  EXPECT_EQ(ask_chat(body("p/double", "hi"), one).status, 429);
}

TEST_F(Sharing, EqualRequestsInFlightAreOneAndEachGetsAllOfIt) {
  start();
  const Headers asked = {{"x-atelier-coalesce", "on"}};
  const std::string request = body("p/double@token-gap=15", "[say 40]", true);
  auto first = hear(request, asked, "[DONE]");
  wait_for_conversations(1);
  std::vector<std::future<std::string>> others;
  for (int i = 0; i < 8; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    others.push_back(hear(request, asked, "[DONE]"));
  }
  const std::string whole = first.get();
  EXPECT_THAT(whole, HasSubstr("t40"));
  for (auto& other : others) EXPECT_EQ(other.get(), whole);
  EXPECT_EQ(conversations(), 1U);
  EXPECT_TRUE(reaches("atelier_calls_joined_total 8"));
  // Once it has landed, the next is a call of its own.
  EXPECT_EQ(hear(request, asked, "[DONE]").get().size(), whole.size());
  EXPECT_EQ(conversations(), 2U);
}

TEST_F(Sharing, WholeAnswersInFlightAreSharedToo) {
  start();
  add_route(R"({"name":"one","targets":[{"provider":"p","model":"double@slow-first=400"}],"shares_equal":true})");
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 6; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return ask_chat(body("one", "hi")); }));
  for (auto& answer : answers) {
    const Answer got = answer.get();
    EXPECT_EQ(got.status, 200);
    EXPECT_THAT(got.body, HasSubstr("Echo: hi"));
  }
  EXPECT_EQ(conversations(), 1U);
}

TEST_F(Sharing, AFlightOutlivesItsFirstCallerAndEndsWithItsLast) {
  start();
  const Headers asked = {{"x-atelier-coalesce", "on"}};
  const std::string request = body("p/double@token-gap=15", "[say 200]", true);
  auto first = hear(request, asked, " t3\"");
  wait_for_conversations(1);
  auto second = hear(request, asked, " t30\"");
  EXPECT_THAT(first.get(), Not(HasSubstr(" t30\"")));  // gone
  EXPECT_THAT(second.get(), HasSubstr(" t30\""));      // and now this one
  ASSERT_EQ(conversations(), 1U);
  EXPECT_TRUE(double_.wait_for_close(last_call().number, std::chrono::seconds(2))) << "nobody listens any more";
}

// More than is kept for those who join late: a reader that is behind holds the others back and misses nothing.
TEST_F(Sharing, AnAnswerLongerThanIsKeptReachesEveryReaderWhole) {
  start();
  const Headers asked = {{"x-atelier-coalesce", "on"}};
  const std::string request = body("p/double@slow-first=300", "[say 30000]", true);
  std::vector<std::future<std::string>> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(hear(request, asked, "[DONE]"));
  const std::string first = readers[0].get();
  EXPECT_GT(first.size(), std::size_t{5} << 20);
  EXPECT_THAT(first.substr(first.size() - 2000), HasSubstr("[DONE]"));
  EXPECT_EQ(readers[1].get(), first);
  EXPECT_EQ(readers[2].get(), first);
  EXPECT_EQ(conversations(), 1U);
}

TEST_F(Sharing, WhatBreaksOffIsToldToEveryCaller) {
  start();
  const Headers asked = {{"x-atelier-coalesce", "on"}};
  const std::string request = body("p/double@cut-mid,token-gap=15,at=20", "[say 60]", true);
  auto first = hear(request, asked, "never");
  wait_for_conversations(1);
  auto second = hear(request, asked, "never");
  const std::string said = first.get();
  EXPECT_THAT(said, HasSubstr("\"error\""));
  EXPECT_THAT(said, Not(HasSubstr("[DONE]")));
  EXPECT_EQ(second.get(), said);
}

}  // namespace
}  // namespace atelier::app
