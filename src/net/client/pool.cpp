#include "net/client/pool.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "net/client/client_loop.hpp"
#include "net/client/limit.hpp"
#include "net/client/reason.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kTicketsMax = 4;

std::string_view reason_of(ConnectPhase phase) noexcept {
  switch (phase) {
    case ConnectPhase::place:
      return reason::kTimeoutPlace;
    case ConnectPhase::name:
      return reason::kTimeoutName;
    case ConnectPhase::connect:
      return reason::kTimeoutConnect;
    case ConnectPhase::proxy:
      return reason::kTimeoutProxy;
    case ConnectPhase::tls:
      return reason::kTimeoutTls;
  }
  return reason::kTimeoutConnect;
}

}  // namespace

// A request on its way to a connection.
struct OriginPool::Making {
  explicit Making(OriginPool& given) : pool(given) { ++pool.making_count_; }
  ~Making() {
    --pool.making_count_;
    pool.loop_.on_less_used();
  }
  OriginPool& pool;
  ConnectPhase phase = ConnectPhase::place;
  std::optional<Place> place;
  Made made;
};

struct OriginPool::Waiter {
  explicit Waiter(Executor executor) : changed(executor) {}
  Signal changed;
  // What it was given: one of them.
  Lease lease;
  StreamSlot slot;
  std::optional<Place> place;
  bool is_served() const noexcept { return lease || slot || place; }
};

Place::~Place() {
  if (pool_) pool_->free_place();
}

PooledConnection::PooledConnection(OriginPool& pool, Place place, Stream stream)
    : pool_(pool),
      place_(std::move(place)),
      http_(std::move(stream), pool.loop_.deadlines()),
      idle_deadline_(pool.loop_.deadlines(), *this),
      ends_at_(std::chrono::steady_clock::now() + pool.loop_.options().age_max),
      idle_timeout_(pool.route_.origin.scheme == Scheme::https ? pool.loop_.options().idle_timeout
                                                               : pool.loop_.options().idle_timeout_plain) {
  pool_.loop_.gone_watch().add(http_.stream().native(), *this);
  pool_.loop_.enter(*this);
}

PooledConnection::~PooledConnection() {
  pool_.loop_.leave(*this);
  // A polite end where nothing was cut.
  if (http_.is_reusable()) http_.stream().shutdown_send();
  http_.stream().close();
}

void PooledConnection::limit_idle(std::chrono::milliseconds timeout) noexcept {
  // Closed here before it is closed there, or a request could meet the server's end of it.
  const auto ours = std::max(timeout - std::chrono::seconds(1), timeout / 2);
  idle_timeout_ = std::min(idle_timeout_, ours);
}

void PooledConnection::on_deadline() { pool_.drop_idle(*this); }

void PooledConnection::on_gone() {
  is_gone_ = true;
  if (is_idle_) pool_.drop_idle(*this);
}

SharedConnection::SharedConnection(OriginPool& pool, Place place, Stream stream)
    : pool_(pool),
      place_(std::move(place)),
      http_(*this, std::move(stream), pool.loop_.deadlines()),
      idle_deadline_(pool.loop_.deadlines(), *this),
      ends_at_(std::chrono::steady_clock::now() + pool.loop_.options().age_max) {
  pool_.loop_.enter(*this);
}

SharedConnection::~SharedConnection() {
  set_idle(false);
  pool_.loop_.leave(*this);
  pool_.keep_ticket(http_.stream());
  http_.stream().close();
}

bool SharedConnection::has_room() const noexcept {
  return http_.has_room() && !pool_.loop_.is_stopping() && std::chrono::steady_clock::now() < ends_at_;
}

void SharedConnection::set_idle(bool is_idle) {
  if (std::exchange(was_idle_, is_idle) == is_idle) return;
  pool_.loop_.counts().idle.add(is_idle ? 1 : -1);
  if (is_idle)
    idle_deadline_.set(std::chrono::steady_clock::now() + pool_.loop_.options().idle_timeout);
  else
    idle_deadline_.clear();
}

void SharedConnection::on_slots_changed(Http2ClientConnection&) {
  if (is_idle() && http_.has_ended()) return pool_.drop_shared(*this);
  if (is_idle() && !has_room()) return http_.close();
  set_idle(is_idle());
  pool_.serve_waiters();
}

void GiveBack::operator()(PooledConnection* connection) const noexcept {
  connection->pool().give_back(std::unique_ptr<PooledConnection>(connection));
}

