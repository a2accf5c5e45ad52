#include "model/route/breaker_store.hpp"

#include "base/async.hpp"
#include "base/log.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kBatch = 500;

}  // namespace

Task<Result<>> BreakerStore::load() {
  store::Statement query("SELECT candidate, trips, is_account, open_until_ms FROM breakers LIMIT $1",
                         {static_cast<std::int64_t>(options_.breakers_max)});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  const UnixMs wall = clock_.wall_ms();
  const auto now = clock_.now();
  std::vector<store::Statement> gone;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const std::string& name = rows->text(row, 0);
    const CandidatePtr candidate = models_.find_candidate(name);
    if (!candidate) {
      gone.push_back({"DELETE FROM breakers WHERE candidate = $1", {name}});
      continue;
    }
    const auto left = std::chrono::milliseconds(std::max<std::int64_t>(rows->integer(row, 3) - wall, 0));
    candidate->breaker.restore(static_cast<std::uint32_t>(rows->integer(row, 1)), rows->integer(row, 2) != 0, left,
                               now);
    written_[name] = candidate->breaker.revision();
  }
  if (gone.empty()) co_return Result<>{};
  auto done = co_await database_.write(std::move(gone));
  if (!done) co_return error_of(done);
  co_return Result<>{};
}

Task<Result<>> BreakerStore::flush() {
  std::vector<store::Statement> batch;
  std::vector<std::pair<std::string, std::uint64_t>> in_batch;
  const UnixMs wall = clock_.wall_ms();
  const auto now = clock_.now();
  const std::vector<CandidatePtr> all = models_.candidates();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CandidatePtr& candidate = all[i];
    const std::uint64_t revision = candidate->breaker.revision();
    const auto known = written_.find(candidate->name);
    if (revision != (known == written_.end() ? 0 : known->second)) {
      const Breaker::Snapshot snapshot = candidate->breaker.snapshot(now);
      if (snapshot.trips == 0 && snapshot.state == BreakerState::closed)
        batch.push_back({"DELETE FROM breakers WHERE candidate = $1", {candidate->name}});
      else
        batch.push_back(
            {"INSERT INTO breakers (candidate, trips, is_account, open_until_ms) VALUES ($1, $2, $3, $4) ON CONFLICT "
             "(candidate) DO UPDATE "
             "SET trips = excluded.trips, is_account = excluded.is_account, open_until_ms = excluded.open_until_ms",
             {candidate->name, static_cast<std::int64_t>(snapshot.trips),
              static_cast<std::int64_t>(snapshot.is_account), wall + snapshot.opens_in.count()}});
      in_batch.emplace_back(candidate->name, revision);
    }
    if (batch.empty() || (batch.size() < kBatch && i + 1 < all.size())) continue;
    auto done = co_await database_.write(std::move(batch));
    if (!done) co_return error_of(done);
    for (auto& [name, told] : in_batch) written_[name] = told;
    batch.clear();
    in_batch.clear();
  }
  co_return Result<>{};
}

Task<Result<>> BreakerStore::run() {
  bool is_failing = false;
  for (;;) {
    const auto slept = co_await sleep_for(options_.flush_every);
    auto flushed = co_await flush();
    // Once for each trouble, not every second of it.
    if (!flushed && !is_failing) log::warn("breakers are not stored", {{"error", flushed.error().describe()}});
    is_failing = !flushed;
    if (!slept) co_return Result<>{};
  }
}

}  // namespace atelier::model
