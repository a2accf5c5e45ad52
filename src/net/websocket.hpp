#pragma once

#include <chrono>
#include <functional>

#include "net/message.hpp"
#include "net/websocket_frames.hpp"

namespace atelier::net {

// A conversation by messages, after a request that asked for one (RFC 6455). One coroutine may receive while others
// send; that the client is gone is noticed by whoever receives. Lives as long as the function that was given it runs.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // The next text or binary message; nullopt once the client has closed. Pings are answered inside, and a client that
  // says nothing is asked whether it is there. Errors: what the client did wrong, or `cancelled` when it is gone.
  virtual Task<Result<std::optional<SocketMessage>>> receive() = 0;
  // Returns when the message is with the kernel.
  virtual Task<Result<>> send(SocketMessage message) = 0;
  // As BodyWriter's.
  virtual bool is_stopping() const noexcept = 0;
  virtual Task<> gone_or_stopping() = 0;
};

using SocketBody = std::function<Task<Result<>>(WebSocket& socket)>;

struct SocketOptions {
  std::size_t message_bytes_max = 1 << 20;
  std::chrono::milliseconds idle_timeout{30'000};  // then a ping, and as long again for its answer
};

// The answer to a request for a WebSocket: runs `body`, then closes, with 1000, or 1001 when the server stops, or the
// code of the error it returned. A request that is none, or one of HTTP/2, is an error. The server's edge has checked
// its Origin.
Result<Response> accept_websocket(const Request& request, SocketBody body, SocketOptions options = {});

// Whether a request asks for one.
bool wants_websocket(const Request& request) noexcept;

}  // namespace atelier::net
