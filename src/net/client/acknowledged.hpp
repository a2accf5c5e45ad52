#pragma once

#include <cstdint>
#include <optional>

namespace atelier::net {

// How many of the bytes sent on a TCP connection the peer's machine has acknowledged, the connection's opening counted
// as one; nullopt where nobody counts (a Unix socket). It may have received more than that, unless it has closed in
// order.
std::optional<std::uint64_t> acknowledged_bytes(int fd) noexcept;

}  // namespace atelier::net
