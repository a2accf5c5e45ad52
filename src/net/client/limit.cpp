#include "net/client/limit.hpp"

#include "base/task_group.hpp"

namespace atelier::net {
namespace {

struct Expiry final : Deadlines::Target {
  Expiry(TaskGroup& given_group, bool& given_flag) : group(given_group), is_late(given_flag) {}
  void on_deadline() override {
    is_late = true;
    group.cancel();
  }
  TaskGroup& group;
  bool& is_late;
};

}  // namespace

Task<Result<>> run_until(Deadlines* deadlines, Deadlines::TimePoint until, Task<Result<>> task, bool* is_late) {
  const Executor executor = co_await current_executor();
  TaskGroup group(executor);
  Expiry expiry(group, *is_late);
  Deadlines::Entry entry(*deadlines, expiry);
  entry.set(until);
  group.spawn(std::move(task));
  co_return co_await group.join();
}

}  // namespace atelier::net
