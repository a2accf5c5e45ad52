#include "watch/error/inbox.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "base/text.hpp"

namespace atelier::watch {
namespace {

constexpr std::string_view kNotFound = "there is no such error";

constexpr Metric kLost{"atelier_errors_unstored_total", MetricKind::counter,
                       "Occurrences of errors that could not be written to the inbox"};

constexpr store::Sql kPutGroup(R"sql(
INSERT INTO error_groups (id, severity, origin, message, code, place, route, first_ms, last_ms, count, resolved_ms,
                          returned_count, first_version, last_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, 0, $11, $11)
ON CONFLICT (id) DO UPDATE SET
  last_ms = CASE WHEN excluded.last_ms > last_ms THEN excluded.last_ms ELSE last_ms END,
  count = count + excluded.count,
  last_version = excluded.last_version,
  returned_count = returned_count + CASE WHEN excluded.last_ms > resolved_ms THEN 1 ELSE 0 END,
  resolved_ms = CASE WHEN excluded.last_ms > resolved_ms THEN NULL ELSE resolved_ms END)sql");
constexpr store::Sql kPutOccurrence(R"sql(
INSERT INTO error_occurrences (id, group_id, time_ms, method, route, request_id, trace, version, build_id, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql");
constexpr store::Sql kPutReference(
    "INSERT INTO error_references (reference, occurrence, group_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
constexpr store::Sql kCutGroup(R"sql(
DELETE FROM error_occurrences WHERE group_id = $1 AND id NOT IN
  (SELECT id FROM error_occurrences WHERE group_id = $1 ORDER BY id DESC LIMIT $2))sql");
constexpr store::Sql kCutReferences(R"sql(
DELETE FROM error_references WHERE group_id = $1 AND occurrence NOT IN
  (SELECT id FROM error_occurrences WHERE group_id = $1))sql");

// With these columns a group is read.
#define ATELIER_GROUP_COLUMNS                                                                                  \
  "id, severity, origin, message, code, place, route, first_ms, last_ms, count, resolved_ms, returned_count, " \
  "first_version, last_version"
constexpr store::Sql kListGroups("SELECT " ATELIER_GROUP_COLUMNS R"sql( FROM error_groups
WHERE (last_ms < $1 OR (last_ms = $1 AND id < $2))
  AND ($3 = '' OR id = $3 OR id IN (SELECT group_id FROM error_references WHERE reference = $3)
       OR instr(lower(message || ' ' || code || ' ' || place || ' ' || route), lower($3)) > 0)
  AND ($4 = '' OR ($4 = 'resolved') = (resolved_ms IS NOT NULL))
ORDER BY last_ms DESC, id DESC LIMIT $5)sql");
constexpr store::Sql kFindGroup("SELECT " ATELIER_GROUP_COLUMNS " FROM error_groups WHERE id = $1");
#undef ATELIER_GROUP_COLUMNS
constexpr store::Sql kFindOccurrences(R"sql(
SELECT id, time_ms, method, route, request_id, trace, version, build_id, detail FROM error_occurrences
WHERE group_id = $1 ORDER BY id DESC)sql");

// The groups that go: those that are old, and those beyond the number, the oldest first.
constexpr store::Sql kOver(R"sql(
SELECT id FROM error_groups WHERE last_ms < $1
UNION SELECT id FROM (SELECT id FROM error_groups ORDER BY last_ms DESC, id DESC LIMIT -1 OFFSET $2))sql");
constexpr store::Sql kSizes(R"sql(
SELECT group_id, sum(length(detail)) FROM error_occurrences JOIN error_groups ON error_groups.id = group_id
GROUP BY group_id ORDER BY max(last_ms) DESC)sql");

ErrorGroup group_at(const store::Rows& rows, std::size_t row) {
  ErrorGroup group;
  group.id = rows.text(row, 0);
  group.severity = rows.text(row, 1);
  group.origin = rows.text(row, 2);
  group.message = rows.text(row, 3);
  group.code = rows.text(row, 4);
  group.place = rows.text(row, 5);
  group.route = rows.text(row, 6);
  group.first_ms = rows.integer(row, 7);
  group.last_ms = rows.integer(row, 8);
  group.count = rows.integer(row, 9);
  if (!rows.is_null(row, 10)) group.resolved_ms = rows.integer(row, 10);
  group.returned_count = rows.integer(row, 11);
  group.first_version = rows.text(row, 12);
  group.last_version = rows.text(row, 13);
  return group;
}

std::vector<store::Statement> removal_of(const std::string& group) {
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM error_references WHERE group_id = $1", {group}});
  batch.push_back({"DELETE FROM error_occurrences WHERE group_id = $1", {group}});
  batch.push_back({"DELETE FROM error_groups WHERE id = $1", {group}});
  return batch;
}

void add_occurrence(std::vector<store::Statement>& batch, const Occurrence& one, const std::string& group) {
  const std::string id = one.id.to_string();
  batch.emplace_back(kPutOccurrence,
                     std::vector<store::Value>{id, group, one.time_ms, one.method, one.route, one.request_id, one.trace,
                                               one.version, one.build_id, one.detail()});
  for (std::string& reference : one.references())
    batch.emplace_back(kPutReference, std::vector<store::Value>{std::move(reference), id, group});
}

// What of one error came since the last time: one row, whatever their number, and the newest of them.
void add_group(std::vector<store::Statement>& batch, const std::string& id, const std::vector<const Occurrence*>& all,
               std::int64_t occurrences_max) {
  const Occurrence& last = *all.back();
  batch.emplace_back(kPutGroup, std::vector<store::Value>{id, std::string(to_string(last.severity)),
                                                          std::string(to_string(last.origin)), last.message, last.code,
                                                          last.place, last.route, all.front()->time_ms, last.time_ms,
                                                          static_cast<std::int64_t>(all.size()), last.version});
  const std::size_t kept = std::min(all.size(), static_cast<std::size_t>(occurrences_max));
  for (std::size_t i = all.size() - kept; i < all.size(); ++i) add_occurrence(batch, *all[i], id);
  batch.emplace_back(kCutGroup, std::vector<store::Value>{id, occurrences_max});
  batch.emplace_back(kCutReferences, std::vector<store::Value>{id});
}

// "<last_ms>-<id>"
std::optional<std::pair<UnixMs, std::string>> read_cursor(const std::string& text) {
  if (text.empty()) return std::pair(std::numeric_limits<UnixMs>::max(), std::string());
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto time = parse_integer(std::string_view(text).substr(0, dash));
  if (!time) return std::nullopt;
  return std::pair(*time, text.substr(dash + 1));
}

std::unexpected<Error> not_found() {
  return fail(ErrorCode::not_found, std::string(kNotFound), {.reason = "not_found", .where = {}});
}

}  // namespace

ErrorInbox::ErrorInbox(store::Database& telemetry, ErrorWitness& witness, const Clock& clock, Metrics& metrics,
                       Options options)
    : database_(telemetry),
      witness_(witness),
      clock_(clock),
      options_(options),
      lost_(metrics.counter(kLost)),
      trimmed_at_(clock.now()) {}

// The listener is told whatever the store does: one write is under way at a time, beside it.
Task<Result<>> ErrorInbox::run() {
  TaskGroup::Options alone;
  alone.stops_on_error = false;
  TaskGroup writing(co_await current_executor(), alone);
  for (;;) {
    const auto slept = co_await sleep_for(options_.write_every);
    if (!slept) break;
    take(ErrorWitness::Which::whole);
    if (writing.size() == 0) writing.spawn(write_and_trim());
  }
  (void)co_await writing.join();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_return co_await write(ErrorWitness::Which::all);
}

Task<Result<>> ErrorInbox::write(ErrorWitness::Which which) {
  take(which);
  co_return co_await write_waiting();
}

// Counted where it fails, and not logged: that would be an error for the inbox.
Task<Result<>> ErrorInbox::write_and_trim() {
  (void)co_await write_waiting();
  if (clock_.now() - trimmed_at_ < options_.trim_every) co_return Result<>{};
  trimmed_at_ = clock_.now();
  (void)co_await trim();
  co_return Result<>{};
}

void ErrorInbox::take(ErrorWitness::Which which) {
  for (Occurrence& occurrence : witness_.take(which)) {
    if (listener_) listener_(occurrence);
    if (waiting_.size() < options_.waiting_max)
      waiting_.push_back(std::move(occurrence));
    else
      lost_.add();
  }
}

Task<Result<>> ErrorInbox::write_waiting() {
  const std::vector<Occurrence> taken = std::exchange(waiting_, {});
  if (taken.empty()) co_return Result<>{};
  std::map<std::string, std::vector<const Occurrence*>> groups;
  for (const Occurrence& occurrence : taken) groups[occurrence.fingerprint()].push_back(&occurrence);
  std::vector<store::Statement> batch;
  for (const auto& [id, all] : groups) add_group(batch, id, all, options_.occurrences_max);
  auto written = co_await database_.write(std::move(batch));
  if (!written) {
    lost_.add(taken.size());
    co_return error_of(written);
  }
  co_return Result<>{};
}

Task<Result<>> ErrorInbox::trim() {
  const std::int64_t oldest_ms = clock_.wall_ms() - std::chrono::milliseconds(options_.kept).count();
  store::Statement over(kOver, {oldest_ms, options_.groups_max});
  auto old = co_await database_.read(std::move(over));
  if (!old) co_return error_of(old);
  std::vector<std::string> going;
  for (std::size_t i = 0; i < old->size(); ++i) going.push_back(old->text(i, 0));
  store::Statement sizes(kSizes);
  auto sums = co_await database_.read(std::move(sizes));
  if (!sums) co_return error_of(sums);
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < sums->size(); ++i)
    if ((bytes += sums->integer(i, 1)) > options_.bytes_max) going.push_back(sums->text(i, 0));
  for (const std::string& group : going) {
    auto removed = co_await database_.write(removal_of(group));
    if (!removed) co_return error_of(removed);
  }
  co_return Result<>{};
}

Task<Result<ErrorInbox::Page>> ErrorInbox::list(Query query) {
  const auto cursor = read_cursor(query.after);
  if (!cursor)
    co_return fail(ErrorCode::invalid_argument, "after is no cursor of this list", {.reason = {}, .where = "after"});
  store::Statement statement(kListGroups, {cursor->first, cursor->second, query.text, query.state,
                                           static_cast<std::int64_t>(query.count_max + 1)});
  auto rows = co_await database_.read(std::move(statement));
  if (!rows) co_return error_of(rows);
  Page page;
  for (std::size_t i = 0; i < std::min(rows->size(), query.count_max); ++i) page.groups.push_back(group_at(*rows, i));
  if (rows->size() > query.count_max)
    page.next = std::to_string(page.groups.back().last_ms) + "-" + page.groups.back().id;
  co_return page;
}

Task<Result<ErrorInbox::Found>> ErrorInbox::find(std::string id) {
  std::vector<store::Statement> batch;
  batch.emplace_back(kFindGroup, std::vector<store::Value>{id});
  batch.emplace_back(kFindOccurrences, std::vector<store::Value>{id});
  auto rows = co_await database_.read_all(std::move(batch));
  if (!rows) co_return error_of(rows);
  if (rows->front().empty()) co_return not_found();
  Found found{.group = group_at(rows->front(), 0), .occurrences = {}};
  const store::Rows& kept = rows->back();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    auto detail = json::parse(kept.text(i, 8));
    if (!detail) co_return fail(ErrorCode::storage_failed, "an error's detail cannot be read");
    found.occurrences.push_back({.id = kept.text(i, 0),
                                 .time_ms = kept.integer(i, 1),
                                 .method = kept.text(i, 2),
                                 .route = kept.text(i, 3),
                                 .request_id = kept.text(i, 4),
                                 .trace = kept.text(i, 5),
                                 .version = kept.text(i, 6),
                                 .build_id = kept.text(i, 7),
                                 .detail = std::move(*detail)});
  }
  co_return found;
}

Task<Result<>> ErrorInbox::resolve(std::string id) {
  std::vector<store::Statement> batch;
  batch.push_back({"UPDATE error_groups SET resolved_ms = $2 WHERE id = $1", {std::move(id), clock_.wall_ms()}});
  auto rows = co_await database_.write(std::move(batch));
  if (!rows) co_return error_of(rows);
  if (rows->front().changed_count == 0) co_return not_found();
  co_return Result<>{};
}

}  // namespace atelier::watch
