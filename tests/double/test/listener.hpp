#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace atelier::doubles {

// Takes webhooks on a port of 127.0.0.1, one after the other.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/hook?job=1", port_); }
  // The next one, answered with 204; "" when none comes for `patience`.
  std::string take(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    pollfd look{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&look, 1, static_cast<int>(patience.count())) <= 0) return {};
    const UniqueFd one(::accept(fd_.get(), nullptr, nullptr));
    std::string all;
    std::string piece(64 << 10, '\0');
    while (!is_whole(all)) {
      const ssize_t size = ::recv(one.get(), piece.data(), piece.size(), 0);
      if (size <= 0) break;
      all.append(piece, 0, static_cast<std::size_t>(size));
    }
    constexpr std::string_view kTaken = "HTTP/1.1 204 No Content\r\n\r\n";
    (void)::send(one.get(), kTaken.data(), kTaken.size(), MSG_NOSIGNAL);
    return all;
  }

 private:
  static bool is_whole(const std::string& all) {
    const std::size_t end = all.find("\r\n\r\n"), told = all.find("content-length: ");
    return end != std::string::npos && told != std::string::npos &&
           all.size() >= end + 4 + std::stoul(all.substr(told + 16));
  }
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

inline std::string letter_field(const std::string& letter, std::string_view name) {
  const std::size_t at = letter.find(fmt::format("\r\n{}: ", name));
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return letter.substr(begin, letter.find("\r\n", begin) - begin);
}
inline std::string letter_body(const std::string& letter) { return letter.substr(letter.find("\r\n\r\n") + 4); }

}  // namespace atelier::doubles
