#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/task_group.hpp"

namespace atelier {

// Work that goes on behind those who began it, on whichever loop that was: one task group for each loop. For classes
// whose callers come from any loop. Not thread-safe by itself: its owner's mutex guards group_of() and take(), and a
// group is used on its own loop alone.
class LoopGroups {
 public:
  LoopGroups() = default;
  ~LoopGroups();  // end_all() came before, or nothing ever began
  LoopGroups(const LoopGroups&) = delete;
  LoopGroups& operator=(const LoopGroups&) = delete;

  // That of the loop, on which the caller is. An error of one member leaves the others alone.
  TaskGroup& group_of(const Executor& executor);

  // All of them, to be ended outside the mutex: no group is here any more.
  using Groups = std::vector<std::pair<Executor, std::unique_ptr<TaskGroup>>>;
  Groups take() { return std::exchange(groups_, {}); }
  // Cancels the members and waits for them, each group on its loop. Blocks, on a thread that runs none of the loops.
  static void end_all(Groups groups);

 private:
  Groups groups_;
};

}  // namespace atelier
