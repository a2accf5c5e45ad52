#pragma once

#include <atomic>
#include <memory>

#include "net/server.hpp"

namespace atelier::net {

// What handlers saw of their requests, and when they may go on. One for each test.
struct Seen {
  std::atomic<bool> has_begun = false, was_cancelled = false, go = false;
  std::atomic<int> count = 0;
  std::atomic<std::size_t> bytes = 0;
};

// Until `go`. Whether it was cancelled before is seen.
Task<Result<>> wait_to_go(std::shared_ptr<Seen> seen);
// "waited", after that.
Task<Result<Response>> answer_after_waiting(std::shared_ptr<Seen> seen);
// Until the reader is gone.
Task<Result<>> send_without_end(BodyWriter* writer, std::shared_ptr<Seen> seen);

}  // namespace atelier::net
