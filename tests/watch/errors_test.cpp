// The inbox of errors: what the log says becomes groups with occurrences, found by their ids, in bounds, whatever the
// store does.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>

#include "store/migrations.hpp"
#include "tests/model/house.hpp"
#include "tests/store/support.hpp"
#include "watch/error/inbox.hpp"
#include "watch/error/stack.hpp"

namespace atelier::watch {
namespace {

using store::run;
using testing::HasSubstr;
using testing::Not;

class ErrorInboxTest : public testing::Test {
 protected:
  ErrorInboxTest() { open({}); }
  void open(ErrorInbox::Options options, ErrorWitness::Options witness = {}) {
    tap_.reset();
    inbox_.reset();
    witness_ = std::make_unique<ErrorWitness>(clock_, metrics_, witness);
    inbox_ = std::make_unique<ErrorInbox>(*telemetry_, *witness_, clock_, metrics_, options);
    tap_ = log::add_tap(*witness_);
  }
  void write(ErrorWitness::Which which = ErrorWitness::Which::all) {
    auto written = run(inbox_->write(which));
    EXPECT_TRUE(written) << written.error().describe();
  }
  std::vector<ErrorGroup> list(std::string text = {}, std::string state = {}) {
    ErrorInbox::Query query;
    query.text = std::move(text);
    query.state = std::move(state);
    auto page = run(inbox_->list(std::move(query)));
    EXPECT_TRUE(page) << page.error().describe();
    return page ? page->groups : std::vector<ErrorGroup>();
  }
  ErrorInbox::Found find(const std::string& id) {
    auto found = run(inbox_->find(id));
    EXPECT_TRUE(found) << found.error().describe();
    return std::move(*found);
  }
  std::int64_t rows(store::Sql sql) { return run(telemetry_->read(store::Statement(sql)))->integer(0, 0); }
  // An error within a request, and the request's end.
  static void fail_request(std::string_view id, std::string_view error = "no disk") {
    log::error("a request failed inside", {{"error", error}, {"code", "internal"}, {"request_id", id}});
    log::info("request answered", {{"method", "POST"},
                                   {"route", "/api/runs"},
                                   {"status", 500},
                                   {"request_id", id},
                                   {"path", "/api/runs"},
                                   {"trace", "4bf92f3577b34da6a3ce929d0e0e4736"}});
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Database> telemetry_ =
      *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
  std::unique_ptr<ErrorWitness> witness_;
  std::unique_ptr<ErrorInbox> inbox_;
  std::shared_ptr<void> tap_;
};

TEST_F(ErrorInboxTest, OneErrorIsOneGroupWithItsOccurrences) {
  log::info("before it", {{"provider", "openai"}});
  for (int i = 0; i < 3; ++i) {
    clock_.advance(std::chrono::seconds(1));
    fail_request(fmt::format("request-{}", i));
  }
  write();
  const auto groups = list();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].count, 3);
  EXPECT_EQ(groups[0].message, "a request failed inside");
  EXPECT_EQ(groups[0].code, "internal");
  EXPECT_EQ(groups[0].route, "/api/runs");
  EXPECT_EQ(groups[0].severity, "error");
  EXPECT_EQ(groups[0].last_ms - groups[0].first_ms, 2'000);
  EXPECT_THAT(groups[0].place, HasSubstr("errors_test.cpp:"));
  const auto found = find(groups[0].id);
  ASSERT_EQ(found.occurrences.size(), 3U);
  EXPECT_EQ(found.occurrences[0].request_id, "request-2");
  EXPECT_EQ(found.occurrences[0].trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(found.occurrences[0].method, "POST");
  const std::string detail = json::write(found.occurrences[0].detail);
  EXPECT_THAT(detail, HasSubstr("before it"));
  EXPECT_THAT(detail, HasSubstr(R"("error":"no disk")"));
  EXPECT_THAT(detail, Not(HasSubstr(R"("stack":[])")));
}

TEST_F(ErrorInboxTest, AStackNamesWhoCalled) {
  log::error("a thing broke");
  write();
  const auto found = find(list().front().id);
  std::vector<std::uint64_t> stack;
  for (const json::Value& one : found.occurrences[0].detail.at("stack").as_array())
    stack.push_back(one.to_number<std::uint64_t>());
  ASSERT_FALSE(stack.empty());
  EXPECT_THAT(name_frames(stack), testing::Contains(HasSubstr("AStackNamesWhoCalled")));
}

TEST_F(ErrorInboxTest, IsFoundByItsRequestTraceOrRun) {
  fail_request("01jdxyzxyzxyzxyzxyzxyzxyzx");
  log::warn("a run's progress cannot be stored", {{"run", "01jdrunrunrunrunrunrunrunr"}});
  write();
  ASSERT_EQ(list().size(), 2U);
  EXPECT_EQ(list("01jdxyzxyzxyzxyzxyzxyzxyzx").at(0).message, "a request failed inside");
  EXPECT_EQ(list("4bf92f3577b34da6a3ce929d0e0e4736").at(0).message, "a request failed inside");
  EXPECT_EQ(list("01jdrunrunrunrunrunrunrunr").at(0).severity, "warning");
  EXPECT_EQ(list("PROGRESS").size(), 1U);
  const auto found = find(list("progress").front().id);
  EXPECT_EQ(list(found.occurrences[0].id).size(), 1U);
  EXPECT_TRUE(list("01jdnothing").empty());
}

TEST_F(ErrorInboxTest, AnAnswerWithAnErrorThatNobodyLoggedIsOne) {
  log::info("request answered",
            {{"method", "POST"}, {"route", "/v1/chat/completions"}, {"status", 502}, {"request_id", "r1"}});
  log::info("request answered",
            {{"method", "POST"}, {"route", "/v1/chat/completions"}, {"status", 404}, {"request_id", "r2"}});
  write();
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(list()[0].code, "502");
  EXPECT_EQ(list("r1").size(), 1U);
}

TEST_F(ErrorInboxTest, WaitsForTheEndOfItsRequestButNotForEver) {
  log::error("a request failed inside", {{"request_id", "slow"}});
  write(ErrorWitness::Which::whole);
  EXPECT_TRUE(list().empty());
  clock_.advance(std::chrono::seconds(6));
  write(ErrorWitness::Which::whole);
  EXPECT_EQ(list().size(), 1U);
  // Its end, once it comes, is no second error.
  log::info("request answered", {{"route", "/api/runs"}, {"status", 500}, {"request_id", "slow"}});
  write();
  EXPECT_EQ(list().size(), 1U);
}

TEST_F(ErrorInboxTest, ComesBackOnceItIsSeenAgain) {
  const auto break_again = [] { log::error("a thing broke"); };
  break_again();
  write();
  const std::string id = list().front().id;
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(run(inbox_->resolve(id)));
  EXPECT_TRUE(list({}, "open").empty());
  EXPECT_EQ(list({}, "resolved").size(), 1U);
  clock_.advance(std::chrono::seconds(1));
  break_again();
  write();
  ASSERT_EQ(list({}, "open").size(), 1U);
  EXPECT_EQ(list()[0].returned_count, 1);
  EXPECT_EQ(run(inbox_->resolve("0000000000000000")).error().code, ErrorCode::not_found);
}

TEST_F(ErrorInboxTest, SecretsAndUndeclaredFieldsAreLeftOut) {
  log::info("a call", {{"key", "sk-canary-abcdefghijklmnop"}, {"prompt", "tell me of the canary"}});
  log::error("a provider refused", {{"error", "Incorrect API key provided: sk-canary-abcdefghijklmnop"},
                                    {"prompt", "tell me of the canary"},
                                    {"path", "/api/webhooks/canary"},
                                    {"why", std::string(5'000, 'x')}});
  write();
  const std::string detail = json::write(find(list().front().id).occurrences[0].detail);
  EXPECT_THAT(detail, Not(HasSubstr("canary")));
  EXPECT_THAT(detail, HasSubstr("Incorrect API key provided: [secret]"));
  EXPECT_LT(detail.size(), 3'000U);
}

TEST_F(ErrorInboxTest, KeepsTheLastOccurrencesAlone) {
  open({.occurrences_max = 4});
  for (int i = 0; i < 30; ++i) {
    clock_.advance(std::chrono::milliseconds(5));
    fail_request(fmt::format("request-{:02}", i));
    if (i % 7 == 0) write();
  }
  write();
  EXPECT_EQ(list().at(0).count, 30);
  EXPECT_EQ(find(list()[0].id).occurrences.size(), 4U);
  EXPECT_EQ(find(list()[0].id).occurrences[0].request_id, "request-29");
  EXPECT_TRUE(list("request-01").empty());
  EXPECT_EQ(list("request-28").size(), 1U);
  EXPECT_EQ(rows("SELECT count(*) FROM error_references"), 4 * 3);  // own ids, requests and the trace
}

TEST_F(ErrorInboxTest, WhatIsOldOrTooMuchGoes) {
  open({.groups_max = 3});
  for (int i = 0; i < 6; ++i) {
    clock_.advance(std::chrono::seconds(1));
    log::error("a thing broke", {{"code", fmt::format("c{}", i)}});
  }
  write();
  ASSERT_TRUE(run(inbox_->trim()));
  EXPECT_EQ(list().size(), 3U);
  EXPECT_EQ(list()[0].code, "c5");
  EXPECT_EQ(rows("SELECT count(*) FROM error_occurrences"), 3);
  clock_.advance(std::chrono::hours(24 * 91));
  ASSERT_TRUE(run(inbox_->trim()));
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(rows("SELECT count(*) FROM error_references"), 0);

  open({.bytes_max = 500});
  log::error("a thing broke");
  write();
  ASSERT_TRUE(run(inbox_->trim()));
  EXPECT_LE(list().size(), 1U);
}

TEST_F(ErrorInboxTest, IsReadPageByPage) {
  for (int i = 0; i < 5; ++i) log::error("a thing broke", {{"code", fmt::format("c{}", i)}});
  write();
  ErrorInbox::Query query;
  query.count_max = 2;
  std::size_t seen = 0;
  do {
    auto page = run(inbox_->list(query));
    ASSERT_TRUE(page);
    seen += page->groups.size();
    query.after = page->next;
  } while (!query.after.empty());
  EXPECT_EQ(seen, 5U);
  query.after = "nonsense";
  EXPECT_EQ(run(inbox_->list(query)).error().where, "after");
}

TEST_F(ErrorInboxTest, AStoreThatFailsCostsNoMoreThanErrors) {
  telemetry_->close();
  open({}, {.waiting_max = 8});
  for (int i = 0; i < 100; ++i) log::error("a thing broke");
  EXPECT_FALSE(run(inbox_->write(ErrorWitness::Which::all)));
  const std::string told = metrics_.render();
  EXPECT_THAT(told, HasSubstr("atelier_errors_seen_total 100"));
  EXPECT_THAT(told, HasSubstr("atelier_errors_dropped_total 92"));
  EXPECT_THAT(told, HasSubstr("atelier_errors_unstored_total 8"));
}

// Who is told of errors elsewhere (Sentry) does not wait for our disk; least of all where that is what is wrong.
class StalledInboxTest : public model::TelemetryTest {};

TEST_F(StalledInboxTest, ListenersGoOnWhileTheStoreTakesNothing) {
  ErrorWitness witness(clock_, metrics_);
  ErrorInbox inbox(database_, witness, clock_, metrics_,
                   {.waiting_max = 3, .write_every = std::chrono::milliseconds(5)});
  std::atomic<int> told = 0;
  inbox.on_occurrence([&](const Occurrence&) { ++told; });
  const auto break_once = [&](std::string_view code) {
    Occurrence one;
    one.message = "a thing broke";
    one.code = code;
    witness.add(std::move(one));
  };
  database_.stall();
  model::Running running(loop_, inbox.run());
  break_once("first");
  model::await([&] { return told == 1 && database_.waiting_count() == 1; });
  for (int i = 0; i < 5; ++i) break_once("later");
  model::await([&] { return told == 6; });
  database_.resume();
  running.end();
  const auto page = loop_.wait_for(inbox.list({}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->groups.size(), 2U);
  for (const ErrorGroup& group : page->groups) EXPECT_EQ(group.count, group.code == "first" ? 1 : 3);
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_errors_unstored_total 2")) << "what waits has a bound";
}

}  // namespace
}  // namespace atelier::watch
