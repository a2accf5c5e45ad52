// Sustained streams: so many pages that watch at once, and one thread that is renamed every second to the time of it.
#include <fmt/format.h>
#include <sys/resource.h>

#include <charconv>

#include "app/audit/session.hpp"
#include "app/audit/watch.hpp"
#include "app/json_fields.hpp"
#include "base/task_group.hpp"

namespace atelier::app::audit {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kStamp = "audit at ";
constexpr rlim_t kOwnDescriptors = 256;
constexpr std::size_t kOfOthersMax = 200;  // a studio takes 256 connections of one address unless told otherwise

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

// The moment and the number in "audit at 123 7".
struct Stamp {
  std::int64_t at_ns = 0, number = 0;
};
std::optional<Stamp> stamp_in(std::string_view data) {
  const std::size_t at = data.find(kStamp);
  if (at == std::string_view::npos) return std::nullopt;
  const char* from = data.data() + at + kStamp.size();
  const char* const end = data.data() + data.size();
  Stamp stamp;
  auto [next, error] = std::from_chars(from, end, stamp.at_ns);
  if (error != std::errc() || next == end) return std::nullopt;
  error = std::from_chars(next + 1, end, stamp.number).ec;
  return error == std::errc() ? std::optional(stamp) : std::nullopt;
}

struct Seen {
  Samples delays;  // milliseconds
  Faults faults;
  std::uint64_t missing = 0, doubled = 0, came = 0;
};

// One page, which counts what it gets.
class Page {
 public:
  Page(const Caller& caller, Seen& seen, Executor executor)
      : seen_(seen),
        listener_(caller, "?topics=threads", seen.faults, executor,
                  [this](const net::SseEvent& event, bool is_replayed) { take(event, is_replayed); }) {}
  Listener& listener() noexcept { return listener_; }
  std::int64_t last() const noexcept { return last_; }

 private:
  void take(const net::SseEvent& event, bool is_replayed) {
    const auto stamp = stamp_in(event.data);
    if (!stamp) return;
    ++seen_.came;
    if (last_ >= 0 && stamp->number <= last_) {
      ++seen_.doubled;
      return;
    }
    if (last_ >= 0) seen_.missing += static_cast<std::uint64_t>(stamp->number - last_ - 1);
    last_ = stamp->number;
    if (!is_replayed) seen_.delays.add(static_cast<double>(now_ns() - stamp->at_ns) / 1e6);
  }
  Seen& seen_;
  std::int64_t last_ = -1;
  Listener listener_;
};

// How many can be held open here and there; both ends are on this machine where the studio is the audit's own.
std::size_t streams_possible(const Rig& rig, std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max != RLIM_INFINITY && wanted + kOwnDescriptors > limit.rlim_max)
      wanted = static_cast<std::size_t>(limit.rlim_max > kOwnDescriptors ? limit.rlim_max - kOwnDescriptors : 1);
  }
  return rig.is_own ? wanted : std::min(wanted, kOfOthersMax);
}

Task<Result<>> rename_on(Rig* rig, std::string thread, std::int64_t* number, steady_clock::time_point end) {
  for (auto next = steady_clock::now(); next < end; next += std::chrono::seconds(1)) {
    json::Value body = json::Object{{"title", fmt::format("{}{} {}", kStamp, now_ns(), *number + 1)}};
    std::string text = json::write(body);
    auto said = co_await rig->admin.ask(net::Method::patch, "/api/threads/" + thread, std::move(text));
    if (!said) co_return error_of(said);
    if (said->status >= 300)
      co_return fail(ErrorCode::unavailable, fmt::format("renaming a thread was answered with {}", said->status));
    ++*number;
    auto slept =
        co_await sleep_for(std::max(steady_clock::duration(0), next + std::chrono::seconds(1) - steady_clock::now()));
    if (!slept) co_return slept;
  }
  co_return Result<>{};
}

struct Held {
  Seen seen;
  ProcessWatch process;
  double resident_before_bytes = 0;
  double lived_s = 0, expected_s = 0;
  std::int64_t told = 0;
  std::size_t live_count = 0;
};

Task<Result<>> hold(Rig* rig, std::size_t count, std::chrono::seconds length, Held* held) {
  const auto executor = co_await current_executor();
  json::Value wish = json::Object{{"title", "Audit"}, {"model", "none"}};
  auto thread = co_await rig->admin.must(net::Method::post, "/api/threads", wish);
  if (!thread) co_return error_of(thread);
  const std::string id = text_at(*thread, "id");
  ProcessWatch before(rig->admin);
  if (auto looked = co_await before.look(); looked) held->resident_before_bytes = before.highest_resident_bytes();

  std::vector<std::unique_ptr<Page>> pages;
  TaskGroup listening(executor, {.stops_on_error = false});
  Result<> done;
  const auto began = steady_clock::now();
  for (std::size_t i = 0; done && i < count; ++i) {
    pages.push_back(std::make_unique<Page>(rig->admin, held->seen, executor));
    listening.spawn(pages.back()->listener().run());
    if ((i + 1) % 25 == 0) {
      const auto due = began + std::chrono::microseconds(1'000'000 * (i + 1) / rig->plan.streams.opened_per_second);
      done = co_await sleep_for(std::max(steady_clock::duration(0), due - steady_clock::now()));
    }
  }
  const auto patience = steady_clock::now() + std::chrono::seconds(60);
  for (std::size_t i = 0; done && i < pages.size(); ++i) {
    const bool is_live = co_await pages[i]->listener().wait_until_live(patience);
    if (is_live) ++held->live_count;
  }
  if (done && held->live_count < count)
    done = fail(
        ErrorCode::unavailable,
        fmt::format("{} of {} streams began within a minute{}", held->live_count, count,
                    held->seen.faults.told().empty() ? "" : "; the first fault: " + held->seen.faults.told().front()));
  if (done) {
    rig->tell(fmt::format("{} streams are open; for {} s", count, length.count()));
    listening.spawn(held->process.run());
    const auto from = steady_clock::now();
    done = co_await rename_on(rig, id, &held->told, from + length);
    // What is on its way still comes.
    if (done) done = co_await sleep_for(std::chrono::seconds(1));
    held->expected_s = std::chrono::duration<double>(steady_clock::now() - from).count();
    for (const auto& page : pages) {
      held->lived_s += std::min(held->expected_s, page->listener().live_seconds());
      held->seen.missing +=
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, held->told - std::max<std::int64_t>(0, page->last())));
    }
  }
  listening.cancel();
  auto ended = co_await listening.join();
  (void)ended;
  (void)co_await rig->admin.ask(net::Method::del, "/api/threads/" + id);
  co_return done;
}

