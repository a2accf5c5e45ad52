// What of the call log is over its time or its room, a slice at a time: each is a short transaction, and what waits for
// the database's writer waits for no more than that.
#include "base/async.hpp"
#include "model/record/call_log.hpp"
#include "model/record/route_attempts.hpp"

namespace atelier::model {
namespace {

// Texts are long: a slice of them is shorter.
constexpr std::int64_t kTextsSlice = 200;

std::int64_t bytes_of(const store::Rows& deleted) {
  std::int64_t bytes = 0;
  for (std::size_t row = 0; row < deleted.size(); ++row) bytes += deleted.integer(row, 0);
  return bytes;
}

}  // namespace

Task<Result<bool>> CallLog::trim() {
  if (!last_number_)
    if (auto learned = co_await learn(); !learned) co_return error_of(std::move(learned));
  const CallRetention& kept = options_.retention;
  const UnixMs now_ms = clock_.wall_ms();
  const auto before = [&](std::chrono::hours age) { return now_ms - std::chrono::milliseconds(age).count(); };
  std::vector<store::Statement> batch;
  batch.push_back(
      {"DELETE FROM calls WHERE number IN (SELECT number FROM calls ORDER BY number LIMIT $1) AND (time_ms < $2 OR "
       "number <= $3)",
       {kept.slice_rows, before(kept.age), *last_number_ - kept.rows_max}});
  // Of the texts, the oldest until the rest has room; then those that are too old, or whose call is gone.
  if (texts_bytes_ > kept.texts_bytes_max)
    batch.push_back(
        {"DELETE FROM call_texts WHERE number IN (SELECT number FROM (SELECT number, sum(size_bytes) OVER (ORDER BY "
         "number) - size_bytes AS older_bytes FROM (SELECT number, size_bytes FROM call_texts ORDER BY number LIMIT "
         "$1) AS oldest) AS summed WHERE older_bytes < $2) RETURNING size_bytes",
         {kTextsSlice, texts_bytes_ - kept.texts_bytes_max}});
  batch.push_back(
      {"DELETE FROM call_texts WHERE number IN (SELECT number FROM call_texts ORDER BY number LIMIT $1) AND (time_ms < "
       "$2 OR number < coalesce((SELECT min(number) FROM calls), $3)) RETURNING size_bytes",
       {kTextsSlice, before(kept.texts_age), *last_number_ + 1}});
  const std::size_t texts_end = batch.size();
  batch.push_back(RouteAttempts::trim(now_ms));
  auto deleted = co_await database_.write(std::move(batch));
  if (!deleted) co_return error_of(std::move(deleted));
  bool has_more = (*deleted)[0].changed_count >= kept.slice_rows;
  for (std::size_t i = 1; i < texts_end; ++i) {
    const store::Rows& rows = (*deleted)[i];
    texts_bytes_ -= bytes_of(rows);
    has_more = has_more || static_cast<std::int64_t>(rows.size()) >= kTextsSlice;
  }
  co_return has_more;
}

}  // namespace atelier::model
