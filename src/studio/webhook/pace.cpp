#include "studio/webhook/pace.hpp"

#include <algorithm>

namespace atelier::studio {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRememberedMax = 10'000;
constexpr milliseconds kEvery{10};  // one comes back
constexpr int kBurst = 500;
constexpr milliseconds kRefusedEvery{2'000};
constexpr int kRefusedMax = 60;

// Whoever has an IPv6 address has as many as they like: a /64 is one.
std::string site_of(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return std::string(address);
  std::size_t end = 0;
  for (int group = 0; group < 4 && end != std::string_view::npos; ++group) end = address.find(':', end + 1);
  return std::string(address.substr(0, end));
}

}  // namespace

// Null: too many are remembered, and this one is not. Then it is let through: what it sends is checked anyway.
ArrivalPace::Known* ArrivalPace::find(std::string_view address, Time now) {
  const std::string site = site_of(address);
  if (const auto found = known_.find(site); found != known_.end()) return &found->second;
  if (known_.size() >= kRememberedMax)
    std::erase_if(known_, [&](const auto& one) { return one.second.full_at <= now && one.second.forgiven_at <= now; });
  if (known_.size() >= kRememberedMax) return nullptr;
  return &known_.try_emplace(site, Known{now, now}).first->second;
}

Result<> ArrivalPace::begin(std::string_view address) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  Known* known = find(address, now);
  if (known == nullptr) return {};
  const auto over =
      std::max(known->full_at + kEvery - now - kEvery * kBurst, known->forgiven_at - now - kRefusedEvery * kRefusedMax);
  if (over.count() > 0) {
    Error error = fail(ErrorCode::rate_limited, "too many webhooks from this address: wait a little",
                       {.reason = "too_many_webhooks", .where = {}})
                      .error();
    error.retry_after_ms =
        static_cast<std::uint32_t>(std::max<std::int64_t>(1, std::chrono::ceil<milliseconds>(over).count()));
    return std::unexpected(std::move(error));
  }
  known->full_at = std::max(known->full_at, now) + kEvery;
  return {};
}

void ArrivalPace::refused(std::string_view address) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (Known* known = find(address, now)) known->forgiven_at = std::max(known->forgiven_at, now) + kRefusedEvery;
}

}  // namespace atelier::studio
