#include "watch/history/history.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/async.hpp"
#include "base/log.hpp"
#include "watch/history/points.hpp"
#include "watch/process/process_metrics.hpp"

namespace atelier::watch {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kRowBytes = 40;  // what a stored block takes besides its points, about
constexpr std::int64_t kSliceRows = 2'000;

constexpr Metric kDropped{"atelier_history_dropped_total", MetricKind::counter,
                          "Figures and blocks of their history that found no room"};

// Says of every other rate whether nothing came or nobody counted: it is there while the studio runs, and never zero.
const FigureName kUptime{std::string(kUptimeMetric), {}, Stat::value};

// Means of `width` points each, the last of fewer; of quantiles the highest. Points that are not there count for
// nothing.
std::vector<float> thin(Stat stat, std::span<const float> fine, std::size_t width) {
  const bool is_highest = stat == Stat::p50 || stat == Stat::p95 || stat == Stat::p99;
  std::vector<float> all;
  all.reserve((fine.size() + width - 1) / width);
  for (std::size_t begin = 0; begin < fine.size(); begin += width) {
    double sum = 0;
    std::size_t count = 0;
    for (const float point : fine.subspan(begin, std::min(width, fine.size() - begin))) {
      if (std::isnan(point)) continue;
      sum = is_highest ? std::max(sum, static_cast<double>(point)) : sum + point;
      ++count;
    }
    all.push_back(count == 0 ? kNothing : static_cast<float>(is_highest ? sum : sum / static_cast<double>(count)));
  }
  return all;
}

// For how many seconds of each `width` points, `step_s` seconds each, there is an uptime.
std::vector<std::int64_t> ran_seconds(std::span<const float> uptime, std::size_t width, std::int64_t step_s) {
  std::vector<std::int64_t> all((uptime.size() + width - 1) / width, 0);
  for (std::size_t at = 0; at < uptime.size(); ++at)
    if (!std::isnan(uptime[at])) all[at / width] += step_s;
  return all;
}

std::size_t tier_for(std::int64_t from_s, std::int64_t now_s) {
  for (std::size_t tier = 0; tier + 1 < kTiers.size(); ++tier)
    if (from_s >= now_s - kTiers[tier].kept.count()) return tier;
  return kTiers.size() - 1;
}

// What a process before this one saw of the same sixty points.
void fill_in(Block& block, std::span<const float> stored) {
  for (std::size_t i = 0; i < block.points.size(); ++i)
    if (std::isnan(block.points[i])) block.points[i] = stored[i];
}

// Points of a block, where they are among those from the number `first` on.
void add_block(std::vector<float>* fine, std::int64_t first, std::int64_t start, std::span<const float> points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::int64_t place = start + static_cast<std::int64_t>(i) - first;
    if (place < 0 || place >= std::ssize(*fine) || std::isnan(points[i])) continue;
    (*fine)[static_cast<std::size_t>(place)] = points[i];
  }
}

}  // namespace

History::History(store::Database& telemetry, Metrics& metrics, const Clock& clock, Options options)
    : database_(telemetry),
      metrics_(metrics),
      clock_(clock),
      options_(options),
      dropped_(metrics.counter(kDropped)),
      begun_s_(clock.wall_ms() / 1000),
      recorder_(options.figures_max) {}

void History::sample() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t before = recorder_.dropped_count();
  recorder_.sample(metrics_, clock_.wall_ms() / 1000);
  dropped_.add(recorder_.dropped_count() - before);
}

Task<Result<>> History::run() {
  auto written_at = clock_.now();
  for (;;) {
    const auto slept = co_await sleep_for(std::chrono::milliseconds(1'000 - clock_.wall_ms() % 1'000));
    if (!slept) break;
    sample();
    if (clock_.now() - written_at < options_.write_every) continue;
    written_at = clock_.now();
    // What cannot be written stays in memory within its bound, and goes along with the next.
    auto written = co_await write();
    if (!written) log::warn("the history of figures was not written", {{"error", written.error().describe()}});
    auto trimmed = co_await trim();
    if (!trimmed) log::warn("old figures were not deleted", {{"error", trimmed.error().describe()}});
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_return co_await write();
}

Task<Result<>> History::write() {
  for (;;) {
    std::vector<Recorder::Changed> changed;
    {
      const std::lock_guard lock(mutex_);
      changed = recorder_.take_changed(options_.batch_rows_max);
    }
    if (changed.empty()) co_return Result<>{};
    auto written = co_await write_batch(&changed);
    if (written) continue;
    const std::lock_guard lock(mutex_);
    const std::uint64_t before = recorder_.dropped_count();
    recorder_.give_back(std::move(changed));
    dropped_.add(recorder_.dropped_count() - before);
    co_return written;
  }
}

Task<Result<>> History::complete(std::vector<Recorder::Changed>* changed) {
  std::vector<std::size_t> places;
  std::vector<store::Statement> batch;
  for (std::size_t i = 0; i < changed->size(); ++i) {
    const Recorder::Changed& one = (*changed)[i];
    if (one.block.start * kTiers[one.tier].step.count() >= begun_s_) continue;
    places.push_back(i);
    batch.push_back(
        {"SELECT points FROM figure_blocks WHERE figure = (SELECT id FROM figures WHERE name = $1) AND tier = $2 AND "
         "start = $3",
         {one.figure.to_string(), static_cast<std::int64_t>(one.tier), one.block.start}});
  }
  if (batch.empty()) co_return Result<>{};
  auto stored = co_await database_.read_all(std::move(batch));
  if (!stored) co_return error_of(stored);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if ((*stored)[i].empty()) continue;
    auto points = unpack_points((*stored)[i].bytes(0, 0), kBlockPoints);
    if (points) fill_in((*changed)[places[i]].block, *points);
  }
  co_return Result<>{};
}

