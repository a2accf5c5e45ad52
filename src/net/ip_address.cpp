#include "net/ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace atelier::net {
namespace {

constexpr std::size_t kTextBytesMax = 64;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// "0x7f", "0177" or "127"; nullopt for what is no number. What does not fit is as large as can be.
std::optional<std::uint64_t> read_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int base = 10;
  if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() >= 2 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  if (text.empty()) return 0;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

std::vector<std::string_view> split(std::string_view host) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t dot = host.find('.');
    parts.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  if (parts.size() > 1 && parts.back().empty()) parts.pop_back();
  return parts;
}

std::optional<IpAddress> read_v4(const std::vector<std::string_view>& parts) {
  if (parts.size() > 4) return std::nullopt;
  std::uint64_t whole = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = read_number(parts[i]);
    if (!number) return std::nullopt;
    const bool is_last = i + 1 == parts.size();
    // The last one fills what the others leave.
    const std::uint64_t limit = is_last ? std::uint64_t{1} << (8 * (5 - parts.size())) : 256;
    if (*number >= limit) return std::nullopt;
    whole += is_last ? *number : *number << (8 * (3 - i));
  }
  return IpAddress(IpAddress::V4{static_cast<std::uint8_t>(whole >> 24), static_cast<std::uint8_t>(whole >> 16),
                                 static_cast<std::uint8_t>(whole >> 8), static_cast<std::uint8_t>(whole)});
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[kTextBytesMax];
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  *std::copy(text.begin(), text.end(), terminated) = '\0';
  V4 four;
  if (::inet_pton(AF_INET, terminated, four.data()) == 1) return IpAddress(four);
  V6 six;
  if (::inet_pton(AF_INET6, terminated, six.data()) == 1) return IpAddress(six);
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::of(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    V4 bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, bytes.size());
    return IpAddress(bytes);
  }
  if (address.sa_family == AF_INET6) {
    V6 bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, bytes.size());
    return IpAddress(bytes);
  }
  return std::nullopt;
}

bool IpAddress::is_loopback() const noexcept {
  if (is_v4_) return bytes_[0] == 127;
  constexpr V6 kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return bytes_ == kLoopback || (std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()) && bytes_[12] == 127);
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

SocketAddress::SocketAddress(const IpAddress& address, std::uint16_t port) noexcept {
  if (address.is_v4()) {
    auto& four = reinterpret_cast<sockaddr_in&>(storage);
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&four.sin_addr, address.v6().data(), sizeof four.sin_addr);
    size = sizeof four;
  } else {
    auto& six = reinterpret_cast<sockaddr_in6&>(storage);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    std::memcpy(&six.sin6_addr, address.v6().data(), sizeof six.sin6_addr);
    size = sizeof six;
  }
}

NumericHost read_numeric_host(std::string_view host) {
  const auto parts = split(host);
  const std::string_view last = parts.back();
  const bool is_decimal = !last.empty() && std::all_of(last.begin(), last.end(), is_digit);
  if (!is_decimal && !read_number(last)) return {};
  return {true, read_v4(parts)};
}

}  // namespace atelier::net
