#include "base/trace.hpp"

#include <array>
#include <atomic>
#include <mutex>

#include "base/thread_shard.hpp"

namespace atelier::trace {
namespace {

constexpr std::size_t kShelves = 8;
constexpr std::uint32_t kKeptPerSecond = 20;

struct alignas(64) Shelf {
  std::mutex mutex;
  std::vector<SpanRecord> records;
};

// Never destroyed: threads may record while the process ends.
std::array<Shelf, kShelves>& shelves() {
  static auto* made = new std::array<Shelf, kShelves>;
  return *made;
}

std::atomic<std::uint64_t> dropped = 0;
std::atomic<std::uint32_t> kept_per_second = kKeptPerSecond;
std::atomic<bool> is_off = false;

}  // namespace

bool wants_another(Intent intent) noexcept {
  thread_local std::int64_t second = -1;
  thread_local std::array<std::uint32_t, 2> counts{};
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (now != second) {
    second = now;
    counts = {};
  }
  return counts[static_cast<std::size_t>(intent)]++ < kept_per_second.load(std::memory_order_relaxed);
}

void keep_per_second(std::uint32_t count) noexcept { kept_per_second.store(count, std::memory_order_relaxed); }

void turn_off() noexcept {
  keep_per_second(0);
  is_off.store(true, std::memory_order_relaxed);
}

bool is_worth_keeping(const TraceContext& context, bool has_failed, std::chrono::steady_clock::duration took) noexcept {
  return !context.is_none() && (context.is_kept || has_failed || took >= kSlow);
}

void keep(SpanRecord record) {
  if (is_off.load(std::memory_order_relaxed)) return;
  Shelf& shelf = shelves()[thread_shard(kShelves)];
  const std::lock_guard lock(shelf.mutex);
  if (shelf.records.size() >= kWaitingMax / kShelves)
    dropped.fetch_add(1, std::memory_order_relaxed);
  else
    shelf.records.push_back(std::move(record));
}

std::vector<SpanRecord> take() {
  std::vector<SpanRecord> all;
  for (Shelf& shelf : shelves()) {
    std::vector<SpanRecord> some;
    {
      const std::lock_guard lock(shelf.mutex);
      some.swap(shelf.records);
    }
    if (all.empty())
      all.swap(some);
    else
      all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return all;
}

std::uint64_t dropped_count() noexcept { return dropped.load(std::memory_order_relaxed); }

Span::Span(const TraceContext& parent, std::string_view name, SpanKind kind) {
  if (parent.is_none()) return;
  context_ = parent.below(make_span_id());
  parent_ = parent.span;
  name_ = name;
  kind_ = kind;
  started_ = std::chrono::steady_clock::now();
}

Span::Span(Span&& other) noexcept { *this = std::move(other); }

Span& Span::operator=(Span&& other) noexcept {
  if (this == &other) return *this;
  end();
  context_ = std::exchange(other.context_, {});
  parent_ = other.parent_;
  name_ = other.name_;
  kind_ = other.kind_;
  started_ = other.started_;
  fault_ = std::move(other.fault_);
  facts_ = std::move(other.facts_);
  return *this;
}

void Span::fact(std::string_view name, std::string value) {
  if (!context_.is_none()) facts_.emplace_back(name, std::move(value));
}

void Span::end() {
  if (context_.is_none()) return;
  const Time now = std::chrono::steady_clock::now();
  const TraceContext context = std::exchange(context_, {});
  if (!is_worth_keeping(context, !fault_.empty(), now - started_)) return;
  keep({.context = context,
        .parent = parent_,
        .name = std::string(name_),
        .kind = kind_,
        .started = started_,
        .ended = now,
        .fault = std::move(fault_),
        .facts = std::move(facts_)});
}

std::int64_t unix_us(Time time) noexcept {
  using std::chrono::duration_cast, std::chrono::microseconds, std::chrono::system_clock, std::chrono::steady_clock;
  static const std::int64_t offset = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count() -
                                     duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
  return duration_cast<microseconds>(time.time_since_epoch()).count() + offset;
}

}  // namespace atelier::trace
