#include "app/audit/timings.hpp"

#include <algorithm>
#include <cmath>

namespace atelier::app::audit {
namespace {

constexpr double kZ = 1.96;  // of 95 %

}  // namespace

Measured share_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return {};
  const auto n = static_cast<double>(whole);
  const double p = static_cast<double>(std::min(part, whole)) / n, z2 = kZ * kZ;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {.value = p, .low = std::max(0.0, middle - half), .high = std::min(1.0, middle + half), .count = whole};
}

void Samples::add(double value) {
  ++count_;
  largest_ = std::max(largest_, value);
  if (values_.size() < kMax) {
    values_.push_back(static_cast<float>(value));
    return;
  }
  // Algorithm R (Vitter 1985): each of all that came is among the kept with equal chance.
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  if (const std::uint64_t at = state_ % count_; at < kMax) values_[at] = static_cast<float>(value);
}

void Samples::add_all(const Samples& other) {
  for (const float value : other.values_) add(value);
}

Measured Samples::quantile(double q) const {
  if (values_.empty()) return {};
  std::vector<float> sorted = values_;
  std::ranges::sort(sorted);
  const auto n = static_cast<double>(sorted.size());
  const auto at = [&](double rank) {
    return static_cast<double>(sorted[static_cast<std::size_t>(std::clamp(std::floor(rank), 0.0, n - 1))]);
  };
  const double spread = kZ * std::sqrt(n * q * (1 - q));
  return {.value = at(n * q), .low = at(n * q - spread), .high = at(n * q + spread), .count = count_};
}

Measured slope(const std::vector<std::pair<double, double>>& points) {
  if (points.size() < 3) return {};
  const auto n = static_cast<double>(points.size());
  double mean_x = 0, mean_y = 0;
  for (const auto& [x, y] : points) {
    mean_x += x / n;
    mean_y += y / n;
  }
  double xx = 0, xy = 0;
  for (const auto& [x, y] : points) {
    xx += (x - mean_x) * (x - mean_x);
    xy += (x - mean_x) * (y - mean_y);
  }
  if (xx == 0) return {};
  const double rise = xy / xx;
  double rest = 0;
  for (const auto& [x, y] : points) {
    const double off = y - mean_y - rise * (x - mean_x);
    rest += off * off;
  }
  const double half = kZ * std::sqrt(rest / (n - 2) / xx);
  return {.value = rise, .low = rise - half, .high = rise + half, .count = points.size()};
}

void Faults::add(std::string what) {
  ++count_;
  if (told_.size() < kToldMax && std::ranges::find(told_, what) == told_.end()) told_.push_back(std::move(what));
}

void Faults::add_all(const Faults& other) {
  count_ += other.count_;
  for (const std::string& what : other.told_)
    if (told_.size() < kToldMax && std::ranges::find(told_, what) == told_.end()) told_.push_back(what);
}

Samples CallFigures::all() const {
  Samples all;
  for (const auto& [kind, samples] : by_kind) all.add_all(samples);
  return all;
}

std::uint64_t CallFigures::count() const {
  std::uint64_t count = 0;
  for (const auto& [kind, samples] : by_kind) count += samples.count();
  return count + unanswered;
}

}  // namespace atelier::app::audit
