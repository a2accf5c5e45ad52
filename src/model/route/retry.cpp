#include "model/route/retry.hpp"

#include <algorithm>
#include <array>

namespace atelier::model {
namespace {

using std::chrono::milliseconds;

constexpr std::array<milliseconds, 5> kNetworkPauses{milliseconds(500), milliseconds(1'000), milliseconds(2'000),
                                                     milliseconds(4'000), milliseconds(8'000)};
constexpr std::array<milliseconds, 4> kRateLimitPauses{milliseconds(200), milliseconds(500), milliseconds(1'000),
                                                       milliseconds(3'000)};
constexpr double kNetworkJitterMs = 300, kRateLimitJitterMs = 50;

}  // namespace

Remedy remedy_for(const Fault& fault) noexcept {
  // It would only say something else again, and be paid for it.
  if (fault.code == kAnswerDiffers || fault.code == kAnswerEmpty || fault.may_be_paid) return Remedy::elsewhere;
  switch (fault.kind) {
    case Fault::Kind::caller:
    case Fault::Kind::cancelled:
      return Remedy::none;
    case Fault::Kind::unsupported:
    case Fault::Kind::context_length:
    case Fault::Kind::content:
    case Fault::Kind::authentication:
    case Fault::Kind::billing:
    case Fault::Kind::permission:
    case Fault::Kind::model_missing:
      return Remedy::elsewhere;
    default:
      return Remedy::anywhere;
  }
}

std::optional<milliseconds> pause_before(const Fault& fault, std::uint32_t repeat, double random) noexcept {
  const bool is_rate_limit = fault.kind == Fault::Kind::rate_limit;
  const std::size_t most = is_rate_limit ? kRateLimitPauses.size() : kNetworkPauses.size();
  if (repeat == 0 || repeat > most) return std::nullopt;
  const milliseconds base = is_rate_limit ? kRateLimitPauses[repeat - 1] : kNetworkPauses[repeat - 1];
  const milliseconds jitter(static_cast<std::int64_t>((is_rate_limit ? kRateLimitJitterMs : kNetworkJitterMs) *
                                                      std::clamp(random, 0.0, 1.0)));
  const milliseconds asked(std::max<std::int64_t>(fault.retry_after_ms.value_or(0), 0));
  // Jitter on top of what was asked for too: everyone who was turned away with the same figure would come back
  // together.
  return std::max(base, asked) + jitter;
}

void RetryBudget::first_try() noexcept {
  const std::lock_guard lock(mutex_);
  tenths_ = std::min(tenths_ + 1, most_);
}

bool RetryBudget::take() noexcept {
  const std::lock_guard lock(mutex_);
  if (tenths_ < kWhole) return false;
  tenths_ -= kWhole;
  return true;
}

bool RetryBudget::is_spent() const noexcept {
  const std::lock_guard lock(mutex_);
  return tenths_ < kWhole;
}

}  // namespace atelier::model
