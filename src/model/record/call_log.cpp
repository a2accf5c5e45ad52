#include "model/record/call_log.hpp"

#include <algorithm>
#include <functional>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/thread_shard.hpp"
#include "model/record/call_rows.hpp"
#include "model/record/route_attempts.hpp"
#include "model/record/write_desk.hpp"

namespace atelier::model {
namespace {

constexpr std::array<std::string_view, 1> kOutcome = {"outcome"};
constexpr Metric kRows{"atelier_call_log_rows_total", MetricKind::counter,
                       "Calls given to the log, by what became of them", kOutcome};
constexpr Metric kTexts{"atelier_call_log_dropped_texts_total", MetricKind::counter,
                        "Calls whose texts found no room on the way to the log"};
constexpr Metric kSums{"atelier_call_log_dropped_sums_total", MetricKind::counter,
                       "Calls that are missing in the sums by day too"};
constexpr Metric kFirstToken{"atelier_model_first_token_seconds", MetricKind::histogram,
                             "From a call to the first word of its answer, of those that a provider answered"};
constexpr Metric kAnswerSeconds{"atelier_model_call_seconds", MetricKind::histogram,
                                "From a call to the end of its answer, of those that a provider answered"};
constexpr Metric kTokenRate{"atelier_model_output_tokens_per_second", MetricKind::histogram,
                            "How quickly an answer's words came, after the first"};
constexpr Metric kQueue{"atelier_call_log_queue_rows", MetricKind::gauge, "Calls that wait to be written to the log"};

// Beyond what any call can have: sums of such stay within 64 bits.
constexpr std::int64_t kTokensMax = 1'000'000'000'000;
constexpr Picodollars kCostMax = 10'000 * kDollar;
constexpr std::int64_t kLengthMsMax = 1'000'000'000'000;
constexpr std::size_t kNameBytesMax = 256;

void put_within_bounds(std::int64_t& value, std::int64_t max) { value = std::clamp<std::int64_t>(value, 0, max); }

void put_within_bounds(std::string& text) {
  if (text.size() > kNameBytesMax) text.resize(truncate_utf8(text, kNameBytesMax).size());
  // Half a character, of a caller who sends anything.
  if (!is_valid_utf8(text)) text = printable(text, kNameBytesMax);
}

void put_within_bounds(CallRecord& record) {
  Usage& usage = record.usage;
  for (std::int64_t* count :
       {&usage.input, &usage.cached_read, &usage.cached_write, &usage.cached_write_hour, &usage.output,
        &usage.reasoning, &usage.input_audio, &usage.output_audio, &usage.input_image, &usage.output_image})
    put_within_bounds(*count, kTokensMax);
  if (record.cost) put_within_bounds(*record.cost, kCostMax);
  if (record.first_token_ms) put_within_bounds(*record.first_token_ms, kLengthMsMax);
  put_within_bounds(record.total_ms, kLengthMsMax);
  for (std::string* text : {&record.face, &record.asked, &record.route, &record.provider, &record.model, &record.fault,
                            &record.request_id, &record.trace})
    put_within_bounds(*text);
}

void cut(std::string& text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    text.resize(truncate_utf8(text, bytes_max).size());
    text.shrink_to_fit();
  }
}

}  // namespace

CallLog::CallLog(store::Database& telemetry, const Clock& clock, Metrics& metrics, Options options)
    : database_(telemetry),
      clock_(clock),
      options_(options),
      keeps_texts_(options.keeps_texts),
      written_rows_(metrics.counter(kRows, {"written"})),
      dropped_rows_(metrics.counter(kRows, {"dropped"})),
      dropped_texts_(metrics.counter(kTexts)),
      dropped_sums_(metrics.counter(kSums)),
      first_token_seconds_(metrics.histogram(kFirstToken)),
      answer_seconds_(metrics.histogram(kAnswerSeconds)),
      token_rate_(metrics.histogram(kTokenRate)),
      gauge_(metrics.read_from(kQueue,
                               [this] { return static_cast<double>(queued_rows_.load(std::memory_order_relaxed)); })),
      desk_(std::make_unique<WriteDesk>()),
      reported_("call log", [this] { return waiting(); }) {}

CallLog::~CallLog() = default;

