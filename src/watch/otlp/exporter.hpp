#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/queue_report.hpp"
#include "base/task.hpp"
#include "base/trace.hpp"
#include "net/client/http_client.hpp"
#include "watch/otlp/model_meter.hpp"
#include "watch/otlp/otlp_json.hpp"

namespace atelier::watch::otlp {

// Where a signal goes. Empty: nowhere.
struct Target {
  std::string url;
  Attributes headers = {};
  std::chrono::milliseconds timeout{10'000};
  bool is_compressed = false;
};

struct ExporterOptions {
  Target traces, metrics, logs;
  Attributes resource;
  double traces_share = 1;                           // of all traces, by their ids: whole ones
  std::size_t spans_max = 2'048, spans_batch = 512;  // waiting; of one request
  std::size_t logs_max = 2'048, logs_batch = 512;
  std::chrono::milliseconds spans_every{5'000}, logs_every{1'000}, metrics_every{60'000};
  std::chrono::milliseconds retry_min{1'000}, retry_max{30'000};
  std::chrono::milliseconds give_up_after{300'000};  // a batch
  bool is_on() const noexcept { return !traces.url.empty() || !metrics.url.empty() || !logs.url.empty(); }
};

// As the environment says in OpenTelemetry's own names (OTEL_EXPORTER_OTLP_ENDPOINT, ..._HEADERS, ..._TIMEOUT,
// ..._COMPRESSION, ..._PROTOCOL, each of a signal too; OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_*,
// OTEL_BLRP_*, OTEL_METRIC_EXPORT_INTERVAL, OTEL_TRACES_SAMPLER and its _ARG, OTEL_SDK_DISABLED). `endpoint` is the
// setting's and goes before; with neither nothing is exported. The error names the variable.
using Variables = std::map<std::string, std::string, std::less<>>;
Result<ExporterOptions> exporter_options(const std::string& endpoint, const Variables& environment);

// Sends what is measured to a collector: batched, bounded, lossy with a count. A collector that is slow or down costs
// what its queues hold, and nothing else. Thread-safe.
class Exporter final : public log::Tap {
 public:
  // `client`, `metrics` and `calls` (null: none) outlive it.
  Exporter(net::HttpClient& client, Metrics& metrics, const ModelMeter* calls, const Clock& clock,
           ExporterOptions options);

  void take(const std::vector<trace::SpanRecord>& spans);
  void see(const log::Line& line) noexcept override;
  // Sends until cancelled; then what is left, for two seconds.
  Task<Result<>> run();

 private:
  enum class Signal : std::uint8_t { traces, metrics, logs };
  // What became of a request: taken, to be tried again, or dropped for good.
  enum class Outcome : std::uint8_t { taken, later, refused };
  struct Counters {
    Counter& sent;
    Counter& dropped;
  };
  Task<Result<>> send_traces();
  Task<Result<>> send_logs();
  Task<Result<>> send_metrics();
  Task<> say_last_words();
  // Until it is taken, refused for good, or too old. `count` is of what is in it.
  Task<Result<>> deliver(Signal signal, std::string body, std::size_t count);
  struct Answer {
    int status = 0;  // 0: there is none
    std::string text, error;
    std::size_t rejected_count = 0;  // of what was taken otherwise
    std::optional<std::chrono::milliseconds> wait;
  };
  Task<Outcome> post(const Target* target, std::string body, Answer* answer);
  void complain(Signal signal, Outcome outcome, const Answer& answer);
  const Target& target_of(Signal signal) const noexcept;
  Counters& counters_of(Signal signal) noexcept { return counters_[static_cast<std::size_t>(signal)]; }
  template <class Record>
  struct Queue {
    struct Item {
      Record record;
      std::chrono::steady_clock::time_point queued_at;
    };
    std::deque<Item> items;
    Waiting in_hand;  // of the batch that is being delivered: it waits until it is taken or given up
  };
  template <class Record>
  std::vector<Record> take_batch(Queue<Record>* queue, std::size_t count_max);
  template <class Record>
  Waiting waiting(const Queue<Record>& queue);

  net::HttpClient& client_;
  Metrics& metrics_;
  const ModelMeter* const calls_;
  const Clock& clock_;
  const ExporterOptions options_;
  const std::int64_t started_ns_;
  std::array<Counters, 3> counters_;
  std::mutex mutex_;
  Queue<trace::SpanRecord> spans_;
  Queue<LogRecord> logs_;
  // run()'s, by signal.
  std::array<bool, 3> is_complained_{};  // the log was told what is wrong
  // A collector that is down, or said for how long it wants nothing, is not asked before: what comes meanwhile waits,
  // or is dropped where it would be too old by then.
  std::array<std::chrono::steady_clock::time_point, 3> not_before_{};
  ReportedQueue reported_spans_, reported_logs_;
};

}  // namespace atelier::watch::otlp
