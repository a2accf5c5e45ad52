#include "model/call/call_account.hpp"

#include <gtest/gtest.h>

#include "model/record/call_query.hpp"
#include "tests/model/books.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

const Principal kAdmin{.owner = store::local_user(), .role = atelier::Role::admin};

// One call with a key of 10,000 tokens a minute and a dollar a day.
class CallAccountTest : public BooksTest {
 protected:
  std::unique_ptr<CallAccount> account() {
    CallReport report;
    report.request_id = "r1";
    report.key = key_;
    report.asked = "m";
    return std::make_unique<CallAccount>(books_, std::move(report));
  }
  Result<> admit(CallAccount& account, std::int64_t input, std::int64_t output) {
    return loop_.wait_for(account.admit(input, output, 1, {candidate_}));
  }
  CallRecord logged() {
    EXPECT_TRUE(is_ok(store::run(log_.flush())));
    auto page = store::run(list_calls(telemetry_.get(), kAdmin, {}, 0, 1));
    EXPECT_TRUE(page && page->calls.size() == 1);
    return page && !page->calls.empty() ? page->calls[0] : CallRecord();
  }
  Picodollars spent() const { return key_->allowance->status().day.spent; }
  std::int64_t tokens_left() const { return key_->limiter->status().tokens.remaining; }

