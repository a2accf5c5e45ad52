#include "studio/account/accounts.hpp"

#include "base/async.hpp"
#include "base/hash.hpp"
#include "store/migrations.hpp"

namespace atelier::studio {
namespace {

constexpr std::string_view kKeyPrefix = "at_", kSessionPrefix = "as_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretTextMax = 128;

store::Blob hash_of(std::string_view secret) {
  const Digest digest = sha256(secret);
  return {Bytes(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size())};
}

Role role_of(const std::string& text) { return text == "admin" ? Role::admin : Role::member; }

std::unexpected<Error> refuse() {
  return fail(ErrorCode::unauthenticated, "this key or session is not known",
              {.reason = "unauthenticated", .where = {}});
}

bool looks_like(std::string_view secret, std::string_view prefix) {
  return secret.starts_with(prefix) && secret.size() <= kSecretTextMax;
}

}  // namespace

std::string_view to_string(Role role) noexcept { return role == Role::admin ? "admin" : "member"; }

std::string csrf_token(std::string_view session) {
  const Digest digest = hmac_sha256(session, "csrf");
  return base64url({reinterpret_cast<const char*>(digest.bytes.data()), 16});
}

Task<Result<CreatedKey>> Accounts::create_key(std::string name, Role role) {
  if (name.empty() || name.size() > 100) co_return fail(ErrorCode::invalid_argument, "a key's name has 1 to 100 bytes");
  CreatedKey created{.key = {.id = KeyId::make(), .name = name, .role = role, .created_ms = clock_.wall_ms()},
                     .secret = std::string(kKeyPrefix) + base64url(random_bytes(kSecretBytes))};
  std::vector<store::Statement> batch;
  UserId owner = store::local_user();
  if (role != Role::admin) {
    owner = UserId::make();
    batch.push_back(
        {"INSERT INTO users (id, name, role, created_ms) VALUES ($1, $2, $3, $4)",
         {owner.to_string(), name + " " + owner.to_string(), std::string(to_string(role)), created.key.created_ms}});
  }
  batch.push_back({"INSERT INTO access_keys (id, owner, name, hash, role, created_ms) VALUES ($1, $2, $3, $4, $5, $6)",
                   {created.key.id.to_string(), owner.to_string(), name, hash_of(created.secret),
                    std::string(to_string(role)), created.key.created_ms}});
  auto written = co_await database_.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return created;
}

Task<Result<std::vector<AccessKey>>> Accounts::list_keys() {
  store::Statement query("SELECT id, name, role, created_ms, last_used_ms, revoked_ms FROM access_keys ORDER BY id");
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  std::vector<AccessKey> keys;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto id = KeyId::parse(rows->text(row, 0));
    if (!id) co_return error_of(id);
    keys.push_back({.id = *id,
                    .name = rows->text(row, 1),
                    .role = role_of(rows->text(row, 2)),
                    .created_ms = rows->integer(row, 3),
                    .last_used_ms = rows->integer(row, 4),
                    .is_revoked = !rows->is_null(row, 5)});
  }
  co_return keys;
}

Task<Result<bool>> Accounts::has_keys() {
  store::Statement query("SELECT 1 FROM access_keys WHERE revoked_ms IS NULL LIMIT 1");
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return !rows->empty();
}

Task<Result<>> Accounts::revoke_key(KeyId id) {
  std::vector<store::Statement> batch;
  batch.push_back({"UPDATE access_keys SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL",
                   {id.to_string(), clock_.wall_ms()},
                   store::Expect::exactly_one});
  // Sessions opened with any key of this owner end: which key opened which is not recorded.
  batch.push_back(
      {"DELETE FROM sessions WHERE owner = (SELECT owner FROM access_keys WHERE id = $1)", {id.to_string()}});
  auto written = co_await database_.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::not_found, "there is no such key in force");
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<Principal>> Accounts::find_key(std::string secret) {
  if (!looks_like(secret, kKeyPrefix)) co_return refuse();
  store::Statement query("SELECT owner, role, id, last_used_ms FROM access_keys WHERE hash = $1 AND revoked_ms IS NULL",
                         {hash_of(secret)});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return refuse();
  auto owner = UserId::parse(rows->text(0, 0));
  if (!owner) co_return error_of(owner);
  // To the hour is enough to see which keys are in use, and spares a write per request.
  if (const UnixMs now_ms = clock_.wall_ms(); now_ms - rows->integer(0, 3) > 3'600'000) {
    std::vector<store::Statement> batch;
    batch.push_back({"UPDATE access_keys SET last_used_ms = $2 WHERE id = $1", {rows->text(0, 2), now_ms}});
    (void)co_await database_.write(std::move(batch));
  }
  co_return Principal{.owner = *owner, .role = role_of(rows->text(0, 1))};
}

Task<Result<SignedIn>> Accounts::sign_in(std::string secret) {
  auto principal = co_await find_key(std::move(secret));
  if (!principal) co_return error_of(principal);
  const SignedIn signed_in{.principal = *principal,
                           .session = std::string(kSessionPrefix) + base64url(random_bytes(kSecretBytes))};
  const UnixMs now_ms = clock_.wall_ms();
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM sessions WHERE expires_ms < $1", {now_ms}});
  batch.push_back({"INSERT INTO sessions (hash, owner, role, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)",
                   {hash_of(signed_in.session), principal->owner.to_string(), std::string(to_string(principal->role)),
                    now_ms, now_ms + std::chrono::milliseconds(kSessionLife).count()}});
  auto written = co_await database_.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return signed_in;
}

Task<Result<Principal>> Accounts::find_session(std::string session) {
  if (!looks_like(session, kSessionPrefix)) co_return refuse();
  store::Statement query("SELECT owner, role FROM sessions WHERE hash = $1 AND expires_ms > $2",
                         {hash_of(session), clock_.wall_ms()});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return refuse();
  auto owner = UserId::parse(rows->text(0, 0));
  if (!owner) co_return error_of(owner);
  co_return Principal{.owner = *owner, .role = role_of(rows->text(0, 1))};
}

Task<Result<>> Accounts::sign_out(std::string session) {
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM sessions WHERE hash = $1", {hash_of(session)}});
  auto written = co_await database_.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

}  // namespace atelier::studio
