#pragma once

#include "graph/engine_impl.hpp"

namespace atelier::graph {

// A public call in progress, on the engine's loop: stop() waits for its end.
class EngineImpl::Call {
 public:
  explicit Call(EngineImpl& engine) : engine_(engine) { ++engine_.call_count_; }
  ~Call() {
    if (--engine_.call_count_ == 0) engine_.calls_ended_.notify_all();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  EngineImpl& engine_;
};

inline std::unexpected<Error> engine_stops() {
  return fail(ErrorCode::unavailable, "the engine is not running: it is being started or stopped",
              {.reason = "engine_stopped", .where = {}});
}

}  // namespace atelier::graph
