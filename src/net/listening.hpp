#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace atelier::net {

struct Bound {
  std::vector<UniqueFd> listeners;  // non-blocking, on one address
  std::uint16_t port = 0;
};

// Binds `count` listeners on an IPv4 or IPv6 literal with SO_REUSEPORT, after a probe without it: two servers of one
// user would otherwise share a port silently. Port 0 takes a free one.
Result<Bound> bind_address(const std::string& address, std::uint16_t port, std::size_t count);

// A Unix socket of mode 0600. A file of that name on which nobody listens is replaced.
Result<UniqueFd> bind_socket(const std::string& path);
void remove_socket(const std::string& path);

}  // namespace atelier::net
