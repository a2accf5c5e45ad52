#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/id.hpp"

namespace atelier::model {

// One T for each key, made once and shared by all who hold it. Sharded by the key, so that calls with different keys do
// not meet; bounded. Thread-safe.
template <class T>
class KeyMap {
 public:
  using Pointer = std::shared_ptr<T>;
  explicit KeyMap(std::size_t count_max) : shard_max_(std::max<std::size_t>(count_max / kShards, 1)) {}

  Pointer find(KeyId key) const {
    const Shard& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.all.find(key);
    return found == shard.all.end() ? nullptr : found->second;
  }

  // `make` gives a new one, under the shard's lock. Where there is no room even without those that nobody holds and
  // that `is_at_rest` says can be forgotten, what was made is not kept: it lives as long as its holder.
  template <class Make, class IsAtRest>
  Pointer find_or_make(KeyId key, Make make, IsAtRest is_at_rest) {
    Shard& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.all.find(key); found != shard.all.end()) return found->second;
    Pointer made = make();
    if (shard.all.size() >= shard_max_)
      std::erase_if(shard.all,
                    [&](const auto& entry) { return entry.second.use_count() == 1 && is_at_rest(*entry.second); });
    if (shard.all.size() < shard_max_) shard.all.emplace(key, made);
    return made;
  }

  // A copy, since what is done with them may take long.
  std::vector<std::pair<KeyId, Pointer>> all() const {
    std::vector<std::pair<KeyId, Pointer>> out;
    for (const Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      out.insert(out.end(), shard.all.begin(), shard.all.end());
    }
    return out;
  }

  std::size_t size() const {
    std::size_t count = 0;
    for (const Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      count += shard.all.size();
    }
    return count;
  }

 private:
  static constexpr std::size_t kShards = 16;
  static std::size_t shard_of(KeyId key) noexcept { return std::hash<KeyId>{}(key) % kShards; }
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<KeyId, Pointer> all;
  };
  const std::size_t shard_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace atelier::model
