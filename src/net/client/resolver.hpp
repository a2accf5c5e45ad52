#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "net/ip_address.hpp"

namespace atelier::net {

// Finds a name's addresses, best first; blocks. Called from the resolver's threads, several at a time.
using Lookup = std::function<Result<std::vector<IpAddress>>(const std::string& host)>;
// getaddrinfo(3), with whatever the system asks (files, DNS).
Result<std::vector<IpAddress>> system_lookup(const std::string& host);

struct ResolverOptions {
  std::size_t threads_max = 4;  // made when there is work, gone after half a minute without
  std::size_t queue_max = 256;
  std::size_t names_max = 1024;
  std::chrono::milliseconds fresh{60'000};
  // After that an answer is still used when there is no newer one to be had: at all, or within the patience.
  std::chrono::milliseconds stale{3'600'000};
  std::chrono::milliseconds stale_patience{1'000};
};

// Names to addresses without blocking a loop, remembered for a while. One lookup of a name at a time, whoever waits for
// it. Used from any loop; it outlives what waits.
class Resolver {
 public:
  Resolver(Lookup lookup, ResolverOptions options, const Clock& clock = system_clock());
  // Waits for nobody: a thread inside a lookup ends by itself.
  ~Resolver();
  // At least one address; those of "localhost" and of literals without asking anybody. Errors: `unavailable` with the
  // reason name_unknown or name_failed, `cancelled`.
  Task<Result<std::vector<IpAddress>>> resolve(std::string host);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace atelier::net
