#include "net/server_loop.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "base/log.hpp"
#include "net/arrival.hpp"
#include "net/problem.hpp"

namespace atelier::net {
namespace {

constexpr int kAcceptsPerTurn = 16;
constexpr std::chrono::milliseconds kAcceptPause{100};

UniqueFd open_reserve() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::string to_text(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  else if (address.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
  return text;
}

// Whose files these are, or root, to whom they are open anyway: the service of the package has a user of its own.
bool is_owner_or_root(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
  return credentials.uid == ::geteuid() || credentials.uid == 0;
}

// Each event leaves at once, and a peer whose machine vanished is noticed.
void tune(int fd, std::chrono::milliseconds stall) {
  const int one = 1, idle_seconds = 30, interval_seconds = 10;
  // Later than our own limit, which knows why it ends a connection; and late enough for three probes of an idle one to
  // get lost, since over this limit the kernel ends it with the first.
  const auto unacknowledged_ms =
      std::max(static_cast<unsigned>(stall.count()) + 5'000, (idle_seconds + 4U * interval_seconds) * 1'000U);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  (void)::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
}

}  // namespace

std::string_view ConnectionCounts::enter(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  if (all_ >= all_max_) return "connections_full";
  if (!peer.empty()) {
    std::size_t& count = peers_[peer];
    if (count >= peer_max_) return "peer_connections_full";
    ++count;
  }
  ++all_;
  return {};
}

void ConnectionCounts::leave(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  --all_;
  const auto found = peers_.find(peer);
  if (found != peers_.end() && --found->second == 0) peers_.erase(found);
}

ServerLoop::ServerLoop(ServerShared& shared, Part part, Executor executor, UniqueFd listener, UniqueFd epoll)
    : shared_(shared),
      part_(part),
      executor_(executor),
      listener_fd_(std::move(listener)),
      epoll_fd_(std::move(epoll)),
      reserve_(open_reserve()),
      routes_(shared.metrics.registry) {}

Service ServerLoop::service() noexcept {
  return {&shared_.handler, shared_.policy ? &*shared_.policy : nullptr, &shared_.metrics, &routes_};
}

Task<> ServerLoop::run() {
  deadlines_.emplace(executor_);
  gone_watch_.emplace(executor_, std::move(epoll_fd_));
  stopping_.emplace(executor_);
  listener_.emplace(executor_, listener_fd_.release());
  {
    TaskGroup group(executor_, {.stops_on_error = false});
    group_ = &group;
    group.spawn(accept_all());
    if (shared_.tls && part_ == Part::first) group.spawn(watch_certificate());
    while (!is_stopping_) co_await stopping_->wait();
    {
      Deadlines::Entry force(*deadlines_, *this);
      force.set(std::chrono::steady_clock::now() + shared_.options.stop_timeout);
      if (auto ended = co_await group.join(); !ended)
        log::debug("a connection ended with an error", {{"error", ended.error().describe()}});
    }
    group_ = nullptr;
  }
  gone_watch_->stop();
  // What the timer and the watch had queued runs before they die.
  co_await asio::post(executor_, asio::use_awaitable_t<Executor>{});
  listener_.reset();
  stopping_.reset();
  gone_watch_.reset();
  deadlines_.reset();
}

void ServerLoop::begin_stop() {
  if (is_stopping_) return;
  is_stopping_ = true;
  if (!stopping_) return;
  boost::system::error_code ignored;
  listener_->close(ignored);
  for (Arrival* connection : connections_) connection->on_stopping();
  stopping_->notify_all();
}

void ServerLoop::on_deadline() {
  log::warn("connections are cut, since they did not end within the time to stop",
            {{"connections", connections_.size()}});
  for (Arrival* connection : std::unordered_set(connections_)) connection->abandon("stop_timeout");
}

Task<Result<>> ServerLoop::accept_all() {
  while (!is_stopping_) {
    auto [ec] = co_await listener_->async_wait(Listener::wait_read, use_task);
    if (is_stopping_) break;
    if (ec || !accept_some()) {
      if (!co_await sleep_for(kAcceptPause)) break;
    }
  }
  co_return Result<>{};
}

Task<Result<>> ServerLoop::watch_certificate() {
  while (!is_stopping_) {
    co_await stopping_->wait_until(std::chrono::steady_clock::now() + shared_.options.certificate_check);
    if (is_stopping_) break;
    if (auto changed = shared_.tls->reload_if_changed(); !changed)
      log::warn("the new certificate cannot be used, and the old one stays", {{"error", changed.error().describe()}});
    else if (*changed)
      log::info("a new certificate is in force", {{"file", shared_.options.tls.certificate_file}});
  }
  co_return Result<>{};
}

bool ServerLoop::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    UniqueFd fd(::accept4(listener_->native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.is_open()) {
      take(std::move(fd), address.ss_family, to_text(address));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if ((errno == EMFILE || errno == ENFILE) && (reserve_.is_open() || (reserve_ = open_reserve()).is_open())) {
      // The system says so even when nobody waits to be accepted.
      if (turn_away_without_descriptors()) continue;
      return true;
    }
    log::warn("connections cannot be accepted", {{"error", fail_errno(errno, "accept").error().message}});
    return false;
  }
  return true;
}

bool ServerLoop::turn_away_without_descriptors() {
  reserve_.reset();
  UniqueFd fd(::accept4(listener_->native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  const bool was_one = fd.is_open();
  if (was_one) turn_away(std::move(fd), "descriptors_exhausted");
  reserve_ = open_reserve();
  return was_one;
}

void ServerLoop::turn_away(UniqueFd fd, std::string_view reason) {
  shared_.metrics.refuse(reason);
  auto failure =
      fail(ErrorCode::unavailable, "too many connections are open", {.reason = std::string(reason), .where = {}});
  failure.error().retry_after_ms = 1000;
  const Response response = problem_response(failure.error(), Ulid::make().to_string());
  const std::string& body = std::get<std::string>(response.body);
  const std::string bytes = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\ncontent-length: "
      "{}\r\n"
      "connection: close\r\n\r\n{}",
      body.size(), body);
  (void)::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(fd.get(), SHUT_WR);
  // What was sent already is read, or closing would reset the connection and take the answer with it.
  char scratch[8192];
  (void)::recv(fd.get(), scratch, sizeof scratch, MSG_DONTWAIT);
}

void ServerLoop::take(UniqueFd fd, int family, std::string peer) {
  if (family == AF_UNIX && !is_owner_or_root(fd.get())) {
    shared_.metrics.refuse("peer_user");
    return;
  }
  if (const std::string_view full = shared_.counts.enter(peer); !full.empty()) return turn_away(std::move(fd), full);
  if (family != AF_UNIX) tune(fd.get(), shared_.options.write_stall_timeout);
  auto connection = std::make_unique<Arrival>(*this, std::move(fd), family, peer);
  TaskGroup::Member& own = connection->own();
  group_->spawn(serve(std::move(connection), std::move(peer)), own);
}

Task<Result<>> ServerLoop::serve(std::unique_ptr<Arrival> connection, std::string peer) {
  shared_.metrics.connections.add(1);
  connections_.insert(connection.get());
  Result<> ended;
  try {
    Connection* spoken = co_await connection->meet();
    if (spoken != nullptr) ended = co_await spoken->run();
  } catch (const std::exception& exception) {
    ended = fail(ErrorCode::internal, exception.what());
  }
  if (!ended && ended.error().code != ErrorCode::cancelled)
    log::error("a connection failed inside", {{"error", ended.error().describe()}});
  connections_.erase(connection.get());
  connection.reset();
  shared_.metrics.connections.add(-1);
  shared_.counts.leave(peer);
  co_return Result<>{};
}

}  // namespace atelier::net
