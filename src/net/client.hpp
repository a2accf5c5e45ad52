#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/message.hpp"

namespace atelier::net {

// Where a server is: a Unix socket, or else an IP address and port.
struct Endpoint {
  std::string socket_path;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

struct FetchRequest {
  Method method = Method::get;
  std::string target = "/";  // path and query, escaped
  Headers headers;           // Host and the framing are added
  std::variant<std::string, FileBody> body;
  std::chrono::milliseconds head_timeout{30'000};  // from connecting to the answer's head; the body may take any time
};

// An answer whose head is here and whose body is still coming. Dropping it closes the connection.
class FetchResponse {
 public:
  struct State;
  explicit FetchResponse(std::unique_ptr<State> state);
  FetchResponse(FetchResponse&&) noexcept;
  FetchResponse& operator=(FetchResponse&&) noexcept;
  ~FetchResponse();

  int status() const noexcept;
  const Headers& headers() const noexcept;
  // The next bytes (never empty), or nullopt at the end. A body that ends before it is whole is an error.
  Task<Result<std::optional<std::string>>> next();
  Task<Result<std::string>> read_body(std::size_t bytes_max);

 private:
  std::unique_ptr<State> state_;
};

// One request on a connection of its own. Used on the caller's loop, with its cancellation. An answer with an error
// status is an answer; a server that is not there is `unavailable`.
Task<Result<FetchResponse>> fetch(Endpoint endpoint, FetchRequest request);

}  // namespace atelier::net