OriginPool::~OriginPool() { ensure(is_unused(), "a pool outlives its connections"); }

Lease OriginPool::take_idle() {
  while (!idle_.empty()) {
    std::unique_ptr<PooledConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    loop_.counts().idle.add(-1);
    connection->is_idle_ = false;
    connection->idle_deadline_.clear();
    if (std::chrono::steady_clock::now() >= connection->ends_at_ || !connection->http().is_quiet()) continue;
    return Lease(connection.release());
  }
  return nullptr;
}

Task<Result<OriginPool::Made>> OriginPool::make(SendLimits limits) {
  Making making(*this);
  bool is_late = false;
  const auto until = std::min(std::chrono::steady_clock::now() + limits.connect, limits.deadline);
  auto made = co_await run_until(&loop_.deadlines(), until, make_within(&making), &is_late);
  if (made) co_return std::move(making.made);
  if (is_late) {
    const std::string_view reason = until == limits.deadline ? reason::kTimeoutTotal : reason_of(making.phase);
    made = fail(ErrorCode::deadline_exceeded, fmt::format("no connection to {} in time", route_.origin.to_string()),
                {.reason = std::string(reason), .where = {}});
  }
  if (made.error().code != ErrorCode::cancelled) loop_.metrics().count_failure(made.error().stable_code());
  co_return error_of(made);
}

Task<Result<>> OriginPool::make_within(Making* making) {
  if (loop_.is_stopping()) co_return fail(ErrorCode::cancelled, "the client is stopping");
  if (open_count_ < loop_.limits().connections_per_origin && !waits_for_shared()) {
    ++open_count_;
    loop_.counts().open.add(1);
    making->place.emplace(*this);
  } else {
    auto served = co_await wait_for_place(making);
    if (!served || making->made.lease || making->made.slot) co_return served;
    if (loop_.is_stopping()) co_return fail(ErrorCode::cancelled, "the client is stopping");
  }
  ++dialing_count_;
  auto dialled = co_await dial_within(making);
  --dialing_count_;
  serve_waiters();
  co_return dialled;
}

Task<Result<>> OriginPool::dial_within(Making* making) {
  auto stream = co_await connect(loop_.services(), route_, take_ticket(), &making->phase);
  if (!stream) co_return error_of(stream);
  loop_.metrics().made.add();
  TlsSession* tls = stream->tls();
  if (tls && tls->is_resumed()) loop_.metrics().resumed.add();
  speaks_http2_ = tls && tls->application_protocol() == "h2";
  if (speaks_http2_)
    add_shared(std::move(*stream), *making);
  else
    making->made.lease.reset(new PooledConnection(*this, std::move(*making->place), std::move(*stream)));
  co_return Result<>{};
}

void OriginPool::add_shared(Stream stream, Making& making) {
  // Several were dialled at once, before it was known that one would do: the others are not needed.
  making.made.slot = take_shared();
  making.made.is_reused = static_cast<bool>(making.made.slot);
  if (making.made.slot) return stream.shutdown_send();
  SharedConnection& added =
      *shared_.emplace_back(std::make_unique<SharedConnection>(*this, std::move(*making.place), std::move(stream)));
  making.made.slot = StreamSlot(added.http());
  loop_.spawn(added.http().run());
}

StreamSlot OriginPool::take_shared() {
  for (const auto& connection : shared_) {
    if (!connection->has_room()) {
      if (connection->is_idle()) connection->http().close();  // old
      continue;
    }
    connection->set_idle(false);
    return StreamSlot(connection->http());
  }
  return StreamSlot();
}

void OriginPool::drop_shared(SharedConnection& connection) {
  const auto found =
      std::find_if(shared_.begin(), shared_.end(), [&](const auto& shared) { return shared.get() == &connection; });
  ensure(found != shared_.end(), "a shared connection is in its pool");
  const std::unique_ptr<SharedConnection> ends = std::move(*found);
  shared_.erase(found);
}

void OriginPool::serve_waiters() {
  while (!waiters_.empty()) {
    StreamSlot slot = take_shared();
    const bool may_dial = open_count_ < loop_.limits().connections_per_origin && !waits_for_shared();
    if (!slot && !may_dial) return;
    Waiter& next = *waiters_.front();
    waiters_.pop_front();
    if (slot) {
      next.slot = std::move(slot);
    } else {
      ++open_count_;
      loop_.counts().open.add(1);
      next.place.emplace(*this);
    }
    next.changed.notify_all();
    // The one who dials now may do so for all.
    if (!next.slot && speaks_http2_) return;
  }
}

