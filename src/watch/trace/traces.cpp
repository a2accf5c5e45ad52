#include "watch/trace/traces.hpp"

#include <algorithm>
#include <limits>

#include "base/async.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "base/text.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kNameBytesMax = 200, kFactBytesMax = 300, kFactsMax = 24;
constexpr std::int64_t kSpanSliceRows = 5'000;
constexpr std::uint32_t kTrimEvery = 60;  // writes

constexpr Metric kRecorded{"atelier_trace_spans_total", MetricKind::counter, "Spans of traces that were recorded"};
constexpr Metric kLost{"atelier_trace_spans_lost_total", MetricKind::counter,
                       "Spans that found no room before they were written"};
constexpr Metric kUnheard{"atelier_trace_spans_dropped_total", MetricKind::counter, "Spans that nobody took in time"};

// In the order of read_span().
constexpr store::Sql kFind(
    "SELECT trace, span, parent, name, kind, is_entry, began_us, took_us, fault, facts FROM trace_spans "
    "WHERE trace = $1 ORDER BY began_us, took_us DESC LIMIT $2");
constexpr store::Sql kNewest(
    "SELECT trace, span, parent, name, kind, is_entry, began_us, took_us, fault, facts FROM trace_spans "
    "WHERE is_entry = 1 AND began_us >= $1 AND began_us < $2 AND ($4 = '' OR name = $4) AND ($5 = 0 OR fault <> '') "
    "ORDER BY began_us DESC LIMIT $3");
constexpr store::Sql kSlowest(
    "SELECT trace, span, parent, name, kind, is_entry, began_us, took_us, fault, facts FROM trace_spans "
    "WHERE is_entry = 1 AND began_us >= $1 AND began_us < $2 AND ($4 = '' OR name = $4) AND ($5 = 0 OR fault <> '') "
    "ORDER BY took_us DESC LIMIT $3");

std::string facts_text(const trace::SpanRecord& record) {
  json::Object object;
  for (const auto& [name, value] : record.facts)
    if (object.size() < kFactsMax) object[name] = printable(value, kFactBytesMax);
  return json::write(object);
}

store::Statement insert_span(const trace::SpanRecord& record) {
  const std::int64_t began_us = trace::unix_us(record.started);
  const std::int64_t took_us =
      std::chrono::duration_cast<std::chrono::microseconds>(record.ended - record.started).count();
  return {
      "INSERT INTO trace_spans (trace, span, parent, name, kind, is_entry, began_us, took_us, fault, facts) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (trace, span) DO NOTHING",
      {record.context.id(), span_id_text(record.context.span),
       record.parent == 0 ? std::string() : span_id_text(record.parent), printable(record.name, kNameBytesMax),
       static_cast<std::int64_t>(record.kind), std::int64_t{record.is_entry}, began_us,
       std::max<std::int64_t>(took_us, 0), printable(record.fault, kFactBytesMax), facts_text(record)}};
}

StoredSpan read_span(const store::Rows& rows, std::size_t row) {
  StoredSpan span;
  span.trace = rows.text(row, 0);
  span.span = rows.text(row, 1);
  span.parent = rows.text(row, 2);
  span.name = rows.text(row, 3);
  span.kind = rows.integer(row, 4);
  span.is_entry = rows.integer(row, 5) != 0;
  span.began_us = rows.integer(row, 6);
  span.took_us = rows.integer(row, 7);
  span.fault = rows.text(row, 8);
  const auto facts = json::parse(rows.text(row, 9));
  if (facts && facts->is_object())
    for (const auto& [name, value] : facts->get_object())
      if (value.is_string()) span.facts.emplace_back(name, value.get_string());
  return span;
}

std::vector<StoredSpan> read_spans(const store::Rows& rows) {
  std::vector<StoredSpan> spans;
  spans.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) spans.push_back(read_span(rows, row));
  return spans;
}

}  // namespace

Traces::Traces(store::Database& telemetry, Metrics& metrics, const Clock& clock, Options options)
    : database_(telemetry),
      clock_(clock),
      options_(options),
      recorded_(metrics.counter(kRecorded)),
      lost_(metrics.counter(kLost)),
      dropped_(metrics.read_from(kUnheard, [] { return static_cast<double>(trace::dropped_count()); })) {}

