// Several models' answers to one question, side by side.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ChatCompare : public ChatHouseTest {
 protected:
  static json::Object models(std::vector<std::string> names, json::Object more = {}) {
    json::Array list;
    for (std::string& name : names) list.push_back(json::Value(std::move(name)));
    more["models"] = std::move(list);
    return more;
  }
  Answer ask(const std::string& thread, std::string text, json::Object more, Headers headers = {}) {
    return send(thread, said(std::move(text), {}, std::move(more)), std::move(headers));
  }
  void expect_refused(const std::string& thread, json::Object more, std::string where) {
    const Answer refused = ask(thread, "hello", std::move(more));
    EXPECT_GE(refused.status, 400) << refused.body;
    EXPECT_EQ(text(refused.json(), "where"), where) << refused.body;
  }
};

constexpr const char* kSlow = "p/double@token-gap=40";

TEST_F(ChatCompare, OneQuestionHasAnAnswerOfEach) {
  start();
  const std::string thread = make_thread();
  const Answer asked = ask(thread, "hello", models({"p/double", "p/double-mini", "p/other"}));
  ASSERT_EQ(asked.status, 201) << asked.body;
  ASSERT_EQ(asked.json().at("messages").as_array().size(), 4U);
  EXPECT_EQ(number(asked.json().at("thread"), "head"), 2);
  const std::vector<std::string> names{"p/double", "p/double-mini", "p/other"};
  for (std::int64_t at = 0; at < 3; ++at) {
    const json::Value answer = await_end(thread, 2 + at);
    EXPECT_EQ(number(answer, "parent"), 1);
    EXPECT_EQ(text(answer, "state"), "complete");
    EXPECT_EQ(text(answer, "model"), names[static_cast<std::size_t>(at)]);
    EXPECT_EQ(text_of(answer), "Echo: hello");
  }
  EXPECT_THAT(shown(thread), ElementsAre(1, 2));
  // One is kept, and gone on from.
  ASSERT_EQ(call(net::Method::patch, path(thread), R"({"head": 3})").status, 200);
  EXPECT_THAT(shown(thread), ElementsAre(1, 3));
  ASSERT_EQ(send(thread, said("and on")).status, 201);
  await_end(thread, 6);
  EXPECT_THAT(shown(thread), ElementsAre(1, 3, 5, 6));
}

TEST_F(ChatCompare, AllRunAtOnceAndEachIsStoppedByItselfOrAll) {
  start();
  const std::string thread = make_thread();
  const Answer asked = ask(thread, "[say 4000]", models({kSlow, kSlow, kSlow}));
  ASSERT_EQ(asked.status, 201) << asked.body;
  for (std::int64_t number = 2; number <= 4; ++number) await_text(thread, number, "t1 t2");
  for (std::int64_t number = 2; number <= 4; ++number) EXPECT_EQ(text(message(thread, number), "state"), "answering");
  const Answer one = call(net::Method::post, path(thread, "/messages/3/stop"));
  ASSERT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(text(one.json(), "state"), "stopped");
  EXPECT_EQ(text(message(thread, 2), "state"), "answering");
  EXPECT_EQ(text(message(thread, 4), "state"), "answering");
  EXPECT_EQ(ask(thread, "too early", {}).status, 409);
  const Answer all = call(net::Method::post, path(thread, "/stop"));
  ASSERT_EQ(all.status, 200) << all.body;
  EXPECT_EQ(text(all.json(), "state"), "idle");
  for (std::int64_t number = 2; number <= 4; ++number) EXPECT_EQ(text(message(thread, number), "state"), "stopped");
  EXPECT_EQ(call(net::Method::post, path(thread, "/stop")).status, 200);  // nothing runs
  EXPECT_EQ(call(net::Method::post, path("01ARZ3NDEKTSV4RRFFQ69G5FAV", "/stop")).status, 404);
}

TEST_F(ChatCompare, OneThatFailsLeavesTheOthers) {
  start();
  const std::string thread = make_thread();
  ASSERT_EQ(ask(thread, "hello", models({"p/double@401", "p/double"})).status, 201);
  EXPECT_EQ(text(await_end(thread, 2), "state"), "failed");
  EXPECT_EQ(text(await_end(thread, 3), "state"), "complete");
}

TEST_F(ChatCompare, WhatWaitsIsAnsweredByAll) {
  start();
  const std::string thread = make_thread();
  ASSERT_EQ(send(thread, said("[say 4000]", kSlow)).status, 201);
  await_text(thread, 2, "t1");
  const Answer queued = ask(thread, "next", models({"p/double", "p/double-mini"}, {{"when_busy", "queue"}}));
  ASSERT_EQ(queued.status, 201) << queued.body;
  for (std::int64_t number : {4, 5}) EXPECT_EQ(text(message(thread, number), "state"), "queued");
  ASSERT_EQ(call(net::Method::post, path(thread, "/messages/2/stop")).status, 200);
  for (std::int64_t number : {4, 5}) EXPECT_EQ(text_of(await_end(thread, number)), "Echo: next");
  // All are stopped, those that wait as well: none begins for it.
  ASSERT_EQ(send(thread, said("[say 4000]", kSlow)).status, 201);
  await_text(thread, 7, "t1");
  ASSERT_EQ(ask(thread, "never", models({"p/double", "p/double-mini"}, {{"when_busy", "queue"}})).status, 201);
  ASSERT_EQ(call(net::Method::post, path(thread, "/stop")).status, 200);
  for (std::int64_t number : {7, 9, 10}) EXPECT_EQ(text(message(thread, number), "state"), "stopped");
}

TEST_F(ChatCompare, TheSameKeyAsksOnce) {
  start();
  const std::string thread = make_thread();
  const Headers key{{"idempotency-key", "k"}};
  const Answer first = ask(thread, "hello", models({"p/double", "p/double-mini"}), key);
  ASSERT_EQ(first.status, 201) << first.body;
  for (std::int64_t number : {2, 3}) await_end(thread, number);
  const Answer again = ask(thread, "hello", models({"p/double", "p/double-mini"}), key);
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.json().at("messages").as_array().size(), 3U);
  EXPECT_EQ(number(view(thread).at("thread"), "message_count"), 3);
  EXPECT_THAT(ask(thread, "hello", models({"p/double", "p/other"}), key).body, HasSubstr("idempotency_key_reused"));
}

TEST_F(ChatCompare, RefusesWhatCannotBeAskedBeforeAnythingIsStored) {
  start();
  const std::string thread = make_thread();
  expect_refused(thread, models({"p/double"}), "/models");
  expect_refused(thread, models({"p/a", "p/b", "p/c", "p/d", "p/e"}), "/models");
  expect_refused(thread, models({"p/double", ""}), "/models/1");
  expect_refused(thread, models({"p/double", std::string(301, 'm')}), "/models/1");
  expect_refused(thread, models({"p/double", "nobody/knows"}), "/models/1");
  expect_refused(thread, models({"p/double", "p/double"}, {{"model", "p/double"}}), "/models");
  expect_refused(thread, models({"p/double", "p/double"}, {{"answers", false}}), "/models");
  expect_refused(thread, {{"models", "p/double"}}, "/models");
  EXPECT_EQ(number(view(thread).at("thread"), "message_count"), 0);
  EXPECT_EQ(conversations(), 0U);
}

}  // namespace
}  // namespace atelier::app
