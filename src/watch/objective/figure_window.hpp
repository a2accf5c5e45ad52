#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/histogram.hpp"
#include "watch/objective/definition.hpp"

namespace atelier::watch {

// What of several series of one budget is there at one moment.
struct FigureReading {
  Histogram::Snapshot histogram;  // together, since the start
  double gauges = 0;              // together
  bool has_gauge = false;
};

// A budgeted figure of the last minutes and of the last hour, in slots of five minutes. Not thread-safe.
class FigureWindow {
 public:
  explicit FigureWindow(BudgetStat stat) : stat_(stat) {}

  // At this second of a clock that does not step back.
  void add(std::int64_t second, const FigureReading& reading);
  // Of the last hour, or since it is looked at; nullopt: nothing came.
  std::optional<double> hour() const { return over(kSlots); }
  // Of the last five to ten minutes.
  std::optional<double> recent() const { return over(2); }

 private:
  static constexpr std::int64_t kSlotSeconds = 300;
  static constexpr std::size_t kSlots = 12;
  struct Slot {
    std::int64_t number = -1;
    Histogram::Snapshot before;  // all that came before it
    double sum = 0, lowest = 0;  // of gauges
    std::uint32_t count = 0;
  };
  std::optional<double> over(std::size_t slots) const;

  const BudgetStat stat_;
  std::array<Slot, kSlots> slots_;
  std::int64_t last_ = -1;  // its number
  Histogram::Snapshot now_;
};

// The share of a histogram's values that is at most `bound`, as a count: right to 3.2 % of the bound.
std::uint64_t count_under(const Histogram::Snapshot& snapshot, double bound);

}  // namespace atelier::watch
