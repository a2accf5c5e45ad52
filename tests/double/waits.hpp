#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "base/async.hpp"
#include "tests/double/journal.hpp"

namespace atelier::doubles {

class Connection;

// One timer for all waits of a loop: a stream that sends 250 tokens a second would otherwise set its own each time.
class Waits {
 public:
  explicit Waits(Executor executor) : timer_(executor) {}

  // Calls `connection->resume(ticket)` at `due` or up to kTick later.
  void add(Clock::time_point due, std::shared_ptr<Connection> connection, std::uint64_t ticket);
  void stop();

 private:
  // Waits that end so close together end at once.
  static constexpr std::chrono::microseconds kTick{100};

  struct Entry {
    Clock::time_point due;
    std::uint64_t order;
    std::uint64_t ticket;
    std::shared_ptr<Connection> connection;  // shared with whoever else keeps it open
    bool operator<(const Entry& other) const noexcept {
      return due != other.due ? due > other.due : order > other.order;
    }
  };
  void arm();
  void fire();

  Timer timer_;
  std::priority_queue<Entry> entries_;
  std::uint64_t next_order_ = 0;
  Clock::time_point armed_for_ = Clock::time_point::max(), last_fired_{};
};

}  // namespace atelier::doubles
