#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "net/server.hpp"

namespace atelier::net {

// How slowly a body may come: its sender has the grace, and as long as its bytes so far last at the least rate. Only
// the time in which somebody waits for them counts.
class BodyPace {
 public:
  using Duration = std::chrono::steady_clock::duration;
  // The longest wait for the next byte.
  Duration allowance(const ServerOptions& options) const noexcept {
    const auto earned = std::chrono::milliseconds(static_cast<std::int64_t>(
        received_bytes_ * 1000 / std::max<std::uint64_t>(options.body_bytes_per_second_min, 1)));
    return std::min<Duration>(options.body_grace + earned - waited_, options.body_grace);
  }
  void on_waited(Duration length) noexcept { waited_ += length; }
  void on_received(std::size_t size) noexcept { received_bytes_ += size; }

 private:
  std::uint64_t received_bytes_ = 0;
  Duration waited_{0};
};

}  // namespace atelier::net
