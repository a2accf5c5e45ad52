#pragma once

#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/async.hpp"
#include "net/client/client_metrics.hpp"
#include "net/client/client_options.hpp"
#include "net/client/pool.hpp"

namespace atelier::net {

// What a client's loops share. Outlives them.
struct ClientShared {
  ClientShared(ClientOptions given_options, std::unique_ptr<TlsClient> given_tls, Metrics& registry,
               std::size_t loop_count)
      : options(std::move(given_options)),
        resolver(options.lookup, options.resolver),
        tls(std::move(given_tls)),
        metrics(registry, loop_count) {}

  const ClientOptions options;
  Resolver resolver;
  const std::unique_ptr<TlsClient> tls;
  ClientMetrics metrics;
};

// One loop's part of a client: its pools. Made anywhere, used on its loop, ended by stop().
class ClientLoop {
 public:
  struct Limits {
    std::size_t connections_per_origin, waiters_per_origin, idle_per_origin;
  };
  // `epoll` is for its GoneWatch.
  ClientLoop(ClientShared& shared, Executor executor, UniqueFd epoll, LoopCounts& counts, Limits limits);

  // Lives as long as it has connections, or somebody makes one; else until the caller waits.
  OriginPool& pool(const Origin& origin, const Proxy* proxy, Trust trust, bool is_guarded);
  // Closes what is idle, cuts what is not, and waits until all is given back.
  Task<> stop();

  const ClientOptions& options() const noexcept { return shared_.options; }
  const Limits& limits() const noexcept { return limits_; }
  ConnectServices services() noexcept { return {shared_.resolver, *shared_.tls, shared_.options.guard}; }
  ClientMetrics& metrics() noexcept { return shared_.metrics; }
  LoopCounts& counts() noexcept { return counts_; }
  Executor executor() const noexcept { return executor_; }
  Deadlines& deadlines() noexcept { return *deadlines_; }
  GoneWatch& gone_watch() noexcept { return *gone_watch_; }
  bool is_stopping() const noexcept { return is_stopping_; }

  // Closes the loop's oldest idle connection if the process has too many; false when that was not enough.
  bool make_room_for_idle();
  void enter(PooledConnection& connection) { connections_.insert(&connection); }
  void leave(PooledConnection& connection) noexcept { connections_.erase(&connection); }
  void enter(SharedConnection& connection) { shared_connections_.insert(&connection); }
  void leave(SharedConnection& connection) noexcept { shared_connections_.erase(&connection); }
  // What a connection does beside the requests on it.
  void spawn(Task<Result<>> task) { background_->spawn(std::move(task)); }
  void on_less_used();

 private:
  // What tells routes apart, without a copy of the host.
  struct RouteKey {
    Scheme scheme;
    std::string_view host;
    std::uint16_t port;
    Trust trust;
    bool is_guarded;
    const Proxy* proxy;
    static RouteKey of(const Route& route) noexcept {
      return of(route.origin, route.proxy, route.trust, route.is_guarded);
    }
    static RouteKey of(const Origin& origin, const Proxy* proxy, Trust trust, bool is_guarded) noexcept {
      return {origin.scheme, origin.host, origin.port, trust, is_guarded, proxy};
    }
    bool operator==(const RouteKey&) const = default;
  };
  static const RouteKey& key_of(const RouteKey& key) noexcept { return key; }
  static RouteKey key_of(const Route& route) noexcept { return RouteKey::of(route); }
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const RouteKey& key) const noexcept;
    std::size_t operator()(const Route& route) const noexcept { return (*this)(RouteKey::of(route)); }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const auto& left, const auto& right) const noexcept { return key_of(left) == key_of(right); }
  };
  void forget_unused();

  ClientShared& shared_;
  const Executor executor_;
  UniqueFd epoll_fd_;
  LoopCounts& counts_;
  const Limits limits_;
  bool is_stopping_ = false;
  std::unordered_set<PooledConnection*> connections_;
  std::unordered_set<SharedConnection*> shared_connections_;
  // Made at first use and ended by stop(), on the loop.
  std::optional<Deadlines> deadlines_;
  std::optional<GoneWatch> gone_watch_;
  std::optional<Signal> less_used_;
  std::optional<TaskGroup> background_;
  std::unordered_map<Route, OriginPool, Hash, Same> pools_;  // last: its connections use the others
};

}  // namespace atelier::net
