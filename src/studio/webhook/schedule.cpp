#include "studio/webhook/schedule.hpp"

#include <algorithm>
#include <array>

namespace atelier::studio {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr std::array<milliseconds, 9> kPauses = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
constexpr milliseconds kRestMax = 60s;

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

}  // namespace atelier::studio
