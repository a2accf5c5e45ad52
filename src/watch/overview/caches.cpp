#include "watch/overview/caches.hpp"

#include <dlfcn.h>
#include <malloc.h>

#include <algorithm>
#include <unordered_set>

#include "base/async.hpp"
#include "base/run_elsewhere.hpp"
#include "watch/process/process_metrics.hpp"

namespace atelier::watch {
namespace {

// mimalloc takes malloc's place by being loaded and is linked by name nowhere: it is asked for here, and a build
// without it (the sanitizers') does without.
using Collect = void (*)(bool force);
Collect mimalloc_collect() {
  static const auto found = reinterpret_cast<Collect>(::dlsym(RTLD_DEFAULT, "mi_collect"));
  return found;
}

// Each thread has a heap of its own.
Task<> collect_here(Collect collect) {
  collect(true);
  co_return;
}

Task<Result<std::unordered_set<Digest>>> preview_digests(store::Database* database) {
  store::Statement query("SELECT digest FROM previews WHERE digest <> ''");
  auto rows = co_await database->read(std::move(query));
  if (!rows) co_return error_of(rows);
  std::unordered_set<Digest> digests;
  for (std::size_t row = 0; row < rows->size(); ++row)
    if (const auto digest = Digest::parse(rows->text(row, 0))) digests.insert(*digest);
  co_return digests;
}

}  // namespace

Task<Result<Caches::Report>> Caches::drop(std::vector<std::string> classes) {
  Report report;
  report.resident_before_bytes = ProcessMetrics::resident_bytes();
  for (const std::string& name : classes) report.classes.push_back({.name = name});
  const auto freed = [&](std::string_view name) -> Freed* {
    const auto found = std::ranges::find(report.classes, name, &Freed::name);
    return found == report.classes.end() ? nullptr : &*found;
  };
  if (Freed* const answers = freed("answers")) {
    auto done = co_await drop_answers(answers);
    if (!done) co_return error_of(done);
  }
  Freed *const previews = freed("previews"), *const results = freed("results");
  if (previews != nullptr || results != nullptr) {
    auto done = co_await drop_derived(previews, results);
    if (!done) co_return error_of(done);
  }
  report.allocator = co_await give_memory_back();
  report.resident_after_bytes = ProcessMetrics::resident_bytes();
  co_return report;
}

Task<Result<>> Caches::drop_answers(Freed* freed) {
  const auto before = parts_.answers.statistics();
  freed->entry_count = before.entry_count;
  freed->size_bytes = before.size_bytes;
  return parts_.answers.clear();
}

Task<Result<>> Caches::drop_derived(Freed* previews, Freed* results) {
  auto shown = co_await preview_digests(&parts_.database);
  if (!shown) co_return error_of(shown);
  for (int byte = 0; byte < 256; ++byte) {
    auto blobs = co_await parts_.blobs.list(static_cast<std::uint8_t>(byte));
    if (!blobs) co_return error_of(blobs);
    for (const store::StoredBlob& blob : *blobs) {
      if (blob.kind != store::BlobKind::derived) continue;
      Freed* const freed = shown->contains(blob.info.digest) ? previews : results;
      if (freed == nullptr) continue;
      auto removed = co_await parts_.blobs.remove(blob.info.digest);
      if (!removed && removed.error().code != ErrorCode::conflict && removed.error().code != ErrorCode::not_found)
        co_return removed;
      if (!removed) continue;  // in use, or gone by itself
      ++freed->entry_count;
      freed->size_bytes += blob.info.size_bytes;
    }
  }
  co_return Result<>{};
}

Task<std::string> Caches::give_memory_back() {
  const Collect collect = mimalloc_collect();
  if (collect == nullptr) {
#ifdef __GLIBC__
    ::malloc_trim(0);
    co_return "glibc";
#else
    co_return "none";
#endif
  }
  for (std::size_t i = 0; i < parts_.loops.size(); ++i)
    co_await run_elsewhere(parts_.loops.executor(i), collect_here(collect));
  co_return "mimalloc";
}

}  // namespace atelier::watch
