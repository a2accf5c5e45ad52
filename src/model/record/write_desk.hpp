#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "base/task.hpp"

namespace atelier {
class Signal;
}

namespace atelier::model {

// Where those who give work to a writer's run() wake it. Thread-safe.
class WriteDesk {
 public:
  // For run(), on its loop: what it waits on. Until close().
  std::shared_ptr<Signal> open(Executor executor);
  void close();
  // Does nothing while nobody runs.
  void wake();

 private:
  std::mutex mutex_;
  std::optional<Executor> executor_;
  std::shared_ptr<Signal> signal_;  // shared with the notices under way; null while run() does not run
};

}  // namespace atelier::model
