#include "watch/objective/starts.hpp"

#include "base/async.hpp"
#include "watch/history/figure.hpp"

namespace atelier::watch {
namespace {

constexpr std::int64_t kStartsMax = 1'000;

bool is_same_build(const DeployMark& one, const DeployMark& two) {
  return one.version == two.version && one.build == two.build;
}

}  // namespace

Task<Result<>> Starts::add(DeployMark mark) {
  const std::int64_t kept_ms = std::chrono::milliseconds(kTiers.back().kept).count();
  std::vector<store::Statement> batch;
  batch.push_back(
      {"INSERT INTO starts (time_ms, version, build) VALUES ($1, $2, $3)", {mark.time_ms, mark.version, mark.build}});
  batch.push_back({"DELETE FROM starts WHERE number <= (SELECT max(number) FROM starts) - $1 OR time_ms < $2",
                   {kStartsMax, mark.time_ms - kept_ms}});
  auto written = co_await database_.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<std::vector<DeployMark>>> Starts::read(std::int64_t count_max) {
  // One more: what came before the oldest that is told.
  store::Statement query("SELECT time_ms, version, build FROM starts ORDER BY number DESC LIMIT $1", {count_max + 1});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  std::vector<DeployMark> marks;
  for (std::size_t row = 0; row < rows->size(); ++row)
    marks.push_back({rows->integer(row, 0), std::string(rows->text(row, 1)), std::string(rows->text(row, 2)), false});
  for (std::size_t i = 0; i + 1 < marks.size(); ++i) marks[i].is_new = !is_same_build(marks[i], marks[i + 1]);
  if (marks.size() > static_cast<std::size_t>(count_max)) marks.pop_back();
  co_return marks;
}

std::optional<UnixMs> running_since(const std::vector<DeployMark>& marks) {
  for (const DeployMark& mark : marks)
    if (mark.is_new) return mark.time_ms;
  return std::nullopt;
}

}  // namespace atelier::watch
