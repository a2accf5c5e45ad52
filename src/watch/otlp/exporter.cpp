#include "watch/otlp/exporter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/async.hpp"
#include "base/json.hpp"
#include "base/scrub.hpp"
#include "base/task_group.hpp"
#include "base/text.hpp"
#include "base/trace_context.hpp"
#include "base/version.hpp"
#include "net/client/compressed.hpp"
#include "net/conditional.hpp"

namespace atelier::watch::otlp {
namespace {

constexpr std::size_t kFieldBytesMax = 1'000;
constexpr std::size_t kReplyBytesMax = 64 << 10;
constexpr std::size_t kCompressedMin = 1 << 10;  // below, nothing is won
constexpr std::chrono::milliseconds kConnectMax{5'000};
constexpr std::chrono::milliseconds kLastWords{1'000};  // each
constexpr std::array<std::string_view, 1> kSignalLabel = {"signal"};
constexpr std::array<std::string_view, 3> kSignals = {"traces", "metrics", "logs"};

constexpr Metric kSent{"atelier_otlp_sent_total", MetricKind::counter,
                       "Spans, log lines and sets of metrics that a collector took", kSignalLabel};
constexpr Metric kDropped{"atelier_otlp_dropped_total", MetricKind::counter,
                          "Those that found no room, or that the collector did not take", kSignalLabel};

std::int64_t now_ns(const Clock& clock) { return clock.wall_ms() * 1'000'000; }

bool may_try_again(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

std::chrono::milliseconds jittered(std::chrono::milliseconds pause) {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(pause.count() / 2, pause.count())(source));
}

// How much of what it was sent a collector has refused: 0 where it does not say so.
std::size_t rejected_count(std::string_view reply) {
  const auto parsed = json::parse(reply);
  const json::Object* whole = parsed ? parsed->if_object() : nullptr;
  const json::Value* partial = whole != nullptr ? whole->if_contains("partialSuccess") : nullptr;
  if (partial == nullptr || !partial->is_object()) return 0;
  for (const std::string_view name : {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"}) {
    const json::Value* count = partial->get_object().if_contains(name);
    if (count == nullptr) continue;
    // An integer of 64 bits is a decimal string; some write a number nevertheless.
    const std::int64_t number = count->is_int64()    ? count->get_int64()
                                : count->is_string() ? parse_integer(count->get_string()).value_or(0)
                                                     : 0;
    return static_cast<std::size_t>(std::max<std::int64_t>(number, 0));
  }
  return 0;
}

std::optional<std::chrono::milliseconds> retry_after(const net::Headers& headers, UnixMs now_ms) {
  constexpr std::int64_t kSecondsMax = 3'600;
  const auto field = headers.find("retry-after");
  if (!field) return std::nullopt;
  std::optional<std::int64_t> seconds = parse_integer(trim(*field));
  if (!seconds)
    if (const auto date_s = net::parse_http_date(trim(*field))) seconds = *date_s - now_ms / 1'000;
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::clamp<std::int64_t>(*seconds, 0, kSecondsMax));
}

std::string text_of(const log::Field::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return scrub_start(*text, kFieldBytesMax);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return std::get<bool>(value) ? "true" : "false";
}

// The last seven bytes of an id are random (W3C Trace Context, level 2): whoever else samples by them takes the same.
bool is_of_share(const TraceContext& context, double share) {
  constexpr std::uint64_t kRandom = (1ULL << 56) - 1;
  return static_cast<double>(context.low & kRandom) < share * static_cast<double>(1ULL << 56);
}

}  // namespace

Exporter::Exporter(net::HttpClient& client, Metrics& metrics, const ModelMeter* calls, const Clock& clock,
                   ExporterOptions options)
    : client_(client),
      metrics_(metrics),
      calls_(calls),
      clock_(clock),
      options_(std::move(options)),
      started_ns_(now_ns(clock)),
      counters_{{{metrics.counter(kSent, {kSignals[0]}), metrics.counter(kDropped, {kSignals[0]})},
                 {metrics.counter(kSent, {kSignals[1]}), metrics.counter(kDropped, {kSignals[1]})},
                 {metrics.counter(kSent, {kSignals[2]}), metrics.counter(kDropped, {kSignals[2]})}}},
      reported_spans_("spans to export", [this] { return waiting(spans_); }),
      reported_logs_("log lines to export", [this] { return waiting(logs_); }) {}

void Exporter::take(const std::vector<trace::SpanRecord>& spans) {
  if (options_.traces.url.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const trace::SpanRecord& span : spans) {
    if (!is_of_share(span.context, options_.traces_share)) continue;
    if (spans_.items.size() < options_.spans_max)
      spans_.items.push_back({span, std::chrono::steady_clock::now()});
    else
      counters_of(Signal::traces).dropped.add();
  }
}

void Exporter::see(const log::Line& line) noexcept {
  if (options_.logs.url.empty()) return;
  try {
    LogRecord record{.unix_ns = now_ns(clock_), .level = line.level, .message = std::string(line.message)};
    for (const log::Field& field : line.fields)
      if (field.name == "trace" && parse_trace_id(line.text("trace")))
        record.trace = text_of(field.value);
      else
        record.fields.emplace_back(field.name, text_of(field.value));
    const std::lock_guard lock(mutex_);
    if (logs_.items.size() < options_.logs_max)
      logs_.items.push_back({std::move(record), std::chrono::steady_clock::now()});
    else
      counters_of(Signal::logs).dropped.add();
  } catch (const std::bad_alloc&) {
    counters_of(Signal::logs).dropped.add();
  }
}

Task<Result<>> Exporter::run() {
  TaskGroup::Options alone;
  alone.stops_on_error = false;
  TaskGroup group(co_await current_executor(), alone);
  if (!options_.traces.url.empty()) group.spawn(send_traces());
  if (!options_.logs.url.empty()) group.spawn(send_logs());
  if (!options_.metrics.url.empty()) group.spawn(send_metrics());
  const auto joined = co_await group.join();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await say_last_words();
  co_return joined;
}

// What happened just before the end is what somebody will look for.
Task<> Exporter::say_last_words() {
  Answer answer;
  Target traces = options_.traces, logs = options_.logs;
  traces.timeout = logs.timeout = kLastWords;
  if (auto batch = take_batch(&spans_, options_.spans_batch); !batch.empty())
    (void)co_await post(&traces, traces_request(options_.resource, batch), &answer);
  if (auto batch = take_batch(&logs_, options_.logs_batch); !batch.empty())
    (void)co_await post(&logs, logs_request(options_.resource, batch), &answer);
}

// Taking a batch lays down the one before, of which there is an outcome.
template <class Record>
std::vector<Record> Exporter::take_batch(Queue<Record>* queue, std::size_t count_max) {
  std::vector<Record> batch;
  const std::lock_guard lock(mutex_);
  queue->in_hand = {};
  if (queue->items.empty()) return batch;
  queue->in_hand.since = queue->items.front().queued_at;
  for (; !queue->items.empty() && batch.size() < count_max; queue->items.pop_front())
    batch.push_back(std::move(queue->items.front().record));
  queue->in_hand.count = batch.size();
  return batch;
}

template <class Record>
Waiting Exporter::waiting(const Queue<Record>& queue) {
  const std::lock_guard lock(mutex_);
  Waiting waiting = queue.in_hand;
  waiting.count += queue.items.size();
  if (!waiting.since && !queue.items.empty()) waiting.since = queue.items.front().queued_at;
  return waiting;
}

Task<Result<>> Exporter::send_traces() {
  for (;;) {
    if (auto slept = co_await sleep_for(options_.spans_every); !slept) co_return slept;
    for (;;) {
      auto batch = take_batch(&spans_, options_.spans_batch);
      if (batch.empty()) break;
      std::string body = traces_request(options_.resource, batch);
      if (auto sent = co_await deliver(Signal::traces, std::move(body), batch.size()); !sent) co_return sent;
    }
  }
}

Task<Result<>> Exporter::send_logs() {
  for (;;) {
    if (auto slept = co_await sleep_for(options_.logs_every); !slept) co_return slept;
    for (;;) {
      auto batch = take_batch(&logs_, options_.logs_batch);
      if (batch.empty()) break;
      std::string body = logs_request(options_.resource, batch);
      if (auto sent = co_await deliver(Signal::logs, std::move(body), batch.size()); !sent) co_return sent;
    }
  }
}

Task<Result<>> Exporter::send_metrics() {
  for (;;) {
    if (auto slept = co_await sleep_for(options_.metrics_every); !slept) co_return slept;
    const auto calls = calls_ == nullptr ? std::vector<ConventionalMetric>() : calls_->metrics();
    std::string body = metrics_request(options_.resource, metrics_, calls, started_ns_, now_ns(clock_));
    if (auto sent = co_await deliver(Signal::metrics, std::move(body), 1); !sent) co_return sent;
  }
}

const Target& Exporter::target_of(Signal signal) const noexcept {
  if (signal == Signal::traces) return options_.traces;
  return signal == Signal::metrics ? options_.metrics : options_.logs;
}

Task<Result<>> Exporter::deliver(Signal signal, std::string body, std::size_t count) {
  Counters& counters = counters_of(signal);
  // The numbers of a moment ago are told by those of the next.
  const auto patience = signal == Signal::metrics ? std::chrono::milliseconds(0) : options_.give_up_after;
  const auto until = std::chrono::steady_clock::now() + patience;
  auto& not_before = not_before_[static_cast<std::size_t>(signal)];
  for (std::chrono::milliseconds pause = options_.retry_min;; pause = std::min(pause * 2, options_.retry_max)) {
    if (const auto left = not_before - std::chrono::steady_clock::now(); left > left.zero()) {
      Result<> slept;
      const bool is_in_time = not_before < until;
      if (is_in_time) slept = co_await sleep_for(left);
      if (!is_in_time || !slept) {
        counters.dropped.add(count);
        co_return slept;
      }
    }
    Answer answer;
    const Outcome outcome = co_await post(&target_of(signal), body, &answer);
    complain(signal, outcome, answer);
    if (outcome == Outcome::taken) {
      // What was refused of it is never sent again. Metrics are counted by the set.
      const std::size_t rejected = signal == Signal::metrics ? 0 : std::min(answer.rejected_count, count);
      counters.sent.add(count - rejected);
      counters.dropped.add(rejected);
      co_return Result<>{};
    }
    if (outcome == Outcome::later)
      not_before = std::chrono::steady_clock::now() +
                   std::max(answer.wait.value_or(std::chrono::milliseconds(0)), jittered(pause));
    if (outcome == Outcome::refused || std::chrono::steady_clock::now() >= until) {
      counters.dropped.add(count);
      co_return Result<>{};
    }
  }
}

// Once, until all is well again: what is said here goes to the collector too.
void Exporter::complain(Signal signal, Outcome outcome, const Answer& answer) {
  bool& is_told = is_complained_[static_cast<std::size_t>(signal)];
  const bool is_well = outcome == Outcome::taken && answer.rejected_count == 0;
  if (is_well) is_told = false;
  // Those in between, 429 and so on, are what trying again is for.
  const bool is_worth_a_line = !is_well && (outcome != Outcome::later || !answer.error.empty());
  if (!is_worth_a_line || std::exchange(is_told, true)) return;
  const std::string_view name = kSignals[static_cast<std::size_t>(signal)];
  if (outcome == Outcome::later)
    log::warn("the collector cannot be reached", {{"signal", name}, {"error", answer.error}});
  else if (outcome == Outcome::refused)
    log::warn("the collector refuses what it is sent",
              {{"signal", name}, {"status", answer.status}, {"answer", answer.text}});
  else
    log::warn("the collector refused a part",
              {{"signal", name}, {"count", answer.rejected_count}, {"answer", answer.text}});
}

Task<Exporter::Outcome> Exporter::post(const Target* target, std::string body, Answer* answer) {
  auto url = net::Url::parse(target->url);
  if (!url) co_return Outcome::refused;
  net::ClientRequest request;
  request.method = net::Method::post;
  request.url = std::move(*url);
  request.headers.set("content-type", "application/json");
  request.headers.set("user-agent", fmt::format("Atelier-OTLP-Exporter/{}", kVersion));
  for (const auto& [name, value] : target->headers) request.headers.set(name, value);
  request.body = std::move(body);
  if (target->is_compressed) net::gzip_body(request, kCompressedMin);
  request.limits.connect = std::min(kConnectMax, target->timeout);
  request.limits.first_byte = request.limits.between_bytes = target->timeout;
  request.limits.deadline = std::chrono::steady_clock::now() + target->timeout;
  auto response = co_await client_.send(std::move(request));
  if (!response) {
    if (response.error().code != ErrorCode::cancelled) answer->error = response.error().describe();
    co_return Outcome::later;
  }
  answer->status = response->status();
  answer->wait = retry_after(response->headers(), clock_.wall_ms());
  auto reply = co_await response->read_body(kReplyBytesMax);
  if (reply) answer->text = std::move(*reply);
  if (answer->status >= 200 && answer->status < 300) {
    answer->rejected_count = rejected_count(answer->text);
    co_return Outcome::taken;
  }
  co_return may_try_again(answer->status) ? Outcome::later : Outcome::refused;
}

}  // namespace atelier::watch::otlp
