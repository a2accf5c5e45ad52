#include "watch/page/page_windows.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/async.hpp"
#include "base/log.hpp"

namespace atelier::watch {
namespace {

constexpr Metric kDropped{"atelier_page_figures_dropped_total", MetricKind::counter,
                          "Figures of pages that found no room before they were written"};
constexpr std::int64_t kHourMs = 3'600'000, kHoursOfDay = 24;
constexpr std::int64_t kByHour = 0, kByDay = 1;  // tiers
constexpr std::int64_t kHoursKept = 48, kDaysKept = 29;
constexpr std::int64_t kTrimEvery = 60;  // writes
constexpr std::size_t kSeriesMax = 5'000;

// Sixteen buckets to each power of two, from 2^-20 (a microsecond, in seconds) to 2^10; 0 is of what is less.
constexpr double kLowest = 1.0 / (1 << 20);
constexpr int kPerPower = 16;
constexpr std::int64_t kBucketMax = std::int64_t{30} * kPerPower;

std::int64_t bucket_of(double value) {
  if (!(value > kLowest)) return 0;
  return std::clamp<std::int64_t>(1 + static_cast<std::int64_t>(std::floor(std::log2(value / kLowest) * kPerPower)), 1,
                                  kBucketMax);
}

double middle_of(std::int64_t bucket) {
  return bucket <= 0 ? 0 : kLowest * std::exp2((static_cast<double>(bucket) - 0.5) / kPerPower);
}

struct Range {
  std::int64_t tier = kByHour;
  std::int64_t first = 0, last = 0;  // slots. A clock that ran ahead has left some of times to come.
};
Range range_of(PageWindows::Window window, std::int64_t hour) {
  if (window == PageWindows::Window::day) return {kByHour, hour - kHoursOfDay, hour};
  const std::int64_t today = hour / kHoursOfDay;
  return {kByDay, today - (window == PageWindows::Window::week ? 7 : 28), today};
}

double p75_of(const std::map<std::int64_t, std::int64_t>& buckets, std::int64_t count) {
  std::int64_t below = 0;
  for (const auto& [bucket, here] : buckets) {
    below += here;
    if (4 * below >= 3 * count) return middle_of(bucket);
  }
  return 0;
}

}  // namespace

std::optional<PageWindows::Window> PageWindows::parse(std::string_view text) noexcept {
  const auto found = std::ranges::find(kWindows, text);
  if (found == kWindows.end()) return std::nullopt;
  return static_cast<Window>(found - kWindows.begin());
}

PageWindows::PageWindows(store::Database& telemetry, Metrics& metrics, const Clock& clock, Options options)
    : database_(telemetry), clock_(clock), options_(options), dropped_(metrics.counter(kDropped)) {}

void PageWindows::add(std::string_view metric, std::string_view page, std::string_view device, double value) {
  const Key key{.hour = clock_.wall_ms() / kHourMs, .series = {metric, page, device}, .bucket = bucket_of(value)};
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= options_.waiting_max && !waiting_.contains(key)) {
    dropped_.add();
    return;
  }
  ++waiting_[key];
}

