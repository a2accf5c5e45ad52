// What does a call's bookkeeping cost: finding its key by the secret, asking limits and money and settling, a record
// for the log, and that record's way into the database? Times are of one call; the last is CPU of the whole process.
#include <benchmark/benchmark.h>
#include <time.h>

#include <filesystem>
#include <thread>

#include "base/blocking.hpp"
#include "base/task_group.hpp"
#include "model/limit/gate.hpp"
#include "model/limit/headers.hpp"
#include "model/record/call_log.hpp"
#include "store/migrations.hpp"
#include "studio/account/accounts.hpp"

namespace {

using namespace atelier;
using model::kDollar;

// Databases in a folder of their own, and a loop that leases and writes.
class House {
 public:
  House() : folder_(std::filesystem::temp_directory_path() / ("atelier-bench-" + Ulid::make().to_string())) {
    std::filesystem::create_directories(folder_);
    studio_ = std::move(*store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations()));
    telemetry_ = std::move(
        *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations()));
    limiters_ = std::make_unique<model::Limiters>(*telemetry_, system_clock(), metrics_);
    allowances_ = std::make_unique<model::Allowances>(*studio_, system_clock(), metrics_);
    log_ = std::make_unique<model::CallLog>(*telemetry_, system_clock(), metrics_);
    accounts_ = std::make_unique<studio::Accounts>(studio::Accounts::Parts{
        .database = *studio_, .clock = system_clock(), .limiters = limiters_.get(), .allowances = allowances_.get()});
    gate_ = std::make_unique<model::Gate>(*allowances_, metrics_);
    thread_ = std::thread([this] { loop_.run(); });
    group_ = std::make_unique<TaskGroup>(loop_.get_executor());
    asio::post(loop_, [this] {
      group_->spawn(allowances_->run());
      group_->spawn(log_->run());
    });
    (void)run_blocking(loop_.get_executor(), accounts_->load());
  }
  ~House() {
    run_blocking(loop_.get_executor(), stop(group_.get()));
    group_.reset();
    guard_.reset();
    thread_.join();
    telemetry_->close();
    studio_->close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string make_key(model::KeyLimits limits, model::AllowanceLimits allowances) {
    studio::KeySettings settings{.name = "bench", .limits = limits, .allowances = allowances};
    auto created = run_blocking(loop_.get_executor(), accounts_->create_key(std::move(settings), Role::member));
    const auto key = *accounts_->look_up(created->secret);
    // The first block of money.
    const model::CallEstimate estimate{.tokens = 1, .cost = 1};
    if (auto pass = run_blocking(loop_.get_executor(), gate_->admit(key, estimate)); pass) pass->settle(0, 0);
    return created->secret;
  }
  studio::Accounts& accounts() { return *accounts_; }
  model::Gate& gate() { return *gate_; }
  model::CallLog& log() { return *log_; }

 private:
  static Task<> stop(TaskGroup* group) {
    group->cancel();
    (void)co_await group->join();
  }
  const std::filesystem::path folder_;
  Metrics metrics_;
  std::unique_ptr<store::Database> studio_, telemetry_;
  std::unique_ptr<model::Limiters> limiters_;
  std::unique_ptr<model::Allowances> allowances_;
  std::unique_ptr<model::CallLog> log_;
  std::unique_ptr<studio::Accounts> accounts_;
  std::unique_ptr<model::Gate> gate_;
  asio::io_context loop_{1};
  asio::executor_work_guard<Executor> guard_{loop_.get_executor()};
  std::unique_ptr<TaskGroup> group_;
  std::thread thread_;
};

House& house() {
  static House one;
  return one;
}

