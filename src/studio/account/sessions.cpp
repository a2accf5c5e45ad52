// The sessions that keys and passwords open: Accounts' other half.
#include <algorithm>
#include <tuple>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "studio/account/accounts.hpp"
#include "studio/account/secret.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kSessionsMax = 100;  // of one user: the longest unused give way
constexpr std::size_t kAddressBytesMax = 64, kAgentBytesMax = 200;
constexpr std::string_view kByPassword = "password";  // in the column opened_with
constexpr std::size_t kFlushBatch = 500;

store::Blob blob_of(const Digest& digest) {
  return {Bytes(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size())};
}
store::Blob hash_of(std::string_view secret) { return blob_of(sha256(secret)); }

Digest digest_of(const Bytes& bytes) {
  Digest digest;
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.bytes.size()), digest.bytes.begin());
  return digest;
}

std::unexpected<Error> no_such_session() { return fail(ErrorCode::not_found, "there is no such session"); }

}  // namespace

std::string access_bus_topic(UserId owner) { return "access/" + owner.to_string(); }

std::string csrf_token(std::string_view session) {
  const Digest digest = hmac_sha256(session, "csrf");
  return base64url({reinterpret_cast<const char*>(digest.bytes.data()), 16});
}

void Accounts::tell_access_changed(UserId owner) {
  if (parts_.bus) parts_.bus->publish({access_bus_topic(owner), {}});
}

Task<Result<SignedIn>> Accounts::sign_in(std::string secret, SessionOrigin origin) {
  auto state = co_await find_key_state(std::move(secret));
  if (!state) co_return error_of(std::move(state));
  // What a key opens does not outlive it.
  co_return co_await open((*state)->principal, (*state)->id.to_string(), (*state)->expires_ms, std::move(origin));
}

Task<Result<SignedIn>> Accounts::open_session(Principal principal, SessionOrigin origin) {
  co_return co_await open(principal, std::string(kByPassword), 0, std::move(origin));
}