Task<Result<>> History::write_batch(std::vector<Recorder::Changed>* changed) {
  auto completed = co_await complete(changed);
  if (!completed) co_return completed;
  std::vector<store::Statement> batch;
  batch.reserve(2 * changed->size());
  std::int64_t bytes = 0;
  for (const Recorder::Changed& one : *changed) {
    const std::string figure = one.figure.to_string();
    Bytes points = pack_points(one.block.points);
    bytes += static_cast<std::int64_t>(points.size()) + kRowBytes;
    batch.push_back({"INSERT INTO figures (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", {figure}});
    batch.push_back(
        {"INSERT INTO figure_blocks (figure, tier, start, points) SELECT id, $2, $3, $4 FROM figures WHERE name = $1 "
         "ON CONFLICT (figure, tier, start) DO UPDATE SET points = excluded.points",
         {figure, static_cast<std::int64_t>(one.tier), one.block.start, store::Blob{std::move(points)}}});
  }
  auto written = co_await database_.write(std::move(batch));
  if (!written) co_return error_of(written);
  // More than there is: what was written anew counts twice, until it is counted afresh.
  if (stored_bytes_ >= 0) stored_bytes_ += bytes;
  co_return Result<>{};
}

Task<Result<>> History::learn() {
  store::Statement query("SELECT coalesce(sum(length(points) + $1), 0) FROM figure_blocks", {kRowBytes});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  stored_bytes_ = rows->integer(0, 0);
  co_return Result<>{};
}

Task<Result<bool>> History::trim() {
  const std::int64_t now_s = clock_.wall_ms() / 1000;
  std::vector<store::Statement> batch;
  for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
    const std::int64_t oldest = (now_s - kTiers[tier].kept.count()) / kTiers[tier].step.count() - kBlockPoints;
    batch.push_back(
        {"DELETE FROM figure_blocks WHERE (figure, tier, start) IN (SELECT figure, tier, start FROM figure_blocks "
         "WHERE "
         "tier = $1 AND start < $2 ORDER BY start LIMIT $3)",
         {static_cast<std::int64_t>(tier), oldest, kSliceRows}});
  }
  auto deleted = co_await database_.write(std::move(batch));
  if (!deleted) co_return error_of(deleted);
  bool has_more =
      std::ranges::any_of(*deleted, [](const store::Rows& rows) { return rows.changed_count >= kSliceRows; });
  if (stored_bytes_ >= 0 && stored_bytes_ <= options_.bytes_max) co_return has_more;
  auto learned = co_await learn();
  if (!learned) co_return error_of(learned);
  if (stored_bytes_ <= options_.bytes_max) co_return has_more;
  std::vector<store::Statement> oldest;
  oldest.push_back(
      {"DELETE FROM figure_blocks WHERE (figure, tier, start) IN (SELECT figure, tier, start FROM figure_blocks WHERE "
       "tier = (SELECT min(tier) FROM figure_blocks) ORDER BY start LIMIT $1)",
       {kSliceRows}});
  auto gone = co_await database_.write(std::move(oldest));
  if (!gone) co_return error_of(gone);
  stored_bytes_ = -1;
  co_return true;
}

