// The sessions that keys open: Accounts' other half.
#include "base/async.hpp"
#include "base/hash.hpp"
#include "studio/account/accounts.hpp"
#include "studio/account/secret.hpp"

namespace atelier::studio {
namespace {

store::Blob hash_of(std::string_view secret) {
  const Digest digest = sha256(secret);
  return {Bytes(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size())};
}

}  // namespace

std::string csrf_token(std::string_view session) {
  const Digest digest = hmac_sha256(session, "csrf");
  return base64url({reinterpret_cast<const char*>(digest.bytes.data()), 16});
}

Task<Result<SignedIn>> Accounts::sign_in(std::string secret) {
  auto state = co_await find_key_state(std::move(secret));
  if (!state) co_return error_of(std::move(state));
  const Principal principal = (*state)->principal;
  const SignedIn signed_in{.principal = principal, .session = make_secret(kSessionPrefix)};
  const UnixMs now_ms = parts_.clock.wall_ms();
  UnixMs expires_ms = now_ms + std::chrono::milliseconds(kSessionLife).count();
  // What a key opens does not outlive it.
  if ((*state)->expires_ms > 0) expires_ms = std::min(expires_ms, (*state)->expires_ms);
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM sessions WHERE expires_ms < $1", {now_ms}});
  batch.push_back({"INSERT INTO sessions (hash, owner, role, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)",
                   {hash_of(signed_in.session), principal.owner.to_string(), std::string(to_string(principal.role)),
                    now_ms, expires_ms}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  co_return signed_in;
}

Task<Result<Principal>> Accounts::find_session(std::string session) {
  if (!looks_like(session, kSessionPrefix)) co_return refuse_secret();
  store::Statement query("SELECT owner, role FROM sessions WHERE hash = $1 AND expires_ms > $2",
                         {hash_of(session), parts_.clock.wall_ms()});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return refuse_secret();
  auto owner = UserId::parse(rows->text(0, 0));
  if (!owner) co_return error_of(std::move(owner));
  co_return Principal{.owner = *owner, .role = rows->text(0, 1) == "admin" ? Role::admin : Role::member};
}

Task<Result<>> Accounts::sign_out(std::string session) {
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM sessions WHERE hash = $1", {hash_of(session)}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  co_return Result<>{};
}

}  // namespace atelier::studio
