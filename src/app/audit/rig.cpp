#include "app/audit/rig.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/async.hpp"

namespace atelier::app::audit {
namespace {

constexpr Scenario kScenarios[] = {
    {"headers", "Security headers", "what answers say to browsers, and who is let in", run_headers},
    {"settings", "Settings review", "how the studio is set up", run_settings_review},
    {"page", "Page speed", "Lighthouse where it is there, else bytes and Chromium's own timing", run_page},
    {"streams", "Sustained streams", "500 event streams for 30 minutes, then 10,000 for 5", run_streams},
    {"chat", "Baseline chat", "50 people who talk for 5 minutes", run_chat},
    {"generation", "Generation spike", "100 people for 2 minutes, 10 generations at a time", run_generation},
    {"render", "Render soak", "20 shorts in a row", run_render},
};

std::mt19937_64& randomness() {
  static thread_local std::mt19937_64 random(std::random_device{}());
  return random;
}

}  // namespace

Plan Plan::quick() {
  Plan plan;
  plan.chat = {.users = 20, .accounts = 4, .length = std::chrono::seconds(25), .pause_s = 1};
  plan.generation = {.users = 40, .at_a_time = 5, .length = std::chrono::seconds(20), .pause_s = 1};
  plan.streams = {.crowds = {{500, std::chrono::seconds(20)}}, .opened_per_second = 250};
  plan.shorts = 2;
  plan.is_quick = true;
  return plan;
}

void Plan::set_length(std::chrono::seconds length) {
  chat.length = generation.length = length;
  for (auto& crowd : streams.crowds) crowd.length = length;
}

std::span<const Scenario> scenarios() { return kScenarios; }

Budget Rig::budget(std::string_view name, double factor, Budget otherwise) const {
  const auto found = std::ranges::find(objectives.budgets, name, &watch::BudgetDefinition::name);
  if (found == objectives.budgets.end()) return otherwise;
  return {.limit = found->limit * factor, .required = found->required * factor};
}

Budget Rig::share_of_good(std::string_view name, Budget otherwise) const {
  const auto found = std::ranges::find(objectives.objectives, name, &watch::ObjectiveDefinition::name);
  if (found == objectives.objectives.end()) return otherwise;
  return {.limit = found->target, .required = found->required, .is_least = true};
}

Budget Rig::share_of_bad(std::string_view name, Budget otherwise) const {
  const auto found = std::ranges::find(objectives.objectives, name, &watch::ObjectiveDefinition::name);
  if (found == objectives.objectives.end()) return otherwise;
  return {.limit = 1 - found->target, .required = 1 - found->required};
}

bool is_before(std::chrono::steady_clock::time_point end) { return std::chrono::steady_clock::now() < end; }

Task<Result<>> pause_about(double seconds, std::chrono::steady_clock::time_point end) {
  const double drawn = std::exponential_distribution(1 / seconds)(randomness());
  const auto length = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(std::min(drawn, 10 * seconds)));
  const auto left = end - std::chrono::steady_clock::now();
  return sleep_for(std::max(std::chrono::steady_clock::duration(0), std::min(length, left)));
}

std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(randomness()); }

}  // namespace atelier::app::audit
