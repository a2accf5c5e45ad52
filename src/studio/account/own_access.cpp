// What users have of their own: Accounts' third part. Their keys, and what happens when they are let in or shut out.
#include <algorithm>
#include <unordered_map>

#include "base/async.hpp"
#include "studio/account/accounts.hpp"
#include "studio/account/changing.hpp"
#include "studio/account/key_rows.hpp"
#include "studio/account/secret.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kOwnKeysMax = 100;  // in force, of one user

}  // namespace

store::Statement user_is_in(UserId user) {
  return {"SELECT 1 FROM users WHERE id = $1 AND disabled_ms IS NULL AND deleted_ms IS NULL",
          {user.to_string()},
          store::Expect::exactly_one};
}

Task<Result<CreatedKey>> Accounts::create_own_key(Principal owner, KeySettings settings) {
  if (auto good = check(settings); !good) co_return error_of(std::move(good));
  auto keys = co_await list_own_keys(owner.owner);
  if (!keys) co_return error_of(std::move(keys));
  if (std::ranges::count(*keys, false, &AccessKey::is_revoked) >= kOwnKeysMax)
    co_return fail(ErrorCode::too_large, "you have a hundred keys already: revoke some",
                   {.reason = "too_many_keys", .where = {}});
  CreatedKey created{
      .key = {.id = KeyId::make(), .name = settings.name, .role = owner.role, .created_ms = parts_.clock.wall_ms()},
      .secret = make_secret(kKeyPrefix)};
  created.key.owner = owner.owner;
  created.key.settings = std::move(settings);
  std::vector<store::Statement> batch;
  batch.push_back(user_is_in(owner.owner));
  auto added = co_await add_key(std::move(created), std::move(batch));
  if (!added && added.error().code == ErrorCode::conflict) co_return refuse_secret();
  co_return added;
}

Task<Result<std::vector<AccessKey>>> Accounts::list_own_keys(UserId owner) {
  store::Statement query = key_rows::of_owner(owner);
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  std::vector<AccessKey> keys;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto read = key_rows::read(*rows, row);
    if (!read) co_return error_of(std::move(read));
    if (const model::KeyStatePtr state = cache_.find(read->hash))
      read->key.last_used_ms =
          std::max(read->key.last_used_ms, state->activity->used_ms.load(std::memory_order_relaxed));
    keys.push_back(std::move(read->key));
  }
  co_return keys;
}

Task<Result<>> Accounts::revoke_own_key(UserId owner, KeyId id) {
  std::vector<store::Statement> batch;
  batch.push_back(
      {"UPDATE access_keys SET revoked_ms = $3 WHERE id = $1 AND owner = $2 AND revoked_ms IS NULL RETURNING hash, "
       "owner",
       {id.to_string(), owner.to_string(), parts_.clock.wall_ms()},
       store::Expect::exactly_one});
  co_return co_await revoke(id, std::move(batch));
}

Task<Result<std::vector<store::Rows>>> Accounts::change_access(UserId owner, std::vector<store::Statement> batch) {
  const Changing changing(*this);
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  // It is done, whoever asked for it: memory follows even if the caller goes away meanwhile.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto followed = co_await follow_access(owner);
  tell_access_changed(owner);
  if (!followed) co_return error_of(std::move(followed));
  co_return written;
}

Task<Result<>> Accounts::follow_access(UserId owner) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(change_mutex_);
    number = ++reading_count_;
  }
  std::vector<store::Statement> questions;
  questions.push_back(
      {"SELECT 1 FROM users WHERE id = $1 AND disabled_ms IS NULL AND deleted_ms IS NULL", {owner.to_string()}});
  questions.push_back(key_rows::in_force_of(owner));
  auto answers = co_await parts_.database.read_all(std::move(questions));
  // Whoever cannot be read is kept out: that much is certain to be safe.
  const bool is_out = !answers || answers->front().empty();
  std::unordered_map<KeyId, key_rows::Row> in_force;
  for (std::size_t row = 0; !is_out && row < answers->back().size(); ++row) {
    auto read = key_rows::read(answers->back(), row);
    if (!read) co_return error_of(std::move(read));
    in_force.emplace(read->key.id, std::move(*read));
  }
  const std::lock_guard lock(change_mutex_);
  Reading& last = readings_[owner];
  if (last.number > number) co_return Result<>{};
  last = {.number = number, .is_out = is_out};
  cache_.remove_of(owner);
  for (const auto& [id, row] : in_force) {
    if (revoked_.contains(id)) continue;
    auto activity = std::make_shared<model::KeyActivity>();
    activity->used_ms = activity->written_ms = row.key.last_used_ms;
    cache_.put(row.hash, state_of(row.key, std::move(activity)));
  }
  if (!answers) co_return error_of(std::move(answers));
  co_return Result<>{};
}

}  // namespace atelier::studio
