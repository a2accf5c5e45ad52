// Threads that nobody uses any more, and what is left of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "store/bus.hpp"
#include "store/chat/messages.hpp"
#include "store/migrations.hpp"
#include "studio/chat/threads.hpp"
#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

using store::run;

// No model is asked here.
struct NoUpstream final : model::Upstream {
  Task<Result<std::unique_ptr<model::UpstreamAnswer>>> send(std::shared_ptr<const model::Provider>, model::WireRequest,
                                                            std::chrono::steady_clock::time_point) override {
    co_return fail(ErrorCode::unavailable, "no model is asked here");
  }
};

class ThreadRetention : public testing::Test {
 protected:
  ThreadRetention() : clock_(system_clock().wall_ms()) {
    auto opened = store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    EXPECT_TRUE(store::is_ok(opened));
    database_ = std::move(*opened);
    bus_ = store::make_local_bus();
    auto events = run(store::open_event_log(*database_, *bus_));
    EXPECT_TRUE(store::is_ok(events));
    events_ = std::move(*events);
    answers_ = std::make_unique<Answers>(
        Answers::Parts{
            .chat = gateway_, .database = *database_, .events = *events_, .clock = clock_, .metrics = metrics_},
        Answers::Options());
  }
  ~ThreadRetention() override {
    answers_->stop_all();
    database_->close();
  }
  // As the server wires it, with `days` as the setting says.
  void keep_for(int days) {
    threads_.emplace(Threads::Parts{.database = *database_,
                                    .events = *events_,
                                    .answers = *answers_,
                                    .tools = tools_,
                                    .clock = clock_,
                                    .unused_life = std::chrono::hours(24) * days});
  }
  void pass_days(int days) { clock_.advance(std::chrono::hours(24) * days); }
  ThreadId make(bool is_temporary = false) {
    NewThread wanted;
    wanted.is_temporary = is_temporary;
    auto made = run(threads_->create(me_, std::move(wanted)));
    EXPECT_TRUE(store::is_ok(made));
    return made->id;
  }
  void say(ThreadId thread, std::int64_t number, std::string text, MessageState state = MessageState::complete) {
    ThreadMessage message;
    message.number = number;
    message.parent = number - 1;
    message.role = state == MessageState::complete ? MessageRole::user : MessageRole::assistant;
    message.state = state;
    message.parts.emplace_back(part::Text{std::move(text)});
    message.created_ms = clock_.wall_ms();
    std::vector<ThreadMessage> messages;
    messages.push_back(std::move(message));
    EXPECT_TRUE(store::is_ok(run(threads_->put(me_, thread, std::move(messages)))));
  }
  void write(store::Statement statement) {
    std::vector<store::Statement> batch;
    batch.push_back(std::move(statement));
    EXPECT_TRUE(store::is_ok(run(database_->write(std::move(batch)))));
  }
  // As the upkeep does: slice after slice, until nothing is left to do.
  int forget() {
    for (int slices = 1; slices < 1'000; ++slices) {
      auto has_more = run(threads_->forget_some());
      EXPECT_TRUE(store::is_ok(has_more));
      if (!has_more || !*has_more) return slices;
    }
    ADD_FAILURE() << "it never ended";
    return 0;
  }
  bool is_there(ThreadId thread) { return run(threads_->find(me_, thread)).has_value(); }
  std::int64_t count(store::Statement question) { return run(database_->read(std::move(question)))->integer(0, 0); }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  NoUpstream upstream_;
  model::Models models_{model::BreakerPolicy()};
  model::ChatGateway gateway_{models_, upstream_, model::CallBooks{.clock = clock_}, model::GatewayOptions()};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Bus> bus_;
  std::unique_ptr<store::EventLog> events_;
  std::unique_ptr<Answers> answers_;
  ToolBox tools_;
  std::optional<Threads> threads_;
  const Principal me_{.owner = store::local_user()};
};

