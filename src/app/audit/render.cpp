// Render soak: shorts one after another, from story to video.
#include <fmt/format.h>

#include "app/audit/rig.hpp"
#include "app/audit/watch.hpp"
#include "app/json_fields.hpp"
#include "base/async.hpp"
#include "base/task_group.hpp"

namespace atelier::app::audit {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kShortMax{10};
constexpr std::string_view kBackgrounds[] = {"aurora", "dunes", "ink", "bokeh", "waves"};

struct Soak {
  Samples seconds;
  Samples factors;  // length of the video over the time it took
  Faults faults;
  std::uint64_t made = 0, succeeded = 0;
};

Task<Result<>> make_short(Rig* rig, Soak* soak, std::size_t number) {
  const auto began = steady_clock::now();
  std::string story = fmt::format(
      "Short number {} of an audit begins.\n\nThe keeper climbed the stairs.\n\nThe lamp {} was lit again.\n", number,
      number);
  if (rig->plan.is_quick) story = fmt::format("Short number {}.\n", number);
  json::Value wish = json::Object{
      {"story", std::move(story)},
      {"title", fmt::format("Audit {}", number)},
      {"settings", json::Object{{"fps", 24}, {"background", json::Object{{"kind", kBackgrounds[number % 5]}}}}}};
  auto production = co_await rig->admin.must(net::Method::post, "/api/productions", wish);
  if (!production) co_return error_of(production);
  const std::string path = "/api/productions/" + text_at(*production, "id");
  auto run = co_await rig->admin.must(net::Method::post, path + "/render");
  if (!run) co_return error_of(run);
  const std::string run_path = "/api/runs/" + text_at(*run, "id");
  std::string state = "running", error;
  ++soak->made;
  while (state == "running" && steady_clock::now() - began < kShortMax) {
    auto slept = co_await sleep_for(std::chrono::milliseconds(200));
    if (!slept) co_return slept;
    auto now = co_await rig->admin.must(net::Method::get, run_path);
    if (!now) co_return error_of(now);
    state = text_at(*now, "state");
    if (const json::Value* why = now->is_object() ? now->get_object().if_contains("error") : nullptr)
      error = text_at(*why, "message");
  }
  const double took = std::chrono::duration<double>(steady_clock::now() - began).count();
  if (state == "succeeded") {
    ++soak->succeeded;
    soak->seconds.add(took);
    auto made = co_await rig->admin.must(net::Method::get, path);
    const json::Value* const video = made && made->is_object() ? made->get_object().if_contains("video") : nullptr;
    if (video != nullptr && integer_at(*video, "duration_ms") > 0)
      soak->factors.add(static_cast<double>(integer_at(*video, "duration_ms")) / 1e3 / took);
  } else {
    soak->faults.add(fmt::format("a short that is {}: {}", state, error));
  }
  (void)co_await rig->admin.ask(net::Method::del, path);
  co_return Result<>{};
}

Task<Result<>> make_all(Rig* rig, Soak* soak, ProcessWatch* process) {
  const auto executor = co_await current_executor();
  TaskGroup beside(executor, {.stops_on_error = false});
  beside.spawn(process->run());
  Result<> done;
  for (std::size_t i = 0; done && i < rig->plan.shorts; ++i) {
    rig->tell(fmt::format("short {} of {}", i + 1, rig->plan.shorts));
    done = co_await make_short(rig, soak, i + 1);
  }
  beside.cancel();
  auto ended = co_await beside.join();
  (void)ended;
  co_return done;
}

}  // namespace

Task<Result<Outcome>> run_render(Rig* rig) {
  Outcome outcome{.name = "render", .title = "Render soak"};
  Soak soak;
  ProcessWatch process(rig->admin);
  const auto began = steady_clock::now();
  auto done = co_await make_all(rig, &soak, &process);
  outcome.seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
  if (!done) co_return error_of(done);
  outcome.figures.push_back({.id = "success",
                             .title = "shorts that were made",
                             .unit = Unit::share,
                             .measured = share_of(soak.succeeded, soak.made),
                             .budget = Budget{.limit = 1, .required = 0.99, .is_least = true},
                             .cause = "The evidence says why a run failed: a worker that was killed, or a full disk.",
                             .remedy = "Run atelier doctor; look at the run in the studio."});
  outcome.figures.push_back(
      {.id = "time", .title = "a short, p50", .unit = Unit::seconds, .measured = soak.seconds.quantile(0.5)});
  if (soak.factors.count() > 0)
    outcome.figures.push_back({.id = "speed",
                               .title = "seconds of video a second, p50",
                               .unit = Unit::count,
                               .measured = soak.factors.quantile(0.5)});
  process.add_figures(outcome);
  outcome.evidence = soak.faults.told();
  outcome.notes.push_back(fmt::format("{} of {} shorts were made.", soak.succeeded, soak.made));
  co_return outcome;
}

}  // namespace atelier::app::audit
