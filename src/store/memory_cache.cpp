#include <algorithm>
#include <bit>
#include <deque>
#include <list>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "store/cache.hpp"

namespace atelier::store {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kShardsMax = 16;
constexpr std::size_t kShardBytesMin = std::size_t{1} << 20;
// What an entry costs beside its bytes: two nodes, two allocations, a string and a shared value.
constexpr std::size_t kEntryOverheadBytes = 192;
constexpr std::size_t kSmallPart = 10;  // one tenth for entries seen once, as the paper finds best
constexpr std::uint8_t kUsesMax = 3;

struct Entry {
  std::string key;
  std::shared_ptr<const Bytes> value;  // shared with readers that are copying it outside the lock
  SteadyTime expires;
  std::size_t size_bytes = 0;
  std::uint8_t uses = 0;
  bool is_small = true;
};
using Queue = std::list<Entry>;  // newest at the front

// One lock's worth of the cache: S3-FIFO's three queues.
class Shard {
 public:
  explicit Shard(std::size_t size_bytes_max) : size_bytes_max_(size_bytes_max) {}

  std::shared_ptr<const Bytes> get(std::string_view key, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second->expires <= now) {
      drop(found->second);
    } else if (found != entries_.end()) {
      ++statistics_.hit_count;
      Entry& entry = *found->second;
      if (entry.uses < kUsesMax) ++entry.uses;
      return entry.value;
    }
    ++statistics_.miss_count;
    return nullptr;
  }

  void put(std::string key, Bytes value, SteadyTime expires) {
    const std::size_t size_bytes = key.size() + value.size() + kEntryOverheadBytes;
    auto shared = std::make_shared<const Bytes>(std::move(value));
    const std::lock_guard lock(mutex_);
    std::uint8_t uses = 0;
    bool is_small = true;
    if (const auto found = entries_.find(key); found != entries_.end()) {
      // The old value must not be seen again, even if the new one is too large to keep.
      uses = found->second->uses;
      is_small = found->second->is_small;
      drop(found->second);
    } else if (forget_ghost(quick_hash(key))) {
      is_small = false;
    }
    if (size_bytes > size_bytes_max_ / 8) return;
    while (small_bytes_ + main_bytes_ + size_bytes > size_bytes_max_) evict_one();
    insert({.key = std::move(key),
            .value = std::move(shared),
            .expires = expires,
            .size_bytes = size_bytes,
            .uses = uses,
            .is_small = is_small});
  }

