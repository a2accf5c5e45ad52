#include "base/queue_report.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace atelier {
namespace {

struct LivingQueues {
  std::mutex mutex;
  std::map<const ReportedQueue*, std::pair<std::string, std::function<Waiting()>>> queues;
};

LivingQueues& living_queues() {
  static LivingQueues* queues = new LivingQueues();  // lives as long as the process: queues may outlive other statics
  return *queues;
}

}  // namespace

ReportedQueue::ReportedQueue(std::string name, std::function<Waiting()> look) {
  LivingQueues& living = living_queues();
  const std::lock_guard lock(living.mutex);
  living.queues.emplace(this, std::pair(std::move(name), std::move(look)));
}

ReportedQueue::~ReportedQueue() {
  LivingQueues& living = living_queues();
  const std::lock_guard lock(living.mutex);
  living.queues.erase(this);
}

std::vector<QueueReport> report_queues() {
  std::map<std::string, QueueReport> by_name;
  LivingQueues& living = living_queues();
  const std::lock_guard lock(living.mutex);
  for (const auto& [queue, one] : living.queues) {
    const Waiting waiting = one.second();
    QueueReport& report = by_name[one.first];
    report.name = one.first;
    report.count += waiting.count;
    if (!waiting.since) continue;
    const std::chrono::duration<double> age = std::chrono::steady_clock::now() - *waiting.since;
    report.oldest_seconds = std::max({report.oldest_seconds, age.count(), 0.0});
  }
  std::vector<QueueReport> all;
  for (auto& [name, report] : by_name) all.push_back(std::move(report));
  return all;
}

}  // namespace atelier
