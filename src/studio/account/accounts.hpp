#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::studio {

struct AccessKey {
  KeyId id;
  std::string name;
  Role role = Role::member;
  UnixMs created_ms = 0;
  UnixMs last_used_ms = 0;  // 0: never
  bool is_revoked = false;
};

struct CreatedKey {
  AccessKey key;
  std::string secret;  // shown once, kept nowhere
};

struct SignedIn {
  Principal principal;
  std::string session;  // the cookie's value
};

std::string_view to_string(Role role) noexcept;

// Access keys and the sessions they open. A secret is 256 random bits; only its SHA-256 is stored, which is enough for a
// secret nobody chose.
class Accounts {
 public:
  Accounts(store::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Each key belongs to a user of its own, made with it; an admin's key to the local user, so that what was made without
  // keys stays visible.
  Task<Result<CreatedKey>> create_key(std::string name, Role role);
  Task<Result<std::vector<AccessKey>>> list_keys();
  Task<Result<>> revoke_key(KeyId id);
  Task<Result<bool>> has_keys();

  // Who holds this key; unauthenticated when nobody does.
  Task<Result<Principal>> find_key(std::string secret);
  Task<Result<SignedIn>> sign_in(std::string secret);
  Task<Result<Principal>> find_session(std::string session);
  Task<Result<>> sign_out(std::string session);

 private:
  store::Database& database_;
  const Clock& clock_;
};

// What an unsafe request with this session's cookie must carry: made from the session, so that it needs no storage.
std::string csrf_token(std::string_view session);

inline constexpr std::chrono::hours kSessionLife{24 * 30};

}  // namespace atelier::studio
