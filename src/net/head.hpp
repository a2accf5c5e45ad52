#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::net {

// What such a request is refused with: 400, reason request_malformed.
std::unexpected<Error> malformed(std::string message);

// The first look at a request's head, before any parser: strict where parsers differ, since that is what request
// smuggling lives on (RFC 9112 sections 2 to 7). Pure functions.

struct HeadLimits {
  std::size_t bytes_max = 32 * 1024;
  std::size_t fields_max = 100;
  std::size_t line_bytes_max = 8 * 1024;  // of the request line
};

// The size of the head at the front of `received`, its empty line included; nullopt: more is needed. `scanned` is where
// the last call stopped, 0 at first. Refuses line feeds without carriage return and what is over the limits at once.
Result<std::optional<std::size_t>> find_head_end(std::string_view received, std::size_t& scanned,
                                                 const HeadLimits& limits);

// Refuses: anything but "method target HTTP/1.x", folded lines, spaces before colons, control bytes, non-ASCII targets,
// a missing or repeated Host, more than one Content-Length or one that is no number, Transfer-Encoding other than
// exactly "chunked" or beside Content-Length or in HTTP/1.0, an absolute target whose authority is not Host.
Result<> check_head(std::string_view head, const HeadLimits& limits);

// The path and query of a target in origin or absolute form; "*" stays "*".
std::string_view path_of_target(std::string_view target) noexcept;

}  // namespace atelier::net
