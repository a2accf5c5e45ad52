#pragma once

#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "watch/history/figure.hpp"
#include "watch/history/recorder.hpp"

namespace atelier::watch {

// What all metrics were over time: every second of the last hour, every ten of the last day, every five minutes of 90
// days. Points are made in memory and written behind it, once a minute, so that neither a stalled disk nor a full one
// costs more than points: what cannot be written waits in memory, up to a bound. Thread-safe.
class History {
 public:
  struct Options {
    std::size_t figures_max = 4'000;
    std::int64_t bytes_max = 64LL << 20;  // of what is stored; the oldest of the finest tier goes first
    std::chrono::seconds write_every{60};
    std::size_t batch_rows_max = 256;  // of one transaction: making one holds the loop for about 3 ms
  };
  History(store::Database& telemetry, Metrics& metrics, const Clock& clock, Options options);
  History(store::Database& telemetry, Metrics& metrics, const Clock& clock)
      : History(telemetry, metrics, clock, Options()) {}

  // Samples, writes and deletes until cancelled; then writes what is left. To be spawned once by the owner of this, and
  // ended before the database closes.
  Task<Result<>> run();
  // One second's sample, and writing of what has changed: what run() does.
  void sample();
  Task<Result<>> write();
  // Deletes a slice of what is over its time or its room. False: nothing is left to delete.
  Task<Result<bool>> trim();

  struct Query {
    std::vector<FigureName> figures;  // at most kFiguresMax
    UnixMs from_ms = 0, to_ms = 0;    // the end is not in it
    std::size_t points_max = 500;     // of each; more are put together: means, and of quantiles the highest
  };
  static constexpr std::size_t kFiguresMax = 64, kPointsMax = 4'000;
  struct Line {
    FigureName figure;
    std::vector<float> points;  // NaN: none
  };
  struct Answer {
    UnixMs from_ms = 0;
    std::chrono::milliseconds step{0};
    std::vector<std::int64_t>
        ran_s;                // of each point, for how many seconds the studio ran: a rate times these is a count
    std::vector<Line> lines;  // in the order they were asked for
  };
  // From the finest tier that still has the beginning. While the studio ran, a rate that is not there is one of
  // nothing.
  Task<Result<Answer>> read(Query query);
  // The newest points of the finest tier, out of memory: those of the second `since_s` (since 1970) and later, at most
  // kBlockPoints. No lines: there are none yet.
  Answer recent(const std::vector<FigureName>& figures, std::int64_t since_s) const;
  // All that are kept, those of earlier runs too.
  Task<Result<std::vector<FigureName>>> figures();

 private:
  Task<Result<>> learn();
  // From the number `first` on, one for each of `count`; `rows` are what is stored of it (start, points).
  Result<std::vector<float>> points_of(const FigureName& figure, std::size_t tier, const store::Rows& rows,
                                       std::int64_t first, std::size_t count) const;
  // Adds what a process before this one stored of the same blocks.
  Task<Result<>> complete(std::vector<Recorder::Changed>* changed);
  Task<Result<>> write_batch(std::vector<Recorder::Changed>* changed);

  store::Database& database_;
  const Metrics& metrics_;
  const Clock& clock_;
  const Options options_;
  Counter& dropped_;
  const std::int64_t begun_s_;  // since 1970
  mutable std::mutex mutex_;    // of recorder_
  Recorder recorder_;
  std::int64_t stored_bytes_ = -1;  // run()'s; -1: not known yet
};

}  // namespace atelier::watch
