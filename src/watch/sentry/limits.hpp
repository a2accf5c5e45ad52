#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/message.hpp"

namespace atelier::watch {

// What a Sentry has said it does not want for now, by category; "" stands for all of them.
class SentryLimits {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Of an answer: X-Sentry-Rate-Limits whatever the status, or else 429 with Retry-After, or a minute without.
  void note(int status, const net::Headers& headers, UnixMs now_ms, TimePoint now);
  bool holds(std::string_view category, TimePoint now) const;

 private:
  void hold(std::string_view category, TimePoint until);
  std::map<std::string, TimePoint, std::less<>> until_;  // of the categories that we know
};

}  // namespace atelier::watch
