// A key's models, limits and allowance hold for whatever its holder makes models do: through /v1, in threads and in
// generations, with the key itself or in a session that was opened with it.
#include <fmt/format.h>

#include <fstream>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;

class KeyLimits : public ChatHouseTest {
 protected:
  void SetUp() override {
    ChatHouseTest::SetUp();
    prices_ = folder_.string() + ".prices.json";
    std::ofstream(prices_)
        << R"({"double":{"litellm_provider":"openai","input_cost_per_token":0.001,"output_cost_per_token":0.001},)"
        << R"("tts-1":{"litellm_provider":"openai","input_cost_per_character":0.001}})";
    ask_for_keys({{"models.price_files", prices_}});
    add_provider("lab", "openai", "/openai/v1");
  }
  void TearDown() override {
    ChatHouseTest::TearDown();
    fs::remove(prices_);
  }
  // What a browser sends that signed in with the key.
  Headers session_of(const Headers& key) {
    const std::string secret = key.front().second.substr(std::string("Bearer ").size());
    const Answer opened = call(Method::post, "/api/session", json::write(json::Object{{"key", secret}}));
    EXPECT_EQ(opened.status, 200) << opened.body;
    const std::string cookie(opened.headers.find("set-cookie").value_or(""));
    return {{"cookie", cookie.substr(0, cookie.find(';'))}, {"x-csrf-token", text(opened.json(), "csrf")}};
  }
  Answer speak(const Headers& who, std::string words) {
    return call(Method::post, "/api/generations",
                json::write(json::Object{
                    {"kind", "speech"}, {"model", "lab/tts-1"}, {"voice", "alloy"}, {"prompt", std::move(words)}}),
                who);
  }
  json::Value spoken(const Headers& who, std::string words) {
    const Answer begun = speak(who, std::move(words));
    EXPECT_EQ(begun.status, 202) << begun.body;
    const std::string id = text(begun.json(), "id");
    for (int i = 0; i < 2'000; ++i) {
      json::Value now = call(Method::get, "/api/generations/" + id, {}, who).json();
      if (text(now, "state") != "running") return now;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "it never ended";
    return json::Object{{"state", "running"}};
  }
  // What became of an answer in a thread of theirs.
  json::Value answered(const Headers& who) {
    const Answer made = call(Method::post, "/api/threads", R"({"model":"lab/double"})", who);
    EXPECT_EQ(made.status, 201) << made.body;
    const std::string thread = text(made.json(), "id");
    const Answer sent = call(Method::post, path(thread, "/messages"), said("[say 3]"), who);
    EXPECT_EQ(sent.status, 201) << sent.body;
    for (int i = 0; i < 2'000; ++i) {
      json::Value now = call(Method::get, path(thread, "/messages/2"), {}, who).json();
      if (const std::string state = text(now, "state"); state == "complete" || state == "failed") return now;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "it was never answered";
    return json::Object{{"state", ""}};
  }

  std::string prices_;
};

TEST_F(KeyLimits, AnAllowanceHoldsForGenerations) {
  const Headers rich = make_key(R"({"name":"r","day_allowance":"1"})");
  EXPECT_EQ(text(spoken(rich, "hello there"), "state"), "succeeded");
  const Headers poor = make_key(R"({"name":"p","day_allowance":"0.01"})");
  for (const Headers& who : {poor, session_of(poor)}) {
    const std::size_t asked = conversations();
    const json::Value refused = spoken(who, "hello there");
    EXPECT_EQ(text(refused, "state"), "failed") << "eleven characters cost more";
    EXPECT_THAT(json::write(refused.at("error")), HasSubstr("allowance_day"));
    EXPECT_EQ(conversations(), asked) << "no model was asked";
  }
  EXPECT_EQ(text(spoken(poor, "hello"), "state"), "succeeded");
}

TEST_F(KeyLimits, AnAllowanceHoldsForWhatIsSaidInThreads) {
  const Headers rich = make_key(R"({"name":"r","day_allowance":"100"})");
  EXPECT_EQ(text(answered(rich), "state"), "complete");
  const Headers poor = make_key(R"({"name":"p","day_allowance":"0.001"})");
  for (const Headers& who : {poor, session_of(poor)}) {
    const std::size_t asked = conversations();
    const json::Value refused = answered(who);
    EXPECT_EQ(text(refused, "state"), "failed");
    EXPECT_THAT(json::write(refused), HasSubstr("allowance"));
    EXPECT_EQ(conversations(), asked) << "no model was asked";
  }
}

TEST_F(KeyLimits, WhatAKeyMayNotCallIsRefusedBeforeAnythingBegins) {
  const Headers bound = make_key(R"({"name":"b","models":["lab/double"]})");
  const Answer refused = speak(bound, "hello");
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(text(refused.json(), "code"), "model_not_allowed");
  EXPECT_EQ(text(refused.json(), "where"), "/model");
  const Answer estimated = call(Method::post, "/api/generations/estimate",
                                R"({"kind":"speech","model":"lab/tts-1","voice":"alloy","prompt":"hello"})", bound);
  EXPECT_EQ(estimated.status, 403) << "nor is it told who could, and for how much: " << estimated.body;
  EXPECT_EQ(text(estimated.json(), "code"), "model_not_allowed");
  EXPECT_TRUE(call(Method::get, "/api/generations", {}, bound).json().at("items").as_array().empty());
  EXPECT_EQ(text(answered(bound), "state"), "complete");
}

TEST_F(KeyLimits, LimitsOnRequestsHoldInThreads) {
  const Headers slow = make_key(R"({"name":"s","requests_per_minute":1})");
  EXPECT_EQ(text(answered(slow), "state"), "complete");
  EXPECT_EQ(text(answered(slow), "state"), "failed");
}

}  // namespace
}  // namespace atelier::app
