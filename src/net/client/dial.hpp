#pragma once

#include <chrono>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/ip_address.hpp"
#include "net/stream.hpp"

namespace atelier::net {

// A connection to whichever of the addresses answers first: families alternate, beginning with that of the first
// address, and the next is tried a quarter of a second after the last or as soon as it failed (RFC 8305 section 5).
// Those that lose are closed. Cancelling it ends all attempts. Errors: `unavailable` with connect_refused (all refused)
// or connect_failed, `cancelled`. `host` is for messages.
Task<Result<Stream>> dial(std::vector<IpAddress> addresses, std::uint16_t port, std::string host);

inline constexpr std::chrono::milliseconds kDialStagger{250};

// One address of any kind, such as a Unix socket's. `name` is for messages.
Task<Result<Stream>> dial_one(sockaddr_storage address, socklen_t size, std::string name);

// The order in which they are tried.
std::vector<IpAddress> alternate_families(std::vector<IpAddress> addresses);

}  // namespace atelier::net
