#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "net/client/connect.hpp"
#include "net/client/http1.hpp"
#include "net/gone_watch.hpp"

namespace atelier::net {

class ClientLoop;
class OriginPool;

// The right to have one connection open. Freed where it dies.
class Place {
 public:
  explicit Place(OriginPool& pool) noexcept : pool_(&pool) {}
  Place(Place&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  ~Place();

 private:
  OriginPool* pool_;
};

// A connection of a pool: leased to one request, or idle. Dying closes it.
class PooledConnection final : private Deadlines::Target, private GoneWatch::Target {
 public:
  PooledConnection(OriginPool& pool, Place place, Stream stream);
  ~PooledConnection();
  Http1Connection& http() noexcept { return http_; }
  OriginPool& pool() noexcept { return pool_; }
  // As the server's Keep-Alive field says.
  void limit_idle(std::chrono::milliseconds timeout) noexcept;

 private:
  friend class OriginPool;
  void on_deadline() override;  // idle for too long
  void on_gone() override;

  OriginPool& pool_;
  Place place_;  // freed after the connection was closed
  Http1Connection http_;
  Deadlines::Entry idle_deadline_;
  const Deadlines::TimePoint ends_at_;  // not used for new requests after that
  Deadlines::TimePoint idle_since_;
  std::chrono::milliseconds idle_timeout_;
  bool is_idle_ = false, is_gone_ = false;
};

// Back to its pool, which keeps it if its answer was read to the end and closes it otherwise.
struct GiveBack {
  void operator()(PooledConnection* connection) const noexcept;
};
using Lease = std::unique_ptr<PooledConnection, GiveBack>;

// One loop's connections of one route. Made and ended by its ClientLoop, used on the loop.
class OriginPool {
 public:
  OriginPool(ClientLoop& loop, Route route) : loop_(loop), route_(std::move(route)) {}
  ~OriginPool();

  // The one used last, if it still stands.
  Lease take_idle();
  // A new one, or one that comes back while this waits for a place; `is_reused` says which.
  struct Made {
    Lease lease;
    bool is_reused = false;
  };
  Task<Result<Made>> make(SendLimits limits);

  const Route& route() const noexcept { return route_; }
  bool is_unused() const noexcept { return open_count_ == 0 && making_count_ == 0; }
  void close_idle();
  // When its oldest idle connection became so; max() without any.
  Deadlines::TimePoint oldest_idle() const noexcept;
  void close_oldest_idle();

 private:
  friend class Place;
  friend class PooledConnection;
  friend struct GiveBack;
  struct Making;
  struct Waiter;
  Task<Result<>> make_within(Making* making);
  Task<Result<>> wait_for_place(Making* making);
  void leave(Waiter& waiter);
  void give_back(std::unique_ptr<PooledConnection> connection);
  void keep_idle(std::unique_ptr<PooledConnection> connection);
  void drop_idle(PooledConnection& connection);
  void free_place();
  void keep_ticket(PooledConnection& connection);
  TlsSession::Ticket take_ticket();

  ClientLoop& loop_;
  const Route route_;
  std::vector<TlsSession::Ticket> tickets_;
  std::vector<std::unique_ptr<PooledConnection>> idle_;  // the one used last is last
  std::deque<Waiter*> waiters_;
  std::size_t open_count_ = 0;    // places taken
  std::size_t making_count_ = 0;  // make() runs
};

}  // namespace atelier::net
