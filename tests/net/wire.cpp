#include "tests/net/wire.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace atelier::net {
namespace {

constexpr int kTimeoutSeconds = 15;

UniqueFd make_socket(int family) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval timeout{kTimeoutSeconds, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  return fd;
}

}  // namespace

Wire::Wire(std::uint16_t port) : fd_(make_socket(AF_INET)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
}

Wire Wire::to_unix(const std::string& path) {
  Wire wire;
  wire.fd_ = make_socket(AF_UNIX);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(::connect(wire.fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  return wire;
}

Wire& Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;  // the server may have closed already; what it answered tells
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return *this;
}

bool Wire::fill() {
  char bytes[16384];
  errno = 0;  // the end leaves it as it was
  const ssize_t size = ::recv(fd_.get(), bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

std::string Wire::read_line() {
  while (buffer_.find("\r\n") == std::string::npos)
    if (!fill()) return {};
  const std::size_t end = buffer_.find("\r\n");
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string Wire::read_exactly(std::size_t size) {
  while (buffer_.size() < size)
    if (!fill()) break;
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return bytes;
}

std::string Wire::read_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool Wire::is_closed() { return buffer_.empty() && !fill() && errno != EAGAIN; }

void Wire::shutdown_send() { ::shutdown(fd_.get(), SHUT_WR); }

void Wire::receive_buffer_bytes(int bytes) { ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }

std::string Wire::Answer::header(std::string_view name) const {
  const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

Wire::Answer Wire::read_answer(bool is_head) {
  Answer answer;
  for (;;) {
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!fill()) return answer;
    const std::size_t end = buffer_.find("\r\n\r\n");
    answer.head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    if (answer.status >= 200) break;
  }
  if (is_head || answer.status == 204 || answer.status == 304) return answer;
  if (answer.header("transfer-encoding") == "chunked") {
    for (;;) {
      const std::size_t size = std::strtoul(read_line().c_str(), nullptr, 16);
      answer.body += read_exactly(size);
      read_line();
      if (size == 0) return answer;
    }
  }
  const std::string length = answer.header("content-length");
  answer.body = length.empty() ? read_all() : read_exactly(std::strtoul(length.c_str(), nullptr, 10));
  return answer;
}

void ServerFixture::serve(Handler handler, ServerOptions options) {
  options.port = 0;
  auto server = Server::listen(loops_, std::move(options), std::move(handler), metrics_);
  ASSERT_TRUE(server) << server.error().message;
  server_ = std::move(*server);
}

std::string ServerFixture::get(std::string_view path, std::string_view fields) const {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host() + "\r\n" + std::string(fields) + "\r\n";
}

std::string ServerFixture::request(std::string_view method, std::string_view path, std::string_view fields, std::string_view body) const {
  return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: " + host() + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

double ServerFixture::metric(const std::string& line_start) const {
  const std::string text = "\n" + metrics_.render();
  const std::size_t at = text.find("\n" + line_start);
  if (at == std::string::npos) return 0;
  const std::size_t end = text.find('\n', at + 1);
  const std::string line = text.substr(at + 1, end - at - 1);
  return std::atof(line.substr(line.rfind(' ')).c_str());
}

}  // namespace atelier::net
