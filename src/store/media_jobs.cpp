#include "store/media_jobs.hpp"

#include <algorithm>
#include <array>

#include "base/async.hpp"

namespace atelier::store {
namespace {

constexpr std::array<std::string_view, 6> kStateNames = {"intended", "submitted", "done",
                                                         "failed",   "unknown",   "cancelled"};

#define ATELIER_MEDIA_JOB_COLUMNS                                                                      \
  "media_jobs.key, media_jobs.owner, media_jobs.run, media_jobs.state, media_jobs.candidate, "         \
  "media_jobs.submission, media_jobs.provider, media_jobs.job_id, media_jobs.job, media_jobs.result, " \
  "media_jobs.words, media_jobs.cost, media_jobs.created_ms, media_jobs.updated_ms "

Result<MediaJobRow> media_job_of(const Rows& rows, std::size_t at) {
  MediaJobRow row;
  row.key = rows.text(at, 0);
  auto owner = UserId::parse(rows.text(at, 1));
  if (!owner) return error_of(owner);
  auto run = RunId::parse(rows.text(at, 2));
  if (!run) return error_of(run);
  row.owner = *owner;
  row.run = *run;
  const auto state = std::ranges::find(kStateNames, rows.text(at, 3));
  if (state == kStateNames.end()) return fail(ErrorCode::internal, "a media job has a state that is none");
  row.state = static_cast<MediaJobState>(state - kStateNames.begin());
  row.candidate = rows.text(at, 4);
  row.submission = rows.text(at, 5);
  row.provider = rows.text(at, 6);
  row.job_id = rows.text(at, 7);
  row.job = rows.text(at, 8);
  row.result = rows.text(at, 9);
  row.words = rows.text(at, 10);
  if (!rows.is_null(at, 11)) row.cost = rows.integer(at, 11);
  row.created_ms = rows.integer(at, 12);
  row.updated_ms = rows.integer(at, 13);
  return row;
}

Result<std::vector<MediaJobRow>> media_jobs_of(const Rows& rows) {
  std::vector<MediaJobRow> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto row = media_job_of(rows, i);
    if (!row) return error_of(row);
    found.push_back(std::move(*row));
  }
  return found;
}

Result<std::optional<MediaJobRow>> first_of(const Rows& rows) {
  if (rows.empty()) return std::nullopt;
  auto row = media_job_of(rows, 0);
  if (!row) return error_of(row);
  return std::optional(std::move(*row));
}

}  // namespace

std::string_view to_string(MediaJobState state) noexcept { return kStateNames[static_cast<std::size_t>(state)]; }

Task<Result<std::optional<MediaJobRow>>> MediaJobs::find(std::string key) {
  Statement query("SELECT " ATELIER_MEDIA_JOB_COLUMNS "FROM media_jobs WHERE key = $1", {std::move(key)});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return first_of(*rows);
}

Statement MediaJobs::select_of_runs(Principal principal, RunId first, RunId last) {
  return {"SELECT " ATELIER_MEDIA_JOB_COLUMNS
          "FROM media_jobs WHERE owner = $1 AND run >= $2 AND run <= $3 ORDER BY run",
          {principal.owner.to_string(), first.to_string(), last.to_string()}};
}

Result<std::vector<MediaJobRow>> MediaJobs::read(const Rows& rows) { return media_jobs_of(rows); }

Task<Result<std::optional<MediaJobRow>>> MediaJobs::find_job(Principal principal, std::string provider,
                                                             std::string job_id) {
  Statement query("SELECT " ATELIER_MEDIA_JOB_COLUMNS
                  "FROM media_jobs WHERE provider = $1 AND job_id = $2 AND job_id <> '' AND owner = $3",
                  {std::move(provider), std::move(job_id), principal.owner.to_string()});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return first_of(*rows);
}

Task<Result<std::optional<MediaJobRow>>> MediaJobs::find_any(std::string provider, std::string job_id) {
  Statement query("SELECT " ATELIER_MEDIA_JOB_COLUMNS
                  "FROM media_jobs WHERE provider = $1 AND job_id = $2 AND job_id <> ''",
                  {std::move(provider), std::move(job_id)});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return first_of(*rows);
}

Task<Result<std::vector<MediaJobRow>>> MediaJobs::left_open(std::string after, std::size_t count_max) {
  Statement query(
      "SELECT " ATELIER_MEDIA_JOB_COLUMNS
      "FROM media_jobs JOIN runs ON runs.owner = media_jobs.owner AND runs.id = media_jobs.run "
      "WHERE media_jobs.state IN ('intended', 'submitted') AND media_jobs.key > $1 AND runs.state = 'cancelled' "
      "ORDER BY media_jobs.key LIMIT $2",
      {std::move(after), static_cast<std::int64_t>(count_max)});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return media_jobs_of(*rows);
}

Statement MediaJobs::put(const MediaJobRow& row) {
  return {
      "INSERT INTO media_jobs (key, owner, run, state, candidate, submission, provider, job_id, job, result, words, "
      "cost, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
      "ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, run = excluded.run, state = excluded.state, "
      "candidate = excluded.candidate, submission = excluded.submission, provider = excluded.provider, "
      "job_id = excluded.job_id, job = excluded.job, result = excluded.result, words = excluded.words, "
      "cost = excluded.cost, updated_ms = excluded.updated_ms",
      {row.key, row.owner.to_string(), row.run.to_string(), std::string(to_string(row.state)), row.candidate,
       row.submission, row.provider, row.job_id, row.job, row.result, row.words, row.cost ? Value(*row.cost) : Value(),
       row.created_ms, row.updated_ms}};
}

Statement MediaJobs::remove(std::string key) { return {"DELETE FROM media_jobs WHERE key = $1", {std::move(key)}}; }

Statement MediaJobs::adopt(std::string key, RunId run, UnixMs now_ms) {
  return {"UPDATE media_jobs SET run = $2, updated_ms = $3 WHERE key = $1", {std::move(key), run.to_string(), now_ms}};
}

Statement MediaJobs::end(std::string key, MediaJobState state, std::string words, UnixMs now_ms) {
  return {
      "UPDATE media_jobs SET state = $2, words = $3, updated_ms = $4 WHERE key = $1 AND state IN ('intended', "
      "'submitted', 'unknown')",
      {std::move(key), std::string(to_string(state)), std::move(words), now_ms}};
}

}  // namespace atelier::store
