#include "graph/agenda.hpp"

namespace atelier::graph {

Agenda::Entry Agenda::add(TimePoint when, std::function<void()> what) {
  const Entry entry{when, ++last_};
  entries_.emplace(entry, std::move(what));
  return entry;
}

std::optional<Agenda::TimePoint> Agenda::next() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.begin()->first.first;
}

void Agenda::run_due(TimePoint now) {
  while (!entries_.empty() && entries_.begin()->first.first <= now) {
    const auto due = entries_.extract(entries_.begin());
    due.mapped()();
  }
}

}  // namespace atelier::graph
