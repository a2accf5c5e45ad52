// Several calls in one request: each through the router, as if it had come alone.
#include <fmt/format.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

json::Object batched(std::string method, std::string path, json::Value body = {}, json::Object headers = {}) {
  json::Object one{{"method", std::move(method)}, {"path", std::move(path)}};
  if (!body.is_null()) one["body"] = std::move(body);
  if (!headers.empty()) one["headers"] = std::move(headers);
  return one;
}

class BatchTest : public ChatHouseTest {
 protected:
  Answer batch(json::Array calls, json::Object more = {}, Headers headers = {}) {
    more["calls"] = std::move(calls);
    return call(net::Method::post, "/api/batch", json::write(more), std::move(headers));
  }
  json::Array answers(const Answer& whole) {
    EXPECT_EQ(whole.status, 200) << whole.body;
    return whole.status == 200 ? whole.json().at("answers").as_array() : json::Array();
  }
  static std::int64_t status(const json::Value& answer) { return answer.at("status").as_int64(); }
  void expect_refused(json::Array calls, std::string where) {
    const Answer refused = batch(std::move(calls));
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_EQ(text(refused.json(), "where"), where) << refused.body;
  }
  std::size_t thread_count() { return call(net::Method::get, "/api/threads").json().at("items").as_array().size(); }
};

TEST_F(BatchTest, MakesCallsInOrderEachWithItsOwnStatusAndBody) {
  start();
  const std::string thread = make_thread();
  const json::Array all = answers(batch(
      {batched("PATCH", path(thread), json::Object{{"title", "First"}}), batched("GET", path(thread)),
       batched("POST", path(thread, "/messages"), json::Object{{"parts", 7}}),
       batched("PATCH", path(thread), json::Object{{"title", "Second"}}), batched("GET", path(thread, "?window=1")),
       batched("GET", "/api/threads/01ARZ3NDEKTSV4RRFFQ69G5FAV"), batched("DELETE", path(thread))}));
  ASSERT_EQ(all.size(), 7U);
  EXPECT_EQ(status(all[0]), 200);
  EXPECT_EQ(text(all[1].at("body").at("thread"), "title"), "First");
  EXPECT_FALSE(text(all[1].at("headers"), "etag").empty());
  EXPECT_EQ(status(all[2]), 400);
  EXPECT_EQ(text(all[2].at("body"), "where"), "/parts");
  EXPECT_EQ(text(all[4].at("body").at("thread"), "title"), "Second");
  EXPECT_EQ(status(all[5]), 404);
  EXPECT_EQ(text(all[5].at("body"), "code"), "thread_not_found");
  EXPECT_EQ(status(all[6]), 204);
  EXPECT_TRUE(all[6].at("body").is_null());
  EXPECT_EQ(call(net::Method::get, path(thread)).status, 404);
}

TEST_F(BatchTest, AnswersAreThoseOfTheCallsAlone) {
  start();
  const std::string thread = make_thread();
  json::Array calls;
  const std::vector<std::string> paths{"/api/threads", path(thread),        "/api/models",
                                       "/api/options", "/api/openapi.json", "/api/session"};
  for (const std::string& one : paths) calls.push_back(batched("GET", one));
  const json::Array all = answers(batch(std::move(calls)));
  ASSERT_EQ(all.size(), paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Answer alone = call(net::Method::get, paths[i]);
    EXPECT_EQ(status(all[i]), alone.status) << paths[i];
    EXPECT_EQ(json::write_canonical(all[i].at("body")), json::write_canonical(alone.json())) << paths[i];
  }
}

