#pragma once

#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"

namespace atelier::studio {

// When sessions were used since that was last written: a request notes it here and writes nothing. Sharded, since every
// request does; bounded, and what is over the bound is told as used when it was last written. Thread-safe.
class SessionUse {
 public:
  void note(const Digest& session, UnixMs now_ms);
  // 0: not since then.
  UnixMs last(const Digest& session) const;
  // All of it, which is to be written.
  std::vector<std::pair<Digest, UnixMs>> take();

 private:
  static constexpr std::size_t kShards = 16, kPerShardMax = 1'024;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<Digest, UnixMs> used;
  };
  static std::size_t shard_of(const Digest& session) noexcept { return session.bytes.back() % kShards; }
  std::array<Shard, kShards> shards_;
};

}  // namespace atelier::studio
