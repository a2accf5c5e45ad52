// Titles and suggestions: what a model is asked behind the conversation, and never in its way.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class ChatAsides : public ChatHouseTest {
 protected:
  void start_with(Flags flags) {
    open(std::move(flags));
    start();
  }
  json::Value thread_of(const std::string& thread) { return view(thread).at("thread"); }
  // Once it goes by another title than its first words.
  std::string await_title(const std::string& thread, const std::string& words) {
    std::string title;
    for (int i = 0; i < 800; ++i) {
      title = text(thread_of(thread), "title");
      if (title != words) return title;
      std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }
    ADD_FAILURE() << "it stayed " << title;
    return title;
  }
  Answer suggest(const std::string& thread, std::int64_t number) {
    return call(net::Method::post, path(thread, fmt::format("/messages/{}/suggestions", number)));
  }
  static std::vector<std::string> texts(const json::Value& list) {
    std::vector<std::string> all;
    for (const json::Value& one : list.as_array()) all.emplace_back(one.as_string());
    return all;
  }
  // The calls in the log whose request ids begin so, once there are `count` calls.
  std::size_t logged(std::size_t count, const std::string& beginning) {
    std::size_t found = 0;
    const json::Value log = calls(count);
    for (const json::Value& one : log.as_array())
      if (text(one, "request_id").starts_with(beginning)) ++found;
    return found;
  }
};

TEST_F(ChatAsides, AThreadIsNamedAfterItsFirstAnswer) {
  start_with({{"chat.title_model", "p/double-mini"}});
  const std::string thread = make_thread();
  const std::string words = R"(what is this? [answer  "**Lighthouses of the North**"  ])";
  const Answer asked = send(thread, said(words));
  ASSERT_EQ(asked.status, 201) << asked.body;
  EXPECT_EQ(await_title(thread, text(asked.json().at("thread"), "title")), "Lighthouses of the North");
  EXPECT_FALSE(thread_of(thread).at("has_own_title").as_bool());
  EXPECT_EQ(logged(2, "title-"), 1U);
  EXPECT_THAT(last_call().body, HasSubstr("double-mini"));
  // Once is enough.
  ASSERT_EQ(send(thread, said("and now? [answer Something else]")).status, 201);
  await_end(thread, 4);
  EXPECT_EQ(logged(3, "title-"), 1U);
  EXPECT_EQ(text(thread_of(thread), "title"), "Lighthouses of the North");
}

TEST_F(ChatAsides, ARouteCalledTitlesIsTakenByItself) {
  start();
  const std::string before = make_thread();
  ASSERT_EQ(send(before, said("no route yet [answer A name]")).status, 201);
  await_end(before, 2);
  EXPECT_EQ(logged(1, "title-"), 0U);
  add_route(R"({"name": "titles", "targets": [{"provider": "p", "model": "double-mini"}]})");
  const std::string thread = make_thread();
  const Answer asked = send(thread, said("now there is one [answer A name]"));
  ASSERT_EQ(asked.status, 201) << asked.body;
  EXPECT_EQ(await_title(thread, text(asked.json().at("thread"), "title")), "A name");
  EXPECT_THAT(text(thread_of(before), "title"), StartsWith("no route yet"));
}

TEST_F(ChatAsides, WhatAPersonNamedItStays) {
  start_with({{"chat.title_model", "p/double@silence=400"}});
  const std::string thread = make_thread();
  ASSERT_EQ(send(thread, said("hello [answer Named by a model]")).status, 201);
  await_end(thread, 2);
  // The model is being asked now.
  ASSERT_TRUE(double_.wait_for_requests(2));
  const Answer named = call(net::Method::patch, path(thread), R"({"title": "Mine"})");
  ASSERT_EQ(named.status, 200) << named.body;
  EXPECT_EQ(logged(2, "title-"), 1U);
  EXPECT_EQ(text(thread_of(thread), "title"), "Mine");
  ASSERT_EQ(send(thread, said("and again [answer Named by a model]")).status, 201);
  await_end(thread, 4);
  EXPECT_EQ(text(thread_of(thread), "title"), "Mine");
  EXPECT_EQ(logged(3, "title-"), 1U);
}

TEST_F(ChatAsides, AModelThatFailsOrHangsIsInNobodysWay) {
  start_with({{"chat.title_model", "p/double@401"}});
  const std::string thread = make_thread();
  ASSERT_EQ(send(thread, said("hello")).status, 201);
  EXPECT_EQ(text(await_end(thread, 2), "state"), "complete");
  EXPECT_EQ(logged(2, "title-"), 1U);
  EXPECT_EQ(text(thread_of(thread), "title"), "hello");
  open({{"chat.title_model", "p/double@silence"}});
  listen();
  const std::string other = make_thread();
  ASSERT_EQ(send(other, said("hello")).status, 201);
  EXPECT_EQ(text(await_end(other, 2), "state"), "complete");
  ASSERT_EQ(send(other, said("and on")).status, 201);
  EXPECT_EQ(text(await_end(other, 4), "state"), "complete");
  house_->close();  // nor in that of a server that stops
}

TEST_F(ChatAsides, SuggestionsAreMadeOnceAndKeptWithTheAnswer) {
  start_with({{"chat.suggest_model", "p/double-mini"}});
  const std::string thread = make_thread();
  ASSERT_EQ(send(thread, said("hello [answer 1. \"Why?\"\n- How *far*?\n\n3) Where to?\nWho?]")).status, 201);
  const json::Value plain = await_end(thread, 2);
  EXPECT_FALSE(plain.as_object().contains("suggestions"));
  const Answer made = suggest(thread, 2);
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_THAT(texts(made.json().at("suggestions")), ElementsAre("Why?", "How *far*?", "Where to?"));
  EXPECT_EQ(suggest(thread, 2).body, made.body);
  EXPECT_EQ(logged(2, "suggest-"), 1U);
  const json::Value kept = message(thread, 2);
  EXPECT_EQ(kept.at("suggestions"), made.json().at("suggestions"));
  EXPECT_EQ(kept.at("usage"), plain.at("usage"));
  EXPECT_EQ(text_of(kept), text_of(plain));
}

TEST_F(ChatAsides, SuggestionsAreForAnswersThatCameToTheirEnd) {
  start_with({{"chat.suggest_model", "p/double-mini"}});
  const std::string thread = make_thread("p/double@401");
  ASSERT_EQ(send(thread, said("hello")).status, 201);
  EXPECT_EQ(text(await_end(thread, 2), "state"), "failed");
  for (const std::int64_t number : {1, 2}) {
    const Answer refused = suggest(thread, number);
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_EQ(text(refused.json(), "where"), "/number");
  }
  EXPECT_EQ(suggest(thread, 3).status, 404);
  EXPECT_EQ(suggest("01ARZ3NDEKTSV4RRFFQ69G5FAV", 2).status, 404);
  EXPECT_EQ(logged(1, "suggest-"), 0U);
}

TEST_F(ChatAsides, WithoutAModelThereIsNothingToSuggest) {
  start_with({{"chat.suggest_model", ""}});
  add_route(R"({"name": "suggestions", "targets": [{"provider": "p", "model": "double-mini"}]})");
  const std::string thread = make_thread();
  ASSERT_EQ(send(thread, said("hello")).status, 201);
  await_end(thread, 2);
  const Answer none = suggest(thread, 2);
  ASSERT_EQ(none.status, 200) << none.body;
  EXPECT_THAT(texts(none.json().at("suggestions")), IsEmpty());
  EXPECT_EQ(logged(1, "suggest-"), 0U);
}

}  // namespace
}  // namespace atelier::app
