#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "bench/gateway/figures.hpp"
#include "bench/gateway/line.hpp"
#include "bench/generate/sse_reader.hpp"

namespace atelier::bench {

// What all watchers saw together.
struct Seen {
  std::uint64_t events = 0;    // kept ones, which have a position
  std::uint64_t replayed = 0;  // those of them that came after a reconnect, before the stream was live again
  std::uint64_t told = 0;      // without a position: progress
  std::uint64_t missing = 0, doubled = 0, reconnects = 0;
  Faults faults;   // whatever else ended or broke a stream
  Figures delays;  // of each stamped event at each watcher that was live
  bool counts_told = false;

  // When the first and the last live watcher got the event at each position.
  struct Span {
    std::int64_t first_ns = 0, last_ns = 0;
  };
  std::deque<Span> spans;
  std::int64_t spans_from = 0;  // the position of the first span; 0 while there is none
  void note(std::int64_t position, std::int64_t now);
};

// One page that watches /api/events: knows its cursor, checks that positions come one after another without a gap
// (there is one owner, and it asks for all topics, so each position is its own), and comes back after the planned
// close.
class Watcher {
 public:
  Watcher(Poller& poller, std::uint16_t port, Seen& seen) : poller_(poller), port_(port), seen_(seen) {}

  // Connects, for the first time or after a close.
  void begin();
  enum class State : std::uint8_t { opening, live, waiting, failed };
  // Reads what has come. `waiting`: it wants begin() again after wait_ns().
  State hear();
  State state() const noexcept { return state_; }
  std::int64_t wait_ns() const noexcept { return wait_ns_; }
  std::int64_t position() const noexcept { return position_; }
  // Told events it got since these are counted, where it was live all along.
  std::optional<std::uint64_t> told_live() const noexcept {
    return has_reconnected_ || state_ != State::live ? std::nullopt : std::optional(told_);
  }

 private:
  void take(const SseMessage& message, std::int64_t now);
  void take_control(const SseMessage& message);
  void take_kept(std::int64_t position, std::string_view data, std::int64_t now);
  void fail(std::string why);

  Poller& poller_;
  const std::uint16_t port_;
  Seen& seen_;
  std::optional<Line> line_;
  SseReader reader_;
  State state_ = State::opening;
  std::string cursor_;  // as Last-Event-ID says it; "" before the first greeting
  std::int64_t position_ = -1, wait_ns_ = 0;
  std::uint64_t told_ = 0;
  bool is_closing_ = false, has_reconnected_ = false;
};

}  // namespace atelier::bench
