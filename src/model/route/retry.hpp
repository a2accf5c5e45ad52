#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "model/provider/adapter.hpp"

namespace atelier::model {

// Whether another try could end better, and where.
enum class Remedy : std::uint8_t {
  none,       // the request itself is wrong
  elsewhere,  // another candidate may take it, this one never will
  anywhere,   // this one may, after a while
};
Remedy remedy_for(const Fault& fault) noexcept;

// How long to wait before the same candidate is tried again: `repeat` is 1 for the first repeat. By cause: network and
// server faults 0.5, 1, 2, 4, 8 s plus up to 300 ms; rate limits 0.2, 0.5, 1 s (3 s at most) plus up to 50 ms. What the
// provider asked for is a floor. nullopt: enough tries.
std::optional<std::chrono::milliseconds> pause_before(const Fault& fault, std::uint32_t repeat, double random) noexcept;

// Repeats at one upstream are at most a tenth of its first tries, and a burst, so that a provider in trouble is not
// buried under our retries. Going to another candidate costs nothing here. Thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(std::int64_t burst = 100) : most_(burst * kWhole), tenths_(most_) {}
  void first_try() noexcept;
  // Takes one; false: spent.
  bool take() noexcept;
  bool is_spent() const noexcept;

 private:
  static constexpr std::int64_t kWhole = 10;  // tenths of a repeat
  const std::int64_t most_;
  mutable std::mutex mutex_;
  std::int64_t tenths_;
};

}  // namespace atelier::model
