#include "studio/account/accounts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/log.hpp"
#include "store/migrations.hpp"
#include "studio/account/changing.hpp"
#include "studio/account/key_rows.hpp"
#include "studio/account/secret.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kPageSize = 1'000;
// All are in memory, a kilobyte each at most.
constexpr std::size_t kKeysMax = 100'000;
constexpr int kLoadTriesMax = 100;
constexpr std::chrono::seconds kFlushEvery{60};
constexpr std::int64_t kActivityAgeMs = 3'600'000;  // old enough to be written by whoever happens to come by
constexpr std::size_t kFlushBatch = 500;

Result<> check_expiry(const model::KeyState& state, UnixMs now_ms) {
  if (state.expires_ms == 0 || now_ms < state.expires_ms) return {};
  return fail(ErrorCode::unauthenticated, "this key expired at " + format_rfc3339(state.expires_ms),
              {.reason = "key_expired", .where = {}});
}

}  // namespace

std::string_view to_string(Role role) noexcept { return role == Role::admin ? "admin" : "member"; }

model::KeyStatePtr Accounts::state_of(const AccessKey& key, std::shared_ptr<model::KeyActivity> activity) {
  const KeySettings& settings = key.settings;
  model::KeyState state{.id = key.id,
                        .name = settings.name,
                        .principal = {.owner = key.owner, .role = key.role, .key = key.id},
                        .models = settings.models,
                        .routes = settings.routes,
                        .expires_ms = settings.expires_ms,
                        .revision = key.revision,
                        .limiter = {},
                        .allowance = {},
                        .activity = std::move(activity)};
  // Who has no limits has no limiter either. One that had some keeps it, so that calls in progress leave the place they
  // took.
  if (parts_.limiters && settings.limits != model::KeyLimits())
    state.limiter = parts_.limiters->limiter(key.id, settings.limits);
  if (parts_.allowances && settings.allowances.is_limited())
    state.allowance = parts_.allowances->allowance(key.id, key.owner, settings.allowances);
  return std::make_shared<const model::KeyState>(std::move(state));
}

void Accounts::remember(const Digest& hash, const AccessKey& key) {
  const std::lock_guard lock(change_mutex_);
  const auto reading = readings_.find(key.owner);
  if (reading != readings_.end() && reading->second.is_out) return;
  if (!revoked_.contains(key.id)) cache_.put(hash, state_of(key, std::make_shared<model::KeyActivity>()));
}

void Accounts::renew(const Digest& hash, const AccessKey& key) {
  const std::lock_guard lock(change_mutex_);
  const model::KeyStatePtr before = cache_.find(hash);
  if (before && before->revision < key.revision) cache_.put(hash, state_of(key, before->activity));
}

Task<Result<>> Accounts::load() {
  for (int tries = 0; tries < kLoadTriesMax; ++tries) {
    std::uint64_t change_count = 0;
    {
      const std::lock_guard lock(change_mutex_);
      change_count = change_count_;
    }
    std::vector<std::pair<Digest, model::KeyStatePtr>> all;
    store::Statement out_query("SELECT id FROM users WHERE disabled_ms IS NOT NULL");
    auto out_rows = co_await parts_.database.read(std::move(out_query));
    if (!out_rows) co_return error_of(std::move(out_rows));
    std::unordered_set<std::string> out;
    for (std::size_t row = 0; row < out_rows->size(); ++row) out.insert(out_rows->text(row, 0));
    std::string after;
    for (bool is_last = false; !is_last;) {
      store::Statement query = key_rows::page_after(after, kPageSize);
      auto rows = co_await parts_.database.read(std::move(query));
      if (!rows) co_return error_of(std::move(rows));
      is_last = rows->size() < static_cast<std::size_t>(kPageSize);
      for (std::size_t row = 0; row < rows->size(); ++row) {
        auto read = key_rows::read(*rows, row);
        if (!read) co_return error_of(std::move(read));
        after = rows->text(row, 0);
        if (read->key.is_revoked || out.contains(read->key.owner.to_string())) continue;
        auto activity = std::make_shared<model::KeyActivity>();
        if (const model::KeyStatePtr known = cache_.find(read->hash))
          activity = known->activity;
        else
          activity->used_ms = activity->written_ms = read->key.last_used_ms;
        all.emplace_back(read->hash, state_of(read->key, std::move(activity)));
      }
    }
    const std::lock_guard lock(change_mutex_);
    if (changing_count_ > 0 || change_count_ != change_count) continue;
    cache_.replace(std::move(all));
    is_loaded_.store(true, std::memory_order_release);
    co_return Result<>{};
  }
  co_return fail(ErrorCode::unavailable, "access keys change faster than they can be read");
}

