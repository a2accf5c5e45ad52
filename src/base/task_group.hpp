#pragma once

#include <cstddef>
#include <memory>

#include "base/error.hpp"
#include "base/task.hpp"

namespace atelier {

// The owner of spawned coroutines. They run on the group's loop, and whoever owns the group awaits join() before it
// dies: no coroutine outlives what it uses. Used on its own loop only.
class TaskGroup {
 public:
  struct Options {
    // More than this many wait for a place in the order they came.
    std::size_t at_most = static_cast<std::size_t>(-1);
    // The first error cancels the others. Off for groups of unrelated work, such as connections.
    bool stops_on_error = true;
  };

  TaskGroup(Executor executor, Options options);
  explicit TaskGroup(Executor executor) : TaskGroup(executor, Options()) {}
  // All coroutines must have ended: join() came before.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // A hold on one member, to stop it alone. Stays where it is; may end before its task does, or after. On the group's
  // loop.
  class Member {
   public:
    Member() = default;
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    // As TaskGroup::cancel(), for this one. Nothing once it has ended.
    void cancel();
    bool is_running() const noexcept { return running_ != nullptr; }

   private:
    friend class TaskGroup;
    struct Running;
    Running* running_ = nullptr;
  };

  // An exception in the task becomes ErrorCode::internal. After cancel() nothing starts any more.
  void spawn(Task<Result<>> task);
  // Starts at once whatever `at_most` says, with `member` as its hold.
  void spawn(Task<Result<>> task, Member& member);
  // Asks every member to stop (Asio's terminal cancellation) and starts none that waits.
  void cancel();
  // Waits until all have ended; the first error, if any. Cancelling join() cancels the members, and still awaits them.
  Task<Result<>> join();
  std::size_t size() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with completion handlers, which may run after the last member's body ended
};

}  // namespace atelier
