#include "app/upkeep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/async.hpp"
#include "base/log.hpp"

namespace atelier::app {
namespace {

constexpr std::chrono::minutes kPause{5};
constexpr std::int64_t kGraceMs = 24LL * 3600 * 1000;  // a deleted thing may be undone, or still be played

void report(std::string_view what, const Error& error) {
  if (error.code != ErrorCode::cancelled) log::warn("upkeep failed", {{"what", what}, {"error", error.message}});
}

Task<> evict(UpkeepParts parts) {
  auto evicted = co_await parts.blobs.evict();
  if (!evicted)
    report("eviction", evicted.error());
  else if (*evicted > 0)
    log::info("evicted derived blobs", {{"freed_bytes", *evicted}});
}

}  // namespace

Task<Result<std::int64_t>> collect_blobs(UpkeepParts parts) {
  store::Statement gone_query(
      "SELECT id, digest FROM assets WHERE deleted_ms IS NOT NULL AND deleted_ms < $1 LIMIT 100",
      {parts.clock.wall_ms() - kGraceMs});
  auto gone = co_await parts.database.read(std::move(gone_query));
  if (!gone) co_return error_of(gone);
  std::int64_t removed_count = 0;
  for (std::size_t row = 0; row < gone->size(); ++row) {
    const std::string id = gone->text(row, 0), digest_text = gone->text(row, 1);
    // Another asset, a finished render of a production that is there, or a run that may be reading it.
    std::vector<store::Statement> questions;
    questions.push_back(
        {"SELECT 1 FROM assets WHERE digest = $1 AND id <> $2 AND deleted_ms IS NULL LIMIT 1", {digest_text, id}});
    questions.push_back(
        {"SELECT 1 FROM renders JOIN productions ON productions.id = renders.production "
         "WHERE productions.deleted_ms IS NULL AND renders.result LIKE '%' || $1 || '%' LIMIT 1",
         {digest_text}});
    questions.push_back({"SELECT 1 FROM runs WHERE state = 'running' LIMIT 1"});
    auto answers = co_await parts.database.read_all(std::move(questions));
    if (!answers) co_return error_of(answers);
    if (!(*answers)[2].empty()) break;
    const auto digest = Digest::parse(digest_text);
    if ((*answers)[0].empty() && (*answers)[1].empty() && digest) {
      auto removed = co_await parts.blobs.remove(*digest);
      if (!removed && removed.error().code != ErrorCode::not_found) co_return error_of(removed);
      ++removed_count;
    }
    if ((*answers)[1].empty()) {
      std::vector<store::Statement> written_batch;
      written_batch.push_back({"DELETE FROM assets WHERE id = $1 AND deleted_ms IS NOT NULL", {id}});
      auto written = co_await parts.database.write(std::move(written_batch));
      if (!written) co_return error_of(written);
    }
  }
  co_return removed_count;
}

Task<Result<>> keep_house(UpkeepParts parts) {
  if (parts.database.needs_check()) {
    auto checked = co_await parts.database.check();
    if (checked)
      log::info("the database was not closed properly last time and is whole");
    else
      report("database check", checked.error());
  }
  for (;;) {
    if (parts.may_evict()) co_await evict(parts);
    if (auto trimmed = co_await parts.events.trim(parts.events_kept); !trimmed) report("event log", trimmed.error());
    const auto runs_kept = std::chrono::duration_cast<std::chrono::milliseconds>(parts.runs_kept);
    auto forgotten = co_await parts.engine.forget_before(parts.clock.wall_ms() - runs_kept.count());
    if (!forgotten)
      report("old runs", forgotten.error());
    else if (*forgotten > 0)
      log::info("forgot runs of long ago", {{"runs", *forgotten}});
    if (auto collected = co_await collect_blobs(parts); !collected)
      report("collection", collected.error());
    else if (*collected > 0)
      log::info("removed blobs nobody refers to", {{"blobs", *collected}});
    if (auto slept = co_await sleep_for(kPause); !slept) co_return Result<>{};
  }
}

Task<Result<>> learn_media_version(media::Workers& workers, graph::NodeServices& services) {
  auto hello = co_await workers.describe();
  if (!hello) co_return error_of(hello);
  std::string version;
  for (const media::TaskDescription& task : hello->tasks) version += fmt::format("{}={};", task.name, task.version);
  services.media_version = version + hello->fonts_digest;
  for (const std::string& missing : hello->sandbox.missing)
    log::warn("the media sandbox is incomplete", {{"missing", missing}});
  if (!hello->fonts_missing.empty()) log::warn("fonts are missing", {{"missing", hello->fonts_missing}});
  co_return Result<>{};
}

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (!file) return 0;
  unsigned long long total = 0, resident = 0;
  const int count = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return count == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace atelier::app
