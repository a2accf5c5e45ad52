#include "net/deadlines.hpp"

namespace atelier::net {

Deadlines::Entry::Entry(Deadlines& deadlines, Target& target)
    : deadlines_(deadlines), target_(target), index_(deadlines.slots_.size()) {
  deadlines.slots_.push_back({TimePoint::max(), this});
  if (!deadlines.is_ticking_) deadlines.arm();
}

Deadlines::Entry::~Entry() {
  // The last takes the freed place.
  auto& slots = deadlines_.slots_;
  slots[index_] = slots.back();
  slots[index_].entry->index_ = index_;
  slots.pop_back();
  if (!slots.empty()) return;
  deadlines_.timer_.cancel();
  deadlines_.is_ticking_ = false;
}

Deadlines::~Deadlines() { ensure(slots_.empty(), "deadlines outlive their entries"); }

void Deadlines::arm() {
  is_ticking_ = true;
  timer_.expires_after(kTick);
  timer_.async_wait([self = std::weak_ptr(self_)](boost::system::error_code ec) {
    if (const auto alive = self.lock(); alive && !ec) (*alive)->tick();
  });
}

void Deadlines::tick() {
  const TimePoint now = std::chrono::steady_clock::now();
  // By index, since a target may make or end entries. One that moves into a place already passed waits for the next
  // tick.
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].at > now) continue;
    Entry& entry = *slots_[i].entry;
    entry.clear();
    entry.target_.on_deadline();
  }
  is_ticking_ = false;
  if (!slots_.empty()) arm();
}

}  // namespace atelier::net
