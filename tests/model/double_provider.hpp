#pragma once

#include <string>
#include <string_view>

#include "model/provider/adapter.hpp"
#include "tests/double/call.hpp"

namespace atelier::model::testing {

// The provider double without a socket: what a provider would answer to a request that an adapter wrote. It checks what
// it is asked more strictly than providers do, and says the same whatever protocol asked (tests/double/talk.hpp).
class DoubleProvider {
 public:
  struct Answered {
    int status = 0;
    bool is_streamed = false;
    std::string body;
  };
  // The URL begins with "http://double/<persona>". One stream is written as the provider writes it.
  Answered answer(const WireRequest& request);
  const doubles::State& state() const noexcept { return state_; }

 private:
  doubles::State state_;
  std::uint64_t count_ = 0;
};

}  // namespace atelier::model::testing