void add_figures(Outcome& outcome, const Rig& rig, std::size_t count, const Held& held) {
  const std::string tag = fmt::format("_{}", count), of = fmt::format("{} streams: ", count);
  const double seconds = held.expected_s * static_cast<double>(count);
  outcome.figures.push_back({.id = "delivery_p99" + tag,
                             .title = of + "from asking to the page, p99",
                             .unit = Unit::milliseconds,
                             .measured = held.seen.delays.quantile(0.99),
                             .budget = Budget{.limit = 100, .required = 500},
                             .cause = "Writing the same event to so many connections takes the processor long, on the "
                                      "studio's side or on the audit's.",
                             .remedy = "Look at the loops' lag on the Performance page meanwhile; run the audit from "
                                       "another machine with --url, so that both do not share the cores."});
  outcome.figures.push_back({.id = "missing" + tag,
                             .title = of + "events that never came",
                             .unit = Unit::count,
                             .measured = exactly(static_cast<double>(held.seen.missing)),
                             .budget = Budget{.limit = 0, .required = 0},
                             .cause = "A stream that lost something although its cursor lets it catch up: a fault.",
                             .remedy = "Report it with this audit."});
  Measured uptime = share_of(0, 0);
  if (seconds > 0) uptime = exactly(std::min(1.0, held.lived_s / seconds));
  outcome.figures.push_back(
      {.id = "uptime" + tag,
       .title = of + "time they were open",
       .unit = Unit::share,
       .measured = uptime,
       .budget = rig.share_of_good("event_stream", {.limit = 0.9995, .required = 0.999, .is_least = true}),
       .cause = "Streams were cut; the evidence says how.",
       .remedy = "A proxy in front may end long answers: let it wait for at least 15 minutes."});
  const double grown = std::max(0.0, held.process.highest_resident_bytes() - held.resident_before_bytes);
  if (held.process.highest_resident_bytes() > 0) {
    constexpr double kMiB = 1 << 20;
    const double limit = count <= 1'000 ? 64 * kMiB : 128 * kMiB;
    outcome.figures.push_back({.id = "resident" + tag,
                               .title = of + "memory of the studio",
                               .unit = Unit::bytes,
                               .measured = exactly(held.process.highest_resident_bytes()),
                               .budget = Budget{.limit = limit, .required = 2 * limit},
                               .cause = "What each stream holds, times how many there are, beside what the studio had "
                                        "before.",
                               .remedy = "Look what it had before the streams began (the note below); POST "
                                         "/api/performance/gc gives back what was only kept."});
    outcome.notes.push_back(fmt::format("{} streams took {} more memory than before, {:.1f} KiB each.", count,
                                        describe(grown, Unit::bytes), grown / 1024 / static_cast<double>(count)));
  }
}

}  // namespace

Task<Result<Outcome>> run_streams(Rig* rig) {
  Outcome outcome{.name = "streams", .title = "Sustained streams"};
  for (const auto [wanted, length] : rig->plan.streams.crowds) {
    const std::size_t count = streams_possible(*rig, wanted);
    if (count < wanted)
      outcome.notes.push_back(fmt::format("{} streams instead of {}: {}.", count, wanted,
                                          rig->is_own ? "this machine lets a process open no more files (ulimit -n)"
                                                      : "a studio takes 256 connections of one address unless "
                                                        "server.connections_per_peer_max says otherwise"));
    rig->tell(fmt::format("{} streams begin", count));
    Held held{.seen = {}, .process = ProcessWatch(rig->admin)};
    const auto began = steady_clock::now();
    auto done = co_await hold(rig, count, length, &held);
    outcome.seconds += std::chrono::duration<double>(steady_clock::now() - began).count();
    if (!done) co_return error_of(done);
    add_figures(outcome, *rig, count, held);
    if (wanted == rig->plan.streams.crowds.back().count) held.process.add_figures(outcome);
    for (const std::string& fault : held.seen.faults.told()) outcome.evidence.push_back(fault);
    outcome.notes.push_back(fmt::format("{} streams for {:.0f} s; {} events were told, {} came, {} of them twice.",
                                        count, held.expected_s, held.told, held.seen.came, held.seen.doubled));
  }
  co_return outcome;
}

}  // namespace atelier::app::audit