TEST_F(BatchTest, KeysAndTagsOfEachCallCount) {
  start();
  const json::Object wanted{{"title", "Once"}};
  const json::Object key{{"Idempotency-Key", "k1"}};
  json::Array all =
      answers(batch({batched("POST", "/api/threads", wanted, key), batched("POST", "/api/threads", wanted, key),
                     batched("POST", "/api/threads", json::Object{{"title", "Else"}}, key)}));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(status(all[0]), 201);
  EXPECT_EQ(text(all[0].at("body"), "id"), text(all[1].at("body"), "id"));
  EXPECT_EQ(text(all[2].at("body"), "code"), "idempotency_key_reused");
  EXPECT_EQ(thread_count(), 1U);

  const std::string tag = text(answers(batch({batched("GET", "/api/threads")}))[0].at("headers"), "etag");
  all = answers(batch({batched("GET", "/api/threads", {}, {{"if-none-match", tag}}),
                       batched("GET", "/api/threads", {}, {{"if-none-match", "\"other\""}})}));
  EXPECT_EQ(status(all[0]), 304);
  EXPECT_TRUE(all[0].at("body").is_null());
  EXPECT_EQ(status(all[1]), 200);

  const Answer made = call(net::Method::post, "/api/productions", R"({"story": "Once there was a lamp."})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string production = "/api/productions/" + text(made.json(), "id");
  all = answers(batch({batched("PATCH", production, json::Object{{"title", "A"}}, {{"if-match", "\"1\""}}),
                       batched("PATCH", production, json::Object{{"title", "B"}}, {{"if-match", "\"1\""}}),
                       batched("PATCH", production, json::Object{{"title", "C"}})}));
  EXPECT_EQ(status(all[0]), 200) << json::write(all[0]);
  EXPECT_GE(status(all[1]), 409);
  EXPECT_EQ(text(all[2].at("body"), "code"), "if_match_missing");
}

TEST_F(BatchTest, StopsAtTheFirstFailureWhereThatIsWanted) {
  start();
  const json::Array calls{batched("POST", "/api/threads", json::Object{{"title", "A"}}),
                          batched("POST", "/api/threads", json::Object{{"colour", "A"}}),
                          batched("POST", "/api/threads", json::Object{{"title", "B"}})};
  const json::Array stopped = answers(batch(calls, {{"stop_on_error", true}}));
  ASSERT_EQ(stopped.size(), 3U);
  EXPECT_EQ(status(stopped[0]), 201);
  EXPECT_EQ(status(stopped[1]), 400);
  EXPECT_EQ(status(stopped[2]), 424);
  EXPECT_EQ(text(stopped[2].at("body"), "code"), "not_called");
  EXPECT_EQ(thread_count(), 1U);
  EXPECT_EQ(status(answers(batch(calls))[2]), 201);
  EXPECT_EQ(thread_count(), 3U);
}

TEST_F(BatchTest, RefusesWhatIsNoPartOfABatchBeforeAnythingIsDone) {
  start();
  const std::string thread = make_thread();
  const auto after_a_good_one = [&](json::Object bad) {
    return json::Array{batched("DELETE", path(thread)), std::move(bad)};
  };
  expect_refused(after_a_good_one(batched("GET", "/api/events")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("POST", "/api/chat", json::Object())), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", path(thread, "/export"))), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", "/api/assets/01ARZ3NDEKTSV4RRFFQ69G5FAV/content")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("POST", "/api/assets", json::Object())), "/calls/1/path");
  expect_refused(after_a_good_one(batched("POST", "/api/batch", json::Object())), "/calls/1/path");
  expect_refused(after_a_good_one(batched("POST", "/api/session", json::Object{{"key", "x"}})), "/calls/1/path");
  expect_refused(after_a_good_one(batched("DELETE", "/api/session")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", "/api/nothing")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("PUT", "/api/threads", json::Object())), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", "/v1/models")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", "/api/../v1/models")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", "/api/../index.html")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", "/api/%zz")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("GET", "http://localhost/api/threads")), "/calls/1/path");
  expect_refused(after_a_good_one(batched("HEAD", "/api/threads")), "/calls/1/method");
  expect_refused(after_a_good_one(batched("", "/api/threads")), "/calls/1/method");
  expect_refused(after_a_good_one({{"path", "/api/threads"}}), "/calls/1/method");
  expect_refused(after_a_good_one({{"method", "GET"}}), "/calls/1/path");
  expect_refused(after_a_good_one({{"method", "GET"}, {"path", "/api/threads"}, {"colour", 1}}), "/calls/1/colour");
  expect_refused(after_a_good_one(batched("GET", "/api/threads", {}, {{"cookie", "atelier_session=x"}})),
                 "/calls/1/headers/cookie");
  expect_refused(after_a_good_one(batched("GET", "/api/threads", {}, {{"authorization", "Bearer x"}})),
                 "/calls/1/headers/authorization");
  expect_refused(after_a_good_one(batched("GET", "/api/threads", {}, {{"if-match", "a\r\nx: y"}})),
                 "/calls/1/headers/if-match");
  expect_refused(after_a_good_one(batched("GET", "/api/threads", {}, {{"if-match", 1}})), "/calls/1/headers/if-match");
  expect_refused({}, "/calls");
  json::Array many;
  for (int i = 0; i < 51; ++i) many.push_back(batched("GET", "/api/threads"));
  expect_refused(std::move(many), "/calls");
  EXPECT_EQ(call(net::Method::get, path(thread)).status, 200);  // nothing was done
}

