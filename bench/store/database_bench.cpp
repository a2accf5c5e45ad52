// How many batches a second does the database acknowledge, each after its sync, and how long does one wait? A batch is
// what enqueuing a run writes: a run, a step and an event (3 inserts, 4 indexes). Callers share one loop, as in the
// server. Usage: bench_store [seconds per figure] [folder]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/async.hpp"
#include "base/id.hpp"
#include "base/task_group.hpp"
#include "store/database.hpp"

namespace {

using namespace atelier;
using store::Statement;
using SteadyTime = std::chrono::steady_clock::time_point;

const store::Migration kTables{1, "bench", R"sql(
CREATE TABLE runs (id TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT;
CREATE INDEX runs_by_owner ON runs (owner, id);
CREATE TABLE steps (run TEXT NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL, parameters TEXT NOT NULL,
  PRIMARY KEY (run, node)) STRICT, WITHOUT ROWID;
CREATE INDEX steps_ready ON steps (priority, run) WHERE state = 'ready';
CREATE TABLE events (position INTEGER PRIMARY KEY, owner TEXT NOT NULL, topic TEXT NOT NULL, data TEXT NOT NULL) STRICT;
CREATE INDEX events_by_owner ON events (owner, position);
)sql"};

std::vector<Statement> enqueue_batch() {
  const std::string run = RunId::make().to_string();
  const std::string owner = "00000000000000000000000001";
  std::vector<Statement> batch;
  batch.reserve(3);
  batch.push_back({"INSERT INTO runs (id, owner, kind, state, created_ms) VALUES ($1, $2, $3, 'running', $4)",
                   {run, owner, std::string("bench.run"), std::int64_t{1'700'000'000'000}}});
  batch.push_back({"INSERT INTO steps (run, node, state, priority, parameters) VALUES ($1, $2, 'ready', $3, $4)",
                   {run, std::string("a"), std::int64_t{0}, std::string(R"({"text":"hello"})")}});
  batch.push_back({"INSERT INTO events (owner, topic, data) VALUES ($1, $2, $3)",
                   {owner, "run/" + run, std::string(R"({"state":"running"})")}});
  return batch;
}

Task<Result<>> call(store::Database& database, SteadyTime until, std::vector<double>& waits_ms) {
  while (std::chrono::steady_clock::now() < until) {
    auto batch = enqueue_batch();
    const auto begin = std::chrono::steady_clock::now();
    auto answer = co_await database.write(std::move(batch));
    if (!answer) co_return error_of(std::move(answer));
    waits_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  co_return Result<>{};
}

Task<Result<>> call_side_by_side(store::Database& database, int caller_count, SteadyTime until,
                                 std::vector<double>& waits_ms) {
  TaskGroup group(co_await current_executor());
  for (int i = 0; i < caller_count; ++i) group.spawn(call(database, until, waits_ms));
  co_return co_await group.join();
}

void measure(const std::string& folder, int caller_count, double seconds) {
  auto database = store::open_sqlite({.path = fmt::format("{}/bench-{}.db", folder, caller_count)}, {kTables});
  if (!database) return fmt::print(stderr, "{}\n", database.error().describe()), std::exit(1);
  asio::io_context loop(1);
  std::vector<double> waits_ms;
  const auto begin = std::chrono::steady_clock::now();
  const auto until = begin + std::chrono::milliseconds(static_cast<int>(seconds * 1000));
  asio::co_spawn(loop.get_executor(), call_side_by_side(**database, caller_count, until, waits_ms),
                 [](std::exception_ptr, Result<> done) {
                   if (!done) fmt::print(stderr, "{}\n", done.error().describe()), std::exit(1);
                 });
  loop.run();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const store::DatabaseStatistics statistics = (*database)->statistics();
  (*database)->close();
  std::sort(waits_ms.begin(), waits_ms.end());
  const auto at = [&](double part) {
    return waits_ms[static_cast<std::size_t>(part * static_cast<double>(waits_ms.size() - 1))];
  };
  fmt::print(
      "{:>4} callers: {:>8.0f} batches/s, {:>6.1f} batches a sync, wait p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms\n",
      caller_count, static_cast<double>(waits_ms.size()) / took,
      static_cast<double>(statistics.batch_count) /
          static_cast<double>(std::max<std::uint64_t>(statistics.transaction_count, 1)),
      at(0.5), at(0.99), waits_ms.back());
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const std::filesystem::path folder =
      (argc > 2 ? std::filesystem::path(argv[2]) : std::filesystem::temp_directory_path()) /
      fmt::format("atelier-bench-{}", getpid());
  std::filesystem::create_directories(folder);
  for (const int caller_count : {1, 16, 256}) measure(folder.string(), caller_count, seconds);
  std::filesystem::remove_all(folder);
}