  const KeyStatePtr key_ = make_key({.tokens_per_minute = 10'000, .concurrent_max = 1}, {.day = kDollar});
  const CandidatePtr candidate_ = std::make_shared<Candidate>(
      std::make_shared<const Provider>(Provider{.name = "p", .base_url = {}}), "m", BreakerPolicy());
};

TEST_F(CallAccountTest, AnAnsweredCallIsSettledAndLoggedWithAllItsAttempts) {
  auto call = account();
  ASSERT_TRUE(is_ok(admit(*call, 1'000, 2'000)));
  EXPECT_EQ(tokens_left(), 7'000);
  call->attempt_began(*candidate_);
  clock_.advance(40ms);
  call->attempt_ended(Fault{.kind = Fault::Kind::rate_limit, .status = 429});
  clock_.advance(200ms);
  call->attempt_began(*candidate_);
  clock_.advance(15ms);
  call->first_token_came();
  clock_.advance(85ms);
  call->used(*candidate_, {.input = 100, .output = 50});
  call->attempt_ended({});
  call->ended();
  EXPECT_EQ(spent(), 200'000'000) << "100 and 50 tokens of 1 and 2 dollars a million";
  EXPECT_GE(tokens_left(), 9'850);
  const CallRecord record = logged();
  EXPECT_EQ(record.key, key_->id);
  EXPECT_EQ(record.owner, key_->principal.owner);
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.cost, 200'000'000);
  EXPECT_EQ(record.first_token_ms, 255);
  EXPECT_EQ(record.total_ms, 340);
  const std::vector<AttemptRecord> attempts = {
      {.candidate = "p/m", .fault = std::string(to_string(Fault::Kind::rate_limit)), .status = 429, .total_ms = 40},
      {.candidate = "p/m", .status = 200, .began_ms = 240, .first_token_ms = 15, .total_ms = 100}};
  EXPECT_EQ(record.attempts, attempts);
  call.reset();
  EXPECT_EQ(key_->limiter->status().concurrency.remaining, 1);
}

TEST_F(CallAccountTest, EachAttemptCostsWhatTheTierItWasServedInDoes) {
  prices_.replace(*PriceTable::parse(
      R"({"p/m": {"litellm_provider": "p", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06,
                  "input_cost_per_token_flex": 5e-07, "output_cost_per_token_flex": 1e-06,
                  "input_cost_per_token_priority": 2e-06, "output_cost_per_token_priority": 4e-06}})"));
  auto call = account();
  ASSERT_TRUE(is_ok(admit(*call, 1'000, 2'000)));
  call->attempt_began(*candidate_);
  call->used(*candidate_, {.input = 100, .output = 50, .tier = ServiceTier::priority});
  call->attempt_ended(Fault{.kind = Fault::Kind::broken});
  call->attempt_began(*candidate_);
  call->used(*candidate_, {.input = 100, .output = 50, .tier = ServiceTier::flex});
  call->attempt_ended({});
  call->ended();
  EXPECT_EQ(call->report().cost, 400'000'000 + 100'000'000);
  EXPECT_EQ(spent(), 500'000'000);
}

TEST_F(CallAccountTest, ARefusedCallIsLoggedAndCostsNothing) {
  auto call = account();
  const auto refused = admit(*call, 20'000, 0);
  ASSERT_FALSE(refused.has_value());
  call->failed(refused.error());
  const CallRecord record = logged();
  EXPECT_EQ(record.fault, "tokens_over_limit");
  EXPECT_EQ(record.status, 413);
  EXPECT_TRUE(record.attempts.empty());
  EXPECT_EQ(spent(), 0);
}

TEST_F(CallAccountTest, AFailedCallThatGotNothingCostsNothing) {
  auto call = account();
  ASSERT_TRUE(is_ok(admit(*call, 1'000, 2'000)));
  call->attempt_began(*candidate_);
  call->attempt_ended(Fault{.kind = Fault::Kind::server, .status = 500});
  call->failed(to_error(Fault{.kind = Fault::Kind::server, .status = 500}, "p"));
  EXPECT_EQ(spent(), 0);
  EXPECT_EQ(tokens_left(), 10'000);
  const CallRecord record = logged();
  EXPECT_EQ(record.fault, to_string(Fault::Kind::server));
  EXPECT_EQ(record.attempts.at(0).status, 500);
}

TEST_F(CallAccountTest, ACallerWhoLeavesPaysWhatWasReceived) {
  auto call = account();
  ASSERT_TRUE(is_ok(admit(*call, 1'000, 2'000)));
  call->attempt_began(*candidate_);
  call->used(*candidate_, {.input = 900, .output = 7, .is_estimated = true});
  call.reset();
  EXPECT_EQ(spent(), 914'000'000);
  const CallRecord record = logged();
  EXPECT_TRUE(record.is_aborted);
  EXPECT_TRUE(record.usage.is_estimated);
  EXPECT_EQ(record.status, 499);
  EXPECT_EQ(record.usage.output, 7);
}

TEST_F(CallAccountTest, ACallerWhoLeavesBeforeAWordPaysForWhatTheProviderWasSent) {
  for (const bool is_told : {false, true}) {
    const Picodollars before = spent();
    auto call = account();
    ASSERT_TRUE(is_ok(admit(*call, 1'000, 2'000)));
    call->attempt_began(*candidate_);
    clock_.advance(30ms);
    if (is_told) call->attempt_ended(Fault{.kind = Fault::Kind::cancelled});
    call.reset();
    EXPECT_EQ(spent() - before, 1'000'000'000);
    const CallRecord record = logged();
    EXPECT_EQ(record.usage.input, 1'000);
    EXPECT_TRUE(record.usage.is_estimated);
    EXPECT_EQ(record.attempts.at(0).total_ms, 30);
  }
}

TEST_F(CallAccountTest, ACallerWhoLeavesBetweenAttemptsPaysNothing) {
  auto call = account();
  ASSERT_TRUE(is_ok(admit(*call, 1'000, 2'000)));
  call->attempt_began(*candidate_);
  call->attempt_ended(Fault{.kind = Fault::Kind::overloaded, .status = 529});
  call.reset();
  EXPECT_EQ(spent(), 0);
  EXPECT_TRUE(logged().is_aborted);
}

TEST_F(CallAccountTest, TextsGoToALogThatKeepsThem) {
  for (const bool is_kept : {false, true}) {
    log_.keep_texts(is_kept);
    auto call = account();
    call->asked("{\"question\": 1}");
    call->said("one ");
    call->said("two");
    call->ended();
    const CallRecord record = logged();
    EXPECT_EQ(record.has_texts, is_kept);
    if (is_kept) {
      EXPECT_EQ(store::run(get_call_texts(telemetry_.get(), kAdmin, record.number))->answer, "one two");
    }
  }
}

}  // namespace
}  // namespace atelier::model
