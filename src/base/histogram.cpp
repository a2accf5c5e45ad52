#include "base/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <new>

#include "base/thread_shard.hpp"

namespace atelier {
namespace {

constexpr std::size_t kBuckets = Histogram::kPowers * Histogram::kPerPower;
// A double's exponent and the first four bits of its fraction, which is which sixteenth of its power of two it is in.
constexpr int kIndexShift = 48;
constexpr std::uint64_t kFirstIndex = static_cast<std::uint64_t>(1023 + Histogram::kLowestPower) << 4;

// That of the value; 0 for zero, then from 1.
std::size_t index_of(double value) noexcept {
  if (!(value > 0)) return 0;
  const std::uint64_t index = std::bit_cast<std::uint64_t>(value) >> kIndexShift;
  if (index < kFirstIndex) return 0;
  return std::min<std::uint64_t>(index - kFirstIndex, kBuckets - 1) + 1;
}

double lower_bound_of(std::size_t index) noexcept {
  return std::bit_cast<double>((kFirstIndex + index - 1) << kIndexShift);
}

// Made by whoever comes first; the others take theirs.
template <class T>
T* get_or_make(std::atomic<T*>& place) noexcept {
  T* found = place.load(std::memory_order_acquire);
  if (found != nullptr) return found;
  T* made = new (std::nothrow) T();
  if (made == nullptr) return nullptr;
  if (place.compare_exchange_strong(found, made, std::memory_order_acq_rel, std::memory_order_acquire)) return made;
  delete made;
  return found;
}

}  // namespace

Histogram::Cells::~Cells() {
  for (auto& power : powers) delete power.load(std::memory_order_relaxed);
}

Histogram::~Histogram() {
  for (auto& shard : shards_) delete shard.load(std::memory_order_relaxed);
  delete examples_.load(std::memory_order_relaxed);
}

std::size_t Histogram::place_of(int power) noexcept {
  return static_cast<std::size_t>(
      std::clamp(power, kLowestExemplar, kLowestExemplar + static_cast<int>(kExemplars) - 1) - kLowestExemplar);
}

void Histogram::exemplify(double value, const TraceContext& trace, UnixMs time_ms) {
  Examples* examples = get_or_make(examples_);
  if (examples == nullptr) return;
  const bool is_told_apart = value > 0 && std::isfinite(value);
  const int power = is_told_apart ? static_cast<int>(std::ceil(std::log2(value))) : kLowestExemplar;
  const std::lock_guard lock(examples->mutex);
  examples->newest[place_of(power)] = {
      .value = value, .trace_high = trace.high, .trace_low = trace.low, .time_ms = time_ms};
}

std::optional<Histogram::Exemplar> Histogram::exemplar(int power) const {
  Examples* examples = examples_.load(std::memory_order_acquire);
  if (examples == nullptr) return std::nullopt;
  const std::lock_guard lock(examples->mutex);
  const Exemplar& found = examples->newest[place_of(power)];
  return found.time_ms == 0 ? std::nullopt : std::optional(found);
}

void Histogram::observe(double value) noexcept {
  Cells* cells = get_or_make(shards_[thread_shard(kShards)]);
  if (cells == nullptr) return;  // without memory a figure is the least of it
  const std::size_t index = index_of(value);
  if (index == 0) {
    cells->zeros.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  Power* power = get_or_make(cells->powers[(index - 1) / kPerPower]);
  if (power == nullptr) return;
  (*power)[(index - 1) % kPerPower].fetch_add(1, std::memory_order_relaxed);
  if (std::isfinite(value)) cells->sum.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot all;
  std::array<const Cells*, kShards> cells{};
  for (std::size_t i = 0; i < kShards; ++i) {
    cells[i] = shards_[i].load(std::memory_order_acquire);
    if (cells[i] != nullptr) all.sum_ += cells[i]->sum.load(std::memory_order_relaxed);
  }
  const auto put = [&](std::size_t index, std::uint64_t count) {
    if (count == 0) return;
    all.buckets_.push_back({static_cast<std::uint32_t>(index), count});
    all.count_ += count;
  };
  std::uint64_t zeros = 0;
  for (const Cells* one : cells)
    if (one != nullptr) zeros += one->zeros.load(std::memory_order_relaxed);
  put(0, zeros);
  for (std::size_t power = 0; power < kPowers; ++power) {
    std::array<std::uint64_t, kPerPower> counts{};
    for (const Cells* one : cells) {
      const Power* found = one != nullptr ? one->powers[power].load(std::memory_order_acquire) : nullptr;
      if (found == nullptr) continue;
      for (std::size_t i = 0; i < kPerPower; ++i) counts[i] += (*found)[i].load(std::memory_order_relaxed);
    }
    for (std::size_t i = 0; i < kPerPower; ++i) put(power * kPerPower + i + 1, counts[i]);
  }
  return all;
}

double Histogram::Snapshot::quantile(double q) const noexcept {
  if (count_ == 0) return 0;
  // The rank of the wanted value, from 1: that of the smallest which has at least the share q at or below it.
  const auto rank = static_cast<std::uint64_t>(
      std::clamp(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_)), 1.0, static_cast<double>(count_)));
  std::uint64_t below = 0;
  for (const Bucket& bucket : buckets_) {
    below += bucket.count;
    if (below < rank) continue;
    if (bucket.index == 0) return 0;
    return (lower_bound_of(bucket.index) + lower_bound_of(bucket.index + 1)) / 2;
  }
  return 0;
}

std::uint64_t Histogram::Snapshot::count_to(int power) const noexcept {
  // The value 2^power itself is the first of the next bucket: of what is measured nothing is exactly that.
  const double bound = std::ldexp(1.0, power);
  std::uint64_t count = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.index != 0 && lower_bound_of(bucket.index) >= bound) break;
    count += bucket.count;
  }
  return count;
}

Histogram::Snapshot Histogram::Snapshot::since(const Snapshot& earlier) const {
  Snapshot between;
  between.sum_ = sum_ - earlier.sum_;
  auto before = earlier.buckets_.begin();
  for (const Bucket& bucket : buckets_) {
    while (before != earlier.buckets_.end() && before->index < bucket.index) ++before;
    const bool was_there = before != earlier.buckets_.end() && before->index == bucket.index;
    // Cells are read one after another: a later snapshot is never behind in any of them.
    const std::uint64_t came = bucket.count - (was_there ? before->count : 0);
    if (came == 0) continue;
    between.buckets_.push_back({bucket.index, came});
    between.count_ += came;
  }
  return between;
}

void Histogram::Snapshot::add(const Snapshot& other) {
  std::vector<Bucket> sum;
  auto one = buckets_.begin();
  auto two = other.buckets_.begin();
  while (one != buckets_.end() || two != other.buckets_.end()) {
    const bool takes_one = two == other.buckets_.end() || (one != buckets_.end() && one->index <= two->index);
    Bucket bucket = takes_one ? *one++ : *two++;
    if (takes_one && two != other.buckets_.end() && two->index == bucket.index) bucket.count += (two++)->count;
    sum.push_back(bucket);
  }
  buckets_ = std::move(sum);
  count_ += other.count_;
  sum_ += other.sum_;
}

}  // namespace atelier