Task<Result<SignedIn>> Accounts::open(Principal principal, std::string opened_with, UnixMs expires_ms,
                                      SessionOrigin origin) {
  const SignedIn signed_in{.principal = principal, .session = make_secret(kSessionPrefix)};
  const UnixMs now_ms = parts_.clock.wall_ms();
  const UnixMs life_ends_ms = now_ms + std::chrono::milliseconds(kSessionLife).count();
  const std::string owner = principal.owner.to_string();
  std::vector<store::Statement> batch;
  // Whoever was shut out since the password or key was looked at stays out.
  batch.push_back(user_is_in(principal.owner));
  batch.push_back({"DELETE FROM sessions WHERE expires_ms < $1", {now_ms}});
  batch.push_back(
      {"DELETE FROM sessions WHERE owner = $1 AND hash NOT IN (SELECT hash FROM sessions WHERE owner = $1 "
       "ORDER BY coalesce(used_ms, created_ms) DESC LIMIT $2)",
       {owner, static_cast<std::int64_t>(kSessionsMax - 1)}});
  batch.push_back(
      {"INSERT INTO sessions (hash, owner, role, created_ms, expires_ms, id, address, agent, opened_with) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
       {hash_of(signed_in.session), owner, std::string(to_string(principal.role)), now_ms,
        expires_ms > 0 ? std::min(expires_ms, life_ends_ms) : life_ends_ms, SessionId::make().to_string(),
        printable(truncate_utf8(origin.address, kAddressBytesMax)),
        printable(truncate_utf8(trim(origin.agent), kAgentBytesMax)), std::move(opened_with)}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict) co_return refuse_secret();
  if (!written) co_return error_of(std::move(written));
  co_return signed_in;
}

Task<Result<SessionState>> Accounts::find_session_state(std::string session) {
  if (!looks_like(session, kSessionPrefix)) co_return refuse_secret();
  const Digest digest = sha256(session);
  const UnixMs now_ms = parts_.clock.wall_ms();
  store::Statement query("SELECT owner, role, id, opened_with FROM sessions WHERE hash = $1 AND expires_ms > $2",
                         {blob_of(digest), now_ms});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return refuse_secret();
  auto owner = UserId::parse(rows->text(0, 0));
  if (!owner) co_return error_of(std::move(owner));
  auto id = SessionId::parse(rows->text(0, 2));
  if (!id) co_return error_of(std::move(id));
  use_.note(digest, now_ms);
  // One that was opened before this was noted has none.
  const auto key = KeyId::parse(rows->text(0, 3));
  co_return SessionState{
      .principal = {.owner = *owner,
                    .role = rows->text(0, 1) == "admin" ? Role::admin : Role::member,
                    .key = key ? *key : KeyId()},
      .id = *id,
      .is_by_password = rows->text(0, 3) == kByPassword};
}

Task<Result<Principal>> Accounts::find_session(std::string session) {
  auto state = co_await find_session_state(std::move(session));
  if (!state) co_return error_of(std::move(state));
  co_return state->principal;
}

Task<Result<std::vector<Session>>> Accounts::list_sessions(UserId owner, std::string current) {
  const Digest own = sha256(current);
  store::Statement query(
      "SELECT id, hash, created_ms, used_ms, expires_ms, address, agent, opened_with FROM sessions "
      "WHERE owner = $1 AND expires_ms > $2 LIMIT $3",
      {owner.to_string(), parts_.clock.wall_ms(), static_cast<std::int64_t>(2 * kSessionsMax)});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  std::vector<Session> sessions;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto id = SessionId::parse(rows->text(row, 0));
    if (!id) co_return error_of(std::move(id));
    const Digest hash = digest_of(rows->bytes(row, 1));
    const UnixMs created_ms = rows->integer(row, 2);
    sessions.push_back({.id = *id,
                        .created_ms = created_ms,
                        .used_ms = std::max({created_ms, rows->integer(row, 3), use_.last(hash)}),
                        .expires_ms = rows->integer(row, 4),
                        .origin = {.address = rows->text(row, 5), .agent = rows->text(row, 6)},
                        .is_by_password = rows->text(row, 7) == kByPassword,
                        .is_current = hash == own});
  }
  std::ranges::sort(sessions, [](const Session& left, const Session& right) {
    return std::tuple(left.is_current, left.used_ms, left.id) > std::tuple(right.is_current, right.used_ms, right.id);
  });
  co_return sessions;
}

Task<Result<>> Accounts::end_session(UserId owner, SessionId id) {
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM sessions WHERE id = $1 AND owner = $2",
                   {id.to_string(), owner.to_string()},
                   store::Expect::exactly_one});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict) co_return no_such_session();
  if (!written) co_return error_of(std::move(written));
  tell_access_changed(owner);
  co_return Result<>{};
}

Task<Result<>> Accounts::end_other_sessions(UserId owner, std::string current) {
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM sessions WHERE owner = $1 AND hash <> $2", {owner.to_string(), hash_of(current)}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  tell_access_changed(owner);
  co_return Result<>{};
}

Task<Result<>> Accounts::sign_out(std::string session) {
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM sessions WHERE hash = $1 RETURNING owner", {hash_of(session)}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  if (const store::Rows& ended = written->front(); !ended.empty())
    if (auto owner = UserId::parse(ended.text(0, 0))) tell_access_changed(*owner);
  co_return Result<>{};
}

Task<Result<>> Accounts::flush_sessions() {
  std::vector<std::pair<Digest, UnixMs>> used = use_.take();
  for (std::size_t from = 0; from < used.size(); from += kFlushBatch) {
    std::vector<store::Statement> batch;
    for (std::size_t i = from; i < std::min(used.size(), from + kFlushBatch); ++i)
      batch.push_back({"UPDATE sessions SET used_ms = $2 WHERE hash = $1", {blob_of(used[i].first), used[i].second}});
    auto written = co_await parts_.database.write(std::move(batch));
    if (!written) co_return error_of(std::move(written));
  }
  co_return Result<>{};
}

}  // namespace atelier::studio
