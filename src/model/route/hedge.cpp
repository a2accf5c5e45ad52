#include "model/route/hedge.hpp"

#include <algorithm>

namespace atelier::model {
namespace {

constexpr std::chrono::milliseconds kUnknown{2'000}, kLeast{200};
constexpr Picodollars kDearerMax = 2;  // times

}  // namespace

std::chrono::milliseconds hedge_after(const Candidate& first, bool is_streamed) {
  const double p95_ms = is_streamed ? first.record.first_token_p95_ms() : first.record.whole_p95_ms();
  if (p95_ms <= 0) return kUnknown;
  return std::max(kLeast, std::chrono::milliseconds(static_cast<std::int64_t>(p95_ms)));
}

bool is_affordable_beside(const Candidate& first, const Candidate& second, const Prices* prices) {
  const auto asked = cost_of_thousand(second, prices);
  if (asked == 0) return true;
  const auto known = cost_of_thousand(first, prices);
  if (!asked || !known) return !asked && !known;
  return *asked / kDearerMax <= *known;
}

}  // namespace atelier::model
