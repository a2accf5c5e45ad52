#include "net/listening.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atelier::net {
namespace {

constexpr int kBacklog = 1024;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address.size = sizeof four;
  } else if (::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    address.size = sizeof six;
  } else {
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is not an IPv4 or IPv6 address to listen on", text),
                {.reason = "address_invalid", .where = {}});
  }
  return address;
}

std::uint16_t port_of(int fd) {
  Address bound;
  bound.size = sizeof bound.storage;
  ::getsockname(fd, bound.get(), &bound.size);
  return ntohs(bound.storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound.storage).sin6_port
                                                   : reinterpret_cast<sockaddr_in&>(bound.storage).sin_port);
}

Result<UniqueFd> bind_one(const Address& address, const std::string& text, std::uint16_t port, int reuse_port) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return fail_errno(errno, "cannot make a socket");
  const int one = 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &reuse_port, sizeof reuse_port);
  if (address.storage.ss_family == AF_INET6) (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (::bind(fd.get(), address.get(), address.size) != 0) {
    if (errno == EADDRINUSE)
      return fail(ErrorCode::conflict, fmt::format("port {} is in use (another atelier?)", port),
                  {.reason = "port_in_use", .where = {}});
    return fail_errno(errno, fmt::format("cannot listen on {} port {}", text, port));
  }
  return fd;
}

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the socket's path {} has {} bytes, and the system allows {}", path, path.size(),
                            sizeof address.sun_path - 1),
                {.reason = "socket_path_too_long", .where = {}});
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool is_answered(const sockaddr_un& address) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Result<Bound> bind_address(const std::string& address, std::uint16_t port, std::size_t count) {
  auto parsed = parse_address(address, port);
  if (!parsed) return error_of(parsed);
  Bound bound;
  {
    auto probe = bind_one(*parsed, address, port, 0);
    if (!probe) return error_of(probe);
    bound.port = port_of(probe->get());
  }
  parsed = parse_address(address, bound.port);
  for (std::size_t i = 0; i < count; ++i) {
    auto listener = bind_one(*parsed, address, bound.port, 1);
    if (!listener) return error_of(listener);
    if (::listen(listener->get(), kBacklog) != 0)
      return fail_errno(errno, fmt::format("cannot listen on {} port {}", address, bound.port));
    bound.listeners.push_back(std::move(*listener));
  }
  return bound;
}

Result<UniqueFd> bind_socket(const std::string& path) {
  auto address = socket_address(path);
  if (!address) return error_of(address);
  if (is_answered(*address))
    return fail(ErrorCode::conflict, fmt::format("another atelier listens on {}", path),
                {.reason = "socket_in_use", .where = {}});
  remove_socket(path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return fail_errno(errno, "cannot make a socket");
  // Before bind(), so that the file never has another mode; whoever connects is asked for its user all the same.
  (void)::fchmod(fd.get(), S_IRUSR | S_IWUSR);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(fd.get(), kBacklog) != 0)
    return fail_errno(errno, fmt::format("cannot listen on {}", path));
  return fd;
}

void remove_socket(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

}  // namespace atelier::net
