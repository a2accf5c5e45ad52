#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::net {

// An IPv4 or IPv6 address, bytes in network order. Zones are not kept.
class IpAddress {
 public:
  using V4 = std::array<std::uint8_t, 4>;
  using V6 = std::array<std::uint8_t, 16>;

  constexpr explicit IpAddress(V4 bytes) noexcept : bytes_{bytes[0], bytes[1], bytes[2], bytes[3]}, is_v4_(true) {}
  constexpr explicit IpAddress(V6 bytes) noexcept : bytes_(bytes), is_v4_(false) {}
  // "192.0.2.1" (four decimal parts) or "2001:db8::1", without brackets and zone.
  static std::optional<IpAddress> parse(std::string_view text);
  // nullopt for what is neither AF_INET nor AF_INET6.
  static std::optional<IpAddress> of(const sockaddr& address) noexcept;

  constexpr bool is_v4() const noexcept { return is_v4_; }
  constexpr V4 v4() const noexcept { return {bytes_[0], bytes_[1], bytes_[2], bytes_[3]}; }
  constexpr const V6& v6() const noexcept { return bytes_; }
  bool is_loopback() const noexcept;  // 127/8, ::1, and the first mapped into IPv6
  std::string to_string() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  V6 bytes_{};
  bool is_v4_;
};

// As the system's calls take it.
struct SocketAddress {
  SocketAddress(const IpAddress& address, std::uint16_t port) noexcept;
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// A URL's host that ends in a number is an IPv4 address or nothing (WHATWG URL, "ends in a number" and "IPv4 parser"):
// browsers and the system's resolver read 0x7f.1, 2130706433 and 017700000001 as 127.0.0.1.
struct NumericHost {
  bool is_numeric = false;
  std::optional<IpAddress> address;  // none: numeric and no address
};
NumericHost read_numeric_host(std::string_view host);

}  // namespace atelier::net
