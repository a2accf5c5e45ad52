#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "net/client/connect.hpp"
#include "net/client/http1.hpp"
#include "net/client/http2.hpp"
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

// A connection of HTTP/2 that a pool's requests share. Dying closes it.
class SharedConnection final : private Http2ClientConnection::Owner, private Deadlines::Target {
 public:
  SharedConnection(OriginPool& pool, Place place, Stream stream);
  ~SharedConnection();
  Http2ClientConnection& http() noexcept { return http_; }
  // Whether it takes another request now.
  bool has_room() const noexcept;
  bool is_idle() const noexcept { return http_.slot_count() == 0; }

 private:
  friend class OriginPool;
  void on_slots_changed(Http2ClientConnection& connection) override;
  void on_deadline() override { http_.close(); }  // idle for too long
  void set_idle(bool is_idle);

  OriginPool& pool_;
  Place place_;  // freed after the connection was closed
  Http2ClientConnection http_;
  Deadlines::Entry idle_deadline_;
  const Deadlines::TimePoint ends_at_;  // not used for new requests after that
  bool was_idle_ = false;               // and counted as such
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
  // On a connection of HTTP/2 that has room for another request.
  StreamSlot take_shared();
  // A new one, or one that comes back or has room while this waits for a place; `is_reused` says which.
  struct Made {
    Lease lease;
    StreamSlot slot;  // one of both
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
  friend class SharedConnection;
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
  Task<Result<>> dial_within(Making* making);
  // Whether somebody else's connection is worth waiting for, since it will do for this request too.
  bool waits_for_shared() const noexcept { return speaks_http2_ && dialing_count_ > 0; }
  void add_shared(Stream stream, Making& making);
  void drop_shared(SharedConnection& connection);
  // Those that wait get what there is now.
  void serve_waiters();
  void keep_ticket(Stream& stream);
  TlsSession::Ticket take_ticket();

  ClientLoop& loop_;
  const Route route_;
  std::vector<TlsSession::Ticket> tickets_;
  std::vector<std::unique_ptr<PooledConnection>> idle_;  // the one used last is last
  std::vector<std::unique_ptr<SharedConnection>> shared_;
  bool speaks_http2_ = false;  // as its server did last
  std::size_t dialing_count_ = 0;
  std::deque<Waiter*> waiters_;
  std::size_t open_count_ = 0;    // places taken
  std::size_t making_count_ = 0;  // make() runs
};

}  // namespace atelier::net
