// Talking in threads, as a page does it over HTTP.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ChatApi : public ChatHouseTest {};

TEST_F(ChatApi, WhatIsSaidIsAnsweredAndBothAreKept) {
  start();
  const std::string thread = make_thread();
  const Answer sent = send(thread, said("hello there"));
  ASSERT_EQ(sent.status, 201) << sent.body;
  const json::Value answer = await_end(thread, 2);
  EXPECT_EQ(text(answer, "state"), "complete");
  EXPECT_EQ(text_of(answer), "Echo: hello there");
  EXPECT_EQ(text(answer, "finish"), "stop");
  EXPECT_EQ(text(answer.at("served"), "candidate"), "p/double");
  EXPECT_GT(number(answer.at("usage"), "output"), 0);
  EXPECT_GE(number(answer, "total_ms"), 0);
  EXPECT_EQ(text(view(thread).at("thread"), "title"), "hello there");
  // After a restart, too.
  open({});
  listen();
  EXPECT_EQ(text_of(message(thread, 2)), "Echo: hello there");
  EXPECT_THAT(shown(thread), ElementsAre(1, 2));
}

TEST_F(ChatApi, TheModelGetsTheWholeBranchWithItsSystemPromptAndParameters) {
  start();
  const std::string thread = make_thread();
  const json::Object settings{{"system", "Be brief."},
                              {"parameters", json::Object{{"temperature", 0.5}, {"max_tokens", 77}}}};
  ASSERT_EQ(call(net::Method::patch, path(thread), json::write(settings)).status, 200);
  send(thread, said("one"));
  await_end(thread, 2);
  send(thread, said("two"));
  await_end(thread, 4);
  const json::Value asked = *json::parse(last_call().body);
  ASSERT_EQ(asked.at("messages").as_array().size(), 4U);
  EXPECT_EQ(text(asked.at("messages").as_array()[0], "content"), "Be brief.");
  EXPECT_EQ(text(asked.at("messages").as_array()[2], "content"), "Echo: one");
  EXPECT_EQ(asked.at("temperature").to_number<double>(), 0.5);
  EXPECT_THAT(last_call().body, HasSubstr("77"));
}

TEST_F(ChatApi, EditsAndFurtherAnswersAreBranchesAndAnyOfThemCanBeShown) {
  start();
  const std::string thread = make_thread();
  send(thread, said("first"));  // 1, 2
  await_end(thread, 2);
  send(thread, said("second"));  // 3, 4
  await_end(thread, 4);
  send(thread, said("second, edited", {}, {{"parent", 2}}));  // 5, 6
  await_end(thread, 6);
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 5, 6));
  const Answer again = call(net::Method::post, path(thread, "/messages/2/answers"), "{}");  // 7, beside 2
  ASSERT_EQ(again.status, 201) << again.body;
  await_end(thread, 7);
  EXPECT_THAT(shown(thread), ElementsAre(1, 7));
  // By its middle, down to the newest leaf.
  const Answer switched = call(net::Method::patch, path(thread), R"({"head": 3})");
  ASSERT_EQ(switched.status, 200) << switched.body;
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 3, 4));
  const json::Value shape = view(thread).at("shape");
  EXPECT_EQ(json::write(shape.at("parents")), "[0,1,2,3,2,5,1]");
  EXPECT_EQ(text(shape, "roles"), "uauauaa");
  EXPECT_EQ(call(net::Method::patch, path(thread), R"({"head": 8})").status, 400);
}

