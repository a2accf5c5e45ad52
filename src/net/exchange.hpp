#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "net/message.hpp"

namespace atelier::net {

struct AnswerStart {
  int status = 200;
  Headers headers;
  std::optional<std::uint64_t> length_bytes;  // nullopt: told by the body's end
  std::string_view request_id;
  bool has_body = true;  // false for HEAD, 204 and 304: nothing follows, whatever the length says
};

// The connection itself, once another protocol is spoken on it (RFC 9110 section 7.8). Belongs to the exchange.
class RawConnection {
 public:
  // At least one byte; 0 at the end; nullopt after `timeout` without any.
  virtual Task<Result<std::optional<std::size_t>>> read_raw(std::span<char> into,
                                                            std::chrono::milliseconds timeout) = 0;
  // All of `pieces`, at most four. One at a time.
  virtual Task<Result<>> write_raw(std::span<const std::string_view> pieces) = 0;

 protected:
  ~RawConnection() = default;
};

// One request's answer on a connection of some protocol: the seam under which HTTP/1.1 and HTTP/2 differ. Made by the
// connection for one request; begin() once, then the body, then end() or cut().
class Exchange : public BodyWriter {
 public:
  enum class More : std::uint8_t { no, follows };
  // Head and the first (or only) bytes of the body in one write.
  virtual Task<Result<>> begin(AnswerStart start, std::string_view first, More more) = 0;
  // Body bytes of an open file.
  virtual Task<Result<>> send_file(int fd, std::uint64_t offset, std::uint64_t size_bytes) = 0;
  // The body is whole.
  virtual Task<Result<>> end() = 0;
  // The body will never be whole: ends so that the client can tell.
  virtual void cut() noexcept = 0;
  // After an answer of 101, whose body this is. The connection ends with it. Null where a connection carries other
  // requests too.
  virtual RawConnection* take_over() noexcept { return nullptr; }
  virtual bool is_gone() const noexcept = 0;
  virtual int status() const noexcept = 0;  // that of begin(); 0 before
};

}  // namespace atelier::net
