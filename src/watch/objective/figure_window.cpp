#include "watch/objective/figure_window.hpp"

#include <algorithm>

namespace atelier::watch {

std::uint64_t count_under(const Histogram::Snapshot& snapshot, double bound) {
  // Quantiles rise with their rank: the last one that is not over the bound is looked for by halves.
  std::uint64_t low = 0, high = snapshot.count();
  while (low < high) {
    const std::uint64_t rank = low + (high - low + 1) / 2;
    const double q = (static_cast<double>(rank) - 0.5) / static_cast<double>(snapshot.count());
    if (snapshot.quantile(q) <= bound)
      low = rank;
    else
      high = rank - 1;
  }
  return low;
}

void FigureWindow::add(std::int64_t second, const FigureReading& reading) {
  const std::int64_t number = second / kSlotSeconds;
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) {
    // What a process did before it was looked at for the first time, is its own.
    slot = {.number = number, .before = last_ < 0 ? Histogram::Snapshot() : now_};
    last_ = number;
  }
  now_ = reading.histogram;
  if (!reading.has_gauge) return;
  slot.lowest = slot.count == 0 ? reading.gauges : std::min(slot.lowest, reading.gauges);
  slot.sum += reading.gauges;
  ++slot.count;
}

std::optional<double> FigureWindow::over(std::size_t slots) const {
  const std::int64_t first = last_ - static_cast<std::int64_t>(slots) + 1;
  const Slot* oldest = nullptr;
  double sum = 0, lowest = 0;
  std::uint32_t count = 0;
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || slot.number < first) continue;
    if (oldest == nullptr || slot.number < oldest->number) oldest = &slot;
    if (slot.count == 0) continue;
    lowest = count == 0 ? slot.lowest : std::min(lowest, slot.lowest);
    sum += slot.sum;
    count += slot.count;
  }
  if (oldest == nullptr) return std::nullopt;
  if (stat_ == BudgetStat::value || stat_ == BudgetStat::lowest) {
    if (count == 0) return std::nullopt;
    return stat_ == BudgetStat::lowest ? lowest : sum / count;
  }
  const Histogram::Snapshot came = now_.since(oldest->before);
  if (came.count() == 0) return std::nullopt;
  switch (stat_) {
    case BudgetStat::p50:
      return came.quantile(0.5);
    case BudgetStat::p75:
      return came.quantile(0.75);
    case BudgetStat::p95:
      return came.quantile(0.95);
    case BudgetStat::p99:
      return came.quantile(0.99);
    default:
      return came.sum() / static_cast<double>(came.count());
  }
}

}  // namespace atelier::watch
