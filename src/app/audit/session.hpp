#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/audit/rig.hpp"
#include "base/async.hpp"
#include "net/sse.hpp"

namespace atelier::app::audit {

// Accounts of a studio of the audit's own, signed in; of another the caller itself, as often.
Task<Result<std::vector<Caller>>> sign_in_people(Rig* rig, std::size_t count);

// Holds an event stream as a page does, and comes back after its planned end. `take` is told every event that came
// while it was live, and whether it had been missed and was sent again. Anything else that ends it is a fault. Until
// cancelled.
class Listener {
 public:
  using Take = std::function<void(const net::SseEvent& event, bool is_replayed)>;
  Listener(Caller caller, std::string topics, Faults& faults, Executor executor, Take take)
      : caller_(std::move(caller)),
        topics_(std::move(topics)),
        faults_(faults),
        greeted_(executor),
        take_(std::move(take)) {}
  Task<Result<>> run();
  // Once the stream is open, or `end` has come. False: it is not.
  Task<bool> wait_until_live(std::chrono::steady_clock::time_point end);
  bool is_live() const noexcept { return is_live_; }
  double live_seconds() const;

 private:
  Task<Result<>> listen();
  void end_life();
  const Caller caller_;
  const std::string topics_;
  Faults& faults_;
  Signal greeted_;
  const Take take_;
  std::string cursor_;
  bool is_live_ = false, is_planned_end_ = false;
  std::chrono::steady_clock::time_point live_since_{};
  double lived_s_ = 0;
};

}  // namespace atelier::app::audit
