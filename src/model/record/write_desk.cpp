#include "model/record/write_desk.hpp"

#include "base/async.hpp"

namespace atelier::model {

std::shared_ptr<Signal> WriteDesk::open(Executor executor) {
  const std::lock_guard lock(mutex_);
  executor_ = executor;
  signal_ = std::make_shared<Signal>(executor);
  return signal_;
}

void WriteDesk::close() {
  const std::lock_guard lock(mutex_);
  signal_ = nullptr;
}

void WriteDesk::wake() {
  const std::lock_guard lock(mutex_);
  if (signal_) asio::post(*executor_, [signal = signal_] { signal->notify_all(); });
}

}  // namespace atelier::model
