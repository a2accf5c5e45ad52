#include "model/limit/limiters.hpp"

#include "base/async.hpp"
#include "base/log.hpp"

namespace atelier::model {
namespace {

constexpr Metric kLimiterCount{"atelier_limit_keys", MetricKind::gauge, "Keys whose rate limits are in memory"};
constexpr std::size_t kBatch = 500;
constexpr std::int64_t kNanosPerMs = 1'000'000;

}  // namespace

Limiters::Limiters(store::Database& telemetry, const Clock& clock, Metrics& metrics, Options options)
    : database_(telemetry),
      clock_(clock),
      options_(options),
      limiters_(options.keys_max),
      gauge_(metrics.read_from(kLimiterCount, [this] { return static_cast<double>(limiters_.size()); })) {}

std::shared_ptr<KeyLimiter> Limiters::limiter(KeyId key, KeyLimits limits) {
  auto limiter = limiters_.find_or_make(
      key, [this] { return std::make_shared<KeyLimiter>(clock_); },
      [](const KeyLimiter& idle) { return idle.is_at_rest(); });
  limiter->set_limits(limits);
  return limiter;
}

Task<Result<>> Limiters::load() {
  const std::int64_t now_ns = clock_.wall_ms() * kNanosPerMs;
  std::vector<store::Statement> tidy;
  tidy.push_back({"DELETE FROM limiter_states WHERE requests_full_at_ns <= $1 AND tokens_full_at_ns <= $1", {now_ns}});
  if (auto done = co_await database_.write(std::move(tidy)); !done) co_return error_of(std::move(done));
  store::Statement query("SELECT key, requests_full_at_ns, tokens_full_at_ns FROM limiter_states LIMIT $1",
                         {static_cast<std::int64_t>(options_.keys_max)});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const auto key = KeyId::parse(rows->text(row, 0));
    if (!key) continue;
    // The wall clock may have been set meanwhile; restore() takes no more than a minute from anybody.
    limiter(*key, {})->restore({rows->integer(row, 1) - now_ns, rows->integer(row, 2) - now_ns});
  }
  co_return Result<>{};
}

Task<Result<>> Limiters::flush() {
  std::vector<store::Statement> batch;
  std::vector<std::shared_ptr<KeyLimiter>> written;
  const std::int64_t now_ns = clock_.wall_ms() * kNanosPerMs;
  const auto all = limiters_.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [key, limiter] = all[i];
    if (limiter->take_changed()) {
      const KeyLimiter::State state = limiter->state();
      batch.push_back(
          {"INSERT INTO limiter_states (key, requests_full_at_ns, tokens_full_at_ns) VALUES ($1, $2, $3) ON CONFLICT "
           "(key) DO UPDATE "
           "SET requests_full_at_ns = excluded.requests_full_at_ns, tokens_full_at_ns = excluded.tokens_full_at_ns",
           {key.to_string(), now_ns + state.requests_full_in, now_ns + state.tokens_full_in}});
      written.push_back(limiter);
    }
    if (batch.empty() || (batch.size() < kBatch && i + 1 < all.size())) continue;
    auto done = co_await database_.write(std::move(batch));
    if (!done) {
      for (const auto& one : written) one->mark_changed();
      co_return error_of(std::move(done));
    }
    batch.clear();
    written.clear();
  }
  co_return Result<>{};
}

Task<Result<>> Limiters::run() {
  bool is_failing = false;
  for (;;) {
    const auto slept = co_await sleep_for(options_.flush_every);
    auto flushed = co_await flush();
    // Once for each trouble, not every second of it.
    if (!flushed && !is_failing) log::warn("limits are not stored", {{"error", flushed.error().describe()}});
    is_failing = !flushed;
    if (!slept) co_return Result<>{};
  }
}

}  // namespace atelier::model
