#pragma once

#include <array>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "model/limit/key_state.hpp"

namespace atelier::studio {

// All keys in force, by the hash of their secrets: whoever is not here has no key, and nobody waits for the database to
// learn so. Sharded, since every call asks. Thread-safe.
class KeyCache {
 public:
  // Null: nobody's.
  model::KeyStatePtr find(const Digest& hash) const;
  // The same by the key itself. Goes through every key.
  model::KeyStatePtr find(KeyId id) const;
  void put(const Digest& hash, model::KeyStatePtr state);
  void remove(const Digest& hash);
  // All of a user's. Goes through every key.
  void remove_of(UserId owner);
  // All others go.
  void replace(std::vector<std::pair<Digest, model::KeyStatePtr>> all);
  std::vector<model::KeyStatePtr> all() const;
  std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<Digest, model::KeyStatePtr> all;
  };
  // Another byte than the map's own hash begins with.
  static std::size_t shard_of(const Digest& hash) noexcept { return hash.bytes.back() % kShards; }
  std::array<Shard, kShards> shards_;
};

}  // namespace atelier::studio
