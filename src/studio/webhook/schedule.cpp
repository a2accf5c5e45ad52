#include "studio/webhook/schedule.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/conditional.hpp"

namespace atelier::studio {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr std::array<milliseconds, 9> kPauses = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
constexpr milliseconds kRestMax = 60s, kRetryAfterMax = 24h;

}  // namespace

std::span<const milliseconds> webhook_pauses() noexcept { return kPauses; }

milliseconds with_jitter(milliseconds pause, std::uint64_t random) noexcept {
  const std::int64_t fifth = pause.count() / 5;
  return pause - milliseconds(fifth) +
         milliseconds(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(2 * fifth + 1)));
}

milliseconds rest_after(int failures) noexcept {
  if (failures < 2) return 0ms;
  return std::min<milliseconds>(milliseconds(1s) * (std::int64_t{1} << std::min(failures - 2, 20)), kRestMax);
}

std::optional<milliseconds> retry_after_of(std::string_view field, UnixMs now_ms) {
  field = trim(field);
  std::int64_t wait_ms = 0;
  if (const auto seconds = parse_integer(field)) {
    wait_ms = std::clamp<std::int64_t>(*seconds, 0, kRetryAfterMax.count() / 1'000) * 1'000;
  } else if (const auto date_s = net::parse_http_date(field)) {
    wait_ms = *date_s * 1'000 - now_ms;
  } else {
    return std::nullopt;
  }
  return std::clamp(milliseconds(wait_ms), 0ms, kRetryAfterMax);
}

}  // namespace atelier::studio