TEST_F(ChatApi, AnAnswerIsToldWhileItIsMade) {
  start();
  const std::string thread = make_thread("p/double@token-gap=60");
  const std::string cursor = [&] {
    const std::string hello = events("?topics=thread/" + thread, {}, "event: hello");
    const std::size_t at = hello.find("id: ") + 4;
    return hello.substr(at, hello.find('\n', at) - at);
  }();
  send(thread, said("[say 12]"));
  // message.changed of both, deltas, message.changed of the end.
  const std::string told = events("?topics=thread/" + thread, cursor, "event: message.changed", 3);
  EXPECT_THAT(told, HasSubstr("event: message.delta"));
  std::string text_told;
  std::int64_t seq = 0;
  for (std::size_t at = told.find("event: message.delta"); at != std::string::npos;
       at = told.find("event: message.delta", at + 1)) {
    const std::size_t from = told.find("data: ", at) + 6;
    const json::Value data = json::parse(told.substr(from, told.find('\n', from) - from))->at("data");
    EXPECT_GT(number(data, "seq"), seq);
    seq = number(data, "seq");
    for (const json::Value& piece : data.at("parts").as_array()) text_told += text(piece, "text");
  }
  EXPECT_GT(seq, 3) << "it comes in steps";
  // Whoever came late has missed the beginning, and reads it.
  EXPECT_TRUE(text_of(await_end(thread, 2)).ends_with(text_told)) << text_told;
}

TEST_F(ChatApi, StoppingKeepsWhatWasSaidAndClosesTheCall) {
  start();
  const std::string thread = make_thread("p/double@stall-mid,at=3");
  send(thread, said("[say 9]"));
  await_text(thread, 2, "t1 t2 t3");
  EXPECT_EQ(text(view(thread).at("thread"), "state"), "answering");
  const auto began = std::chrono::steady_clock::now();
  const Answer stopped = call(net::Method::post, path(thread, "/messages/2/stop"), "{}");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  ASSERT_EQ(stopped.status, 200) << stopped.body;
  EXPECT_EQ(text(stopped.json(), "state"), "stopped");
  EXPECT_EQ(text_of(stopped.json()), "t1 t2 t3");
  EXPECT_TRUE(double_.wait_for_close(last_call().number));
  // Again, and of one that has ended: nothing changes.
  EXPECT_EQ(text(call(net::Method::post, path(thread, "/messages/2/stop"), "{}").json(), "state"), "stopped");
}

TEST_F(ChatApi, WhileAnAnswerIsMadeWhatFollowsItIsRefusedOrWaits) {
  start();
  const std::string thread = make_thread("p/double@stall-mid,at=3");
  send(thread, said("[say 9]"));
  await_text(thread, 2, "t1 t2 t3");
  const Answer refused = send(thread, said("next"));
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("thread_busy"));
  const Answer queued = send(thread, said("next", "p/double", {{"when_busy", "queue"}}));
  ASSERT_EQ(queued.status, 201) << queued.body;
  EXPECT_EQ(text(message(thread, 4), "state"), "queued");
  call(net::Method::post, path(thread, "/messages/2/stop"), "{}");
  EXPECT_EQ(text_of(await_end(thread, 4)), "Echo: next");
  // One that waits can be stopped, too.
  send(thread, said("[say 9]", "p/double@stall-mid,at=3"));
  await_text(thread, 6, "t1");
  send(thread, said("never", {}, {{"when_busy", "queue"}}));
  EXPECT_EQ(text(call(net::Method::post, path(thread, "/messages/8/stop"), "{}").json(), "state"), "stopped");
  call(net::Method::post, path(thread, "/messages/6/stop"), "{}");
  EXPECT_EQ(text_of(message(thread, 8)), "");
}

// Sent in about the moment in which the answer it would wait for ends.
TEST_F(ChatApi, WhatWaitsForAnAnswerThatEndsMeanwhileIsAnsweredToo) {
  start();
  for (int i = 0; i < 60; ++i) {
    const std::string thread = make_thread("p/double");
    send(thread, said("one"));
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 20));
    ASSERT_EQ(send(thread, said("two", {}, {{"when_busy", "queue"}})).status, 201);
    ASSERT_EQ(text_of(await_end(thread, 4)), "Echo: two") << i;
  }
}

