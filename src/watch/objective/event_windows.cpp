#include "watch/objective/event_windows.hpp"

namespace atelier::watch {

EventWindows::EventWindows() {
  // One more than fit: the first and the last are there in part.
  for (std::size_t ring = 0; ring < kRings.size(); ++ring)
    rings_[ring].resize(static_cast<std::size_t>(kRings[ring].span / kRings[ring].step) + 1);
}

void EventWindows::add(std::int64_t second, EventCounts counts) {
  if (second < 0) return;
  for (std::size_t ring = 0; ring < kRings.size(); ++ring) {
    const std::int64_t number = number_of(ring, second);
    Cell& cell = cell_of(ring, number);
    // One of a later time is of a clock that was ahead.
    if (cell.number != number) cell = {.number = number, .counts = {}};
    cell.add(counts);
  }
}

void EventWindows::add_to(std::size_t ring, std::int64_t second, EventCounts counts) {
  if (second < 0) return;
  const std::int64_t number = number_of(ring, second);
  Cell& cell = cell_of(ring, number);
  if (cell.number > number) return;
  if (cell.number < number) cell = {.number = number, .counts = {}};
  cell.add(counts);
}

EventWindows::Cell& EventWindows::cell_of(std::size_t ring, std::int64_t number) {
  return rings_[ring][static_cast<std::size_t>(number) % rings_[ring].size()];
}

EventCounts EventWindows::sum(std::chrono::seconds span, std::int64_t now) const {
  std::size_t ring = 0;
  while (ring + 1 < kRings.size() && span > kRings[ring].span) ++ring;
  const std::int64_t step = kRings[ring].step.count();
  const std::int64_t last = now / step, first = (now - span.count()) / step;
  EventCounts counts;
  for (const Cell& cell : rings_[ring]) {
    if (cell.number < first || cell.number > last) continue;
    counts.good += cell.counts.good;
    counts.bad += cell.counts.bad;
  }
  return counts;
}

}  // namespace atelier::watch
