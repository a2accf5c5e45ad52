#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/queue_report.hpp"
#include "base/task.hpp"
#include "net/client/http_client.hpp"
#include "watch/sentry/dsn.hpp"
#include "watch/sentry/envelope.hpp"
#include "watch/sentry/limits.hpp"

namespace atelier::watch {

// Tells a Sentry of errors, behind whoever has them: from a queue of its own, which drops and counts what finds no
// room. A Sentry that is down, slow or has enough of us costs nothing else. The address is the operator's, and may be
// of their own network. Thread-safe.
class SentrySender {
 public:
  struct Options {
    std::size_t queue_max = 100;
    std::size_t queue_bytes_max = 10 << 20;
    std::chrono::milliseconds look_every{250};
    std::chrono::milliseconds connect{5'000}, total{15'000};
    std::chrono::milliseconds retry_min{1'000}, retry_max{60'000};  // after failures of the network alone
    std::chrono::milliseconds report_every{30'000};                 // what was not sent is told so often at most
    std::chrono::milliseconds flush{2'000};                         // at the end
  };
  SentrySender(net::HttpClient& client, SentryDsn dsn, const Clock& clock, Metrics& metrics, Options options);

  // Never waits. Warnings are left out: Sentry is for what is wrong.
  void send(const Occurrence& occurrence);
  // Sends until cancelled; then what is left, for as long as the flush may take. To be spawned once.
  Task<Result<>> run();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Envelope {
    std::string event_id, item;
    TimePoint queued_at{};
  };
  enum class Outcome : std::uint8_t { taken, refused, unheard };
  bool take(Envelope& into);
  Waiting waiting();
  void put_back(Envelope envelope);
  void discard(std::string_view reason);
  void give_back(const Discarded& reported);
  Discarded take_report();
  Task<> drain();
  Task<Outcome> post(Envelope* envelope, TimePoint deadline);

  net::HttpClient& client_;
  const SentryDsn dsn_;
  const Clock& clock_;
  const Options options_;
  Counter& sent_;
  Counter& dropped_;
  std::mutex mutex_;  // of queue_, bytes_ and discarded_
  std::deque<Envelope> queue_;
  std::size_t bytes_ = 0;
  Discarded discarded_;
  // run()'s.
  SentryLimits limits_;
  std::chrono::milliseconds backoff_{0};
  TimePoint retry_at_{};
  TimePoint reported_at_{};
  ReportedQueue reported_;
};

}  // namespace atelier::watch
