#include "model/route/candidate.hpp"

#include <algorithm>

namespace atelier::model {
namespace {

constexpr double kLatencyShare = 0.1;   // of a new sample in the moving average
constexpr double kSuccessShare = 0.02;  // at least, so that about the last hundred count
constexpr std::size_t kSamplesMin = 16;
constexpr std::size_t kErrorBytesMax = 300;

void move_towards(std::atomic<double>& average, double sample, double share) noexcept {
  double old = average.load(std::memory_order_relaxed);
  while (!average.compare_exchange_weak(old, old + (sample - old) * share, std::memory_order_relaxed)) {
  }
}

}  // namespace

void CandidateRecord::attempt_ended(bool is_good, std::optional<std::chrono::milliseconds> first_token,
                                    std::chrono::milliseconds total) noexcept {
  const double count = static_cast<double>(attempts_.fetch_add(1, std::memory_order_relaxed)) + 1;
  if (!is_good) failures_.fetch_add(1, std::memory_order_relaxed);
  // Of few each has its equal share: nothing is left of the value that it began with.
  move_towards(success_rate_, is_good ? 1 : 0, std::max(kSuccessShare, 1 / count));
  if (!is_good) return;
  // The first sample is the average, and nothing is exactly 0, which means never.
  const double sample = std::max(static_cast<double>(first_token.value_or(total).count()), 0.5);
  double none = 0;
  if (!average_first_ms_.compare_exchange_strong(none, sample, std::memory_order_relaxed))
    move_towards(average_first_ms_, sample, kLatencyShare);
  const std::lock_guard lock(mutex_);
  (first_token ? recent_first_ms_ : recent_whole_ms_).add(sample);
}

void CandidateRecord::failed(std::string error, UnixMs when) {
  if (error.size() > kErrorBytesMax) error.resize(kErrorBytesMax);
  const std::lock_guard lock(mutex_);
  last_error_ = std::move(error);
  last_error_ms_ = when;
}

double CandidateRecord::quantile_of(const Recent& recent, std::size_t percent, std::size_t count_min) const {
  std::array<float, 64> samples;
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    samples = recent.samples;
    count = std::min(recent.count, samples.size());
  }
  if (count < count_min) return 0;
  const auto place = samples.begin() + static_cast<std::ptrdiff_t>(count * percent / 100);
  std::nth_element(samples.begin(), place, samples.begin() + static_cast<std::ptrdiff_t>(count));
  return static_cast<double>(*place);
}

double CandidateRecord::first_token_p95_ms() const { return quantile_of(recent_first_ms_, 95, kSamplesMin); }

double CandidateRecord::whole_p95_ms() const { return quantile_of(recent_whole_ms_, 95, kSamplesMin); }

CandidateRecord::Snapshot CandidateRecord::snapshot() const {
  Snapshot told;
  told.attempts = attempts_.load(std::memory_order_relaxed);
  told.failures = failures_.load(std::memory_order_relaxed);
  told.success_rate = success_rate_.load(std::memory_order_relaxed);
  told.first_token_ms = first_token_ms();
  told.first_token_p95_ms = first_token_p95_ms();
  told.first_token_p50_ms = quantile_of(recent_first_ms_, 50, 1);
  told.whole_p50_ms = quantile_of(recent_whole_ms_, 50, 1);
  told.whole_p95_ms = whole_p95_ms();
  if (told.first_token_p95_ms == 0) told.first_token_p95_ms = told.whole_p95_ms;
  const std::lock_guard lock(mutex_);
  told.last_error = last_error_;
  told.last_error_ms = last_error_ms_;
  return told;
}

std::shared_ptr<const ModelPrice> Candidate::price(const Prices& prices) const {
  const std::uint64_t revision = prices.revision();
  const std::lock_guard lock(price_mutex_);
  if (!known_price_ || known_price_->revision != revision)
    known_price_ =
        KnownPrice{revision, prices.find({.provider = provider->preset.empty() ? provider->name : provider->preset,
                                          .model = model,
                                          .is_local = provider->is_local})};
  return known_price_->price;
}

std::optional<Picodollars> cost_of_thousand(const Candidate& candidate, const Prices* prices) {
  if (candidate.provider->is_local) return 0;
  const auto price = prices != nullptr ? candidate.price(*prices) : nullptr;
  return price ? price->cost({.input = 1000, .output = 1000}, ServiceTier::standard) : std::nullopt;
}

void Candidate::hold_until(std::chrono::steady_clock::time_point until) noexcept {
  const auto wanted = until.time_since_epoch().count();
  auto known = held_until_.load(std::memory_order_relaxed);
  while (known < wanted && !held_until_.compare_exchange_weak(known, wanted, std::memory_order_relaxed)) {
  }
}

std::chrono::milliseconds Candidate::held_for(std::chrono::steady_clock::time_point now) const noexcept {
  const std::chrono::steady_clock::time_point until{
      std::chrono::steady_clock::duration(held_until_.load(std::memory_order_relaxed))};
  return std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(until - now));
}

}  // namespace atelier::model
