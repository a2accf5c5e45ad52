// What is left of people who were deleted, slice after slice: People's third part.
#include "base/async.hpp"
#include "studio/account/people.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kSlice = 200;
// A request that was let in before may still be writing.
constexpr UnixMs kGraceMs = 60'000;

}  // namespace

Task<Result<bool>> People::forget_some() {
  const UnixMs now_ms = parts_.clock.wall_ms();
  store::Statement query(
      "SELECT id FROM users WHERE deleted_ms IS NOT NULL AND emptied_ms IS NULL AND deleted_ms < $1 "
      "ORDER BY deleted_ms LIMIT 1",
      {now_ms - kGraceMs});
  auto found = co_await parts_.database.read(std::move(query));
  if (!found) co_return error_of(std::move(found));
  if (found->empty()) co_return false;
  const std::string user = found->text(0, 0);
  std::vector<store::Statement> batch;
  // Threads, productions and assets are marked; those whose they are take them apart in slices of their own.
  batch.push_back(
      {"UPDATE threads SET deleted_ms = $2 WHERE id IN "
       "(SELECT id FROM threads WHERE owner = $1 AND deleted_ms IS NULL LIMIT $3)",
       {user, now_ms, kSlice}});
  batch.push_back(
      {"UPDATE productions SET deleted_ms = $2 WHERE id IN "
       "(SELECT id FROM productions WHERE owner = $1 AND deleted_ms IS NULL LIMIT $3)",
       {user, now_ms, kSlice}});
  batch.push_back(
      {"UPDATE assets SET deleted_ms = $2 WHERE id IN "
       "(SELECT id FROM assets WHERE owner = $1 AND deleted_ms IS NULL LIMIT $3)",
       {user, now_ms, kSlice}});
  batch.push_back({"DELETE FROM thread_folders WHERE id IN (SELECT id FROM thread_folders WHERE owner = $1 LIMIT $2)",
                   {user, kSlice}});
  batch.push_back({"DELETE FROM asset_folders WHERE id IN (SELECT id FROM asset_folders WHERE owner = $1 LIMIT $2)",
                   {user, kSlice}});
  batch.push_back(
      {"DELETE FROM client_chats WHERE owner = $1 AND id IN (SELECT id FROM client_chats WHERE owner = $1 LIMIT $2)",
       {user, kSlice}});
  batch.push_back(
      {"DELETE FROM tool_grants WHERE owner = $1 AND tool IN "
       "(SELECT tool FROM tool_grants WHERE owner = $1 ORDER BY tool LIMIT $2)",
       {user, kSlice}});
  batch.push_back(
      {"DELETE FROM prompts WHERE id IN (SELECT id FROM prompts WHERE owner = $1 LIMIT $2)", {user, kSlice}});
  batch.push_back(
      {"DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE endpoint IN "
       "(SELECT id FROM webhook_endpoints WHERE owner = $1) LIMIT $2)",
       {user, kSlice}});
  // Their deliveries are found by them.
  batch.push_back(
      {"DELETE FROM webhook_endpoints WHERE owner = $1 AND NOT EXISTS "
       "(SELECT 1 FROM webhook_deliveries WHERE endpoint = webhook_endpoints.id)",
       {user}});
  // The log's newest row stays: its position must not be given again.
  batch.push_back(
      {"DELETE FROM events WHERE position IN (SELECT position FROM events WHERE owner = $1 LIMIT $2) "
       "AND position < (SELECT max(position) FROM events)",
       {user, kSlice}});
  batch.push_back(
      {"DELETE FROM allowances WHERE key IN (SELECT id FROM access_keys WHERE owner = $1 ORDER BY id LIMIT $2)",
       {user, kSlice}});
  batch.push_back(
      {"DELETE FROM access_keys WHERE id IN (SELECT id FROM access_keys WHERE owner = $1 ORDER BY id LIMIT $2)",
       {user, kSlice}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  std::int64_t count = 0;
  for (const store::Rows& rows : *written) count += rows.changed_count;
  if (count > 0) co_return true;
  std::vector<store::Statement> end;
  end.push_back({"UPDATE users SET emptied_ms = $2 WHERE id = $1", {user, now_ms}});
  auto ended = co_await parts_.database.write(std::move(end));
  if (!ended) co_return error_of(std::move(ended));
  co_return true;
}

}  // namespace atelier::studio
