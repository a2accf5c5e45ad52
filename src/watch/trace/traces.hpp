#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "base/trace.hpp"
#include "store/database.hpp"

namespace atelier::watch {

// A span as it is stored and shown.
struct StoredSpan {
  std::string trace, span, parent;  // in hexadecimal digits; parent may be of no span of ours
  std::string name;
  std::int64_t kind = 1;  // as OTLP numbers them
  bool is_entry = false;
  std::int64_t began_us = 0, took_us = 0;  // since 1970
  std::string fault;                       // empty: it went well
  std::vector<std::pair<std::string, std::string>> facts;
};

// What was recorded of traces (base/trace.hpp), written behind what happens: neither a stalled disk nor a full one
// costs more than spans. Bounded in rows and age. Thread-safe.
class Traces {
 public:
  struct Options {
    std::chrono::milliseconds write_every{1'000};
    std::chrono::hours kept{72};
    std::int64_t spans_max = 200'000;
    std::size_t batch_rows_max = 2'000;  // of one transaction
    std::size_t waiting_max = 20'000;    // spans that could not be written yet
  };
  // Sees all spans before they are written, on run()'s loop; may not wait.
  using Listener = std::function<void(const std::vector<trace::SpanRecord>& spans)>;

  Traces(store::Database& telemetry, Metrics& metrics, const Clock& clock, Options options);
  Traces(store::Database& telemetry, Metrics& metrics, const Clock& clock)
      : Traces(telemetry, metrics, clock, Options()) {}

  // Before run().
  void listen(Listener listener) { listeners_.push_back(std::move(listener)); }
  // Writes and deletes until cancelled; then writes what is left.
  Task<Result<>> run();
  // What is recorded by now is told to listeners and written: what run() does once a second.
  Task<Result<>> write();
  Task<Result<>> trim();

  enum class Order : std::uint8_t { newest, slowest };
  struct Query {
    UnixMs from_ms = 0, to_ms = 0;  // the end is not in it
    std::string name = {};          // of the entry; empty: any
    bool has_failed = false;        // those alone that did
    Order order = Order::newest;
    std::size_t count_max = 50;
  };
  static constexpr std::size_t kCountMax = 500;
  // What others asked of us: requests and runs.
  Task<Result<std::vector<StoredSpan>>> entries(Query query);
  // All of a trace, in the order of their beginnings; at most kSpansShownMax. Empty: it is not known (any more).
  static constexpr std::int64_t kSpansShownMax = 2'000;
  Task<Result<std::vector<StoredSpan>>> find(std::string trace);

 private:
  void take();
  Task<Result<>> write_waiting();
  Task<Result<>> write_and_trim();

  store::Database& database_;
  const Clock& clock_;
  const Options options_;
  Counter& recorded_;
  Counter& lost_;
  std::shared_ptr<void> dropped_;
  std::vector<Listener> listeners_;
  std::vector<store::Statement> waiting_;  // run()'s
  std::uint32_t trims_ = 0;
};

}  // namespace atelier::watch
