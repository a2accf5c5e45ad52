#include "base/loop_groups.hpp"

#include "base/async.hpp"
#include "base/blocking.hpp"

namespace atelier {
namespace {

Task<> end_group(std::unique_ptr<TaskGroup> group) {
  group->cancel();
  (void)co_await group->join();
}

}  // namespace

LoopGroups::~LoopGroups() { ensure(groups_.empty(), "end_all() comes first"); }

TaskGroup& LoopGroups::group_of(const Executor& executor) {
  for (auto& [known, group] : groups_)
    if (known == executor) return *group;
  TaskGroup::Options options;
  options.stops_on_error = false;
  return *groups_.emplace_back(executor, std::make_unique<TaskGroup>(executor, options)).second;
}

void LoopGroups::end_all(Groups groups) {
  for (auto& [executor, group] : groups) run_blocking(executor, end_group(std::move(group)));
}

}  // namespace atelier
