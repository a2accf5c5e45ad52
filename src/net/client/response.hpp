#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/client/answer_head.hpp"

namespace atelier::net {

// One request and its answer on a connection of some protocol: the seam under which HTTP/1.1 and HTTP/2 differ.
// Destroying it before the end closes the connection, or resets the stream.
class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  virtual const AnswerHead& head() const noexcept = 0;
  virtual Task<Result<std::optional<std::string_view>>> next() = 0;
};

// An answer whose head is here and whose body is still coming: no more of it is read than is asked for, so that a slow
// reader slows the server. Dropping it before its end closes the connection at once; read to the end, the connection is
// kept. Used and dropped on the loop that asked, before the client stops.
class ClientResponse {
 public:
  explicit ClientResponse(std::unique_ptr<ClientExchange> exchange) : exchange_(std::move(exchange)) {}

  int status() const noexcept { return exchange_->head().status; }
  const Headers& headers() const noexcept { return exchange_->head().fields; }
  // The next bytes (never empty), valid until the next call; nullopt at the end. A body that ends before it is whole is
  // an error.
  Task<Result<std::optional<std::string_view>>> next() { return exchange_->next(); }
  Task<Result<std::string>> read_body(std::size_t bytes_max);

 private:
  std::unique_ptr<ClientExchange> exchange_;
};

}  // namespace atelier::net
