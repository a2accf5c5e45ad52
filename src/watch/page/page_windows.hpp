#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::watch {

// What browsers measured of pages over days and weeks, restarts among them: how often a value fell into which bucket,
// in memory first and written behind it. Neither a stalled disk nor a full one costs more than figures. Bounded in rows
// and age. Thread-safe.
class PageWindows {
 public:
  struct Options {
    std::chrono::seconds write_every{60};
    std::size_t waiting_max = 10'000;  // buckets that are not written yet
    std::int64_t rows_max = 100'000;
    std::size_t batch_rows_max = 2'000;  // of one transaction
  };
  // Of the last 24 hours, 7 days and 28 days. The first is of whole hours, the others of whole days (UTC): what came
  // in the hour, or day, in which a window begins is in it.
  enum class Window : std::uint8_t { day, week, month };
  static constexpr std::array<std::string_view, 3> kWindows = {"24h", "7d", "28d"};
  static std::optional<Window> parse(std::string_view text) noexcept;

  PageWindows(store::Database& telemetry, Metrics& metrics, const Clock& clock, Options options);
  PageWindows(store::Database& telemetry, Metrics& metrics, const Clock& clock)
      : PageWindows(telemetry, metrics, clock, Options()) {}

  // Names are of closed sets, and live as long as the process.
  void add(std::string_view metric, std::string_view page, std::string_view device, double value);
  // Writes and deletes until cancelled; then writes what is left. To be spawned once by the owner of this, and ended
  // before the database closes.
  Task<Result<>> run();
  // What waits, and what is over: what run() does.
  Task<Result<>> write();
  Task<Result<>> trim();

  struct Spread {
    std::string metric, page, device;
    std::uint64_t count = 0;
    double p75 = 0;  // right to 2.2 %
  };
  // By metric, page and device; what is not written yet is in it.
  Task<Result<std::vector<Spread>>> read(Window window);

 private:
  using Series = std::tuple<std::string_view, std::string_view, std::string_view>;  // metric, page, device
  struct Key {
    std::int64_t hour = 0;  // since 1970
    Series series;
    std::int64_t bucket = 0;
    auto operator<=>(const Key&) const = default;
  };
  using Counts = std::map<Key, std::int64_t>;

  store::Database& database_;
  const Clock& clock_;
  const Options options_;
  Counter& dropped_;
  std::mutex mutex_;  // of all below
  Counts waiting_, writing_;
};

}  // namespace atelier::watch
