#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task.hpp"
#include "model/limit/allowances.hpp"
#include "model/limit/limiters.hpp"
#include "store/bus.hpp"
#include "store/database.hpp"
#include "studio/account/access_key.hpp"
#include "studio/account/key_cache.hpp"
#include "studio/account/session.hpp"
#include "studio/account/session_use.hpp"

namespace atelier::studio {

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
    // Told, under access_bus_topic(), when somebody's access changed, so that what lasts looks again. Null: nobody is.
    store::Bus* bus = nullptr;
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
  // Whether anybody could sign in: an access key is in force, or a person has a password.
  Task<Result<bool>> has_keys();

  // A user's own keys, with the user's role. What is another's is not_found.
  Task<Result<CreatedKey>> create_own_key(Principal owner, KeySettings settings);
  Task<Result<std::vector<AccessKey>>> list_own_keys(UserId owner);
  Task<Result<>> revoke_own_key(UserId owner, KeyId id);

  // The key with this secret, without waiting; unauthenticated when there is none in force (reason "key_expired" if
  // there was). unavailable until the keys are loaded. Counts as use.
  Result<model::KeyStatePtr> look_up(std::string_view secret);
  // The same, loading what must be loaded.
  Task<Result<model::KeyStatePtr>> find_key_state(std::string secret);
  // What holds for what this principal makes models do: their key's limits, or none where they came without.
  // unauthenticated where the key is in force no more.
  Result<model::KeyStatePtr> key_state_of(const Principal& principal) const;
  // Who holds this key.
  Task<Result<Principal>> find_key(std::string secret);

  // Opens a session with a key.
  Task<Result<SignedIn>> sign_in(std::string secret, SessionOrigin origin = {});
  // Opens one for a person who has shown who they are.
  Task<Result<SignedIn>> open_session(Principal principal, SessionOrigin origin);
  // Counts as use.
  Task<Result<SessionState>> find_session_state(std::string session);
  Task<Result<Principal>> find_session(std::string session);
  Task<Result<>> sign_out(std::string session);

  // This one first, then latest used first. `current` is a session's secret, "" for none.
  Task<Result<std::vector<Session>>> list_sessions(UserId owner, std::string current);
  Task<Result<>> end_session(UserId owner, SessionId id);
  Task<Result<>> end_other_sessions(UserId owner, std::string current);

  // Carries out a batch that changes whether a user may come in, or as what: it says so in the tables users, sessions
  // and access_keys. The keys in memory follow before this returns, and what lasts is told to look again.
  Task<Result<std::vector<store::Rows>>> change_access(UserId owner, std::vector<store::Statement> batch);

  // Writes when keys and sessions were used: again and again until cancelled, and once more then. To be spawned by the
  // owner of this; without it find_key writes it now and then.
  Task<Result<>> run();
  Task<Result<>> flush();

 private:
  class Changing;
  model::KeyStatePtr state_of(const AccessKey& key, std::shared_ptr<model::KeyActivity> activity);
  void remember(const Digest& hash, const AccessKey& key);
  void renew(const Digest& hash, const AccessKey& key);
  Task<Result<CreatedKey>> add_key(CreatedKey created, std::vector<store::Statement> batch);
  Task<Result<>> revoke(KeyId id, std::vector<store::Statement> batch);
  Task<Result<>> follow_access(UserId owner);
  Task<Result<SignedIn>> open(Principal principal, std::string opened_with, UnixMs expires_ms, SessionOrigin origin);
  Task<Result<>> flush_sessions();
  void tell_access_changed(UserId owner);

  const Parts parts_;
  KeyCache cache_;
  SessionUse use_;
  std::atomic<bool> is_loaded_ = false, is_running_ = false;
  std::mutex change_mutex_;
  // A reading of all keys that a change overlapped may lack that change: it is thrown away.
  std::uint64_t change_count_ = 0;
  std::size_t changing_count_ = 0;
  // Changes are written in one order and may come back in another: what was revoked must not be put in again. Empty
  // when no change is under way.
  std::unordered_set<KeyId> revoked_;
  // Likewise of users whose access changed: which reading of theirs was the last to be taken over, and whether they are
  // out.
  struct Reading {
    std::uint64_t number = 0;
    bool is_out = false;
  };
  std::uint64_t reading_count_ = 0;
  std::unordered_map<UserId, Reading> readings_;
};

// The topic of the bus on which a change of a user's access is told, without saying which.
std::string access_bus_topic(UserId owner);
// Part of a batch: conflict unless the user may come in.
store::Statement user_is_in(UserId user);

// What an unsafe request with this session's cookie must carry: made from the session, so that it needs no storage.
std::string csrf_token(std::string_view session);

inline constexpr std::chrono::hours kSessionLife{24 * 30};

}  // namespace atelier::studio
