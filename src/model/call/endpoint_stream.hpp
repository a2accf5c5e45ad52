#pragma once

#include <memory>
#include <optional>
#include <string>

#include "model/call/chat_gateway.hpp"

namespace atelier::model {

// An answer that has begun and is no JSON: sound as it is made, or events. Dropped before its end, the caller went
// away, and the upstream is closed.
class EndpointStream {
 public:
  struct Call;
  explicit EndpointStream(std::unique_ptr<Call> call);
  ~EndpointStream();
  // The next bytes to send; nullopt at the end. An error: it broke off, and what was sent is not whole. Events say that
  // themselves, in a last one.
  Task<Result<std::optional<std::string>>> next();
  const CallReport& report() const noexcept;

 private:
  std::unique_ptr<Call> call_;
};

}  // namespace atelier::model
