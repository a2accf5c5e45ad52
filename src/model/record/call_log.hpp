#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "base/metrics.hpp"
#include "base/queue_report.hpp"
#include "base/task.hpp"
#include "model/limit/period.hpp"
#include "model/record/call_record.hpp"
#include "model/record/call_sums.hpp"
#include "store/database.hpp"

namespace atelier::model {

class WriteDesk;

// How long calls are kept. What goes over is deleted oldest first, in slices.
struct CallRetention {
  std::chrono::hours age{24 * 30};
  std::int64_t rows_max = 1'000'000;
  std::chrono::hours texts_age{24 * 7};
  std::int64_t texts_bytes_max = 256LL << 20;
  std::int64_t slice_rows = 1'000;
  std::chrono::milliseconds slice_pause{200};  // between slices, while there is more
  std::chrono::milliseconds every{std::chrono::minutes(10)};
};

// Writes every call to telemetry.db, behind its answer: add() puts it into a bounded queue and returns; run() writes
// what is there, a hundred milliseconds or a thousand calls at a time. What finds no room is dropped and counted; the
// sums by day count it all the same. Thread-safe.
class CallLog {
 public:
  struct Options {
    std::size_t queue_rows_max = 16'384;
    std::size_t queue_texts_bytes_max = 16 << 20;
    std::size_t batch_rows_max = 1'000;
    std::chrono::milliseconds flush_every{100};
    std::chrono::milliseconds retry_min{500}, retry_max{30'000};  // while the database takes nothing
    bool keeps_texts = false;
    std::size_t text_bytes_max = 256 << 10;  // of each; the rest is cut off
    CallRetention retention = {};
  };
  CallLog(store::Database& telemetry, const Clock& clock, Metrics& metrics)
      : CallLog(telemetry, clock, metrics, Options()) {}
  CallLog(store::Database& telemetry, const Clock& clock, Metrics& metrics, Options options);
  ~CallLog();

  // Whether texts are worth gathering.
  bool keeps_texts() const noexcept { return keeps_texts_.load(std::memory_order_relaxed); }
  void keep_texts(bool is_on) noexcept { keeps_texts_.store(is_on, std::memory_order_relaxed); }
  std::size_t text_bytes_max() const noexcept { return options_.text_bytes_max; }

  // Never waits. From any thread. Figures no call can have are put within bounds.
  void add(CallRecord record, CallTexts texts = {});

  // Writes, and deletes what is old, until cancelled; then writes what is left. To be spawned once by the owner of
  // this, and ended before the database closes.
  Task<Result<>> run();
  // Writes what was added until now. Not beside run().
  Task<Result<>> flush();
  // Deletes one slice of what is over its time or its room. False: nothing is left to delete.
  Task<Result<bool>> trim();

  std::uint64_t dropped_count() const noexcept { return dropped_rows_.value(); }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Entry {
    CallRecord record;
    CallTexts texts;
  };
  static constexpr std::size_t kShards = 4, kSumsMax = 2'500;
  struct alignas(64) Shard {
    std::mutex mutex;
    std::vector<Entry> entries;
    TimePoint since{};           // the first of them is there
    std::vector<Entry> spare;    // run()'s: changed for `entries`, so that neither is ever made anew
    CallSums dropped{kSumsMax};  // what found no room
  };

  void measure(const CallRecord& record) noexcept;
  void take();
  Waiting waiting();
  std::vector<store::Statement> next_batch(std::size_t& row_count);
  void drop_taken();
  Task<Result<>> write_batch();
  Task<Result<>> learn();
  void wake();

  store::Database& database_;
  const Clock& clock_;
  const Options options_;
  std::atomic<bool> keeps_texts_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> queued_rows_ = 0, queued_texts_bytes_ = 0;
  Counter& written_rows_;
  Counter& dropped_rows_;
  Counter& dropped_texts_;
  Counter& dropped_sums_;
  Histogram &first_token_seconds_, &answer_seconds_, &token_rate_;
  std::shared_ptr<void> gauge_;      // reads queued_rows_
  std::unique_ptr<WriteDesk> desk_;  // how run() is woken
  // run()'s alone.
  std::vector<Entry> taken_;  // from written_count_ on not yet written
  std::size_t written_count_ = 0;
  CallSums dropped_{kShards * kSumsMax};     // not yet written
  std::optional<std::int64_t> last_number_;  // in the table; nullopt: not read yet
  std::int64_t texts_bytes_ = 0;             // of all texts kept
  std::atomic<TimePoint> taken_since_{};     // the first of taken_; of 1970: none
  ReportedQueue reported_;
};

}  // namespace atelier::model
