#include "model/record/call_log.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "model/provider/adapter.hpp"
#include "model/record/call_query.hpp"
#include "tests/model/house.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

const Principal kAdmin{.owner = store::local_user(), .role = atelier::Role::admin};

class CallLogTest : public TelemetryTest {
 protected:
  CallLog& log() {
    if (!log_) log_ = std::make_unique<CallLog>(database_, clock_, metrics_, options_);
    return *log_;
  }
  void flush() { ASSERT_TRUE(is_ok(store::run(log().flush()))); }
  CallRecord call(std::string model = "m") const {
    return {.time_ms = clock_.wall_ms(),
            .owner = owner_,
            .key = key_,
            .face = "openai_chat",
            .asked = model,
            .provider = "p",
            .model = model,
            .attempts = {{.candidate = "p/" + model, .status = 200, .first_token_ms = 5, .total_ms = 20}},
            .status = 200,
            .first_token_ms = 5,
            .total_ms = 20,
            .usage = {.input = 10, .output = 3},
            .cost = 700,
            .request_id = "r"};
  }
  std::vector<CallRecord> all(CallFilter filter = {}) {
    auto page = store::run(list_calls(real_.get(), kAdmin, std::move(filter), 0, 1'000));
    EXPECT_TRUE(is_ok(page));
    return page ? page->calls : std::vector<CallRecord>();
  }
  std::int64_t count(const char* what) {
    const std::string rendered = metrics_.render();
    const std::size_t at = rendered.find(std::string("\n") + what + " ");
    return at == std::string::npos ? -1 : std::atoll(rendered.c_str() + at + std::string(what).size() + 2);
  }
  std::int64_t row_count(const char* table) {
    auto rows = store::run(std::string_view(table) == "calls" ? real_->read({"SELECT count(*) FROM calls"})
                                                              : real_->read({"SELECT count(*) FROM call_texts"}));
    return rows->integer(0, 0);
  }

  CallLog::Options options_{.flush_every = 5ms, .retry_min = 5ms, .retry_max = 20ms};
  const KeyId key_ = KeyId::make();
  const UserId owner_ = UserId::make();
  std::unique_ptr<CallLog> log_;
};

TEST_F(CallLogTest, ACallIsReadAsItWasWritten) {
  CallRecord full = call();
  full.route = "fast";
  full.asked = "fast";
  full.attempts = {{.candidate = "a/x", .fault = "rate_limit", .status = 429, .began_ms = 0, .total_ms = 7},
                   {.candidate = "p/m", .status = 200, .began_ms = 210, .first_token_ms = 15, .total_ms = 90}};
  full.status = 499;
  full.fault = "cancelled";
  full.is_aborted = full.is_streamed = full.is_cached = true;
  full.usage = {.input = 1,
                .cached_read = 2,
                .cached_write = 3,
                .cached_write_hour = 4,
                .output = 5,
                .reasoning = 6,
                .input_audio = 7,
                .output_audio = 8,
                .input_image = 9,
                .output_image = 10,
                .is_estimated = true};
  full.cost = std::nullopt;
  full.trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  log().add(full);
  CallRecord open = call();  // nobody signed in, and the one attempt failed
  open.key = {};
  open.owner = store::local_user();
  open.status = 502;
  open.fault = "server";
  open.first_token_ms = {};
  open.attempts = {{.candidate = "p/m", .fault = "server", .status = 500, .total_ms = 4}};
  log().add(open);
  flush();
  const auto read = all();
  ASSERT_EQ(read.size(), 2U);
  open.number = 2;
  full.number = 1;
  EXPECT_EQ(read[0], open);
  EXPECT_EQ(read[1], full);
}

TEST_F(CallLogTest, RunWritesBehindTheCallsInBatches) {
  Running running(loop_, log().run());
  for (int i = 0; i < 2'500; ++i) log().add(call());
  await([&] { return row_count("calls") == 2'500; });
  EXPECT_LE(database_.write_count(), 40U) << "not one by one";
  log().add(call());
  await([&] { return row_count("calls") == 2'501; });
  log().add(call());
  running.end();
  EXPECT_EQ(row_count("calls"), 2'502) << "what is left is written at the end";
  EXPECT_EQ(log().dropped_count(), 0U);
}

TEST_F(CallLogTest, AStalledDatabaseDelaysNobodyAndWhatFindsNoRoomIsCountedAndSummed) {
  options_.queue_rows_max = 100;
  Running running(loop_, log().run());
  database_.stall();
  log().add(call());
  await([&] { return database_.waiting_count() == 1; });
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 10'000; ++i) log().add(call());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(log().dropped_count(), 10'001U - 100U);
  EXPECT_EQ(count("atelier_call_log_queue_rows"), 100);
  database_.resume();
  await([&] { return row_count("calls") == 100; });
  running.end();
  const auto usage =
      store::run(sum_usage(real_.get(), kAdmin, {.from_day = day_number(kNoon), .to_day = day_number(kNoon)}));
  ASSERT_TRUE(is_ok(usage));
  ASSERT_EQ(usage->size(), 1U);
  EXPECT_EQ(usage->front().calls, 10'001) << "money is not lost with the rows";
  EXPECT_EQ(usage->front().cost, 10'001 * 700);
  EXPECT_EQ(count("atelier_call_log_rows_total{outcome=\"dropped\"}"), 10'001 - 100);
}

TEST_F(CallLogTest, WhatADatabaseRefusesIsWrittenLaterOnce) {
  Running running(loop_, log().run());
  database_.die();
  for (int i = 0; i < 10; ++i) log().add(call());
  await([&] { return database_.write_count() >= 3; });
  EXPECT_EQ(row_count("calls"), 0);
  database_.revive();
  log().add(call());
  await([&] { return row_count("calls") == 11; });
  running.end();
  EXPECT_EQ(all().front().number, 11);
}

TEST_F(CallLogTest, NumbersGoOnAfterARestart) {
  log().add(call());
  flush();
  log_.reset();
  log().add(call());
  flush();
  const auto read = all();
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].number, 2);
}

TEST_F(CallLogTest, CallsFromManyThreadsAllArrive) {
  options_.batch_rows_max = 64;
  {
    Running running(loop_, log().run());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1'000; ++i) log().add(call());
      });
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(row_count("calls"), 4'000);
}

TEST_F(CallLogTest, TextsAreKeptOnlyWhenSwitchedOnAndAreCut) {
  options_.text_bytes_max = 7;
  log().add(call(), {.request = "secret", .answer = "hush"});
  flush();
  EXPECT_EQ(row_count("call_texts"), 0);
  EXPECT_EQ(store::code_of(store::run(get_call_texts(real_.get(), kAdmin, 1))), ErrorCode::not_found);
  log().keep_texts(true);
  log().add(call(), {.request = "1234567890", .answer = "12345\xc3\xa4\xc3\xa4"});
  flush();
  const auto texts = store::run(get_call_texts(real_.get(), kAdmin, 2));
  ASSERT_TRUE(is_ok(texts));
  EXPECT_EQ(texts->request, "1234567");
  EXPECT_EQ(texts->answer, "12345\xc3\xa4") << "no half characters";
  EXPECT_TRUE(all().front().has_texts);
}

TEST_F(CallLogTest, TextsHaveARoomOfTheirOwnInTheQueue) {
  options_.keeps_texts = true;
  options_.queue_texts_bytes_max = 1'000;
  for (int i = 0; i < 3; ++i) log().add(call(), {.request = std::string(400, 'x'), .answer = ""});
  flush();
  EXPECT_EQ(row_count("calls"), 3);
  EXPECT_EQ(row_count("call_texts"), 2);
  EXPECT_EQ(count("atelier_call_log_dropped_texts_total"), 1);
  log().add(call(), {.request = std::string(400, 'x'), .answer = ""});
  flush();
  EXPECT_EQ(row_count("call_texts"), 3) << "room comes back";
}

TEST_F(CallLogTest, OldCallsAreDeletedInSlicesAndTheirTextsWithThem) {
  options_.keeps_texts = true;
  options_.retention = {.age = 24h, .texts_age = 12h, .slice_rows = 10};
  const auto add = [&](int calls) {
    for (int i = 0; i < calls; ++i) log().add(call(), {.request = "q", .answer = "a"});
    flush();
  };
  add(25);
  clock_.advance(13h);
  add(5);
  EXPECT_FALSE(*store::run(log().trim())) << "calls are young; their texts fit into one slice";
  EXPECT_EQ(row_count("calls"), 30);
  EXPECT_EQ(row_count("call_texts"), 5);
  EXPECT_EQ(store::code_of(store::run(get_call_texts(real_.get(), kAdmin, 1))), ErrorCode::not_found);
  clock_.advance(12h);
  EXPECT_TRUE(*store::run(log().trim()));
  EXPECT_EQ(row_count("calls"), 20) << "one slice";
  EXPECT_TRUE(*store::run(log().trim()));
  EXPECT_FALSE(*store::run(log().trim()));
  EXPECT_EQ(row_count("calls"), 5);
  EXPECT_EQ(all().back().number, 26);
  const auto usage = store::run(sum_usage(real_.get(), kAdmin, {.from_day = 0, .to_day = 1'000'000}));
  ASSERT_TRUE(is_ok(usage));
  std::int64_t calls = 0;
  for (const UsageRow& row : *usage) calls += row.calls;
  EXPECT_EQ(calls, 30) << "the sums stay";
}

TEST_F(CallLogTest, NoMoreCallsAndTextsAreKeptThanThereIsRoomFor) {
  options_.keeps_texts = true;
  options_.retention = {.rows_max = 40, .texts_bytes_max = 1'000, .slice_rows = 100};
  for (int i = 0; i < 100; ++i) log().add(call(), {.request = std::string(90, 'q'), .answer = std::string(10, 'a')});
  flush();
  while (*store::run(log().trim())) {
  }
  EXPECT_EQ(row_count("calls"), 40);
  EXPECT_EQ(all().back().number, 61) << "the oldest go";
  EXPECT_EQ(row_count("call_texts"), 10);
  EXPECT_TRUE(is_ok(store::run(get_call_texts(real_.get(), kAdmin, 100))));
  log_.reset();
  for (int i = 0; i < 5; ++i) log().add(call(), {.request = std::string(100, 'q'), .answer = ""});
  flush();
  while (*store::run(log().trim())) {
  }
  EXPECT_EQ(row_count("call_texts"), 10) << "what was there before a restart counts";
}

TEST_F(CallLogTest, RunDeletesWhatIsOldByItself) {
  options_.retention = {.age = 1h, .slice_rows = 10, .slice_pause = 1ms, .every = 5ms};
  for (int i = 0; i < 95; ++i) log().add(call());
  flush();
  clock_.advance(2h);
  Running running(loop_, log().run());
  await([&] { return row_count("calls") == 0; });
}

TEST_F(CallLogTest, FiguresNoCallCanHaveDoNotSpoilTheSums) {
  CallRecord wild = call();
  wild.usage.output = std::numeric_limits<std::int64_t>::max();
  wild.usage.input = -5;
  wild.cost = kMoneyMax;
  wild.total_ms = -1;
  wild.asked = std::string(5'000, 'x') + "\xff";
  for (int i = 0; i < 50; ++i) log().add(wild);
  flush();
  const auto usage = store::run(sum_usage(real_.get(), kAdmin, {.from_day = 0, .to_day = 1'000'000}));
  ASSERT_TRUE(is_ok(usage));
  EXPECT_EQ(usage->front().calls, 50);
  EXPECT_EQ(usage->front().input, 0);
  EXPECT_LE(all().front().asked.size(), 256U);
}

class CallQueryTest : public CallLogTest {};

TEST_F(CallQueryTest, PagesGoFromTheNewestToTheOldest) {
  for (int i = 0; i < 25; ++i) log().add(call());
  flush();
  std::vector<std::int64_t> numbers;
  std::int64_t before = 0;
  int pages = 0;
  do {
    const auto page = store::run(list_calls(real_.get(), kAdmin, {}, before, 10));
    ASSERT_TRUE(is_ok(page));
    for (const CallRecord& one : page->calls) numbers.push_back(one.number);
    if (pages == 0) log().add(call()), flush();  // does not move the pages
    before = page->next;
    ++pages;
  } while (before != 0);
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(numbers.size(), 25U);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], 25 - static_cast<std::int64_t>(i));
}

TEST_F(CallQueryTest, FiltersByKeyModelStatusOutcomeAndTime) {
  const KeyId other = KeyId::make();
  CallRecord failed = call("x");
  failed.status = 429;
  failed.fault = "requests_per_minute";
  failed.attempts.clear();
  failed.provider = failed.model = "";
  CallRecord aborted = call("y");
  aborted.is_aborted = true;
  aborted.fault = "cancelled";
  aborted.status = 499;
  CallRecord routed = call("z");
  routed.asked = routed.route = "fast";
  routed.key = other;
  log().add(call("m"));
  log().add(failed);
  log().add(aborted);
  flush();
  clock_.advance(1h);
  routed.time_ms = clock_.wall_ms();
  log().add(routed);
  flush();
  const auto numbers = [&](CallFilter filter) {
    std::vector<std::int64_t> out;
    for (const CallRecord& one : all(std::move(filter))) out.push_back(one.number);
    return out;
  };
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(numbers({}), (Numbers{4, 3, 2, 1}));
  EXPECT_EQ(numbers({.key = other}), (Numbers{4}));
  EXPECT_EQ(numbers({.key = key_}), (Numbers{3, 2, 1}));
  EXPECT_EQ(numbers({.key = KeyId()}), (Numbers{}));
  EXPECT_EQ(numbers({.owner = owner_}), (Numbers{4, 3, 2, 1}));
  EXPECT_EQ(numbers({.model = "fast"}), (Numbers{4}));
  EXPECT_EQ(numbers({.model = "z"}), (Numbers{4}));
  EXPECT_EQ(numbers({.model = "p/z"}), (Numbers{4}));
  EXPECT_EQ(numbers({.model = "x"}), (Numbers{2})) << "as it was asked for";
  EXPECT_EQ(numbers({.status = 429}), (Numbers{2}));
  EXPECT_EQ(numbers({.outcome = CallOutcome::good}), (Numbers{4, 1}));
  EXPECT_EQ(numbers({.outcome = CallOutcome::failed}), (Numbers{2}));
  EXPECT_EQ(numbers({.outcome = CallOutcome::aborted}), (Numbers{3}));
  EXPECT_EQ(numbers({.from_ms = clock_.wall_ms()}), (Numbers{4}));
  EXPECT_EQ(numbers({.key = key_, .model = "m' OR 1=1 --"}), (Numbers{}));
}

TEST_F(CallQueryTest, ARareModelIsFoundPageByPageAndNoneLooksAtEverything) {
  log().add(call("rare"));
  for (int i = 0; i < 45'000; ++i) {
    log().add(call());
    if (i % 10'000 == 0) flush();
  }
  flush();
  std::int64_t before = 0;
  std::vector<std::size_t> found;
  do {
    const auto page = store::run(list_calls(real_.get(), kAdmin, {.key = key_, .model = "rare"}, before, 50));
    ASSERT_TRUE(is_ok(page));
    found.push_back(page->calls.size());
    before = page->next;
  } while (before != 0);
  EXPECT_EQ(found, (std::vector<std::size_t>{0, 0, 1}));
}

TEST_F(CallQueryTest, AMemberSeesTheirOwnCallsAlone) {
  options_.keeps_texts = true;
  CallRecord theirs = call();
  theirs.owner = UserId::make();
  theirs.key = KeyId::make();
  log().add(theirs, {.request = "q", .answer = "a"});
  log().add(call(), {.request = "q", .answer = "a"});
  flush();
  const Principal me{.owner = owner_, .role = atelier::Role::member};
  const auto page = store::run(list_calls(real_.get(), me, {}, 0, 10));
  ASSERT_EQ(page->calls.size(), 1U);
  EXPECT_EQ(page->calls[0].number, 2);
  EXPECT_TRUE(store::run(list_calls(real_.get(), me, {.key = theirs.key}, 0, 10))->calls.empty());
  EXPECT_TRUE(store::run(list_calls(real_.get(), me, {.owner = theirs.owner}, 0, 10))->calls.empty());
  EXPECT_EQ(store::code_of(store::run(get_call(real_.get(), me, 1))), ErrorCode::not_found);
  EXPECT_EQ(store::code_of(store::run(get_call_texts(real_.get(), me, 1))), ErrorCode::not_found);
  EXPECT_TRUE(is_ok(store::run(get_call_texts(real_.get(), me, 2))));
  EXPECT_EQ(store::run(sum_usage(real_.get(), me, {.from_day = 0, .to_day = 1'000'000}))->front().calls, 1);
  EXPECT_EQ(store::run(sum_usage(real_.get(), kAdmin, {.from_day = 0, .to_day = 1'000'000}))->front().calls, 2);
}

TEST_F(CallQueryTest, UsageIsSummedByWhatIsAskedFor) {
  const KeyId other = KeyId::make();
  CallRecord dear = call("dear");
  dear.cost = kDollar;
  dear.key = other;
  CallRecord unknown = call("m");
  unknown.cost = std::nullopt;
  unknown.fault = "server";
  log().add(call("m"));
  log().add(dear);
  clock_.advance(24h);
  dear.time_ms = unknown.time_ms = clock_.wall_ms();
  log().add(dear);
  log().add(unknown);
  flush();
  const std::int64_t today = day_number(clock_.wall_ms());
  const auto usage = [&](UsageBy by, std::optional<KeyId> key = {}) {
    auto rows =
        store::run(sum_usage(real_.get(), kAdmin, {.from_day = today - 1, .to_day = today, .key = key, .by = by}));
    EXPECT_TRUE(is_ok(rows));
    return *rows;
  };
  auto rows = usage(UsageBy::day);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].day, today - 1);
  EXPECT_EQ(rows[0].cost, kDollar + 700);
  EXPECT_EQ(rows[1].unpriced, 1);
  EXPECT_EQ(rows[1].failed, 1);
  rows = usage(UsageBy::model);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].model, "dear");
  EXPECT_EQ(rows[0].cost, 2 * kDollar);
  EXPECT_EQ(rows[0].input, 20);
  rows = usage(UsageBy::key);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].key, other);
  EXPECT_EQ(usage(UsageBy::day_and_model).size(), 4U);
  EXPECT_EQ(usage(UsageBy::day_and_key, other).size(), 2U);
  EXPECT_EQ(*store::run(spent_by(real_.get(), other, day_of(kNoon))), kDollar);
  EXPECT_EQ(*store::run(spent_by(real_.get(), other, month_of(kNoon))), 2 * kDollar);
  EXPECT_EQ(*store::run(spent_by(real_.get(), KeyId::make(), month_of(kNoon))), 0);
}

TEST_F(CallQueryTest, ModelsThatNoProviderKnowsAreSummedUnderNoNameOfTheirOwn) {
  // As record_of() spells it: everybody may ask for any name, and each would be a row for ever.
  const std::string missing(to_string(Fault::Kind::model_missing));
  const auto failed_call = [&](std::string model, std::string fault) {
    CallRecord record = call(std::move(model));
    record.status = 404;
    record.fault = record.attempts.front().fault = std::move(fault);
    record.cost = 0;
    return record;
  };
  for (int i = 0; i < 20; ++i) log().add(failed_call(fmt::format("invented-{}", i), missing));
  log().add(failed_call("real", "provider_error"));
  CallRecord elsewhere = call("found");  // one did not know it, the next answered
  elsewhere.attempts.insert(elsewhere.attempts.begin(), {.candidate = "q/found", .fault = missing, .status = 404});
  log().add(elsewhere);
  flush();
  auto rows = store::run(sum_usage(real_.get(), kAdmin, {.from_day = 0, .to_day = 1'000'000, .by = UsageBy::model}));
  ASSERT_TRUE(is_ok(rows));
  std::map<std::string, std::int64_t> calls;
  for (const UsageRow& row : *rows) calls[row.model] = row.calls;
  EXPECT_EQ(calls, (std::map<std::string, std::int64_t>{{"", 20}, {"real", 1}, {"found", 1}}));
}

}  // namespace
}  // namespace atelier::model
