#include "tests/double/rules.hpp"

#include <iterator>

namespace atelier::doubles {
namespace {

// What "random" draws from: faults after which the caller has no whole answer, none of which lasts.
constexpr std::string_view kLots[] = {"500",
                                      "502",
                                      "503",
                                      "529",
                                      "429",
                                      "cut-before-head",
                                      "cut-before-head=rst",
                                      "cut-before-first",
                                      "cut-after-start",
                                      "cut-mid",
                                      "cut-mid=rst",
                                      "error-first",
                                      "error-mid",
                                      "empty"};

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return true;
  if (!pattern.ends_with('*')) return pattern == text;
  pattern.remove_suffix(1);
  return text.starts_with(pattern);
}

}  // namespace

Result<> Rules::add(Rule rule) {
  auto faults = Faults::parse(rule.fault);
  if (!faults) return fail(ErrorCode::invalid_argument, faults.error(), {.reason = "fault_unknown", .where = {}});
  const std::lock_guard lock(mutex_);
  rules_.push_back({.rule = std::move(rule), .faults = std::move(*faults)});
  return {};
}

void Rules::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

void Rules::seed(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  random_.seed(seed);
}

bool Rules::empty() const {
  const std::lock_guard lock(mutex_);
  return rules_.empty();
}

std::vector<RuleState> Rules::list() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

bool Rules::draw(double probability) {
  return probability >= 1 || std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

Faults Rules::settle(Faults faults) {
  if (faults.has("p") && !draw(faults.fraction("p", 1))) return {};
  faults.remove("p");
  if (faults.has("random")) {
    const bool strikes = draw(faults.fraction("random", 0));
    faults.remove("random");
    const std::size_t lot = std::uniform_int_distribution<std::size_t>(0, std::size(kLots) - 1)(random_);
    if (strikes) faults.merge(Faults::parse(kLots[lot]).value());
  }
  return faults;
}

Faults Rules::pick(Faults own, const Subject& subject) {
  const std::lock_guard lock(mutex_);
  Faults faults = settle(std::move(own));
  for (RuleState& state : rules_) {
    const Rule& rule = state.rule;
    const bool fits = matches(rule.model, subject.model) && subject.path.starts_with(rule.path) &&
                      matches(rule.persona, subject.persona) && matches(rule.key, subject.key);
    if (!fits || (rule.times >= 0 && state.struck >= rule.times)) continue;
    if (state.skipped < rule.skip) {
      ++state.skipped;
      continue;
    }
    if (!draw(rule.probability)) continue;
    ++state.struck;
    faults.merge(settle(state.faults));
    break;
  }
  return faults;
}

}  // namespace atelier::doubles
