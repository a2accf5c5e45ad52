#pragma once

#include <optional>

#include "base/async.hpp"
#include "net/deadlines.hpp"

namespace atelier::net {

// What one coroutine waits for, and how long at most. Costs nothing until somebody waits. Used on its loop; the
// deadlines outlive it.
class TimedWait final : private Deadlines::Target {
 public:
  enum class End : std::uint8_t { notified, late, stopped };
  explicit TimedWait(Deadlines& deadlines) noexcept : deadlines_(deadlines) {}
  // `stopped`: by cancellation, before or while it waited. A notification while nobody waits is none.
  Task<End> wait(std::chrono::steady_clock::duration timeout);
  void notify();
  // Whoever waits may wait as long again from now.
  void extend(std::chrono::steady_clock::duration timeout) noexcept;

 private:
  void on_deadline() override;
  Deadlines& deadlines_;
  bool is_waiting_ = false, is_late_ = false;
  std::optional<Signal> signal_;
  std::optional<Deadlines::Entry> deadline_;
};

}  // namespace atelier::net
