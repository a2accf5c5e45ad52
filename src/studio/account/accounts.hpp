#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task.hpp"
#include "model/limit/allowances.hpp"
#include "model/limit/limiters.hpp"
#include "store/database.hpp"
#include "studio/account/access_key.hpp"
#include "studio/account/key_cache.hpp"

namespace atelier::studio {

struct SignedIn {
  Principal principal;
  std::string session;  // the cookie's value
};

std::string_view to_string(Role role) noexcept;

// Access keys and the sessions they open. A secret is 256 random bits; only its SHA-256 is stored, which is enough for
// a secret nobody chose. Keys in force are all in memory; a change here is in force when it returns. Thread-safe.
class Accounts {
 public:
  struct Parts {
    store::Database& database;
    const Clock& clock;
    // Null: keys' limits and allowances are kept, but hold nobody.
    model::Limiters* limiters = nullptr;
    model::Allowances* allowances = nullptr;
  };
  explicit Accounts(Parts parts) : parts_(parts) {}
  Accounts(store::Database& database, const Clock& clock) : Accounts(Parts{.database = database, .clock = clock}) {}

  // Reads all keys. At start, so that no call waits for it; whoever asks before does it.
  Task<Result<>> load();

  // Each key belongs to a user of its own, made with it; an admin's key to the local user, so that what was made
  // without keys stays visible.
  Task<Result<CreatedKey>> create_key(std::string name, Role role);
  Task<Result<CreatedKey>> create_key(KeySettings settings, Role role);
  Task<Result<std::vector<AccessKey>>> list_keys();
  Task<Result<AccessKey>> get_key(KeyId id);
  // All settings anew, of the revision that was read; conflict if it was changed since.
  Task<Result<AccessKey>> update_key(KeyId id, KeySettings settings, std::int64_t revision);
  Task<Result<>> revoke_key(KeyId id);
  Task<Result<bool>> has_keys();

  // The key with this secret, without waiting; unauthenticated when there is none in force (reason "key_expired" if
  // there was). unavailable until the keys are loaded. Counts as use.
  Result<model::KeyStatePtr> look_up(std::string_view secret);
  // The same, loading what must be loaded.
  Task<Result<model::KeyStatePtr>> find_key_state(std::string secret);
  // Who holds this key.
  Task<Result<Principal>> find_key(std::string secret);

  Task<Result<SignedIn>> sign_in(std::string secret);
  Task<Result<Principal>> find_session(std::string session);
  Task<Result<>> sign_out(std::string session);

  // Writes when keys were used: again and again until cancelled, and once more then. To be spawned by the owner of
  // this; without it find_key writes it now and then.
  Task<Result<>> run();
  Task<Result<>> flush();

 private:
  class Changing;
  model::KeyStatePtr state_of(const AccessKey& key, std::shared_ptr<model::KeyActivity> activity);
  void remember(const Digest& hash, const AccessKey& key);
  void renew(const Digest& hash, const AccessKey& key);

  const Parts parts_;
  KeyCache cache_;
  std::atomic<bool> is_loaded_ = false, is_running_ = false;
  std::mutex change_mutex_;
  // A reading of all keys that a change overlapped may lack that change: it is thrown away.
  std::uint64_t change_count_ = 0;
  std::size_t changing_count_ = 0;
  // Changes are written in one order and may come back in another: what was revoked must not be put in again. Empty
  // when no change is under way.
  std::unordered_set<KeyId> revoked_;
};

// What an unsafe request with this session's cookie must carry: made from the session, so that it needs no storage.
std::string csrf_token(std::string_view session);

inline constexpr std::chrono::hours kSessionLife{24 * 30};

}  // namespace atelier::studio