Task<Result<>> PageWindows::run() {
  for (std::int64_t writes = 1;; ++writes) {
    if (auto slept = co_await sleep_for(options_.write_every); !slept) break;
    auto written = co_await write();
    if (!written) log::warn("figures of pages were not written", {{"error", written.error().describe()}});
    if (writes % kTrimEvery != 0) continue;
    auto trimmed = co_await trim();
    if (!trimmed) log::warn("old figures of pages were not deleted", {{"error", trimmed.error().describe()}});
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_return co_await write();
}

// What is being written is read beside what waits; so is what was written, once the transaction is through.
Task<Result<>> PageWindows::write() {
  for (;;) {
    std::vector<store::Statement> batch;
    {
      const std::lock_guard lock(mutex_);
      while (!waiting_.empty() && 2 * writing_.size() < options_.batch_rows_max)
        writing_.insert(waiting_.extract(waiting_.begin()));
      for (const auto& [key, count] : writing_)
        for (const auto& [tier, slot] : {std::pair(kByHour, key.hour), std::pair(kByDay, key.hour / kHoursOfDay)})
          batch.push_back(
              {"INSERT INTO page_figures (tier, slot, metric, page, device, bucket, count) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tier, slot, metric, page, device, bucket) "
               "DO UPDATE SET count = page_figures.count + excluded.count",
               {tier, slot, std::string(std::get<0>(key.series)), std::string(std::get<1>(key.series)),
                std::string(std::get<2>(key.series)), key.bucket, count}});
    }
    if (batch.empty()) co_return Result<>{};
    auto written = co_await database_.write(std::move(batch));
    const std::lock_guard lock(mutex_);
    Counts done = std::exchange(writing_, {});
    if (written) continue;
    for (const auto& [key, count] : done) waiting_[key] += count;
    co_return error_of(written);
  }
}

Task<Result<>> PageWindows::trim() {
  const std::int64_t hour = clock_.wall_ms() / kHourMs;
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM page_figures WHERE tier = $1 AND slot < $2", {kByHour, hour - kHoursKept}});
  batch.push_back({"DELETE FROM page_figures WHERE tier = $1 AND slot < $2", {kByDay, hour / kHoursOfDay - kDaysKept}});
  // Of what is over its room the oldest of each tier, half and half.
  for (const std::int64_t tier : {kByHour, kByDay})
    batch.push_back(
        {"DELETE FROM page_figures WHERE tier = $1 AND slot <= coalesce((SELECT slot FROM page_figures "
         "WHERE tier = $1 ORDER BY slot DESC LIMIT 1 OFFSET $2), -1)",
         {tier, options_.rows_max / 2}});
  auto deleted = co_await database_.write(std::move(batch));
  if (!deleted) co_return error_of(deleted);
  co_return Result<>{};
}

Task<Result<std::vector<PageWindows::Spread>>> PageWindows::read(Window window) {
  const Range range = range_of(window, clock_.wall_ms() / kHourMs);
  using Buckets = std::map<std::int64_t, std::int64_t>;
  std::map<std::tuple<std::string, std::string, std::string>, Buckets> all;
  store::Statement question(
      "SELECT metric, page, device, bucket, sum(count) FROM page_figures WHERE tier = $1 AND slot >= $2 AND slot <= $3 "
      "GROUP BY metric, page, device, bucket",
      {range.tier, range.first, range.last});
  auto rows = co_await database_.read(std::move(question));
  if (!rows) co_return error_of(rows);
  for (std::size_t row = 0; row < rows->size(); ++row)
    all[{rows->text(row, 0), rows->text(row, 1), rows->text(row, 2)}][rows->integer(row, 3)] += rows->integer(row, 4);
  // Then what waits: what is written between the two is missed once, and never told twice.
  {
    const std::lock_guard lock(mutex_);
    for (const Counts* counts : {&waiting_, &writing_})
      for (const auto& [key, count] : *counts) {
        const std::int64_t slot = range.tier == kByHour ? key.hour : key.hour / kHoursOfDay;
        if (slot < range.first || slot > range.last) continue;
        const auto& [metric, page, device] = key.series;
        all[{std::string(metric), std::string(page), std::string(device)}][key.bucket] += count;
      }
  }
  std::vector<Spread> spreads;
  for (const auto& [series, buckets] : all) {
    if (spreads.size() == kSeriesMax) break;
    std::int64_t count = 0;
    for (const auto& [bucket, here] : buckets) count += here;
    spreads.push_back({.metric = std::get<0>(series),
                       .page = std::get<1>(series),
                       .device = std::get<2>(series),
                       .count = static_cast<std::uint64_t>(count),
                       .p75 = p75_of(buckets, count)});
  }
  co_return spreads;
}

}  // namespace atelier::watch