const model::KeyLimits kLimits{
    .requests_per_minute = 1'000'000'000, .tokens_per_minute = 1'000'000'000, .concurrent_max = 1'000};
const model::AllowanceLimits kMoney{.day = 1'000'000 * kDollar, .month = 1'000'000 * kDollar};

void find_key(benchmark::State& state) {
  static const std::string secret = house().make_key(kLimits, {});
  for (auto step : state) {
    auto key = house().accounts().look_up(secret);
    if (!key) state.SkipWithError("the key is not found");
    benchmark::DoNotOptimize(key);
  }
}
BENCHMARK(find_key)->Threads(1)->Threads(2);

void admit(benchmark::State& state, model::AllowanceLimits money) {
  const std::string secret = house().make_key(kLimits, money);
  const model::KeyStatePtr key = *house().accounts().look_up(secret);
  const model::CallEstimate estimate{.tokens = 500, .cost = 1'000};
  for (auto step : state) {
    model::RatePass held;
    auto pass = house().gate().try_admit(*key, estimate, held);
    if (!pass || !*pass)
      state.SkipWithError("the call is not admitted");
    else
      (*pass)->settle(0, 100);
  }
}
BENCHMARK_CAPTURE(admit, limits, model::AllowanceLimits())->Threads(1)->Threads(2);
BENCHMARK_CAPTURE(admit, limits_and_money, kMoney)->Threads(1)->Threads(2);

// Two threads, one key: they meet at its mutexes.
void admit_one_key(benchmark::State& state) {
  static const model::KeyStatePtr key = *house().accounts().look_up(house().make_key(kLimits, kMoney));
  const model::CallEstimate estimate{.tokens = 500, .cost = 1'000};
  for (auto step : state) {
    model::RatePass held;
    auto pass = house().gate().try_admit(*key, estimate, held);
    if (pass && *pass) (*pass)->settle(0, 100);
  }
}
BENCHMARK(admit_one_key)->Threads(2);

void headers_of_limits(benchmark::State& state) {
  const model::KeyStatePtr key = *house().accounts().look_up(house().make_key(kLimits, {}));
  for (auto step : state) {
    net::Headers headers;
    model::set_limit_headers(headers, key->limiter->status());
    benchmark::DoNotOptimize(headers.size());
  }
}
BENCHMARK(headers_of_limits);

model::CallRecord record() {
  static const KeyId key = KeyId::make();
  static const UserId owner = UserId::make();
  return {.time_ms = system_clock().wall_ms(),
          .owner = owner,
          .key = key,
          .face = "openai_chat",
          .asked = "gpt-5-mini",
          .provider = "openai",
          .model = "gpt-5-mini",
          .attempts = {{.candidate = "openai/gpt-5-mini", .status = 200, .first_token_ms = 300, .total_ms = 900}},
          .status = 200,
          .first_token_ms = 300,
          .total_ms = 900,
          .usage = {.input = 1'000, .output = 200},
          .cost = 700'000'000,
          .request_id = "01jd4w0000000000000000000000"};
}

void make_record(benchmark::State& state) {
  for (auto step : state) benchmark::DoNotOptimize(record());
}
BENCHMARK(make_record);

double process_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// 5,000 calls a second for a second, with all that the writing threads spend on them: "cpu_per_call" is the figure.
void log_calls(benchmark::State& state) {
  constexpr int kCalls = 5'000, kEvery100Ms = 500;
  const std::uint64_t dropped = house().log().dropped_count();
  double cpu_seconds = 0;
  for (auto step : state) {
    const double begin = process_cpu_seconds();
    for (int i = 0; i < kCalls; ++i) {
      house().log().add(record());
      if (i % kEvery100Ms == kEvery100Ms - 1) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    cpu_seconds += process_cpu_seconds() - begin;
    state.SetIterationTime(process_cpu_seconds() - begin);
  }
  const double calls = static_cast<double>(state.iterations()) * kCalls;
  state.counters["cpu_per_call"] = benchmark::Counter(cpu_seconds / calls);
  state.counters["dropped"] = static_cast<double>(house().log().dropped_count() - dropped);
}
BENCHMARK(log_calls)->Iterations(3)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