Task<Result<>> OriginPool::wait_for_place(Making* making) {
  if (waiters_.size() >= loop_.limits().waiters_per_origin) {
    loop_.metrics().refused.add();
    co_return fail(ErrorCode::unavailable,
                   fmt::format("too many requests wait for a connection to {}", route_.origin.to_string()),
                   {.reason = std::string(reason::kConnectionsFull), .where = {}});
  }
  loop_.metrics().waited.add();
  const Executor executor = co_await current_executor();
  Waiter waiter(executor);
  waiters_.push_back(&waiter);
  loop_.counts().waiting.add(1);
  bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  while (!waiter.is_served() && !is_stopped) {
    co_await waiter.changed.wait();
    is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  }
  leave(waiter);
  loop_.counts().waiting.add(-1);
  // What was given to one who stops goes to the next, as both end with the waiter.
  if (is_stopped) co_return fail(ErrorCode::cancelled, "stopped while waiting for a connection");
  making->made.lease = std::move(waiter.lease);
  making->made.slot = std::move(waiter.slot);
  making->made.is_reused = making->made.lease || making->made.slot;
  if (waiter.place) making->place.emplace(std::move(*waiter.place));
  co_return Result<>{};
}

void OriginPool::leave(Waiter& waiter) {
  const auto place = std::find(waiters_.begin(), waiters_.end(), &waiter);
  if (place != waiters_.end()) waiters_.erase(place);
}

void OriginPool::free_place() {
  if (!waiters_.empty()) {
    Waiter& next = *waiters_.front();
    waiters_.pop_front();
    next.place.emplace(*this);
    next.changed.notify_all();
    return;
  }
  --open_count_;
  loop_.counts().open.add(-1);
  loop_.on_less_used();
}

void OriginPool::give_back(std::unique_ptr<PooledConnection> connection) {
  keep_ticket(connection->http().stream());
  const auto now = std::chrono::steady_clock::now();
  const bool is_fit =
      connection->http().is_reusable() && !connection->is_gone_ && !loop_.is_stopping() && now < connection->ends_at_;
  if (!is_fit) return;
  if (waiters_.empty()) {
    connection->idle_since_ = now;
    return keep_idle(std::move(connection));
  }
  Waiter& next = *waiters_.front();
  waiters_.pop_front();
  next.lease.reset(connection.release());
  next.changed.notify_all();
}

void OriginPool::keep_idle(std::unique_ptr<PooledConnection> connection) {
  if (idle_.size() >= loop_.limits().idle_per_origin)
    close_oldest_idle();
  else if (!loop_.make_room_for_idle())
    return;
  connection->http().rest();
  connection->is_idle_ = true;
  connection->idle_deadline_.set(connection->idle_since_ + connection->idle_timeout_);
  idle_.push_back(std::move(connection));
  loop_.counts().idle.add(1);
}

void OriginPool::drop_idle(PooledConnection& connection) {
  const auto found =
      std::find_if(idle_.begin(), idle_.end(), [&](const auto& idle) { return idle.get() == &connection; });
  ensure(found != idle_.end(), "an idle connection is in its pool");
  const std::unique_ptr<PooledConnection> ends = std::move(*found);
  idle_.erase(found);
  loop_.counts().idle.add(-1);
}

void OriginPool::close_idle() {
  while (!idle_.empty()) close_oldest_idle();
  for (const auto& connection : shared_)
    if (connection->is_idle()) connection->http().close();
}

Deadlines::TimePoint OriginPool::oldest_idle() const noexcept {
  return idle_.empty() ? Deadlines::TimePoint::max() : idle_.front()->idle_since_;
}

void OriginPool::close_oldest_idle() {
  if (!idle_.empty()) drop_idle(*idle_.front());
}

void OriginPool::keep_ticket(Stream& stream) {
  TlsSession* tls = stream.tls();
  if (!tls) return;
  TlsSession::Ticket ticket = tls->take_ticket();
  if (!ticket) return;
  if (tickets_.size() == kTicketsMax) tickets_.erase(tickets_.begin());
  tickets_.push_back(std::move(ticket));
}

TlsSession::Ticket OriginPool::take_ticket() {
  if (tickets_.empty()) return nullptr;
  TlsSession::Ticket ticket = tickets_.back();
  if (!is_reusable(ticket)) tickets_.pop_back();
  return ticket;
}

}  // namespace atelier::net
