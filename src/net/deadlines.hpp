#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/async.hpp"

namespace atelier::net {

// All deadlines of one loop on one timer, which ticks while any entry exists: setting one is a store, not a timer. An
// entry fires at the first tick after its time, up to 50 ms late. Used on its own loop only.
class Deadlines {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kTick{50};

  class Target {
   public:
    // Called on the loop; may set or clear the entry, and destroy it as its last act.
    virtual void on_deadline() = 0;

   protected:
    ~Target() = default;
  };

  // A deadline slot. Not armed at first; fires once, until set again.
  class Entry {
   public:
    Entry(Deadlines& deadlines, Target& target);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    void set(TimePoint at) noexcept { deadlines_.slots_[index_].at = at; }
    void clear() noexcept { set(TimePoint::max()); }

   private:
    friend class Deadlines;
    Deadlines& deadlines_;
    Target& target_;
    std::size_t index_;
  };

  explicit Deadlines(Executor executor) : timer_(executor) {}
  // All entries are gone.
  ~Deadlines();

 private:
  // Times beside each other, so that a tick over ten thousand connections reads little memory.
  struct Slot {
    TimePoint at;
    Entry* entry;
  };
  void arm();
  void tick();
  std::vector<Slot> slots_;
  Timer timer_;
  bool is_ticking_ = false;
  // Shared with the timer's callback, which may be queued already when this dies.
  std::shared_ptr<Deadlines*> self_ = std::make_shared<Deadlines*>(this);
};

}  // namespace atelier::net