TEST_F(ThreadRetention, KeepsThreadsForEverUnlessItIsTold) {
  keep_for(0);
  const ThreadId thread = make();
  pass_days(3'650);
  forget();
  EXPECT_TRUE(is_there(thread));
}

TEST_F(ThreadRetention, WhatNobodyUsedForSoLongGoesAndPagesAreTold) {
  keep_for(30);
  const ThreadId old = make(), used = make(), pinned = make();
  say(old, 1, "hello");
  EXPECT_TRUE(store::is_ok(run(threads_->change(me_, pinned, {.is_pinned = true}))));
  pass_days(20);
  say(used, 1, "hello again");
  pass_days(9);
  forget();
  EXPECT_TRUE(is_there(old));
  pass_days(2);
  forget();
  EXPECT_FALSE(is_there(old));
  EXPECT_TRUE(is_there(used));
  EXPECT_TRUE(is_there(pinned));
  EXPECT_EQ(count({"SELECT count(*) FROM events WHERE type = 'thread.deleted'"}), 1);
  pass_days(365);
  forget();
  EXPECT_FALSE(is_there(used));
  EXPECT_TRUE(is_there(pinned));
}

TEST_F(ThreadRetention, AnAnswerThatIsBeingMadeKeepsItsThread) {
  keep_for(30);
  const ThreadId thread = make(), brief = make(true);
  for (const ThreadId one : {thread, brief}) {
    say(one, 1, "hello");
    say(one, 2, "so far", MessageState::answering);
  }
  pass_days(100);
  forget();
  EXPECT_TRUE(is_there(thread));
  EXPECT_TRUE(is_there(brief));
  for (const ThreadId one : {thread, brief}) write(store::Messages::set_state(one, 2, "answering", "interrupted"));
  forget();
  EXPECT_FALSE(is_there(thread));
  EXPECT_FALSE(is_there(brief));
}

TEST_F(ThreadRetention, WhatWasBroughtAlongIsKeptFromThenOn) {
  keep_for(30);
  store::ThreadRow row;
  row.id = ThreadId::make();
  row.owner = me_.owner;
  row.created_ms = row.used_ms = clock_.wall_ms() - UnixMs{1'000} * 24 * 3'600 * 1'000;
  write(store::Threads::insert(row));
  forget();
  EXPECT_TRUE(is_there(row.id));
  pass_days(31);
  forget();
  EXPECT_FALSE(is_there(row.id));
}

TEST_F(ThreadRetention, ATemporaryThreadLivesADayAfterItsLastUse) {
  keep_for(0);
  const ThreadId thread = make(true);
  clock_.advance(std::chrono::hours(20));
  say(thread, 1, "still here");
  clock_.advance(std::chrono::hours(20));
  forget();
  EXPECT_TRUE(is_there(thread));
  clock_.advance(std::chrono::hours(5));
  forget();
  EXPECT_FALSE(is_there(thread));
}

TEST_F(ThreadRetention, SmallSlicesAndTheDiskIsFree) {
  keep_for(30);
  constexpr int kMessages = 1'200;
  for (int threads = 0; threads < 2; ++threads) {
    const ThreadId thread = make();
    std::vector<ThreadMessage> messages;
    for (int number = 1; number <= kMessages / 2; ++number) {
      ThreadMessage message;
      message.number = number;
      message.parent = number - 1;
      message.parts.emplace_back(part::Text{std::string(20'000, static_cast<char>('a' + number % 26))});
      messages.push_back(std::move(message));
    }
    ASSERT_TRUE(store::is_ok(run(threads_->put(me_, thread, std::move(messages)))));
  }
  const auto pages = [&] {
    return count({"SELECT page_count FROM pragma_page_count"}) -
           count({"SELECT freelist_count FROM pragma_freelist_count"});
  };
  const auto size = [&] { return std::filesystem::file_size(folder_ / "studio.db"); };
  const std::int64_t before = pages();
  ASSERT_GT(before, 20'000 * kMessages / 4'096);
  pass_days(31);
  EXPECT_GT(forget(), 2);
  EXPECT_EQ(count({"SELECT count(*) FROM message_texts"}), 0);
  EXPECT_EQ(count({"SELECT count(*) FROM threads"}), 0);
  EXPECT_LT(pages(), before / 10);
  // The writer gives pages back to the file system when it has nothing else to do.
  for (int i = 0; i < 1'000 && size() > std::size_t{12} << 20; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LE(size(), std::size_t{12} << 20);
}

}  // namespace
}  // namespace atelier::studio
