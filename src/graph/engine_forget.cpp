#include "graph/engine_impl.hpp"
#include "graph/rows.hpp"

namespace atelier::graph {
namespace {

constexpr std::int64_t kRunsPerRead = 256;
constexpr std::int64_t kStepsPerWrite = 1'000;  // others' writes wait no longer than that takes

}  // namespace

// Touches nothing of the engine's own state: runs that ended are in the table alone.
Task<Result<std::size_t>> EngineImpl::forget_before(UnixMs ended_ms) {
  std::size_t count = 0;
  rows::EndedAt after;
  for (;;) {
    auto found = co_await database_.read(rows::select_ended(after, ended_ms, kRunsPerRead));
    if (!found) co_return error_of(found);
    for (std::size_t row = 0; row < found->size(); ++row) {
      after = {.ended_ms = found->integer(row, 0), .owner = found->text(row, 1), .run = found->text(row, 2)};
      const bool has_newer = found->integer(row, 4) != 0;
      if (!has_newer) continue;
      auto forgotten = co_await forget(after.owner, after.run, found->integer(row, 3));
      if (!forgotten) co_return error_of(forgotten);
      ++count;
      const bool is_over = co_await is_cancelled();
      if (is_over) co_return count;
    }
    if (found->size() < static_cast<std::size_t>(kRunsPerRead)) co_return count;
  }
}

// The run's own row last: a crash in between leaves a run that is found again.
Task<Result<>> EngineImpl::forget(std::string owner, std::string run, std::int64_t step_count) {
  for (std::int64_t first = 0;; first += kStepsPerWrite) {
    const bool is_last = first + kStepsPerWrite >= step_count;
    std::vector<store::Statement> batch;
    batch.push_back(rows::delete_steps(run, first, first + kStepsPerWrite));
    if (is_last) {
      batch.push_back(rows::delete_graph(run));
      batch.push_back(rows::delete_run(owner, run));
    }
    auto written = co_await database_.write(std::move(batch));
    if (!written) co_return error_of(written);
    if (is_last) co_return Result<>{};
  }
}

}  // namespace atelier::graph
