#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

namespace atelier::watch {

struct EventCounts {
  double good = 0, bad = 0;
  double all() const noexcept { return good + bad; }
};

// How many good and bad events came, over spans of up to 30 days that end now: in cells of ten seconds for an hour, of
// five minutes for three days, of an hour for 30 days. Seconds are of the wall clock, since 1970. Takes 32 KiB, however
// many events come. Not thread-safe.
class EventWindows {
 public:
  // The longest span of each size of cell.
  struct Ring {
    std::chrono::seconds step, span;
  };
  static constexpr std::array<Ring, 3> kRings = {{{std::chrono::seconds(10), std::chrono::hours(1)},
                                                  {std::chrono::minutes(5), std::chrono::hours(72)},
                                                  {std::chrono::hours(1), std::chrono::hours(24 * 30)}}};
  EventWindows();

  // What came now, into all rings. A clock that steps back adds to the past, in place of what it told of the time
  // ahead.
  void add(std::int64_t second, EventCounts counts);
  // Into one ring: what a store knew of the time before. What is older than the ring goes into none of its cells.
  void add_to(std::size_t ring, std::int64_t second, EventCounts counts);
  // What came in the span that ends at `now`, from the finest ring that holds it; the cell in which it began counts as
  // a whole, so that up to a cell more is told.
  EventCounts sum(std::chrono::seconds span, std::int64_t now) const;

 private:
  struct Cell {
    std::int64_t number = -1;  // of the time since 1970, in steps
    EventCounts counts;
    void add(EventCounts more) noexcept { counts.good += more.good, counts.bad += more.bad; }
  };
  static std::int64_t number_of(std::size_t ring, std::int64_t second) { return second / kRings[ring].step.count(); }
  Cell& cell_of(std::size_t ring, std::int64_t number);
  std::array<std::vector<Cell>, kRings.size()> rings_;
};

}  // namespace atelier::watch