TEST_F(ChatApi, AnAnswerThatARestartBrokeOffIsKeptMarkedAndGoesOn) {
  start();
  const std::string thread = make_thread("p/double@stall-mid,at=3");
  send(thread, said("[say 9]"));
  await_text(thread, 2, "t1 t2 t3");
  open({});
  listen();
  const json::Value left = message(thread, 2);
  EXPECT_EQ(text(left, "state"), "interrupted");
  EXPECT_EQ(text_of(left), "t1 t2 t3");
  // Nothing of it is in the answer but what the model says now.
  ASSERT_EQ(call(net::Method::patch, path(thread), R"({"model": "p/double"})").status, 200);
  const Answer again = call(net::Method::post, path(thread, "/messages/2/answers"), R"({"model": "p/double"})");
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(text_of(await_end(thread, 3)), "t1 t2 t3 t4 t5 t6 t7 t8 t9");
  double_.clear_rules();
  const Answer goes_on = call(net::Method::post, path(thread, "/messages/3/continue"), "{}");
  ASSERT_EQ(goes_on.status, 202) << goes_on.body;
  EXPECT_THAT(text_of(await_end(thread, 3)), testing::StartsWith("t1 t2 t3 t4 t5 t6 t7 t8 t9Echo: Your last answer"));
}

TEST_F(ChatApi, AModelThatFailsSaysSoInTheMessage) {
  start();
  const std::string thread = make_thread("p/double@401");
  send(thread, said("hello"));
  const json::Value failed = await_end(thread, 2);
  EXPECT_EQ(text(failed, "state"), "failed");
  ASSERT_EQ(failed.at("parts").as_array().size(), 1U);
  EXPECT_EQ(text(failed.at("parts").as_array()[0], "type"), "error");
  EXPECT_NE(text(failed.at("parts").as_array()[0], "message"), "");
}

TEST_F(ChatApi, TheSameKeySendsOnce) {
  start();
  const std::string thread = make_thread();
  const Answer first = send(thread, said("hello"), {{"idempotency-key", "k1"}});
  ASSERT_EQ(first.status, 201) << first.body;
  await_end(thread, 2);
  const Answer again = send(thread, said("hello"), {{"idempotency-key", "k1"}});
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(number(again.json().at("messages").as_array()[1], "number"), 2);
  EXPECT_EQ(text_of(again.json().at("messages").as_array()[1]), "Echo: hello");
  EXPECT_EQ(number(view(thread).at("thread"), "message_count"), 2);
  const Answer other = send(thread, said("something else"), {{"idempotency-key", "k1"}});
  EXPECT_EQ(other.status, 400);
  EXPECT_THAT(other.body, HasSubstr("idempotency_key_reused"));
  const Headers key{{"idempotency-key", "t1"}};
  const std::string one = text(call(net::Method::post, "/api/threads", "{}", key).json(), "id");
  EXPECT_EQ(text(call(net::Method::post, "/api/threads", "{}", key).json(), "id"), one);
  for (const char* more : {R"({"title": "t"})", R"({"model": "m"})", R"({"system": "s"})", R"({"tags": ["a"]})",
                           R"({"is_temporary": true})", R"({"parameters": {"temperature": 1}})"}) {
    const Answer refused = call(net::Method::post, "/api/threads", more, key);
    EXPECT_EQ(refused.status, 400) << more;
    EXPECT_THAT(refused.body, HasSubstr("idempotency_key_reused")) << more;
  }
}

TEST_F(ChatApi, BadInputIsRefusedByItsFieldAndChangesNothing) {
  start();
  const std::string thread = make_thread();
  const auto refused = [&](std::string body, std::string where) {
    const Answer answer = send(thread, std::move(body));
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(where));
  };
  refused("{}", "/parts");
  refused(R"({"parts": []})", "/parts");
  refused(R"({"parts": [{"type": "reasoning", "text": "x"}]})", "/parts/0/type");
  refused(R"({"parts": [{"type": "text"}]})", "/parts/0/text");
  refused(R"({"parts": [{"type": "text", "text": "x", "html": "y"}]})", "/parts/0/html");
  refused(R"({"parts": [{"type": "text", "text": "x"}], "parent": 7})", "/parent");
  refused(R"({"parts": [{"type": "text", "text": "x"}], "modle": "p/double"})", "/modle");
  refused(R"({"parts": [{"type": "image", "asset_id": "nothing"}]})", "/parts/0/asset_id");
  std::string many = R"({"parts": [)";
  for (int i = 0; i < 10'001; ++i) many += std::string(i == 0 ? "" : ",") + R"({"type":"text","text":"x"})";
  refused(many + "]}", "/parts");
  EXPECT_EQ(send(thread, "{\"parts\": [{\"type\": \"text\", \"text\": \"\xff\"}]}").status, 400);
  // 503 until the provider has told its models: it may be one of them.
  EXPECT_THAT(send(thread, said("hello", "nowhere/model")).status, testing::AnyOf(404, 503));
  EXPECT_EQ(number(view(thread).at("thread"), "message_count"), 0);
  EXPECT_EQ(conversations(), 0U);
  const std::string other = "01hzzzzzzzzzzzzzzzzzzzzzzz";
  EXPECT_EQ(send(other, said("hello")).status, 404);
  EXPECT_EQ(call(net::Method::get, path("no-id")).status, 404);
}

