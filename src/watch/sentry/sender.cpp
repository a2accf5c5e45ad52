#include "watch/sentry/sender.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/version.hpp"
#include "net/client/compressed.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kAnswerBytesMax = 4 << 10;
constexpr std::size_t kCompressedMin = 1 << 10;  // below, nothing is won
// All that we send.
constexpr std::string_view kCategory = "error";

constexpr std::array<std::string_view, 1> kOutcome = {"outcome"};
constexpr Metric kEvents{"atelier_sentry_events_total", MetricKind::counter, "Errors that Sentry was to be told of",
                         kOutcome};

}  // namespace

SentrySender::SentrySender(net::HttpClient& client, SentryDsn dsn, const Clock& clock, Metrics& metrics,
                           Options options)
    : client_(client),
      dsn_(std::move(dsn)),
      clock_(clock),
      options_(options),
      sent_(metrics.counter(kEvents, {"sent"})),
      dropped_(metrics.counter(kEvents, {"dropped"})),
      reported_("errors to Sentry", [this] { return waiting(); }) {}

void SentrySender::send(const Occurrence& occurrence) {
  if (occurrence.severity == Severity::warning) return;
  Envelope envelope{.event_id = sentry_event_id(occurrence.id),
                    .item = sentry_item("event", sentry_event(occurrence)),
                    .queued_at = std::chrono::steady_clock::now()};
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < options_.queue_max && bytes_ + envelope.item.size() <= options_.queue_bytes_max) {
      bytes_ += envelope.item.size();
      queue_.push_back(std::move(envelope));
      return;
    }
  }
  discard("queue_overflow");
}

Waiting SentrySender::waiting() {
  const std::lock_guard lock(mutex_);
  Waiting waiting{.count = queue_.size()};
  if (!queue_.empty()) waiting.since = queue_.front().queued_at;
  return waiting;
}

bool SentrySender::take(Envelope& into) {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return false;
  into = std::move(queue_.front());
  bytes_ -= into.item.size();
  queue_.pop_front();
  return true;
}

void SentrySender::put_back(Envelope envelope) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < options_.queue_max && bytes_ + envelope.item.size() <= options_.queue_bytes_max) {
      bytes_ += envelope.item.size();
      queue_.push_front(std::move(envelope));
      return;
    }
  }
  discard("network_error");
}

void SentrySender::discard(std::string_view reason) {
  dropped_.add();
  const std::lock_guard lock(mutex_);
  ++discarded_[{reason, kCategory}];
}

Discarded SentrySender::take_report() {
  const std::lock_guard lock(mutex_);
  if (discarded_.empty() || clock_.now() - reported_at_ < options_.report_every) return {};
  reported_at_ = clock_.now();
  return std::exchange(discarded_, {});
}

void SentrySender::give_back(const Discarded& reported) {
  const std::lock_guard lock(mutex_);
  for (const auto& [what, quantity] : reported) discarded_[what] += quantity;
}

Task<Result<>> SentrySender::run() {
  reported_at_ = clock_.now() - options_.report_every;
  for (;;) {
    const auto slept = co_await sleep_for(options_.look_every);
    if (!slept) break;
    co_await drain();
    if (co_await is_cancelled()) break;
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const TimePoint deadline = clock_.now() + options_.flush;
  for (Envelope envelope; clock_.now() < deadline && take(envelope);) {
    const Outcome outcome = co_await post(&envelope, deadline);
    if (outcome == Outcome::unheard) break;
  }
  co_return Result<>{};
}

Task<> SentrySender::drain() {
  for (Envelope envelope; clock_.now() >= retry_at_ && take(envelope);) {
    const Outcome outcome = co_await post(&envelope, clock_.now() + options_.total);
    if (outcome != Outcome::unheard) {
      backoff_ = std::chrono::milliseconds(0);
      continue;
    }
    put_back(std::move(envelope));
    backoff_ = std::clamp(2 * backoff_, options_.retry_min, options_.retry_max);
    retry_at_ = clock_.now() + backoff_;
  }
}

Task<SentrySender::Outcome> SentrySender::post(Envelope* envelope, TimePoint deadline) {
  if (limits_.holds(kCategory, clock_.now())) {
    discard("ratelimit_backoff");
    co_return Outcome::refused;
  }
  const Discarded reported = take_report();
  net::ClientRequest request;
  request.method = net::Method::post;
  request.url = dsn_.envelopes;
  request.headers.set("content-type", "application/x-sentry-envelope");
  request.headers.set("user-agent", fmt::format("Atelier/{}", kVersion));
  request.headers.set("x-sentry-auth", fmt::format("Sentry sentry_version=7, sentry_key={}, sentry_client=atelier/{}",
                                                   dsn_.public_key, kVersion));
  request.body = sentry_envelope_head(envelope->event_id, clock_.wall_ms()) + envelope->item;
  if (!reported.empty()) request.body += sentry_item("client_report", sentry_report(reported, clock_.wall_ms()));
  net::gzip_body(request, kCompressedMin);
  request.limits.connect = options_.connect;
  request.limits.first_byte = request.limits.between_bytes = options_.total;
  request.limits.deadline = deadline;
  auto response = co_await client_.send(std::move(request));
  if (!response) {
    give_back(reported);
    co_return Outcome::unheard;
  }
  const int status = response->status();
  limits_.note(status, response->headers(), clock_.wall_ms(), clock_.now());
  // Read so that the connection can be kept; what it says is of no use to us.
  (void)co_await response->read_body(kAnswerBytesMax);
  if (status >= 200 && status < 300) {
    sent_.add();
    co_return Outcome::taken;
  }
  give_back(reported);
  // Who says 429 has counted it already.
  if (status == 429)
    dropped_.add();
  else
    discard("send_error");
  co_return Outcome::refused;
}

}  // namespace atelier::watch
