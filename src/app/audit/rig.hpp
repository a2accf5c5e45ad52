#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "app/audit/caller.hpp"
#include "app/audit/finding.hpp"
#include "base/setting.hpp"
#include "watch/objective/definition.hpp"

namespace atelier::app::audit {

// How large the scenarios are.
struct Plan {
  struct Chat {
    std::size_t users = 50, accounts = 50;  // users share accounts where there are fewer of these
    std::chrono::seconds length{300};
    double pause_s = 2;  // of each between two things, on the average
  } chat;
  struct Generation {
    std::size_t users = 100, at_a_time = 10;
    std::chrono::seconds length{120};
    double pause_s = 1;
  } generation;
  struct Streams {
    struct Crowd {
      std::size_t count;
      std::chrono::seconds length;
    };
    std::vector<Crowd> crowds{{500, std::chrono::minutes(30)}, {10'000, std::chrono::minutes(5)}};  // one by one
    std::size_t opened_per_second = 1'000;
  } streams;
  std::size_t shorts = 20;
  bool is_quick = false;

  static Plan full() { return {}; }
  static Plan quick();
  // All that lasts lasts so long.
  void set_length(std::chrono::seconds length);
};

// Where a scenario says how far it is. From any thread.
using Tell = std::function<void(std::string what)>;

// What a scenario is given. Outlives it.
struct Rig {
  Caller admin;
  bool is_own = false;                  // the studio was started for the audit: anything may be made in it
  bool is_local = false;                // it listens to this machine alone, as far as is known
  std::string chat_model, image_model;  // to ask; "": none is known
  std::uint32_t job_ms = 2'000;         // that a picture takes at the provider double
  Plan plan;
  const Settings* settings = nullptr;  // of the studio; null: not known
  std::string data_folder = {};        // ""
  Tell tell;
  watch::ObjectiveDefinitions objectives = watch::ObjectiveDefinitions::defaults();  // what figures are held against

  // The studio's own budget of that name, times `factor` for another unit; where it has none, `otherwise`.
  Budget budget(std::string_view name, double factor, Budget otherwise) const;
  // The share of good events that an objective wants; and of bad ones.
  Budget share_of_good(std::string_view name, Budget otherwise) const;
  Budget share_of_bad(std::string_view name, Budget otherwise) const;
};

// What a scenario's users share: figures, and when to stop.
bool is_before(std::chrono::steady_clock::time_point end);
// A pause of about so long, as people make them: exponential. Ends early at `end`.
Task<Result<>> pause_about(double seconds, std::chrono::steady_clock::time_point end);
// In [0, count).
std::size_t pick(std::size_t count);

// One of the audit's scenarios.
struct Scenario {
  std::string_view name, title, help;
  // An error is a scenario that failed; `cancelled` that the audit was interrupted. Skipping is an outcome.
  Task<Result<Outcome>> (*run)(Rig* rig);
};
std::span<const Scenario> scenarios();

// Each in the file of its name.
Task<Result<Outcome>> run_chat(Rig* rig);
Task<Result<Outcome>> run_generation(Rig* rig);
Task<Result<Outcome>> run_streams(Rig* rig);
Task<Result<Outcome>> run_render(Rig* rig);
Task<Result<Outcome>> run_page(Rig* rig);
Task<Result<Outcome>> run_headers(Rig* rig);
Task<Result<Outcome>> run_settings_review(Rig* rig);

}  // namespace atelier::app::audit
