#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "base/async.hpp"
#include "base/clock.hpp"

namespace atelier::model {

// When the jobs at providers are asked for: all of them, in one place, so that a provider is asked evenly however many
// jobs it has, and a webhook makes an answer due at once. Lives on one loop, on which wait() is awaited.
class PollSchedule {
 public:
  // At most one question to a provider in `gap`.
  PollSchedule(Executor executor, const Clock& clock, std::chrono::milliseconds gap = std::chrono::milliseconds(20));

  // Until the pause is over or the provider was heard to have news of the job, before or meanwhile; true: it was heard.
  // Waits longer where many are due at once. cancelled.
  Task<Result<bool>> wait(std::string provider, std::string job, std::chrono::milliseconds pause);
  // The provider says that this job has news. On any loop. Kept for a while where nobody waits yet: a webhook may be
  // quicker than the answer that names the job.
  void hear(std::string provider, std::string job);
  const Executor& executor() const noexcept { return executor_; }

 private:
  using Key = std::pair<std::string, std::string>;  // provider, job
  struct Waiting {
    Signal signal;
    bool is_heard = false;
  };
  void heard(const Key& key);

  static constexpr std::size_t kUnheardMax = 4'096;
  const Executor executor_;
  const Clock& clock_;
  const std::chrono::milliseconds gap_;
  std::map<Key, Waiting*> waiting_;
  std::deque<Key> early_;                                                 // heard before anybody waited, oldest first
  std::map<std::string, std::chrono::steady_clock::time_point> free_at_;  // by provider
};

}  // namespace atelier::model