Task<Result<CreatedKey>> Accounts::create_key(std::string name, Role role) {
  return create_key(KeySettings{.name = std::move(name)}, role);
}

Task<Result<CreatedKey>> Accounts::create_key(KeySettings settings, Role role) {
  if (auto good = check(settings); !good) co_return error_of(std::move(good));
  if (cache_.size() >= kKeysMax)
    co_return fail(ErrorCode::too_large, fmt::format("there are {} keys already: revoke some", kKeysMax),
                   {.reason = "too_many_keys", .where = {}});
  CreatedKey created{
      .key = {.id = KeyId::make(), .name = settings.name, .role = role, .created_ms = parts_.clock.wall_ms()},
      .secret = make_secret(kKeyPrefix)};
  AccessKey& key = created.key;
  key.owner = role == Role::admin ? store::local_user() : UserId::make();
  key.settings = std::move(settings);
  std::vector<store::Statement> batch;
  if (role != Role::admin)
    batch.push_back({"INSERT INTO users (id, name, role, created_ms) VALUES ($1, $2, $3, $4)",
                     {key.owner.to_string(), key.name + " " + key.owner.to_string(), std::string(to_string(role)),
                      key.created_ms}});
  co_return co_await add_key(std::move(created), std::move(batch));
}

Task<Result<CreatedKey>> Accounts::add_key(CreatedKey created, std::vector<store::Statement> batch) {
  const Digest hash = sha256(created.secret);
  batch.push_back(key_rows::insert({.key = created.key, .hash = hash}));
  const Changing changing(*this);
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  remember(hash, created.key);
  co_return created;
}

Task<Result<std::vector<AccessKey>>> Accounts::list_keys() {
  std::vector<AccessKey> keys;
  std::unordered_map<KeyId, UnixMs> used;
  for (const model::KeyStatePtr& state : cache_.all())
    used.emplace(state->id, state->activity->used_ms.load(std::memory_order_relaxed));
  for (bool is_last = false; !is_last;) {
    const std::string after = keys.empty() ? std::string() : keys.back().id.to_string();
    store::Statement query = key_rows::page_after(after, kPageSize);
    auto rows = co_await parts_.database.read(std::move(query));
    if (!rows) co_return error_of(std::move(rows));
    is_last = rows->size() < static_cast<std::size_t>(kPageSize);
    for (std::size_t row = 0; row < rows->size(); ++row) {
      auto read = key_rows::read(*rows, row);
      if (!read) co_return error_of(std::move(read));
      if (const auto found = used.find(read->key.id); found != used.end())
        read->key.last_used_ms = std::max(read->key.last_used_ms, found->second);
      keys.push_back(std::move(read->key));
    }
  }
  co_return keys;
}

Task<Result<AccessKey>> Accounts::get_key(KeyId id) {
  store::Statement query = key_rows::find(id);
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return fail(ErrorCode::not_found, "there is no such key");
  auto read = key_rows::read(*rows, 0);
  if (!read) co_return error_of(std::move(read));
  if (const model::KeyStatePtr state = cache_.find(read->hash))
    read->key.last_used_ms = std::max(read->key.last_used_ms, state->activity->used_ms.load(std::memory_order_relaxed));
  co_return std::move(read->key);
}

Task<Result<AccessKey>> Accounts::update_key(KeyId id, KeySettings settings, std::int64_t revision) {
  if (auto good = check(settings); !good) co_return error_of(std::move(good));
  std::vector<store::Statement> batch;
  batch.push_back(key_rows::update(id, settings, revision));
  const Changing changing(*this);
  auto rows = co_await parts_.database.write(std::move(batch));
  if (!rows && rows.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::conflict, "there is no such key in force with this revision: read it again");
  if (!rows) co_return error_of(std::move(rows));
  auto read = key_rows::read(rows->front(), 0);
  if (!read) co_return error_of(std::move(read));
  renew(read->hash, read->key);
  co_return std::move(read->key);
}

Task<Result<>> Accounts::revoke_key(KeyId id) {
  std::vector<store::Statement> batch;
  batch.push_back({"UPDATE access_keys SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL RETURNING hash, owner",
                   {id.to_string(), parts_.clock.wall_ms()},
                   store::Expect::exactly_one});
  co_return co_await revoke(id, std::move(batch));
}

