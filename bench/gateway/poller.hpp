#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

// What the programs of this bench need of the system. They link nothing of the product: what measures it must not share
// its faults, and must cost little beside it.
namespace atelier::bench {

std::int64_t now_ns() noexcept;  // CLOCK_MONOTONIC: of one machine, so two processes' times can be compared

// Ends the program, saying why.
[[noreturn]] void leave(const std::string& why);

// On 127.0.0.1, not blocking, without Nagle's delay. The caller closes.
int listen_on(std::uint16_t port);  // 0: a free one
std::uint16_t port_of(int listener);
int accept_from(int listener);  // -1: nobody waits
int connect_to(std::uint16_t port);

// As many descriptors as the system lets us have.
void raise_descriptor_limit();

// What may come on a socket, and when to stop waiting for it.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // `who` is given back with what happens. A closed descriptor leaves by itself.
  void add(int descriptor, std::uint32_t events, void* who);
  void change(int descriptor, std::uint32_t events, void* who);
  // At most until this time, kept to some microseconds; kForEver: for as long as it takes.
  std::span<const epoll_event> wait(std::int64_t until_ns);
  static constexpr std::int64_t kForEver = INT64_MAX;

 private:
  int epoll_;
  std::array<epoll_event, 256> happened_;
};

}  // namespace atelier::bench
