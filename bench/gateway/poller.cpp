#include "bench/gateway/poller.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace atelier::bench {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_at_once(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int require(int result, const char* what) {
  if (result < 0) leave(std::string(what) + ": " + std::strerror(errno));
  return result;
}

}  // namespace

std::int64_t now_ns() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecondNs + time.tv_nsec;
}

void leave(const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
  std::exit(1);
}

int listen_on(std::uint16_t port) {
  const int listener = require(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_in address = loopback(port);
  require(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "bind");
  require(::listen(listener, 4096), "listen");
  return listener;
}

std::uint16_t port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  require(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  return ntohs(address.sin_port);
}

int accept_from(int listener) {
  const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0 && errno != EAGAIN && errno != ECONNABORTED) require(descriptor, "accept");
  if (descriptor >= 0) send_at_once(descriptor);
  return descriptor;
}

int connect_to(std::uint16_t port) {
  // Blocking until shaken hands, which on loopback is at once: whoever listens has a long enough queue.
  const int descriptor = require(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in address = loopback(port);
  require(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "connect");
  send_at_once(descriptor);
  const int is_not_blocking = 1;
  require(::ioctl(descriptor, FIONBIO, &is_not_blocking), "ioctl");
  return descriptor;
}

void raise_descriptor_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &files);
}

Poller::Poller() : epoll_(require(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), happened_() {
  // The kernel may else be 50 us late for a timeout, as much as is to be measured.
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

Poller::~Poller() { ::close(epoll_); }

void Poller::add(int descriptor, std::uint32_t events, void* who) {
  epoll_event event{.events = events, .data = {.ptr = who}};
  require(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

void Poller::change(int descriptor, std::uint32_t events, void* who) {
  epoll_event event{.events = events, .data = {.ptr = who}};
  require(::epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event), "epoll_ctl");
}

std::span<const epoll_event> Poller::wait(std::int64_t until_ns) {
  timespec left{};
  if (until_ns != kForEver) {
    const std::int64_t left_ns = std::max<std::int64_t>(until_ns - now_ns(), 0);
    left = {.tv_sec = left_ns / kSecondNs, .tv_nsec = left_ns % kSecondNs};
  }
  const int count = ::epoll_pwait2(epoll_, happened_.data(), static_cast<int>(happened_.size()),
                                   until_ns == kForEver ? nullptr : &left, nullptr);
  if (count < 0 && errno != EINTR) require(count, "epoll_pwait2");
  return {happened_.data(), static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace atelier::bench
