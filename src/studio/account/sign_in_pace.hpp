#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace atelier::studio {

// How often somebody may try to sign in: so often at a stretch by one name from one address, by one name from anywhere,
// and from one address by any name; one more try comes back every so often. A try counts when it begins, so that many
// at once gain nothing, and one that succeeds gives its name's tries from that address back. Whoever guesses from
// elsewhere can hold up a name for a while, but not its owner's open sessions or keys. Thread-safe.
class SignInPace {
 public:
  explicit SignInPace(const Clock& clock) : clock_(clock) {}

  // rate_limited (reason "too_many_tries", with retry_after) when it may not be tried now.
  Result<> begin(std::string_view login, std::string_view address);
  void succeeded(std::string_view login, std::string_view address);
  std::size_t size() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Rule {
    std::string key;
    int tries_max;
    std::chrono::seconds every;  // one comes back
  };
  static std::vector<Rule> rules(std::string_view login, std::string_view address);
  // What has all its tries back is not worth remembering.
  void forget_full(Time now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Time> full_at_;  // when all tries are back
};

}  // namespace atelier::studio
