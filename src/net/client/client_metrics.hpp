#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/metrics.hpp"

namespace atelier::net {

// One loop's connections. Written by that loop alone, so that counting costs a store; read by any thread.
struct ConnectionCount {
  void add(int amount) noexcept {
    value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::int64_t get() const noexcept { return value.load(std::memory_order_relaxed); }
  alignas(64) std::atomic<std::int64_t> value = 0;
};
struct LoopCounts {
  ConnectionCount open, idle, waiting;  // open: idle ones too, and those being made
};

// What a client counts. One a client, shared by its loops.
class ClientMetrics {
 public:
  ClientMetrics(Metrics& registry, std::size_t loop_count);
  LoopCounts& counts(std::size_t loop) noexcept { return *counts_[loop]; }
  std::int64_t idle_count() const noexcept;
  // A connection could not be made. `reason` is one of net/client/reason.hpp.
  void count_failure(std::string_view reason);

  Counter& made;         // connections
  Counter& resumed;      // those of them whose TLS was resumed
  Counter& sent_new;     // requests on a connection made for them
  Counter& sent_reused;  // requests on a kept one
  Counter& retried;      // requests sent again, since the kept connection was dead
  Counter& waited;       // requests that waited for a place
  Counter& refused;      // requests for which too many waited already

 private:
  Metrics& registry_;
  std::vector<std::unique_ptr<LoopCounts>> counts_;
  std::vector<std::shared_ptr<void>> readers_;  // shared with the registry; after the counts, which they read
};

}  // namespace atelier::net
