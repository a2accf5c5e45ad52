#include "net/client/resolver.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/async.hpp"
#include "net/client/reason.hpp"
#include "net/stream.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kAddressesMax = 16;
constexpr std::chrono::seconds kThreadIdle{30};

using Addresses = std::vector<IpAddress>;

std::unexpected<Error> name_error(std::string message, std::string_view reason) {
  return fail(ErrorCode::unavailable, std::move(message), {.reason = std::string(reason), .where = {}});
}

// One coroutine that waits, on its loop.
struct Waiter {
  explicit Waiter(Executor given) : executor(given), changed(given) {}
  Executor executor;
  Signal changed;
  bool is_done = false;
  Result<Addresses> addresses = Addresses();
};

// IPv4 first, since that is where local model servers listen.
Addresses loopback_addresses() { return {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")}; }

bool is_localhost(std::string_view host) noexcept { return host == "localhost" || host.ends_with(".localhost"); }

}  // namespace

Result<std::vector<IpAddress>> system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, [](addrinfo* given) {
    if (given) ::freeaddrinfo(given);
  });
  if (error == EAI_NONAME) return name_error(fmt::format("{} has no address", host), reason::kNameUnknown);
  if (error != 0)
    return name_error(fmt::format("the address of {} cannot be found: {}", host,
                                  error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error)),
                      reason::kNameFailed);
  Addresses addresses;
  for (const addrinfo* entry = list; entry && addresses.size() < kAddressesMax; entry = entry->ai_next)
    if (const auto address = IpAddress::of(*entry->ai_addr)) addresses.push_back(*address);
  if (addresses.empty()) return name_error(fmt::format("{} has no address", host), reason::kNameUnknown);
  return addresses;
}

struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Name {
    Addresses addresses;  // empty: never found
    TimePoint found_at;
    bool is_asked = false;
    std::vector<std::shared_ptr<Waiter>> waiters;  // shared with the coroutines that wait
  };

  State(Lookup given_lookup, ResolverOptions given_options, const Clock& given_clock)
      : lookup(std::move(given_lookup)), options(given_options), clock(given_clock) {}

  const Lookup lookup;
  const ResolverOptions options;
  const Clock& clock;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Name, std::less<>> names;
  std::deque<std::string> queue;
  std::size_t thread_count = 0, idle_count = 0;
  bool is_stopping = false;

  // With the mutex held, like those below.
  bool is_stale_allowed(const Name& name) const {
    return !name.addresses.empty() && clock.now() - name.found_at <= options.stale;
  }

  Result<> ask(const std::string& host, Name& name) {
    if (queue.size() >= options.queue_max) return name_error("too many names are being looked up", reason::kNameFailed);
    name.is_asked = true;
    queue.push_back(host);
    if (idle_count > 0) {
      changed.notify_one();
    } else if (thread_count < options.threads_max) {
      ++thread_count;
      std::thread([self = shared_from_this()] { self->run(); }).detach();
    }
    return {};
  }

  // Makes place for one more name.
  void forget_oldest() {
    if (names.size() < options.names_max) return;
    auto oldest = names.end();
    for (auto name = names.begin(); name != names.end(); ++name)
      if (!name->second.is_asked && name->second.waiters.empty() &&
          (oldest == names.end() || name->second.found_at < oldest->second.found_at))
        oldest = name;
    if (oldest != names.end()) names.erase(oldest);
  }

  void settle(const std::string& host, Result<Addresses> found) {
    Name& name = names[host];
    name.is_asked = false;
    if (found) {
      name.addresses = *found;
      name.found_at = clock.now();
    } else if (is_stale_allowed(name)) {
      found = name.addresses;
    }
    for (std::shared_ptr<Waiter>& waiter : std::exchange(name.waiters, {})) {
      const Executor executor = waiter->executor;
      // Under the mutex: whoever stops waiting takes itself off the list first, so that no loop is posted to that has
      // ended.
      asio::post(executor, [waiter = std::move(waiter), found] {
        waiter->addresses = found;
        waiter->is_done = true;
        waiter->changed.notify_all();
      });
    }
    if (name.addresses.empty()) names.erase(host);
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "resolver");
    std::unique_lock lock(mutex);
    for (;;) {
      if (queue.empty() && !is_stopping) {
        ++idle_count;
        const bool has_work = changed.wait_for(lock, kThreadIdle, [this] { return is_stopping || !queue.empty(); });
        --idle_count;
        if (!has_work) break;
      }
      if (is_stopping) break;
      const std::string host = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      Result<Addresses> found = name_error(fmt::format("the address of {} cannot be found", host), reason::kNameFailed);
      try {
        found = lookup(host);
      } catch (const std::exception& exception) {
        found = fail(ErrorCode::internal, exception.what());
      }
      lock.lock();
      if (is_stopping) break;
      settle(host, std::move(found));
    }
    --thread_count;
  }
};

Resolver::Resolver(Lookup lookup, ResolverOptions options, const Clock& clock)
    : state_(std::make_shared<State>(std::move(lookup), options, clock)) {}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  state_->is_stopping = true;
  state_->changed.notify_all();
}

Task<Result<std::vector<IpAddress>>> Resolver::resolve(std::string host) {
  if (const auto literal = IpAddress::parse(host)) co_return Addresses(1, *literal);
  // RFC 6761 section 6.3.
  if (is_localhost(host)) co_return loopback_addresses();

  const Executor executor = co_await current_executor();
  std::shared_ptr<Waiter> waiter;
  bool has_stale = false;
  {
    const std::lock_guard lock(state_->mutex);
    const auto known = state_->names.find(host);
    if (known != state_->names.end() && !known->second.addresses.empty() &&
        state_->clock.now() - known->second.found_at <= state_->options.fresh)
      co_return known->second.addresses;
    if (known == state_->names.end()) state_->forget_oldest();
    State::Name& name = state_->names[host];
    has_stale = state_->is_stale_allowed(name);
    if (!name.is_asked) {
      if (auto asked = state_->ask(host, name); !asked) {
        if (has_stale) co_return name.addresses;
        co_return error_of(asked);
      }
    }
    waiter = name.waiters.emplace_back(std::make_shared<Waiter>(executor));
  }
  const auto until = std::chrono::steady_clock::now() + state_->options.stale_patience;
  bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  while (!waiter->is_done && !is_stopped && !(has_stale && std::chrono::steady_clock::now() >= until)) {
    if (has_stale)
      co_await waiter->changed.wait_until(until);
    else
      co_await waiter->changed.wait();
    is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  }
  if (waiter->is_done) co_return waiter->addresses;

  const std::lock_guard lock(state_->mutex);
  const auto name = state_->names.find(host);
  if (name != state_->names.end()) std::erase(name->second.waiters, waiter);
  if (is_stopped || name == state_->names.end())
    co_return fail(ErrorCode::cancelled, fmt::format("stopped while looking for {}", host));
  co_return name->second.addresses;
}

}  // namespace atelier::net
