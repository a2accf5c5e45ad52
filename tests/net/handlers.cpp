#include "tests/net/handlers.hpp"

#include "base/async.hpp"

namespace atelier::net {

Task<Result<>> wait_to_go(std::shared_ptr<Seen> seen) {
  while (!seen->go) {
    if (auto slept = co_await sleep_for(std::chrono::milliseconds(1)); !slept) {
      seen->was_cancelled = true;
      co_return slept;
    }
  }
  co_return Result<>{};
}

Task<Result<Response>> answer_after_waiting(std::shared_ptr<Seen> seen) {
  seen->has_begun = true;
  (void)co_await wait_to_go(seen);
  co_return text_response("waited");
}

Task<Result<>> send_without_end(BodyWriter* writer, std::shared_ptr<Seen> seen) {
  for (;;) {
    auto sent = co_await writer->write(std::string(10'000, 'x'));
    if (sent) {
      seen->bytes += 10'000;
      continue;
    }
    seen->was_cancelled = true;
    co_return sent;
  }
}

}  // namespace atelier::net
