#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/double/message.hpp"

namespace atelier::doubles {

enum class FaultValue : std::uint8_t { none, optional_number, number, optional_word, word };

struct FaultKind {
  std::string_view name;
  FaultValue value;
  std::string_view words;  // allowed ones, each followed by a space; empty: any
  std::string_view does;
};
// All but the statuses, which are spelled as numbers. In the order of the README.
std::span<const FaultKind> fault_kinds();

// What an answer shall do wrong: "429,retry-after=2" or "slow-first=500,cut-mid=rst". Items stand between commas, plus
// signs or at signs, since a model's name may have to do without some of them.
class Faults {
 public:
  static std::expected<Faults, std::string> parse(std::string_view text);  // the error says what is wrong with it

  bool empty() const noexcept { return items_.empty(); }
  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  std::string_view text(std::string_view name, std::string_view fallback = "") const noexcept;
  std::int64_t number(std::string_view name, std::int64_t fallback) const noexcept;
  double fraction(std::string_view name, double fallback) const noexcept;
  int status() const noexcept { return status_; }  // 0: none
  std::string describe() const;

  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  // Adds those of `other`, which win.
  void merge(const Faults& other);

 private:
  const std::string* find(std::string_view name) const noexcept;
  std::vector<std::pair<std::string, std::string>> items_;
  int status_ = 0;
};

// "m@429,retry-after=1" is the model "m" with faults.
struct ModelName {
  std::string_view base;
  std::string_view faults;
};
ModelName split_model(std::string_view name) noexcept;

// What the statuses and the errors in a stream say. `status` decides the words.
Problem problem_of_status(int status, const Faults& faults);
// The error of error-first, error-after-start or error-mid, whichever is asked for.
std::optional<Problem> stream_problem(const Faults& faults);

}  // namespace atelier::doubles
