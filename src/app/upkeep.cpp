#include "app/upkeep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "app/leftovers.hpp"
#include "base/async.hpp"
#include "base/log.hpp"

namespace atelier::app {
namespace {

constexpr std::chrono::minutes kPause{5};
constexpr std::chrono::milliseconds kSlicePause{200};  // while there is more to delete

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
    const LeftoverParts leftovers{.database = parts.database, .blobs = parts.blobs, .clock = parts.clock};
    if (auto done = co_await forget_deleted(leftovers); !done) report("deleted things", done.error());
    // By the clock, so that a server that is often started anew goes through all of them too: within a day.
    const auto slice =
        static_cast<std::uint8_t>(parts.clock.wall_ms() / std::chrono::milliseconds(kPause).count() % 256);
    if (auto swept = co_await sweep_files(leftovers, slice); !swept)
      report("sweep", swept.error());
    else if (*swept > 0)
      log::info("removed files nobody refers to", {{"files", *swept}});
    if (auto slept = co_await sleep_for(kPause); !slept) co_return Result<>{};
  }
}

Task<Result<>> keep_threads(ThreadUpkeepParts parts) {
  bool has_recovered = false;
  for (;;) {
    if (!has_recovered) {
      auto recovered = co_await parts.answers.recover(parts.opened_ms);
      has_recovered = recovered.has_value();
      if (!recovered) report("answers that were left open", recovered.error());
    }
    auto has_more = co_await parts.threads.forget_some();
    if (!has_more) report("deleted threads", has_more.error());
    const std::chrono::milliseconds pause = has_more && *has_more ? kSlicePause : milliseconds(kPause);
    if (auto slept = co_await sleep_for(pause); !slept) co_return Result<>{};
  }
}

Task<Result<>> keep_people(PeopleUpkeepParts parts) {
  for (;;) {
    auto has_more = co_await parts.people.forget_some();
    if (!has_more) report("deleted users", has_more.error());
    if (auto done = co_await parts.invitations.forget_old(); !done) report("old invitations", done.error());
    const std::chrono::milliseconds pause = has_more && *has_more ? kSlicePause : milliseconds(kPause);
    if (auto slept = co_await sleep_for(pause); !slept) co_return Result<>{};
  }
}

Task<Result<>> keep_library(LibraryUpkeepParts parts) {
  for (;;) {
    auto unread = co_await parts.search.read_some("");
    if (!unread) report("words of assets", unread.error());
    auto trashed = co_await parts.shelves.empty_some_trash();
    if (!trashed) report("the library's trash", trashed.error());
    auto dropped = co_await parts.uploads.sweep_some();
    if (!dropped) report("uploads", dropped.error());
    const bool has_more = (unread && *unread) || (trashed && *trashed) || (dropped && *dropped);
    const std::chrono::milliseconds pause = has_more ? kSlicePause : milliseconds(kPause);
    if (auto slept = co_await sleep_for(pause); !slept) co_return Result<>{};
  }
}

Task<Result<>> learn_media_version(media::Workers* workers, graph::NodeServices* services) {
  auto hello = co_await workers->describe();
  if (!hello) co_return error_of(hello);
  std::string version;
  for (const media::TaskDescription& task : hello->tasks) version += fmt::format("{}={};", task.name, task.version);
  services->media_version = version + hello->fonts_digest;
  for (const std::string& missing : hello->sandbox.missing)
    log::warn("the media sandbox is incomplete", {{"missing", missing}});
  if (!hello->fonts_missing.empty()) log::warn("fonts are missing", {{"missing", hello->fonts_missing}});
  co_return Result<>{};
}

}  // namespace atelier::app
