#include "studio/account/session_use.hpp"

namespace atelier::studio {

void SessionUse::note(const Digest& session, UnixMs now_ms) {
  Shard& shard = shards_[shard_of(session)];
  const std::lock_guard lock(shard.mutex);
  if (const auto known = shard.used.find(session); known != shard.used.end())
    known->second = now_ms;
  else if (shard.used.size() < kPerShardMax)
    shard.used.emplace(session, now_ms);
}

UnixMs SessionUse::last(const Digest& session) const {
  const Shard& shard = shards_[shard_of(session)];
  const std::lock_guard lock(shard.mutex);
  const auto known = shard.used.find(session);
  return known == shard.used.end() ? 0 : known->second;
}

std::vector<std::pair<Digest, UnixMs>> SessionUse::take() {
  std::vector<std::pair<Digest, UnixMs>> all;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    all.insert(all.end(), shard.used.begin(), shard.used.end());
    shard.used.clear();
  }
  return all;
}

}  // namespace atelier::studio
