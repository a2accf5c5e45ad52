#include "bench/gateway/line.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atelier::bench {

Line::~Line() {
  if (is_open()) ::close(descriptor_);
}

void Line::open() {
  descriptor_ = connect_to(port_);
  poller_.add(descriptor_, EPOLLIN, owner_);
}

bool Line::ask(std::string_view request) {
  if (!is_open()) open();
  reader_.reset();
  if (::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()))
    return true;
  fail(std::string("the request could not be sent: ") + std::strerror(errno));
  return false;
}

std::string_view Line::receive() {
  static char bytes[kBytesMax];  // one thread; read at once by whoever asked
  if (!is_open()) return {};
  const ssize_t count = ::recv(descriptor_, bytes, sizeof(bytes), 0);
  if (count > 0) return {bytes, static_cast<std::size_t>(count)};
  if (count == 0)
    fail("the connection was closed");
  else if (errno != EAGAIN)
    fail(std::strerror(errno));
  return {};
}

Line::Got Line::fail(std::string why) {
  if (is_open()) ::close(descriptor_);
  descriptor_ = -1;
  fault_ = std::move(why);
  return Got::failure;
}

}  // namespace atelier::bench
