#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/message.hpp"

namespace atelier::net {

// HTTP/1.1 requests by Beast's parser, without sockets.

struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;  // names with underscores are dropped: some servers read them as dashes
  bool is_http_1_1 = true;
  bool keeps_alive = true;
  bool is_chunked = false;
  bool expects_continue = false;
  std::optional<std::uint64_t> length_bytes;
};

// One message each; made anew for the next.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  // `head` is whole, with its empty line, and passed check_head().
  Result<RequestHead> parse_head(std::string_view head);
  // Decodes a chunked body: appends at most `out_bytes_max` to `out` and returns how many of `bytes` were used. Needs
  // at least one byte more than it was given last when it used none. Trailers are read and dropped.
  Result<std::size_t> decode(std::string_view bytes, std::string& out, std::size_t out_bytes_max);
  bool is_done() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atelier::net