void CallLog::measure(const CallRecord& record) noexcept {
  if (!record.fault.empty() || record.is_aborted || record.is_cached) return;
  answer_seconds_.observe(static_cast<double>(record.total_ms) / 1'000);
  if (!record.first_token_ms || !record.is_streamed) return;
  first_token_seconds_.observe(static_cast<double>(*record.first_token_ms) / 1'000);
  const std::int64_t flowed_ms = record.total_ms - *record.first_token_ms;
  if (flowed_ms > 0 && record.usage.output > 1)
    token_rate_.observe(static_cast<double>(record.usage.output) * 1'000 / static_cast<double>(flowed_ms));
}

void CallLog::add(CallRecord record, CallTexts texts) {
  put_within_bounds(record);
  measure(record);
  if (!keeps_texts()) texts = {};
  Shard& shard = shards_[thread_shard(kShards)];
  const std::size_t before = queued_rows_.fetch_add(1, std::memory_order_relaxed);
  if (before >= options_.queue_rows_max) {
    queued_rows_.fetch_sub(1, std::memory_order_relaxed);
    dropped_rows_.add();
    const std::lock_guard lock(shard.mutex);
    if (!shard.dropped.add(record)) dropped_sums_.add();
    return;
  }
  if (!texts.empty()) {
    cut(texts.request, options_.text_bytes_max);
    cut(texts.answer, options_.text_bytes_max);
    const std::size_t bytes = texts.request.size() + texts.answer.size();
    if (queued_texts_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > options_.queue_texts_bytes_max) {
      queued_texts_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      dropped_texts_.add();
      texts = {};
    }
  }
  record.has_texts = !texts.empty();
  {
    const std::lock_guard lock(shard.mutex);
    if (shard.entries.empty()) shard.since = std::chrono::steady_clock::now();
    shard.entries.push_back({std::move(record), std::move(texts)});
  }
  // The first is waited for a while, so that others can join it; a full batch is not.
  if (before == 0 || before + 1 == options_.batch_rows_max) desk_->wake();
}

// What was taken counts as long as some of it is not written.
Waiting CallLog::waiting() {
  TimePoint first = taken_since_;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    if (!shard.entries.empty() && (first == TimePoint{} || shard.since < first)) first = shard.since;
  }
  const std::size_t count = queued_rows_.load(std::memory_order_relaxed);
  return first == TimePoint{} ? Waiting{.count = count} : Waiting{.count = count, .since = first};
}

// What was added goes behind what was taken before and could not be written.
void CallLog::take() {
  if (written_count_ == taken_.size()) {
    // Memory of a flood is not kept for the next one.
    if (taken_.capacity() > 4 * options_.batch_rows_max) taken_ = {};
    taken_.clear();
    written_count_ = 0;
  }
  const std::size_t begin = taken_.size();
  for (Shard& shard : shards_) {
    {
      const std::lock_guard lock(shard.mutex);
      if (!shard.entries.empty() && (taken_since_.load() == TimePoint{} || shard.since < taken_since_.load()))
        taken_since_ = shard.since;
      shard.entries.swap(shard.spare);
      dropped_sums_.add(static_cast<std::uint64_t>(dropped_.take(shard.dropped)));
    }
    std::ranges::move(shard.spare, std::back_inserter(taken_));
    if (shard.spare.capacity() > 4 * options_.batch_rows_max) shard.spare = {};
    shard.spare.clear();
  }
  std::ranges::stable_sort(taken_.begin() + static_cast<std::ptrdiff_t>(begin), taken_.end(), {},
                           [](const Entry& entry) { return entry.record.time_ms; });
}

std::vector<store::Statement> CallLog::next_batch(std::size_t& row_count) {
  row_count = std::min(taken_.size() - written_count_, options_.batch_rows_max);
  CallSums sums(row_count + 1);
  RouteAttempts attempts;
  std::vector<store::Statement> batch;
  batch.reserve(row_count + 16);
  for (std::size_t i = written_count_; i < written_count_ + row_count; ++i) {
    Entry& entry = taken_[i];
    entry.record.number = *last_number_ + 1 + static_cast<std::int64_t>(i - written_count_);
    batch.push_back(call_rows::insert(entry.record));
    if (entry.record.has_texts) batch.push_back(call_rows::insert_texts(entry.record, entry.texts));
    (void)sums.add(entry.record);
    attempts.add(entry.record);
  }
  for (store::Statement& statement : attempts.statements()) batch.push_back(std::move(statement));
  for (store::Statement& statement : sums.statements()) batch.push_back(std::move(statement));
  for (store::Statement& statement : dropped_.statements()) batch.push_back(std::move(statement));
  return batch;
}

Task<Result<>> CallLog::learn() {
  std::vector<store::Statement> batch;
  batch.push_back({"SELECT coalesce(max(number), 0) FROM calls"});
  batch.push_back({"SELECT coalesce(sum(size_bytes), 0) FROM call_texts"});
  auto rows = co_await database_.read_all(std::move(batch));
  if (!rows) co_return error_of(std::move(rows));
  last_number_ = (*rows)[0].integer(0, 0);
  texts_bytes_ = (*rows)[1].integer(0, 0);
  co_return Result<>{};
}

Task<Result<>> CallLog::write_batch() {
  if (!last_number_)
    if (auto learned = co_await learn(); !learned) co_return learned;
  std::size_t row_count = 0;
  auto batch = next_batch(row_count);
  if (batch.empty()) co_return Result<>{};
  auto written = co_await database_.write(std::move(batch));
  if (!written) {
    // Somebody else wrote these numbers.
    if (written.error().code == ErrorCode::conflict) last_number_.reset();
    co_return error_of(std::move(written));
  }
  *last_number_ += static_cast<std::int64_t>(row_count);
  dropped_.clear();
  std::size_t texts_bytes = 0;
  for (std::size_t i = written_count_; i < written_count_ + row_count; ++i) {
    texts_bytes += taken_[i].texts.request.size() + taken_[i].texts.answer.size();
    taken_[i] = {};
  }
  texts_bytes_ += static_cast<std::int64_t>(texts_bytes);
  queued_texts_bytes_.fetch_sub(texts_bytes, std::memory_order_relaxed);
  queued_rows_.fetch_sub(row_count, std::memory_order_relaxed);
  written_count_ += row_count;
  written_rows_.add(row_count);
  co_return Result<>{};
}

Task<Result<>> CallLog::flush() {
  take();
  while (written_count_ < taken_.size() || !dropped_.empty())
    if (auto written = co_await write_batch(); !written) co_return written;
  taken_since_ = TimePoint{};
  co_return Result<>{};
}

void CallLog::drop_taken() {
  const std::size_t count = taken_.size() - written_count_;
  if (count == 0) return;
  dropped_rows_.add(count);
  dropped_sums_.add(count);
  queued_rows_.fetch_sub(count, std::memory_order_relaxed);
  log::warn("calls are lost to the log", {{"calls", count}});
  written_count_ = taken_.size();
  taken_since_ = TimePoint{};
}

Task<Result<>> CallLog::run() {
  using std::chrono::steady_clock;
  const Executor executor = co_await current_executor();
  const auto signal = desk_->open(executor);
  auto next_trim = steady_clock::now();
  auto pause = options_.retry_min;
  bool is_failing = false;
  for (;;) {
    bool is_over = co_await is_cancelled();
    if (!is_over && queued_rows_.load(std::memory_order_relaxed) == 0) co_await signal->wait_until(next_trim);
    is_over = co_await is_cancelled();
    const std::size_t count = queued_rows_.load(std::memory_order_relaxed);
    const auto gather_until = steady_clock::now() + (is_failing ? pause : options_.flush_every);
    if (!is_over && (is_failing || (count > 0 && count < options_.batch_rows_max)))
      co_await signal->wait_until(gather_until);
    is_over = co_await is_cancelled();
    const auto flushed = co_await flush();
    // Once for each trouble, not every second of it.
    if (!flushed && !is_failing) log::warn("calls are not logged", {{"error", flushed.error().describe()}});
    pause = flushed ? options_.retry_min : is_failing ? std::min(pause * 2, options_.retry_max) : pause;
    is_failing = !flushed;
    if (is_over) {
      desk_->close();
      drop_taken();
      co_return Result<>{};
    }
    if (is_failing || steady_clock::now() < next_trim) continue;
    const auto trimmed = co_await trim();
    if (!trimmed) log::warn("old calls are not deleted", {{"error", trimmed.error().describe()}});
    const bool has_more = trimmed && *trimmed;
    next_trim = steady_clock::now() + (has_more ? options_.retention.slice_pause : options_.retention.every);
  }
}

}  // namespace atelier::model
