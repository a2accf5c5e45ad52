#pragma once

#include <atomic>
#include <cstddef>

namespace atelier {

// Which of `count` shards the calling thread adds to: threads made one after the other get different ones.
inline std::size_t thread_shard(std::size_t count) noexcept {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t number = next.fetch_add(1, std::memory_order_relaxed);
  return number % count;
}

}  // namespace atelier