Task<Result<History::Answer>> History::read(Query query) {
  if (query.figures.empty() || query.figures.size() > kFiguresMax)
    co_return fail(ErrorCode::invalid_argument, "one to 64 figures are read at once",
                   {.reason = {}, .where = "figures"});
  if (query.from_ms < 0 || query.from_ms >= query.to_ms)
    co_return fail(ErrorCode::invalid_argument, "must be before the end", {.reason = {}, .where = "from"});
  if (query.points_max == 0 || query.points_max > kPointsMax)
    co_return fail(ErrorCode::invalid_argument, "must be from 1 to 4000", {.reason = {}, .where = "points"});
  const std::int64_t now_s = clock_.wall_ms() / 1000;
  const std::size_t tier = tier_for(query.from_ms / 1000, now_s);
  const std::int64_t step_ms = kTiers[tier].step.count() * 1000;
  const std::int64_t first = query.from_ms / step_ms;
  const std::int64_t end =
      std::max(first + 1, std::min((query.to_ms + step_ms - 1) / step_ms, (now_s + 1) * 1000 / step_ms + 1));
  const auto most = static_cast<std::int64_t>(query.points_max);
  const std::int64_t width = (end - first + most - 1) / most;
  // Of what is older than is kept nothing is looked for: there are no points, however many there might be.
  const std::int64_t kept_from = now_s * 1000 / step_ms - kTiers[tier].kept / kTiers[tier].step - 2 * kBlockPoints;
  const std::int64_t empty_count = std::max<std::int64_t>(0, std::min(kept_from, end - 1) - first) / width;
  const std::int64_t looked_from = first + empty_count * width;
  const auto uptime_at = static_cast<std::size_t>(std::ranges::find(query.figures, kUptime) - query.figures.begin());
  const bool is_asked = uptime_at < query.figures.size();
  if (!is_asked) query.figures.push_back(kUptime);

  std::vector<store::Statement> batch;
  for (const FigureName& figure : query.figures)
    batch.push_back(
        {"SELECT start, points FROM figure_blocks WHERE figure = (SELECT id FROM figures WHERE name = $1) AND tier = "
         "$2 "
         "AND start > $3 AND start < $4 ORDER BY start",
         {figure.to_string(), static_cast<std::int64_t>(tier), looked_from - kBlockPoints, end}});
  auto stored = co_await database_.read_all(std::move(batch));
  if (!stored) co_return error_of(stored);

  std::vector<std::vector<float>> lines;
  for (std::size_t i = 0; i < query.figures.size(); ++i) {
    auto fine =
        points_of(query.figures[i], tier, (*stored)[i], looked_from, static_cast<std::size_t>(end - looked_from));
    if (!fine) co_return error_of(fine);
    lines.push_back(std::move(*fine));
  }
  const std::vector<float>& uptime = lines[uptime_at];
  if (!is_asked) query.figures.pop_back();
  const auto points_each = static_cast<std::size_t>(width);
  Answer answer{.from_ms = first * step_ms,
                .step = std::chrono::milliseconds(width * step_ms),
                .ran_s = ran_seconds(uptime, points_each, step_ms / 1000),
                .lines = {}};
  const auto empty = static_cast<std::size_t>(empty_count);
  answer.ran_s.insert(answer.ran_s.begin(), empty, 0);
  for (std::size_t i = 0; i < query.figures.size(); ++i) {
    const Stat stat = query.figures[i].stat;
    // What never came, and blocks in which nothing came, are not stored.
    if (stat == Stat::rate)
      for (std::size_t at = 0; at < uptime.size(); ++at)
        if (std::isnan(lines[i][at]) && !std::isnan(uptime[at])) lines[i][at] = 0;
    std::vector<float> points = thin(stat, lines[i], points_each);
    points.insert(points.begin(), empty, kNothing);
    answer.lines.push_back({std::move(query.figures[i]), std::move(points)});
  }
  co_return answer;
}

Result<std::vector<float>> History::points_of(const FigureName& figure, std::size_t tier, const store::Rows& rows,
                                              std::int64_t first, std::size_t count) const {
  std::vector<float> fine(count, kNothing);
  std::vector<Block> newest;
  {
    const std::lock_guard lock(mutex_);
    newest = recorder_.blocks(figure, tier);
  }
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto points = unpack_points(rows.bytes(row, 1), kBlockPoints);
    if (!points) return error_of(points);
    add_block(&fine, first, rows.integer(row, 0), *points);
  }
  // In memory there is more of it, but for what was before this process.
  for (const Block& block : newest) add_block(&fine, first, block.start, block.points);
  return fine;
}

History::Answer History::recent(const std::vector<FigureName>& figures, std::int64_t since_s) const {
  static_assert(kTiers[0].step == std::chrono::seconds(1));
  const std::lock_guard lock(mutex_);
  const std::int64_t newest = recorder_.newest(), first = std::max(since_s, newest - kBlockPoints + 1);
  Answer answer{.from_ms = first * 1000, .step = kTiers[0].step, .ran_s = {}, .lines = {}};
  if (newest < 0 || first > newest) return answer;
  const auto count = static_cast<std::size_t>(newest - first + 1);
  answer.ran_s = ran_seconds(recorder_.recent(kUptime, first, count), 1, 1);
  for (const FigureName& figure : figures) answer.lines.push_back({figure, recorder_.recent(figure, first, count)});
  return answer;
}

Task<Result<std::vector<FigureName>>> History::figures() {
  store::Statement query("SELECT name FROM figures ORDER BY name LIMIT $1", {std::int64_t{10'000}});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  std::vector<FigureName> all;
  {
    const std::lock_guard lock(mutex_);
    all = recorder_.figures();
  }
  for (std::size_t row = 0; row < rows->size(); ++row)
    if (auto figure = FigureName::parse(rows->text(row, 0))) all.push_back(std::move(*figure));
  std::ranges::sort(all);
  const auto rest = std::ranges::unique(all);
  all.erase(rest.begin(), rest.end());
  co_return all;
}

}  // namespace atelier::watch
