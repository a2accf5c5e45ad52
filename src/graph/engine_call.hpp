#pragma once

#include "base/json.hpp"
#include "graph/engine_impl.hpp"

namespace atelier::graph {

// The engine's own graphs are as large as what it took in, plus their wrapping.
inline constexpr json::Limits kOwnLimits{.depth_max = 128, .values_max = 20'000'000, .key_bytes_max = 1024};

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
