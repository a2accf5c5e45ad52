#pragma once

#include <cstdint>
#include <thread>

#include "base/unique_fd.hpp"

namespace atelier::media::process {

class HandedTask;

// While a task has the main thread, this one has the socket: it tells the control every kHeartbeatMs how far the task
// is and how much CPU time went by, and listens for `cancel`. It ends the process when the control is gone, since
// nobody is left who wants the result. Made before a task runs, destroyed before its result is sent.
class Pulse {
 public:
  Pulse(int socket, std::uint64_t id, HandedTask& task);
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

 private:
  void beat() const;
  void listen() const;
  void run() const;

  int socket_;
  std::uint64_t id_;
  HandedTask& task_;
  UniqueFd stop_;  // an eventfd
  std::thread thread_;
};

}  // namespace atelier::media::process
