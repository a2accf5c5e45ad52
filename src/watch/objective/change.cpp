#include "watch/objective/change.hpp"

#include <cmath>

namespace atelier::watch {
namespace {

constexpr double kWorseBy = 1.1, kErrorsMin = 3;

struct Moments {
  double count = 0, mean = 0, squares = 0;  // of the distances from the mean
};

// Welford's way: one pass, and no difference of large sums.
Moments moments_of(std::span<const float> points) {
  Moments moments;
  for (const float point : points) {
    if (std::isnan(point)) continue;
    moments.count += 1;
    const double away = point - moments.mean;
    moments.mean += away / moments.count;
    moments.squares += away * (point - moments.mean);
  }
  return moments;
}

// Of the mean.
double squared_error(const Moments& moments) {
  return moments.count > 1 ? moments.squares / (moments.count - 1) / moments.count : 0;
}

}  // namespace

std::optional<Change> change_of(std::span<const float> before, std::span<const float> now, std::size_t points_min) {
  const Moments was = moments_of(before), is = moments_of(now);
  const auto least = static_cast<double>(points_min);
  if (was.count < least || is.count < least) return std::nullopt;
  return Change{.now = is.mean, .before = was.mean};
}

bool is_worse(std::span<const float> before, std::span<const float> now, const Change& change) {
  const double error = std::sqrt(squared_error(moments_of(before)) + squared_error(moments_of(now)));
  return change.now > change.before * kWorseBy && change.now - change.before > kErrorsMin * error;
}

}  // namespace atelier::watch