// Listeners are told whatever the store does: one write is under way at a time, beside them.
Task<Result<>> Traces::run() {
  TaskGroup::Options alone;
  alone.stops_on_error = false;
  TaskGroup writing(co_await current_executor(), alone);
  for (;;) {
    if (auto slept = co_await sleep_for(options_.write_every); !slept) break;
    take();
    if (writing.size() == 0) writing.spawn(write_and_trim());
  }
  (void)co_await writing.join();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_return co_await write();
}

Task<Result<>> Traces::write() {
  take();
  co_return co_await write_waiting();
}

Task<Result<>> Traces::write_and_trim() {
  auto written = co_await write_waiting();
  if (!written) log::warn("spans of traces were not written", {{"error", written.error().describe()}});
  if (++trims_ % kTrimEvery != 0) co_return Result<>{};
  auto trimmed = co_await trim();
  if (!trimmed) log::warn("old traces were not deleted", {{"error", trimmed.error().describe()}});
  co_return Result<>{};
}

void Traces::take() {
  const std::vector<trace::SpanRecord> spans = trace::take();
  recorded_.add(spans.size());
  if (!spans.empty())
    for (const Listener& listener : listeners_) listener(spans);
  for (const trace::SpanRecord& span : spans) {
    if (waiting_.size() < options_.waiting_max)
      waiting_.push_back(insert_span(span));
    else
      lost_.add();
  }
}

// More may come behind what is being written.
Task<Result<>> Traces::write_waiting() {
  while (!waiting_.empty()) {
    const std::size_t count = std::min(waiting_.size(), options_.batch_rows_max);
    std::vector<store::Statement> batch(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    auto written = co_await database_.write(std::move(batch));
    if (!written) co_return error_of(written);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  co_return Result<>{};
}

// The oldest beyond their time, then those beyond their number: in slices, so that no transaction is long.
Task<Result<>> Traces::trim() {
  const std::int64_t oldest_us =
      (clock_.wall_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(options_.kept).count()) * 1'000;
  for (;;) {
    std::vector<store::Statement> questions;
    questions.push_back({"SELECT COUNT(*) FROM trace_spans", {}});
    questions.push_back({"SELECT MIN(began_us) FROM trace_spans", {}});
    auto rows = co_await database_.read_all(std::move(questions));
    if (!rows) co_return error_of(rows);
    const std::int64_t count = (*rows)[0].integer(0, 0);
    if (count == 0) co_return Result<>{};
    const bool is_old = (*rows)[1].integer(0, 0) < oldest_us;
    if (!is_old && count <= options_.spans_max) co_return Result<>{};
    const std::int64_t slice = is_old ? kSpanSliceRows : std::min(kSpanSliceRows, count - options_.spans_max);
    const std::int64_t before_us = is_old ? oldest_us : std::numeric_limits<std::int64_t>::max();
    std::vector<store::Statement> batch;
    batch.push_back(
        {"DELETE FROM trace_spans WHERE (trace, span) IN (SELECT trace, span FROM trace_spans WHERE began_us < $1 "
         "ORDER BY began_us LIMIT $2)",
         {before_us, slice}});
    auto deleted = co_await database_.write(std::move(batch));
    if (!deleted) co_return error_of(deleted);
  }
}

Task<Result<std::vector<StoredSpan>>> Traces::entries(Query query) {
  store::Statement statement(
      query.order == Order::slowest ? kSlowest : kNewest,
      {query.from_ms * 1'000, query.to_ms * 1'000, static_cast<std::int64_t>(std::min(query.count_max, kCountMax)),
       std::move(query.name), std::int64_t{query.has_failed}});
  auto rows = co_await database_.read(std::move(statement));
  if (!rows) co_return error_of(rows);
  co_return read_spans(*rows);
}

Task<Result<std::vector<StoredSpan>>> Traces::find(std::string trace) {
  store::Statement statement(kFind, {std::move(trace), kSpansShownMax});
  auto rows = co_await database_.read(std::move(statement));
  if (!rows) co_return error_of(rows);
  co_return read_spans(*rows);
}

}  // namespace atelier::watch
