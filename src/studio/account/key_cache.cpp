#include "studio/account/key_cache.hpp"

namespace atelier::studio {

model::KeyStatePtr KeyCache::find(const Digest& hash) const {
  const Shard& shard = shards_[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.all.find(hash);
  return found == shard.all.end() ? nullptr : found->second;
}

model::KeyStatePtr KeyCache::find(KeyId id) const {
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [hash, state] : shard.all)
      if (state->id == id) return state;
  }
  return nullptr;
}

void KeyCache::put(const Digest& hash, model::KeyStatePtr state) {
  Shard& shard = shards_[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  shard.all.insert_or_assign(hash, std::move(state));
}

void KeyCache::remove(const Digest& hash) {
  Shard& shard = shards_[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  shard.all.erase(hash);
}

void KeyCache::remove_of(UserId owner) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    std::erase_if(shard.all, [&](const auto& entry) { return entry.second->principal.owner == owner; });
  }
}

void KeyCache::replace(std::vector<std::pair<Digest, model::KeyStatePtr>> all) {
  std::array<std::unordered_map<Digest, model::KeyStatePtr>, kShards> sorted;
  for (auto& [hash, state] : all) sorted[shard_of(hash)].insert_or_assign(hash, std::move(state));
  for (std::size_t i = 0; i < kShards; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    shards_[i].all.swap(sorted[i]);
  }
}

std::vector<model::KeyStatePtr> KeyCache::all() const {
  std::vector<model::KeyStatePtr> out;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [hash, state] : shard.all) out.push_back(state);
  }
  return out;
}

std::size_t KeyCache::size() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.all.size();
  }
  return count;
}

}  // namespace atelier::studio
