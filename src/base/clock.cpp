#include "base/clock.hpp"

#include <fmt/format.h>

#include <ctime>

namespace atelier {
namespace {

class SystemClock final : public Clock {
 public:
  UnixMs wall_ms() const noexcept override {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
  std::chrono::steady_clock::time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

std::string format_rfc3339(UnixMs time_ms) {
  std::int64_t seconds = time_ms / 1000, rest_ms = time_ms % 1000;
  if (rest_ms < 0) {
    rest_ms += 1000;
    --seconds;
  }
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, rest_ms);
}

}  // namespace atelier