Task<Result<>> Accounts::revoke(KeyId id, std::vector<store::Statement> batch) {
  // Sessions that it opened end; so do those of which it is not recorded which of their owner's keys did.
  batch.push_back(
      {"DELETE FROM sessions WHERE owner = (SELECT owner FROM access_keys WHERE id = $1) AND opened_with IN ($1, '')",
       {id.to_string()}});
  const Changing changing(*this);
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::not_found, "there is no such key in force");
  if (!written) co_return error_of(std::move(written));
  Digest hash;
  const Bytes& bytes = written->front().bytes(0, 0);
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.bytes.size()), hash.bytes.begin());
  {
    const std::lock_guard lock(change_mutex_);
    revoked_.insert(id);
    cache_.remove(hash);
  }
  if (auto owner = UserId::parse(written->front().text(0, 1))) tell_access_changed(*owner);
  co_return Result<>{};
}

Task<Result<bool>> Accounts::has_keys() {
  store::Statement query(
      "SELECT 1 FROM access_keys WHERE revoked_ms IS NULL UNION ALL "
      "SELECT 1 FROM users WHERE is_person = 1 AND deleted_ms IS NULL AND disabled_ms IS NULL LIMIT 1");
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  co_return !rows->empty();
}

Result<model::KeyStatePtr> Accounts::look_up(std::string_view secret) {
  if (!looks_like(secret, kKeyPrefix)) return refuse_secret();
  if (!is_loaded_.load(std::memory_order_acquire)) return fail(ErrorCode::unavailable, "access keys are not read yet");
  model::KeyStatePtr state = cache_.find(sha256(secret));
  if (!state) return refuse_secret();
  const UnixMs now_ms = parts_.clock.wall_ms();
  if (auto is_good = check_expiry(*state, now_ms); !is_good) return error_of(is_good);
  state->activity->used_ms.store(now_ms, std::memory_order_relaxed);
  return state;
}

Result<model::KeyStatePtr> Accounts::key_state_of(const Principal& principal) const {
  if (principal.key.is_nil()) return model::open_key_state(principal);
  if (!is_loaded_.load(std::memory_order_acquire)) return fail(ErrorCode::unavailable, "access keys are not read yet");
  model::KeyStatePtr state = cache_.find(principal.key);
  if (!state)
    return fail(ErrorCode::unauthenticated, "the access key is in force no more",
                {.reason = "key_gone", .where = {}});
  if (auto is_good = check_expiry(*state, parts_.clock.wall_ms()); !is_good) return error_of(is_good);
  return state;
}

Task<Result<model::KeyStatePtr>> Accounts::find_key_state(std::string secret) {
  if (!is_loaded_.load(std::memory_order_acquire) && looks_like(secret, kKeyPrefix))
    if (auto loaded = co_await load(); !loaded) co_return error_of(std::move(loaded));
  co_return look_up(secret);
}

Task<Result<Principal>> Accounts::find_key(std::string secret) {
  auto state = co_await find_key_state(std::move(secret));
  if (!state) co_return error_of(std::move(state));
  const model::KeyActivity& activity = *(*state)->activity;
  if (!is_running_ && activity.used_ms - activity.written_ms > kActivityAgeMs) (void)co_await flush();
  co_return (*state)->principal;
}

Task<Result<>> Accounts::flush() {
  std::vector<store::Statement> batch;
  std::vector<std::pair<std::shared_ptr<model::KeyActivity>, UnixMs>> written;
  const auto all = cache_.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& activity = all[i]->activity;
    if (const UnixMs used_ms = activity->used_ms.load(std::memory_order_relaxed);
        used_ms > activity->written_ms.load(std::memory_order_relaxed)) {
      batch.push_back({"UPDATE access_keys SET last_used_ms = $2 WHERE id = $1", {all[i]->id.to_string(), used_ms}});
      written.emplace_back(activity, used_ms);
    }
    if (batch.empty() || (batch.size() < kFlushBatch && i + 1 < all.size())) continue;
    auto done = co_await parts_.database.write(std::move(batch));
    if (!done) co_return error_of(std::move(done));
    for (const auto& [one, time_ms] : written) one->written_ms.store(time_ms, std::memory_order_relaxed);
    batch.clear();
    written.clear();
  }
  co_return co_await flush_sessions();
}

Task<Result<>> Accounts::run() {
  is_running_ = true;
  for (;;) {
    const auto slept = co_await sleep_for(kFlushEvery);
    if (auto flushed = co_await flush(); !flushed)
      log::warn("when keys and sessions were used is not stored", {{"error", flushed.error().describe()}});
    if (!slept) break;
  }
  is_running_ = false;
  co_return Result<>{};
}

}  // namespace atelier::studio
