#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/id.hpp"

namespace atelier::graph {

struct ActiveRun;

// A step of a run in memory. The run is kept alive by whoever took it in.
struct StepRef {
  std::shared_ptr<ActiveRun> run;
  std::uint32_t step = 0;
};

// The ready steps of one node class, and its places. The highest priority first; among equals the owner who has the
// fewest running, so that nobody's thousand steps keep another's one waiting; within an owner the heaviest, then the
// one that came first.
class ReadyQueue {
 public:
  explicit ReadyQueue(std::uint32_t at_most) : at_most_(at_most) {}

  struct Ticket {
    std::int64_t priority = 0;
    UserId owner;
    std::int64_t weight = 0;
    std::uint64_t sequence = 0;
  };
  Ticket push(std::int64_t priority, UserId owner, std::int64_t weight, StepRef step);
  void remove(const Ticket& ticket);

  bool has_place() const noexcept { return running_count_ < at_most_; }
  // Whether a new step of this priority may start without queueing.
  bool may_overtake(std::int64_t priority) const noexcept;
  void take_place(UserId owner);
  void give_back_place(UserId owner);
  // The next step, with a place taken for it; none without a place or a step.
  std::optional<StepRef> pop();

  std::size_t size() const noexcept { return size_; }
  // Since when the one that waits longest does; nullopt: none waits.
  std::optional<std::chrono::steady_clock::time_point> oldest() const {
    return since_.empty() ? std::nullopt : std::optional(since_.begin()->second);
  }
  std::uint32_t running_count() const noexcept { return running_count_; }
  std::uint32_t at_most() const noexcept { return at_most_; }
  void clear() {
    bands_.clear();
    since_.clear();
    size_ = 0;
  }

 private:
  struct Order {
    std::int64_t weight = 0;
    std::uint64_t sequence = 0;
    bool operator<(const Order& other) const noexcept {
      return weight != other.weight ? weight > other.weight : sequence < other.sequence;
    }
  };
  using Steps = std::map<Order, StepRef>;
  struct Share {
    Steps steps;
    std::uint64_t served = 0;  // when it was last given a place
  };
  using Band = std::map<UserId, Share>;

  std::uint32_t running_of(UserId owner) const noexcept;

  std::uint32_t at_most_;
  std::uint32_t running_count_ = 0;
  std::size_t size_ = 0;
  std::uint64_t sequence_ = 0, served_ = 0;
  std::map<std::int64_t, Band, std::greater<>> bands_;
  std::unordered_map<UserId, std::uint32_t> running_;
  std::map<std::uint64_t, std::chrono::steady_clock::time_point> since_;  // of all steps, by sequence
};

}  // namespace atelier::graph