TEST_F(ChatApi, ManyMessagesAreTakenAtOnceOrNotAtAll) {
  start();
  const std::string thread = make_thread();
  json::Array messages;
  for (int i = 1; i <= 1'000; ++i)
    messages.push_back(
        json::Object{{"number", i},
                     {"parent", i - 1},
                     {"role", i % 2 == 1 ? "user" : "assistant"},
                     {"parts", json::Array{json::Object{{"type", "text"}, {"text", fmt::format("m{}", i)}}}}});
  const auto put = [&](const json::Array& list) {
    return call(net::Method::put, path(thread, "/messages"), json::write(json::Object{{"messages", list}}));
  };
  const Answer done = put(messages);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(number(done.json().at("thread"), "head"), 1'000);
  EXPECT_EQ(shown(thread).size(), 30U);
  const Answer older = call(net::Method::get, path(thread, "/messages?before=971&limit=2"));
  ASSERT_EQ(older.status, 200) << older.body;
  EXPECT_EQ(text_of(older.json().at("messages").as_array()[0]), "m969");
  EXPECT_EQ(text_of(older.json().at("messages").as_array()[1]), "m970");
  // Again, and one changed: replaced, not added.
  messages[4].as_object()["parts"].as_array()[0].as_object()["text"] = "changed";
  ASSERT_EQ(put(messages).status, 200);
  EXPECT_EQ(text_of(message(thread, 5)), "changed");
  EXPECT_EQ(number(view(thread).at("thread"), "message_count"), 1'000);
  // A gap, a parent that comes later: nothing of it is taken.
  json::Array bad{messages[0], messages[1]};
  bad[1].as_object()["number"] = 1'002;
  const Answer gap = put(bad);
  EXPECT_EQ(gap.status, 400);
  EXPECT_THAT(gap.body, HasSubstr("/messages/1/number"));
  bad[1].as_object()["number"] = 1'001;
  bad[1].as_object()["parent"] = 1'001;
  const Answer circle = put(bad);
  EXPECT_EQ(circle.status, 400);
  EXPECT_THAT(circle.body, HasSubstr("/messages/1/parent"));
  EXPECT_EQ(number(view(thread).at("thread"), "message_count"), 1'000);
}

TEST_F(ChatApi, AForkHasOneBranchOrEverything) {
  start();
  const std::string thread = make_thread();
  send(thread, said("first"));
  await_end(thread, 2);
  send(thread, said("second"));
  await_end(thread, 4);
  send(thread, said("second, edited", {}, {{"parent", 2}}));
  await_end(thread, 6);
  const Answer branch = call(net::Method::post, path(thread, "/fork"), R"({"message": 6})");
  ASSERT_EQ(branch.status, 201) << branch.body;
  const std::string copy = text(branch.json(), "id");
  EXPECT_THAT(shown(copy), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(text_of(message(copy, 4)), "Echo: second, edited");
  const Answer all = call(net::Method::post, path(thread, "/fork"), R"({"message": 4, "scope": "all"})");
  ASSERT_EQ(all.status, 201) << all.body;
  EXPECT_THAT(shown(text(all.json(), "id")), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(number(all.json(), "message_count"), 6);
  EXPECT_EQ(call(net::Method::post, path(thread, "/fork"), R"({"message": 7})").status, 400);
  // They go on apart.
  send(copy, said("third"));
  await_end(copy, 6);
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 5, 6));
}

TEST_F(ChatApi, ListsShowPinnedThenLatestUsedPageByPage) {
  start();
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    made.push_back(make_thread());
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  send(made[1], said("used"));
  await_end(made[1], 2);
  call(net::Method::patch, path(made[0]), R"({"is_pinned": true})");
  call(net::Method::patch, path(made[2]), R"({"is_archived": true})");
  std::vector<std::string> listed;
  std::string after;
  do {
    const Answer page = call(net::Method::get, "/api/threads?limit=2&after=" + after);
    ASSERT_EQ(page.status, 200) << page.body;
    const json::Value read = page.json();
    for (const json::Value& one : read.at("items").as_array()) listed.push_back(text(one, "id"));
    after = text(read, "next");
  } while (!after.empty());
  EXPECT_THAT(listed, ElementsAre(made[0], made[1], made[4], made[3]));
  const Answer archived = call(net::Method::get, "/api/threads?is_archived=true");
  EXPECT_EQ(archived.json().at("items").as_array().size(), 1U);
  EXPECT_EQ(call(net::Method::get, "/api/threads?after=nowhere").status, 400);
  // Unchanged, it is not sent again.
  const Answer first = call(net::Method::get, "/api/threads");
  const Headers unchanged{{"if-none-match", std::string(*first.headers.find("etag"))}};
  const Answer same = call(net::Method::get, "/api/threads", {}, unchanged);
  EXPECT_EQ(same.status, 304);
}

TEST_F(ChatApi, FoldersHoldThreadsAndLetThemGo) {
  start();
  const std::string folder = text(call(net::Method::post, "/api/thread-folders", R"({"name": "Work"})").json(), "id");
  const std::string thread = make_thread();
  make_thread();
  const Answer moved = call(net::Method::patch, path(thread), json::write(json::Object{{"folder", folder}}));
  ASSERT_EQ(moved.status, 200) << moved.body;
  EXPECT_EQ(call(net::Method::get, "/api/threads?folder=" + folder).json().at("items").as_array().size(), 1U);
  EXPECT_EQ(call(net::Method::patch, path(thread), R"({"folder": "nowhere"})").status, 400);
  const Answer renamed = call(net::Method::patch, "/api/thread-folders/" + folder, R"({"name": "Play"})");
  EXPECT_EQ(text(renamed.json(), "name"), "Play");
  EXPECT_EQ(call(net::Method::del, "/api/thread-folders/" + folder).status, 204);
  EXPECT_TRUE(view(thread).at("thread").at("folder").is_null());
}

TEST_F(ChatApi, ADeletedThreadIsGoneWithWhatIsSaidInIt) {
  start();
  const std::string thread = make_thread("p/double@stall-mid,at=3");
  send(thread, said("[say 9]"));
  await_text(thread, 2, "t1 t2 t3");
  EXPECT_EQ(call(net::Method::del, path(thread)).status, 204);
  EXPECT_TRUE(double_.wait_for_close(last_call().number));
  EXPECT_EQ(call(net::Method::get, path(thread)).status, 404);
  EXPECT_EQ(call(net::Method::get, path(thread, "/messages/2")).status, 404);
  EXPECT_EQ(send(thread, said("more")).status, 404);
}

TEST_F(ChatApi, WithoutAKeyNothingOfItIsTold) {
  ask_for_keys();
  add_provider("p", "openai_chat", "/openai/v1");
  const Answer made = call(net::Method::post, "/api/threads", R"({"model": "p/double"})", admin_);
  const std::string thread = text(made.json(), "id");
  ASSERT_EQ(send(thread, said("hello"), admin_).status, 201);
  EXPECT_EQ(call(net::Method::get, path(thread)).status, 401);
  EXPECT_EQ(send(thread, said("hello")).status, 401);
  EXPECT_EQ(call(net::Method::get, path(thread), {}, admin_).status, 200);
}

}  // namespace
}  // namespace atelier::app
