#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "net/head.hpp"
#include "net/http1_parser.hpp"

namespace atelier::net {

// A request's fields as HTTP/2 brings them, one by one. Over the limits they are counted and dropped, since the block
// must be read to its end to keep the compression's state, and a byte of it can stand for a field of 4 KiB ("HPACK
// bomb").
class HeadIntake {
 public:
  explicit HeadIntake(const HeadLimits& limits) : limits_(limits) {}
  // Names are lower case, and the library has looked at name and value byte by byte.
  void add(std::string_view name, std::string_view value);
  // What the fields that are kept weigh, as RFC 9113 section 6.5.2 counts: 32 bytes each besides name and value.
  std::size_t kept_bytes() const noexcept { return std::min(size_bytes_, limits_.bytes_max); }
  // The whole. Errors are those of HTTP/1: header_too_large, target_too_long, request_malformed.
  Result<RequestHead> take();

 private:
  Result<> check() const;
  const HeadLimits limits_;
  std::size_t count_ = 0, size_bytes_ = 0;
  bool is_over_ = false;
  std::optional<std::string> authority_, scheme_;
  std::string cookie_;  // comes in pieces, to be compressed better
  RequestHead head_;
};

}  // namespace atelier::net
