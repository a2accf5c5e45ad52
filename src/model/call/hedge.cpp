#include "model/call/hedge.hpp"

#include <array>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "model/route/hedge.hpp"

namespace atelier::model {
namespace {

constexpr std::array<std::string_view, 1> kEvent = {"event"};
constexpr Metric kHedges{"atelier_model_hedges_total", MetricKind::counter,
                         "Slow first attempts of calls that hedge, by what became of a second one beside them", kEvent};

// Two attempts of one call, and who was first. On the call's loop.
class Race {
 public:
  Race(AttemptPlan& plan, CallAccount& account, const CallBooks& books, Executor executor)
      : plan_(plan), account_(account), books_(books), changed_(executor), group_(executor) {}

  // The first of them; the second joins in if it is slow. Gives who won, or nobody.
  Task<Trial*> run(Trial* first, Trial* second, AttemptPlan::Step step);
  // Of the one that failed last.
  const std::optional<Fault>& fault() const noexcept { return fault_; }

 private:
  struct Runner {
    Trial* trial = nullptr;
    CandidatePtr candidate = {};
    TaskGroup::Member hold = {};
    bool was_called_off = false;
  };
  using TimePoint = std::chrono::steady_clock::time_point;

  void start(Runner& runner, Trial* trial, const AttemptPlan::Step& step) {
    runner.trial = trial;
    runner.candidate = step.candidate;
    ++running_count_;
    group_.spawn(run_one(this, &runner, step.permit), runner.hold);
  }
  static Task<Result<>> run_one(Race* race, Runner* runner, Breaker::Permit permit);
  void ended(Runner& runner, std::expected<void, Fault> tried);
  bool begin_second(Trial* second);
  Runner& other_than(const Runner& runner) noexcept { return &runner == &runners_[0] ? runners_[1] : runners_[0]; }
  bool is_over() const noexcept { return winner_ != nullptr || running_count_ == 0; }

  AttemptPlan& plan_;
  CallAccount& account_;
  const CallBooks& books_;
  Signal changed_;
  TaskGroup group_;
  std::array<Runner, 2> runners_;
  std::size_t running_count_ = 0;
  Runner* winner_ = nullptr;
  std::optional<Fault> fault_;
};

Task<Result<>> Race::run_one(Race* race, Runner* runner, Breaker::Permit permit) {
  std::expected<void, Fault> tried;
  // Whoever waits for this one must hear of its end, however it ends.
  try {
    tried = co_await runner->trial->run(runner->candidate, permit);
  } catch (const std::exception& thrown) {
    tried = std::unexpected(Fault{.kind = Fault::Kind::broken, .message = thrown.what(), .is_ours = true});
  }
  race->ended(*runner, std::move(tried));
  co_return Result<>{};
}

void Race::ended(Runner& runner, std::expected<void, Fault> tried) {
  --running_count_;
  account_.turn_to(*runner.candidate);
  if (winner_ != nullptr) {
    runner.was_called_off = true;
    runner.trial->call_off();
    account_.attempt_lost();
  } else if (tried) {
    winner_ = &runner;
    // At once, and not when whoever waits for it gets to run.
    other_than(runner).hold.cancel();
  } else {
    account_.attempt_ended(tried.error());
    plan_.turn_to(*runner.candidate);
    plan_.failed(tried.error(), books_.clock.now());
    fault_ = std::move(tried.error());
  }
  changed_.notify_all();
}

bool Race::begin_second(Trial* second) {
  const AttemptPlan::Step step = plan_.beside(books_.clock.now(), books_.prices);
  const bool may_begin = step.what == AttemptPlan::Step::What::go;
  if (books_.hedges != nullptr) (may_begin ? books_.hedges->begun : books_.hedges->refused).add();
  if (!may_begin) return false;
  account_.hedge_began(*step.candidate);
  start(runners_[1], second, step);
  return true;
}

Task<Trial*> Race::run(Trial* first, Trial* second, AttemptPlan::Step step) {
  const TimePoint slow_at =
      std::chrono::steady_clock::now() + hedge_after(*step.candidate, account_.report().is_streamed);
  start(runners_[0], first, step);
  bool is_decided = false;  // whether there is a second one
  while (!is_over()) {
    const bool has_left = co_await is_cancelled();
    if (has_left) break;
    if (!is_decided && std::chrono::steady_clock::now() >= slow_at) {
      is_decided = true;
      begin_second(second);
      continue;
    }
    if (is_decided)
      co_await changed_.wait();
    else
      co_await changed_.wait_until(slow_at);
  }
  if (winner_ == nullptr) group_.cancel();
  (void)co_await group_.join();
  if (winner_ == nullptr) co_return nullptr;
  account_.turn_to(*winner_->candidate);
  plan_.turn_to(*winner_->candidate);
  if (other_than(*winner_).was_called_off) plan_.put_last(*other_than(*winner_).candidate, *winner_->candidate);
  co_return winner_->trial;
}

}  // namespace

HedgeMetrics::HedgeMetrics(Metrics& metrics)
    : begun(metrics.counter(kHedges, {"begun"})),
      won(metrics.counter(kHedges, {"won"})),
      refused(metrics.counter(kHedges, {"refused"})) {}

Task<std::expected<Trial*, Fault>> run_hedged_attempts(AttemptPlan* plan, Trial* first, Trial* second,
                                                       CallAccount* account, const CallBooks* books) {
  const AttemptPlan::Step step = plan->next(books->clock.now());
  if (step.what == AttemptPlan::Step::What::go) {
    step.candidate->hedges.first_try();
    account->attempt_began(*step.candidate);
    Race race(*plan, *account, *books, co_await current_executor());
    Trial* const winner = co_await race.run(first, second, step);
    if (account->report().hedge == Hedge::begun) {
      account->hedge_ended(winner == second ? Hedge::won : Hedge::lost);
      if (winner == second && books->hedges != nullptr) books->hedges->won.add();
    }
    if (winner != nullptr) co_return winner;
    const bool has_left = co_await is_cancelled();
    if (has_left || (race.fault() && race.fault()->kind == Fault::Kind::cancelled))
      co_return std::unexpected(cancelled_fault());
  }
  auto tried = co_await run_attempts(plan, first, account, &books->clock);
  if (!tried) co_return std::unexpected(std::move(tried.error()));
  co_return first;
}

}  // namespace atelier::model