  void remove(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(key); found != entries_.end()) drop(found->second);
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    small_.clear();
    main_.clear();
    ghosts_.clear();
    ghost_order_.clear();
    small_bytes_ = main_bytes_ = 0;
  }

  void add_to(CacheStatistics& sum) const {
    const std::lock_guard lock(mutex_);
    sum.hit_count += statistics_.hit_count;
    sum.miss_count += statistics_.miss_count;
    sum.evicted_count += statistics_.evicted_count;
    sum.entry_count += entries_.size();
    sum.size_bytes += small_bytes_ + main_bytes_;
  }

 private:
  Queue& queue_of(bool is_small) noexcept { return is_small ? small_ : main_; }
  std::size_t& bytes_of(bool is_small) noexcept { return is_small ? small_bytes_ : main_bytes_; }

  void insert(Entry entry) {
    Queue& queue = queue_of(entry.is_small);
    bytes_of(entry.is_small) += entry.size_bytes;
    queue.push_front(std::move(entry));
    entries_.emplace(queue.front().key, queue.begin());
  }

  void drop(Queue::iterator place) {
    bytes_of(place->is_small) -= place->size_bytes;
    entries_.erase(place->key);
    queue_of(place->is_small).erase(place);
  }

  void evict_one() {
    if (!small_.empty() && (small_bytes_ > size_bytes_max_ / kSmallPart || main_.empty()))
      evict_from_small();
    else
      evict_from_main();
  }

  // Used again while here: it has earned a place among the kept. Otherwise only its hash is remembered.
  void evict_from_small() {
    const auto oldest = std::prev(small_.end());
    if (oldest->uses > 1) {
      small_bytes_ -= oldest->size_bytes;
      main_bytes_ += oldest->size_bytes;
      oldest->is_small = false;
      oldest->uses = 0;
      main_.splice(main_.begin(), small_, oldest);
      return;
    }
    remember_ghost(quick_hash(oldest->key));
    ++statistics_.evicted_count;
    drop(oldest);
  }

  // Ends, since each turn takes one use away from some entry.
  void evict_from_main() {
    const auto oldest = std::prev(main_.end());
    if (oldest->uses > 0) {
      --oldest->uses;
      main_.splice(main_.begin(), main_, oldest);
      return;
    }
    ++statistics_.evicted_count;
    drop(oldest);
  }

  void remember_ghost(std::uint64_t hash) {
    if (!ghosts_.insert(hash).second) return;
    ghost_order_.push_back(hash);
    // As many as there are entries kept. One that came back is still in the order and falls out here.
    while (ghost_order_.size() > std::max<std::size_t>(main_.size(), 64)) {
      ghosts_.erase(ghost_order_.front());
      ghost_order_.pop_front();
    }
  }
  bool forget_ghost(std::uint64_t hash) { return ghosts_.erase(hash) > 0; }

  const std::size_t size_bytes_max_;
  mutable std::mutex mutex_;
  Queue small_, main_;
  std::size_t small_bytes_ = 0, main_bytes_ = 0;
  std::unordered_map<std::string_view, Queue::iterator> entries_;  // keyed by the entry's own key
  std::unordered_set<std::uint64_t> ghosts_;
  std::deque<std::uint64_t> ghost_order_;
  CacheStatistics statistics_;
};

class MemoryCache final : public Cache {
 public:
  MemoryCache(std::size_t size_bytes_max, const Clock& clock) : clock_(clock) {
    const std::size_t count = std::clamp<std::size_t>(std::bit_floor(size_bytes_max / kShardBytesMin), 1, kShardsMax);
    for (std::size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(size_bytes_max / count));
  }

  Task<Result<std::optional<Bytes>>> get(std::string key) override {
    const std::shared_ptr<const Bytes> value = shard_of(key).get(key, clock_.now());
    if (value == nullptr) co_return std::optional<Bytes>();
    co_return std::optional<Bytes>(*value);
  }

  Task<Result<>> put(std::string key, Bytes value, std::chrono::seconds time_to_live) override {
    Shard& shard = shard_of(key);
    if (time_to_live <= std::chrono::seconds(0))
      shard.remove(key);
    else
      shard.put(std::move(key), std::move(value), expiry(time_to_live));
    co_return Result<>{};
  }

  Task<Result<>> remove(std::string key) override {
    shard_of(key).remove(key);
    co_return Result<>{};
  }

  Task<Result<>> clear() override {
    for (const auto& shard : shards_) shard->clear();
    co_return Result<>{};
  }

  CacheStatistics statistics() const override {
    CacheStatistics sum;
    for (const auto& shard : shards_) shard->add_to(sum);
    return sum;
  }

 private:
  Shard& shard_of(std::string_view key) noexcept { return *shards_[(quick_hash(key) >> 48) & (shards_.size() - 1)]; }
  SteadyTime expiry(std::chrono::seconds time_to_live) const noexcept {
    const SteadyTime now = clock_.now();
    return time_to_live < std::chrono::duration_cast<std::chrono::seconds>(SteadyTime::max() - now) ? now + time_to_live
                                                                                                    : SteadyTime::max();
  }

  const Clock& clock_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace

std::unique_ptr<Cache> make_memory_cache(std::size_t size_bytes_max, const Clock& clock) {
  return std::make_unique<MemoryCache>(size_bytes_max, clock);
}

}  // namespace atelier::store
