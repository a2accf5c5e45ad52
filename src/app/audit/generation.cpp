// Generation spike: so many people who look around while pictures are made, some at every moment.
#include <fmt/format.h>

#include "app/audit/session.hpp"
#include "app/audit/watch.hpp"
#include "app/json_fields.hpp"
#include "base/task_group.hpp"

namespace atelier::app::audit {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{250};
constexpr std::chrono::seconds kPictureMax{120};
constexpr std::size_t kMadeMax = 10'000;

struct Spike {
  CallFigures calls;
  Samples pictures;  // seconds from asking to the end
  std::uint64_t ended = 0, succeeded = 0;
  std::vector<std::string> made;
};

Task<Result<>> look_around(Rig* rig, Caller caller, Spike* spike, steady_clock::time_point end) {
  for (;;) {
    auto paused = co_await pause_about(rig->plan.generation.pause_s, end);
    if (!paused) co_return paused;
    if (!is_before(end)) co_return Result<>{};
    const std::size_t drawn = pick(4);
    if (drawn == 0)
      (void)co_await caller.timed(&spike->calls, "list", net::Method::get, "/api/generations?limit=20");
    else if (drawn == 1 && !spike->made.empty())
      (void)co_await caller.timed(&spike->calls, "one", net::Method::get,
                                  "/api/generations/" + spike->made[pick(spike->made.size())]);
    else if (drawn == 2)
      (void)co_await caller.timed(&spike->calls, "library", net::Method::get, "/api/assets/rows?limit=100");
    else
      (void)co_await caller.timed(&spike->calls, "models", net::Method::get, "/api/generations/models?kind=image");
  }
}

Task<> make_one(Rig* rig, const Caller* caller, Spike* spike, std::string prompt) {
  const auto began = steady_clock::now();
  json::Value wish =
      json::Object{{"kind", "image"}, {"model", rig->image_model}, {"prompt", std::move(prompt)}, {"ratio", "1:1"}};
  auto begun = co_await caller->timed(&spike->calls, "begin", net::Method::post, "/api/generations", std::move(wish));
  if (!begun) {
    ++spike->ended;
    (void)co_await sleep_for(kLookEvery);
    co_return;
  }
  const std::string id = text_at(*begun, "id");
  if (spike->made.size() < kMadeMax) spike->made.push_back(id);
  std::string state = "running";
  while (state == "running" && steady_clock::now() - began < kPictureMax) {
    auto slept = co_await sleep_for(kLookEvery);
    if (!slept) co_return;
    auto now = co_await caller->ask(net::Method::get, "/api/generations/" + id);
    if (!now) continue;
    if (now->status == 200) state = text_at(now->json(), "state");
  }
  ++spike->ended;
  if (state == "succeeded") {
    ++spike->succeeded;
    spike->pictures.add(std::chrono::duration<double>(steady_clock::now() - began).count());
  } else {
    spike->calls.faults.add("a generation that is " + state);
  }
}

Task<Result<>> make_pictures(Rig* rig, Caller caller, Spike* spike, std::size_t number, steady_clock::time_point end) {
  for (int count = 0; is_before(end); ++count) {
    co_await make_one(rig, &caller, spike, fmt::format("a lamp, {}-{}. [takes {}]", number, count, rig->job_ms));
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return fail(ErrorCode::cancelled, "interrupted");
  }
  co_return Result<>{};
}

Task<Result<>> live_all(Rig* rig, Spike* spike, ProcessWatch* process) {
  const auto executor = co_await current_executor();
  const auto& plan = rig->plan.generation;
  TaskGroup beside(executor, {.stops_on_error = false}), lives(executor);
  beside.spawn(process->run());
  const auto end = steady_clock::now() + plan.length;
  for (std::size_t i = 0; i < plan.users; ++i) lives.spawn(look_around(rig, rig->admin, spike, end));
  for (std::size_t i = 0; i < plan.at_a_time; ++i) lives.spawn(make_pictures(rig, rig->admin, spike, i, end));
  auto lived = co_await lives.join();
  beside.cancel();
  auto ended = co_await beside.join();
  (void)ended;
  co_return lived;
}

void add_figures(Outcome& outcome, const Rig& rig, const Spike& spike) {
  const Samples all = spike.calls.all();
  const std::string cause =
      "Making pictures takes what the API needs: the processor for previews, the database's writer, or the loop that "
      "runs the steps.";
  const std::string remedy =
      "Open the Performance page while it happens; media.workers sets how many previews are made at once, and more "
      "cores help most.";
  for (const auto& [id, q, budget] :
       {std::tuple{"p95", 0.95, rig.budget("chat_api_p95", 1e3, {.limit = 100, .required = 500})},
        std::tuple{"p99", 0.99, rig.budget("chat_api_p99", 1e3, {.limit = 250, .required = 1'000})}})
    outcome.figures.push_back({.id = id,
                               .title = fmt::format("API calls meanwhile, {}", id),
                               .unit = Unit::milliseconds,
                               .measured = all.quantile(q),
                               .budget = budget,
                               .cause = cause,
                               .remedy = remedy});
  for (const auto& [kind, samples] : spike.calls.by_kind)
    outcome.figures.push_back({.id = "p95_" + kind,
                               .title = title_of_call(kind) + ", p95",
                               .unit = Unit::milliseconds,
                               .measured = samples.quantile(0.95)});
  outcome.figures.push_back({.id = "picture",
                             .title = "a picture, p50",
                             .unit = Unit::seconds,
                             .measured = spike.pictures.quantile(0.5),
                             .budget = rig.budget("image_mean", 1, {.limit = 6, .required = 8}),
                             .cause = "The provider is slow, or jobs wait for a place.",
                             .remedy = "Compare the provider's own time under Calls; another model may be quicker."});
  outcome.figures.push_back({.id = "success",
                             .title = "generations that succeeded",
                             .unit = Unit::share,
                             .measured = share_of(spike.succeeded, spike.ended),
                             .budget = rig.share_of_good("images", {.limit = 0.99, .required = 0.95, .is_least = true}),
                             .cause = "The provider refused or failed; the evidence says how they ended.",
                             .remedy = "Look at the generations' errors and at Calls in the studio."});
  outcome.figures.push_back({.id = "errors",
                             .title = "calls that failed",
                             .unit = Unit::share,
                             .measured = share_of(spike.calls.faults.count(), spike.calls.count() + spike.ended),
                             .budget = rig.share_of_bad("api", {.limit = 0.001, .required = 0.01}),
                             .cause = "The evidence says which calls.",
                             .remedy = "Look at the studio's log for the time of the audit."});
}

}  // namespace

Task<Result<Outcome>> run_generation(Rig* rig) {
  Outcome outcome{.name = "generation", .title = "Generation spike"};
  if (rig->image_model.empty()) {
    outcome.state = State::skipped;
    outcome.why = rig->is_own ? "there is no provider double beside atelier to make pictures (--double PATH)"
                              : "it would make pictures that cost money; say of which model with --image-model";
    co_return outcome;
  }
  const auto& plan = rig->plan.generation;
  rig->tell(fmt::format("{} people look around for {} s, {} pictures at a time", plan.users, plan.length.count(),
                        plan.at_a_time));
  Spike spike;
  ProcessWatch process(rig->admin);
  const auto began = steady_clock::now();
  auto lived = co_await live_all(rig, &spike, &process);
  outcome.seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
  if (!lived) co_return error_of(lived);
  add_figures(outcome, *rig, spike);
  process.add_figures(outcome);
  outcome.evidence = spike.calls.faults.told();
  outcome.notes.push_back(fmt::format("{} people; {} of {} pictures of {} succeeded, {} at a time.", plan.users,
                                      spike.succeeded, spike.ended, rig->image_model, plan.at_a_time));
  if (!rig->is_own && spike.succeeded > 0)
    outcome.notes.emplace_back("They cost money, and stay in the library of whoever's key made them.");
  co_return outcome;
}

}  // namespace atelier::app::audit
