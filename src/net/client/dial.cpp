#include "net/client/dial.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/task_group.hpp"
#include "net/client/reason.hpp"

namespace atelier::net {
namespace {

// Events leave at once, and a server whose machine vanished is noticed within a minute, while it thinks as well.
void tune(int fd) {
  const int one = 1, idle_seconds = 20, interval_seconds = 10, probes = 3;
  const unsigned unacknowledged_ms = 50'000;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  (void)::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
}

std::unexpected<Error> connect_error(int error, const std::string& name) {
  const bool is_refused = error == ECONNREFUSED;
  return fail(ErrorCode::unavailable, fmt::format("no server answers at {}: {}", name, std::strerror(error)),
              {.reason = std::string(is_refused ? reason::kConnectRefused : reason::kConnectFailed), .where = {}});
}

struct Race {
  explicit Race(Executor executor) : changed(executor) {}
  Signal changed;
  std::optional<Stream> winner;
  std::optional<Error> error;  // the last, and rather another than "refused"
  std::size_t running_count = 0;
};

Task<Result<>> try_address(Race* race, IpAddress address, std::uint16_t port, std::string host) {
  const SocketAddress socket_address(address, port);
  const std::string name = fmt::format("{} ({})", host, address.to_string());
  auto stream = co_await dial_one(socket_address.storage, socket_address.size, name);
  --race->running_count;
  if (stream && !race->winner)
    race->winner = std::move(*stream);
  else if (!stream && (!race->error || race->error->reason == reason::kConnectRefused))
    race->error = std::move(stream).error();
  race->changed.notify_all();
  co_return Result<>{};
}

}  // namespace

std::vector<IpAddress> alternate_families(std::vector<IpAddress> addresses) {
  std::vector<IpAddress> ordered;
  ordered.reserve(addresses.size());
  bool wants_v4 = !addresses.empty() && addresses.front().is_v4();
  while (!addresses.empty()) {
    auto next = std::find_if(addresses.begin(), addresses.end(),
                             [&](const IpAddress& address) { return address.is_v4() == wants_v4; });
    if (next == addresses.end()) next = addresses.begin();
    ordered.push_back(*next);
    addresses.erase(next);
    wants_v4 = !ordered.back().is_v4();
  }
  return ordered;
}

Task<Result<Stream>> dial_one(sockaddr_storage address, socklen_t size, std::string name) {
  const int family = address.ss_family;
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open())
    co_return fail(ErrorCode::unavailable, fmt::format("no connection to {}: {}", name, std::strerror(errno)),
                   {.reason = std::string(reason::kConnectFailed), .where = {}});
  if (family != AF_UNIX) tune(fd.get());
  int error = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
  const Executor executor = co_await current_executor();
  Stream stream(executor, std::move(fd), family);
  // A cancellation that came while nobody waited wakes nobody any more.
  const bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  if (is_stopped) co_return fail(ErrorCode::cancelled, "stopped while connecting to " + name);
  if (error == EINPROGRESS) {
    auto ready = co_await stream.wait_writable();
    if (!ready) co_return error_of(ready);
    socklen_t error_size = sizeof error;
    ::getsockopt(stream.native(), SOL_SOCKET, SO_ERROR, &error, &error_size);
  }
  if (error != 0) co_return connect_error(error, name);
  co_return stream;
}

Task<Result<Stream>> dial(std::vector<IpAddress> addresses, std::uint16_t port, std::string host) {
  if (addresses.size() == 1) {
    const SocketAddress address(addresses.front(), port);
    co_return co_await dial_one(address.storage, address.size, std::move(host));
  }
  addresses = alternate_families(std::move(addresses));
  const Executor executor = co_await current_executor();
  Race race(executor);
  TaskGroup group(executor);
  bool is_stopped = false;
  for (std::size_t next = 0; !race.winner && !is_stopped && (next < addresses.size() || race.running_count > 0);) {
    const auto stagger_end = std::chrono::steady_clock::now() + kDialStagger;
    if (next < addresses.size()) {
      ++race.running_count;
      group.spawn(try_address(&race, addresses[next++], port, host));
    }
    // An attempt may have ended before it was waited for.
    if (race.winner || race.running_count == 0) continue;
    if (next < addresses.size())
      co_await race.changed.wait_until(stagger_end);
    else
      co_await race.changed.wait();
    is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  }
  group.cancel();
  (void)co_await group.join();
  if (race.winner) co_return std::move(*race.winner);
  if (is_stopped || !race.error) co_return fail(ErrorCode::cancelled, "stopped while connecting to " + host);
  co_return std::unexpected(std::move(*race.error));
}

}  // namespace atelier::net
