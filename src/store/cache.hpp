#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/task.hpp"

namespace atelier::store {

struct CacheStatistics {
  std::uint64_t hit_count = 0, miss_count = 0, evicted_count = 0, entry_count = 0, size_bytes = 0;
};

// Bytes that can be lost at any moment. Thread-safe.
class Cache {
 public:
  virtual ~Cache() = default;
  // nullopt is a miss. A backend that cannot answer is an Error, never a miss: the caller decides whether to go on
  // without.
  virtual Task<Result<std::optional<Bytes>>> get(std::string key) = 0;
  virtual Task<Result<>> put(std::string key, Bytes value, std::chrono::seconds time_to_live) = 0;
  virtual Task<Result<>> remove(std::string key) = 0;
  // Forgets all entries.
  virtual Task<Result<>> clear() = 0;
  virtual CacheStatistics statistics() const = 0;
};

// Byte-bounded (keys and overhead counted) and sharded; S3-FIFO eviction (Yang et al., SOSP 2023). A value over an
// eighth of its shard is not kept.
std::unique_ptr<Cache> make_memory_cache(std::size_t size_bytes_max, const Clock& clock);

}  // namespace atelier::store
