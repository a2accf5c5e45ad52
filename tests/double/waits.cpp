#include "tests/double/waits.hpp"

#include <algorithm>

#include "tests/double/connection.hpp"

namespace atelier::doubles {

void Waits::add(Clock::time_point due, std::shared_ptr<Connection> connection, std::uint64_t ticket) {
  entries_.push({due, next_order_++, ticket, std::move(connection)});
  arm();
}

void Waits::arm() {
  if (entries_.empty()) return;
  const Clock::time_point when = std::max(entries_.top().due, last_fired_ + kTick);
  if (when >= armed_for_) return;
  armed_for_ = when;
  timer_.expires_at(when);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) fire();
  });
}

void Waits::fire() {
  const Clock::time_point now = Clock::now();
  armed_for_ = Clock::time_point::max();
  last_fired_ = now;
  std::vector<Entry> due;
  while (!entries_.empty() && entries_.top().due <= now) {
    due.push_back(entries_.top());
    entries_.pop();
  }
  for (const Entry& entry : due) entry.connection->resume(entry.ticket);
  arm();
}

void Waits::stop() {
  timer_.cancel();
  entries_ = {};
}

}  // namespace atelier::doubles
