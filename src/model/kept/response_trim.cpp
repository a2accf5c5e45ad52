// What of the kept responses is over its time or its room, a slice at a time: each is a short transaction, and what
// waits for the database's writer waits for no more than that.
#include "base/async.hpp"
#include "model/kept/kept_rows.hpp"
#include "model/kept/response_shelf.hpp"

namespace atelier::model {

Task<Result<>> ResponseShelf::learn() {
  store::Statement question("SELECT coalesce(sum(size_bytes), 0) FROM kept_responses");
  auto rows = co_await database_.read(std::move(question));
  if (!rows) co_return error_of(std::move(rows));
  kept_bytes_ = rows->integer(0, 0);
  has_learned_ = true;
  co_return Result<>{};
}

Task<Result<bool>> ResponseShelf::trim() {
  if (!has_learned_)
    if (auto learned = co_await learn(); !learned) co_return error_of(std::move(learned));
  auto oldest = co_await database_.read(kept_rows::oldest_conversations(options_.slice_conversations));
  if (!oldest) co_return error_of(std::move(oldest));
  const UnixMs expired_ms = clock_.wall_ms() - std::chrono::milliseconds(options_.age).count();
  std::vector<store::Statement> batch;
  for (std::size_t row = 0; row < oldest->size(); ++row) {
    const UnixMs used_ms = oldest->integer(row, 1);
    // For room one after another, since nobody knows yet how large they are.
    const bool makes_room = row == 0 && kept_bytes_ > options_.bytes_max;
    if (used_ms >= expired_ms && !makes_room) break;
    for (store::Statement& statement :
         kept_rows::remove_conversation(oldest->text(row, 0), used_ms, options_.slice_turns))
      batch.push_back(std::move(statement));
  }
  if (batch.empty()) co_return false;
  auto deleted = co_await database_.write(std::move(batch));
  if (!deleted) co_return error_of(std::move(deleted));
  constexpr std::size_t kStatements = 4, kSizes = 2;
  for (std::size_t i = kSizes; i < deleted->size(); i += kStatements)
    for (std::size_t row = 0; row < (*deleted)[i].size(); ++row) kept_bytes_ -= (*deleted)[i].integer(row, 0);
  co_return true;
}

}  // namespace atelier::model
