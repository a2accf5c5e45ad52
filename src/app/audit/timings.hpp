#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::app::audit {

// A figure and how sure it is: the bounds of its 95 % confidence interval, equal to it where there is nothing to tell
// that from.
struct Measured {
  double value = 0, low = 0, high = 0;
  std::uint64_t count = 0;  // of samples
};

// Of what is known exactly.
inline Measured exactly(double value) { return {.value = value, .low = value, .high = value, .count = 1}; }
// A share of events, with Wilson's interval.
Measured share_of(std::uint64_t part, std::uint64_t whole);

// Samples of one kind: all of them up to a bound, then a fair choice among them.
class Samples {
 public:
  static constexpr std::size_t kMax = 1'000'000;
  void add(double value);
  std::uint64_t count() const noexcept { return count_; }
  double largest() const noexcept { return largest_; }
  // With the interval of order statistics, which holds whatever the distribution.
  Measured quantile(double q) const;
  void add_all(const Samples& other);

 private:
  std::vector<float> values_;
  std::uint64_t count_ = 0, state_ = 0x9E3779B97F4A7C15;
  double largest_ = 0;
};

// How a straight line through points rises, by least squares, with its 95 % interval.
Measured slope(const std::vector<std::pair<double, double>>& points);

// What went wrong: how often, and the first few cases in words.
class Faults {
 public:
  static constexpr std::size_t kToldMax = 5;
  void add(std::string what);
  void add_all(const Faults& other);
  std::uint64_t count() const noexcept { return count_; }
  const std::vector<std::string>& told() const noexcept { return told_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> told_;
};

// Calls by what they were for, in milliseconds, and those that failed.
struct CallFigures {
  std::map<std::string, Samples, std::less<>> by_kind;
  Faults faults;
  std::uint64_t unanswered = 0;
  Samples all() const;
  std::uint64_t count() const;  // answered or not
};

}  // namespace atelier::app::audit
