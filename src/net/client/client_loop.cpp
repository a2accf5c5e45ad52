#include "net/client/client_loop.hpp"

#include <algorithm>
#include <functional>

namespace atelier::net {
namespace {

constexpr std::size_t kPoolsMax = 256;  // beyond that those without connections are forgotten

}  // namespace

ClientLoop::ClientLoop(ClientShared& shared, Executor executor, UniqueFd epoll, LoopCounts& counts, Limits limits)
    : shared_(shared), executor_(executor), epoll_fd_(std::move(epoll)), counts_(counts), limits_(limits) {}

std::size_t ClientLoop::Hash::operator()(const RouteKey& key) const noexcept {
  const std::size_t rest = std::size_t{key.port} << 3 | (key.scheme == Scheme::https ? 4u : 0u) |
                           (key.trust == Trust::verified ? 2u : 0u) | (key.is_guarded ? 1u : 0u);
  return std::hash<std::string_view>()(key.host) ^ (rest * 0x9e3779b97f4a7c15u);
}

OriginPool& ClientLoop::pool(const Origin& origin, const Proxy* proxy, Trust trust, bool is_guarded) {
  if (!deadlines_) {
    deadlines_.emplace(executor_);
    gone_watch_.emplace(executor_, std::move(epoll_fd_));
    less_used_.emplace(executor_);
    background_.emplace(executor_,
                        TaskGroup::Options{.at_most = static_cast<std::size_t>(-1), .stops_on_error = false});
  }
  const RouteKey key = RouteKey::of(origin, proxy, trust, is_guarded);
  if (const auto known = pools_.find(key); known != pools_.end()) return known->second;
  if (pools_.size() >= kPoolsMax) forget_unused();
  Route route{.origin = origin, .proxy = proxy, .trust = trust, .is_guarded = is_guarded};
  return pools_.try_emplace(route, *this, route).first->second;
}

void ClientLoop::forget_unused() {
  std::erase_if(pools_, [](const auto& entry) { return entry.second.is_unused(); });
}

bool ClientLoop::make_room_for_idle() {
  if (shared_.metrics.idle_count() < static_cast<std::int64_t>(options().idle_max)) return true;
  auto oldest = pools_.end();
  for (auto pool = pools_.begin(); pool != pools_.end(); ++pool)
    if (oldest == pools_.end() || pool->second.oldest_idle() < oldest->second.oldest_idle()) oldest = pool;
  if (oldest == pools_.end() || oldest->second.oldest_idle() == Deadlines::TimePoint::max()) return false;
  oldest->second.close_oldest_idle();
  return true;
}

void ClientLoop::on_less_used() {
  if (is_stopping_) less_used_->notify_all();
}

Task<> ClientLoop::stop() {
  is_stopping_ = true;
  if (!deadlines_) co_return;
  for (auto& [route, pool] : pools_) pool.close_idle();
  // Whoever still reads an answer is told by its next wait.
  for (PooledConnection* connection : connections_) connection->http().cut();
  for (SharedConnection* connection : shared_connections_) connection->http().cut();
  const auto is_used = [this] {
    return std::any_of(pools_.begin(), pools_.end(), [](const auto& entry) { return !entry.second.is_unused(); });
  };
  while (is_used()) co_await less_used_->wait();
  (void)co_await background_->join();
  gone_watch_->stop();
  // What the timer and the watch had queued runs before they die.
  co_await asio::post(executor_, asio::use_awaitable_t<Executor>{});
  pools_.clear();
  background_.reset();
  less_used_.reset();
  gone_watch_.reset();
  deadlines_.reset();
}

}  // namespace atelier::net
