// What of a long thread no longer fits its model: summarised ahead of need, or dropped.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSummary = "In short: a lighthouse was built.";

class ChatSummaries : public ChatHouseTest {
 protected:
  void start_with(Flags flags) {
    open(std::move(flags));
    start();
  }
  // About 3,000 tokens, of which a model that does not tell its window takes some 28,000.
  static json::Object turn(std::int64_t number, std::int64_t parent, std::string more = {}) {
    std::string text = fmt::format("turn-{}-begins {} ", number, more) + std::string(12'000, 'x');
    return {{"number", number},
            {"parent", parent},
            {"role", number % 2 == 1 ? "user" : "assistant"},
            {"parts", json::Array{json::Object{{"type", "text"}, {"text", std::move(text)}}}}};
  }
  void put_turns(const std::string& thread, std::int64_t first, std::int64_t last) {
    json::Array messages;
    for (std::int64_t number = first; number <= last; ++number)
      messages.push_back(turn(number, number - 1, number == 1 ? fmt::format("[answer {}]", kSummary) : ""));
    put(thread, std::move(messages));
  }
  void put(const std::string& thread, json::Array messages) {
    const Answer done =
        call(net::Method::put, path(thread, "/messages"), json::write(json::Object{{"messages", std::move(messages)}}));
    ASSERT_EQ(done.status, 200) << done.body;
  }
  json::Array summaries(const std::string& thread) {
    return call(net::Method::get, path(thread, "/summaries")).json().at("items").as_array();
  }
  json::Array await_summaries(const std::string& thread) {
    json::Array all;
    for (int i = 0; i < 800 && all.empty(); ++i) {
      all = summaries(thread);
      if (all.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }
    EXPECT_FALSE(all.empty()) << "nothing was summarised";
    return all;
  }
  // What the thread's own model was sent for the message with this text.
  std::string sent_for(const std::string& text) {
    for (const doubles::Seen& one : asked_of_models())
      if (one.body.find(text) != std::string::npos && one.body.find("\"double\"") != std::string::npos) return one.body;
    ADD_FAILURE() << "nothing was sent for " << text;
    return {};
  }
  // A thread that fills most of the window, once its beginning is summarised: turns 1 to 8, an exchange of 9 and 10.
  std::string summarised_thread() {
    const std::string thread = make_thread();
    put_turns(thread, 1, 8);
    EXPECT_EQ(send(thread, said("how far is it?")).status, 201);
    await_end(thread, 10);
    EXPECT_THAT(sent_for("how far is it?"), HasSubstr("turn-1-begins"));  // all of it still fits
    EXPECT_FALSE(message(thread, 10).as_object().contains("context"));
    await_summaries(thread);
    return thread;
  }
};

TEST_F(ChatSummaries, StandBeforeWhatIsSentOnceNotAllFits) {
  start_with({{"chat.summary_model", "p/double-mini"}});
  const std::string thread = summarised_thread();
  const json::Array made = summaries(thread);
  const std::int64_t upto = number(made[0], "upto");
  EXPECT_EQ(text(made[0], "text"), kSummary);
  EXPECT_EQ(text(made[0], "model"), "p/double-mini");
  EXPECT_EQ(upto % 2, 0);  // with an answer
  put_turns(thread, 11, 14);
  ASSERT_EQ(send(thread, said("and now?")).status, 201);
  const json::Value answer = await_end(thread, 16);
  const std::string sent = sent_for("and now?");
  EXPECT_THAT(sent, HasSubstr(kSummary));
  EXPECT_THAT(sent, HasSubstr(fmt::format("turn-{}-begins", upto + 1)));
  for (std::int64_t told = 1; told <= upto; ++told)
    EXPECT_THAT(sent, Not(HasSubstr(fmt::format("turn-{}-begins", told))));
  EXPECT_EQ(number(answer.at("context"), "summarised_upto"), upto);
  EXPECT_EQ(number(answer.at("context"), "from"), upto + 1);
}

TEST_F(ChatSummaries, AreForNoBranchThatBeganOtherwise) {
  start_with({{"chat.summary_model", "p/double-mini"}});
  const std::string thread = summarised_thread();
  // Another branch from the second message on, too long for the window.
  json::Array other;
  for (std::int64_t at = 11; at <= 20; ++at) other.push_back(turn(at, at == 11 ? 2 : at - 1));
  put(thread, std::move(other));
  ASSERT_EQ(send(thread, said("over there?")).status, 201);
  const json::Value answer = await_end(thread, 22);
  EXPECT_THAT(sent_for("over there?"), Not(HasSubstr("In short")));
  EXPECT_TRUE(answer.at("context").at("summarised_upto").is_null());
}

TEST_F(ChatSummaries, AreGoneWithWhatTheyToldOf) {
  start_with({{"chat.summary_model", "p/double-mini"}});
  const std::string thread = summarised_thread();
  put(thread, {turn(2, 1, "said anew")});
  EXPECT_TRUE(summaries(thread).empty());
  put_turns(thread, 11, 14);
  ASSERT_EQ(send(thread, said("and now?")).status, 201);
  await_end(thread, 16);
  EXPECT_THAT(sent_for("and now?"), Not(HasSubstr("In short")));
}

TEST_F(ChatSummaries, WhereNoneIsMadeTheOldestTurnsAreDropped) {
  start_with({{"chat.summary_model", "p/double-mini@401"}});
  const std::string thread = make_thread();
  put_turns(thread, 1, 12);
  for (std::int64_t asked = 13; asked <= 15; asked += 2) {
    ASSERT_EQ(send(thread, said(fmt::format("question {}", asked))).status, 201);
    const json::Value answer = await_end(thread, asked + 1);
    EXPECT_EQ(text(answer, "state"), "complete");
    EXPECT_GT(number(answer.at("context"), "from"), 1);
    EXPECT_TRUE(answer.at("context").at("summarised_upto").is_null());
    EXPECT_THAT(sent_for(fmt::format("question {}", asked)), Not(HasSubstr("turn-1-begins")));
  }
  EXPECT_TRUE(summaries(thread).empty());
}

TEST_F(ChatSummaries, AThreadMayHaveItsOwnModelForThemOrNone) {
  start_with({{"chat.summary_model", ""}});
  const Answer made = call(net::Method::post, "/api/threads",
                           R"({"model": "p/double", "parameters": {"summarise_with": "p/double-mini"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string thread = text(made.json(), "id");
  EXPECT_EQ(text(made.json().at("parameters"), "summarise_with"), "p/double-mini");
  put_turns(thread, 1, 8);
  ASSERT_EQ(send(thread, said("how far is it?")).status, 201);
  await_end(thread, 10);
  EXPECT_EQ(text(await_summaries(thread)[0], "text"), kSummary);
  const Answer refused = call(net::Method::post, "/api/threads",
                              json::write(json::Object{{"parameters", json::Object{{"summarise_with", 7}}}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(text(refused.json(), "where"), "/parameters/summarise_with");
}

// A thread that is far too long from the beginning is told of piece by piece.
TEST_F(ChatSummaries, OfALongThreadAreMadePieceByPiece) {
  start_with({{"chat.summary_model", "p/double-mini"}});
  const std::string thread = make_thread();
  put_turns(thread, 1, 40);
  ASSERT_EQ(send(thread, said("where are we?")).status, 201);
  await_end(thread, 42);
  std::int64_t upto = 0;
  for (int i = 0; i < 800 && upto < 34; ++i) {
    const json::Array made = summaries(thread);
    if (!made.empty()) upto = number(made.back(), "upto");
    std::this_thread::sleep_for(std::chrono::milliseconds(12));
  }
  EXPECT_GE(upto, 34);
  EXPECT_GT(summaries(thread).size(), 1U);
  ASSERT_EQ(send(thread, said("and on?")).status, 201);
  EXPECT_GE(number(await_end(thread, 44).at("context"), "summarised_upto"), 34);
}

}  // namespace
}  // namespace atelier::app
