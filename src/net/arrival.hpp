#pragma once

#include <memory>

#include "base/task_group.hpp"
#include "net/connection.hpp"
#include "net/server_loop.hpp"

namespace atelier::net {

// A client that has just come: shakes hands where the server speaks TLS, and finds out which HTTP is spoken. Made and
// ended by its ServerLoop, on the loop.
class Arrival final : private Deadlines::Target {
 public:
  Arrival(ServerLoop& loop, UniqueFd fd, int family, std::string peer);
  // To spawn what awaits the client with: cancelling it cancels whatever waits.
  TaskGroup::Member& own() noexcept { return own_; }
  // What the client wants to be spoken to, which lives as long as this; null when it went away, or was sent away.
  Task<Connection*> meet();
  // As a Connection's.
  void on_stopping();
  void abandon(std::string_view reason);

 private:
  Task<std::unique_ptr<Connection>> find_protocol();
  Task<bool> start_tls();
  // Reads until it is clear whether that is how HTTP/2 begins.
  Task<bool> reads_preface();
  void on_deadline() override;

  ServerLoop& loop_;
  TaskGroup::Member own_;
  Transport transport_;
  Deadlines::Entry deadline_;
  bool is_over_ = false;
  std::unique_ptr<Connection> spoken_;  // null until it is known; has the transport from then on
};

}  // namespace atelier::net
