#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "base/task_group.hpp"
#include "net/answer.hpp"
#include "net/gone_watch.hpp"
#include "net/server.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"

namespace atelier::net {

class Arrival;

// How many connections there are, in all and of each peer. Shared by a server's loops; asked once a connection.
class ConnectionCounts {
 public:
  ConnectionCounts(std::size_t all_max, std::size_t peer_max) : all_max_(all_max), peer_max_(peer_max) {}
  // The reason for which there is no place, or "". An empty peer (a Unix socket's) counts in the whole alone.
  std::string_view enter(const std::string& peer);
  void leave(const std::string& peer);

 private:
  const std::size_t all_max_, peer_max_;
  std::mutex mutex_;
  std::size_t all_ = 0;
  std::map<std::string, std::size_t, std::less<>> peers_;
};

// What a server's loops share. Outlives them.
struct ServerShared {
  ServerShared(ServerOptions given_options, Handler given_handler, Metrics& registry)
      : options(std::move(given_options)),
        handler(std::move(given_handler)),
        metrics(registry),
        counts(options.connections_max, options.connections_per_peer_max) {}

  const ServerOptions options;
  const Handler handler;
  std::unique_ptr<TlsServer> tls;    // null: plain HTTP
  std::optional<HostPolicy> policy;  // none on a Unix socket
  ServerMetrics metrics;
  ConnectionCounts counts;
};

// One loop's part of a server: its listener and its connections. Made anywhere; run() and all else on its loop.
class ServerLoop final : private Deadlines::Target {
 public:
  enum class Part : std::uint8_t { first, other };  // the first also looks after what all share
  // `epoll` is for its GoneWatch.
  ServerLoop(ServerShared& shared, Part part, Executor executor, UniqueFd listener, UniqueFd epoll);

  // Serves until begin_stop(), then until the last connection has ended or stop_timeout cuts it.
  Task<> run();
  void begin_stop();

  const ServerOptions& options() const noexcept { return shared_.options; }
  Service service() noexcept;
  ServerMetrics& metrics() noexcept { return shared_.metrics; }
  Deadlines& deadlines() noexcept { return *deadlines_; }
  GoneWatch& gone_watch() noexcept { return *gone_watch_; }
  const TlsServer* tls() const noexcept { return shared_.tls.get(); }  // null: plain HTTP
  Executor executor() const noexcept { return executor_; }
  bool is_stopping() const noexcept { return is_stopping_; }
  Task<> wait_for_stop() { co_await stopping_->wait(); }

 private:
  using Listener = asio::posix::basic_stream_descriptor<Executor>;
  Task<Result<>> accept_all();
  Task<Result<>> watch_certificate();
  // False when the loop should wait a little before it tries again.
  bool accept_some();
  void take(UniqueFd fd, int family, std::string peer);
  Task<Result<>> serve(std::unique_ptr<Arrival> connection, std::string peer);
  void turn_away(UniqueFd fd, std::string_view reason);
  bool turn_away_without_descriptors();  // whether somebody was there
  void on_deadline() override;           // stop_timeout is over

  ServerShared& shared_;
  const Part part_;
  Executor executor_;
  UniqueFd listener_fd_, epoll_fd_;
  UniqueFd reserve_;  // given up to accept and refuse one when the process has no descriptor left
  RouteMetrics routes_;
  bool is_stopping_ = false;
  std::unordered_set<Arrival*> connections_;
  TaskGroup* group_ = nullptr;  // run()'s
  // Made and ended by run(), on the loop.
  std::optional<Deadlines> deadlines_;
  std::optional<GoneWatch> gone_watch_;
  std::optional<Signal> stopping_;
  std::optional<Listener> listener_;
};

}  // namespace atelier::net
