#pragma once

#include <cstdint>
#include <optional>

namespace atelier::net {

// How many of the bytes sent on a TCP connection the peer's machine has acknowledged; nullopt where nobody counts (a Unix
// socket). What was never acknowledged when the connection is reset was never read.
std::optional<std::uint64_t> acknowledged_bytes(int fd) noexcept;

}  // namespace atelier::net
