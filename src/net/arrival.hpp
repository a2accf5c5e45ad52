#pragma once

#include <memory>

#include "base/task_group.hpp"
#include "net/connection.hpp"
#include "net/server_loop.hpp"

namespace atelier::net {

// A client that has just come: shakes hands where the server speaks TLS, finds out which HTTP is spoken, and then is
// that. Made and ended by its ServerLoop, on the loop.
class Arrival final : public Connection, private Deadlines::Target {
 public:
  // `own` is the group in which run() is the one member: cancelling it cancels whatever waits.
  Arrival(ServerLoop& loop, TaskGroup& own, UniqueFd fd, int family, std::string peer);
  Task<Result<>> run() override;
  void on_stopping() override;
  void abandon(std::string_view reason) override;

 private:
  // What the client wants to be spoken to; null when it went away, or was sent away.
  Task<std::unique_ptr<Connection>> meet();
  Task<bool> start_tls();
  // Reads until it is clear whether that is how HTTP/2 begins.
  Task<bool> reads_preface();
  void on_deadline() override;

  ServerLoop& loop_;
  TaskGroup& own_;
  Transport transport_;
  Deadlines::Entry deadline_;
  bool is_over_ = false;
  std::unique_ptr<Connection> spoken_;  // null until it is known; has the transport from then on
};

}  // namespace atelier::net