TEST_F(BatchTest, IsAsTheCallerAndForgeryIsCheckedOnce) {
  ask_for_keys();
  EXPECT_EQ(batch({batched("GET", "/api/threads")}).status, 401);
  const Headers member = make_key(R"({"name": "member", "role": "member"})");
  const json::Array all = answers(batch({batched("GET", "/api/threads"), batched("GET", "/api/providers"),
                                         batched("POST", "/api/threads", json::Object{{"title", "Mine"}})},
                                        {}, member));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(status(all[0]), 200);
  EXPECT_EQ(status(all[1]), call(net::Method::get, "/api/providers", {}, member).status);
  EXPECT_EQ(status(all[2]), 201);

  const std::string secret = admin_[0].second.substr(7);
  const Answer in = call(net::Method::post, "/api/session", json::write(json::Object{{"key", secret}}));
  ASSERT_EQ(in.status, 200) << in.body;
  const std::string cookie(in.headers.find("set-cookie").value_or(""));
  const std::string session = cookie.substr(0, cookie.find(';'));
  const json::Array change{batched("POST", "/api/threads", json::Object{{"title", "By session"}}),
                           batched("GET", "/api/session")};
  EXPECT_EQ(batch(change, {}, {{"cookie", session}}).status, 403);
  const json::Array done = answers(batch(change, {}, {{"cookie", session}, {"x-csrf-token", text(in.json(), "csrf")}}));
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(status(done[0]), 201);
  EXPECT_TRUE(done[1].at("body").at("authenticated").as_bool());
}

TEST_F(BatchTest, WhatHasNoRoomIsDoneAndSaysSo) {
  start();
  const std::string thread = make_thread();
  json::Array parts{json::Object{{"type", "text"}, {"text", std::string(3 << 20, 'a')}}};
  const Answer sent = send(thread, json::write(json::Object{{"parts", parts}, {"answers", false}}));
  ASSERT_EQ(sent.status, 201) << sent.body;
  json::Array calls;
  for (int i = 0; i < 8; ++i) calls.push_back(batched("GET", path(thread)));
  calls.push_back(batched("PATCH", path(thread), json::Object{{"title", "Small"}}));
  const Answer whole = batch(std::move(calls));
  EXPECT_LT(whole.body.size(), std::size_t{17} << 20);
  const json::Array all = answers(whole);
  ASSERT_EQ(all.size(), 9U);
  EXPECT_FALSE(all[4].at("body").is_null());
  for (std::size_t i = 5; i < 8; ++i) {
    EXPECT_EQ(status(all[i]), 200);
    EXPECT_TRUE(all[i].at("body").is_null() && all[i].at("is_cut").as_bool());
  }
  EXPECT_EQ(text(all[8].at("body"), "title"), "Small");
}

TEST_F(BatchTest, SaysSomethingAndReadsIt) {
  start();
  const std::string thread = make_thread();
  const json::Array all = answers(batch({batched("POST", path(thread, "/messages"), json::parse(said("hello")).value()),
                                         batched("GET", path(thread, "/messages/1"))}));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(status(all[0]), 201) << json::write(all[0]);
  EXPECT_EQ(text_of(all[1].at("body")), "hello");
  EXPECT_EQ(text(await_end(thread, 2), "state"), "complete");
}

}  // namespace
}  // namespace atelier::app
