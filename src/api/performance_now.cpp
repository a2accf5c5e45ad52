// How the studio does now: everything in one document, live figures, and memory given back.
#include "api/authenticate.hpp"
#include "api/figure_lines.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "net/sse.hpp"
#include "watch/overview/caches.hpp"
#include "watch/overview/overview.hpp"
#include "watch/overview/pulse.hpp"
#include "watch/services.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 4 << 10;
constexpr std::chrono::minutes kStreamLife{10};

Task<Result<net::Response>> get_metrics(Services services, net::Request) {
  const json::Value document = co_await services.watch.overview.read();
  co_return net::json_response(document);
}

Result<std::vector<std::string>> read_classes(const json::Value& body) {
  json::ObjectReader reader(body);
  std::vector<std::string> classes;
  if (const json::Array* given = reader.optional_array("classes", watch::Caches::kClasses.size())) {
    for (const json::Value& one : *given) {
      const std::string name = one.is_string() ? std::string(one.get_string()) : std::string();
      if (std::ranges::find(watch::Caches::kClasses, name) == watch::Caches::kClasses.end())
        reader.complain("classes", "holds what is no class: answers, previews or results");
      else if (std::ranges::find(classes, name) == classes.end())
        classes.push_back(name);
    }
  } else {
    classes.assign(watch::Caches::kClasses.begin(), watch::Caches::kClasses.end());
  }
  if (auto done = reader.finish(); !done) return error_of(done);
  return classes;
}

Task<Result<net::Response>> collect(Services services, net::Request request) {
  json::Value body = json::Object();
  if (request.body) {
    auto given = co_await request.read_json(kBodyBytesMax);
    if (!given) co_return error_of(given);
    body = std::move(*given);
  }
  auto classes = read_classes(body);
  if (!classes) co_return error_of(classes);
  auto report = co_await services.watch.caches.drop(std::move(*classes));
  if (!report) co_return error_of(report);
  json::Array freed;
  for (const watch::Caches::Freed& one : report->classes)
    freed.push_back(json::Object{{"class", one.name}, {"entries", one.entry_count}, {"size_bytes", one.size_bytes}});
  co_return net::json_response(json::Object{{"freed", std::move(freed)},
                                            {"allocator", report->allocator},
                                            {"resident_before_bytes", report->resident_before_bytes},
                                            {"resident_after_bytes", report->resident_after_bytes}});
}

using TopicsWanted = std::array<bool, watch::Pulse::kTopics.size()>;

// What one who watches is told.
struct Wanted {
  TopicsWanted topics{};
  std::vector<watch::FigureName> figures = {};
};

Result<TopicsWanted> topics_of(const net::Request& request, bool all_unless_given) {
  TopicsWanted wanted{};
  const std::string given = request.query_parameter("topics").value_or("");
  if (given.empty()) wanted.fill(all_unless_given);
  for (std::string_view list = given; !list.empty();) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const auto topic = std::ranges::find(watch::Pulse::kTopics, list.substr(0, comma));
    if (topic == watch::Pulse::kTopics.end())
      return fail(ErrorCode::invalid_argument, "topics are process, loops, requests, queues and pools",
                  {.reason = {}, .where = "topics"});
    wanted[static_cast<std::size_t>(topic - watch::Pulse::kTopics.begin())] = true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return wanted;
}

Result<Wanted> wanted_of(const net::Request& request) {
  auto figures = read_figure_list(request.query_parameter("figures").value_or(""));
  if (!figures) return error_of(figures);
  auto topics = topics_of(request, figures->empty());
  if (!topics) return error_of(topics);
  return Wanted{.topics = *topics, .figures = std::move(*figures)};
}

std::string beat_bytes(const watch::Pulse::Beat& beat, const TopicsWanted& wanted) {
  std::string bytes;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i])
      bytes += net::write_sse({.id = {}, .type = std::string(watch::Pulse::kTopics[i]), .data = beat.texts[i]});
  return bytes;
}

// What came of the figures since it was last asked; first, what is in memory of the last minute.
class FigureBeats {
 public:
  FigureBeats(const watch::History& history, std::vector<watch::FigureName> figures)
      : history_(history), figures_(std::move(figures)) {}

  std::string next() {
    if (figures_.empty()) return {};
    const watch::History::Answer answer = history_.recent(figures_, next_s_);
    if (answer.lines.empty()) return {};
    next_s_ = answer.from_ms / 1000 + static_cast<std::int64_t>(answer.lines.front().points.size());
    return net::write_sse({.id = {}, .type = "figures", .data = json::write(figure_lines(answer))});
  }

 private:
  const watch::History& history_;
  const std::vector<watch::FigureName> figures_;
  std::int64_t next_s_ = 0;
};

// Ends by itself after some minutes: who comes back is looked at again.
// `place` is held as long as it lasts.
Task<Result<>> send_beats(watch::Pulse* pulse, const watch::History* history,
                          [[maybe_unused]] std::shared_ptr<void> place, Wanted wanted, net::BodyWriter* writer) {
  const auto executor = co_await current_executor();
  Signal stopping(executor);
  writer->notify_at_stop(&stopping);
  const auto end = std::chrono::steady_clock::now() + kStreamLife;
  Result<> done;
  const bool has_topics = std::ranges::find(wanted.topics, true) != wanted.topics.end();
  FigureBeats figures(*history, std::move(wanted.figures));
  std::int64_t told = -1;
  for (;;) {
    std::string bytes = figures.next();
    if (has_topics) {
      const auto beat = pulse->now();
      if (beat->second != told) bytes += beat_bytes(*beat, wanted.topics);
      told = beat->second;
    }
    if (!bytes.empty()) done = co_await writer->write(std::move(bytes));
    const auto now = std::chrono::steady_clock::now();
    if (!done || writer->is_stopping() || now >= end) break;
    co_await stopping.wait_until(std::chrono::floor<std::chrono::seconds>(now) + std::chrono::milliseconds(1'001));
    const bool is_gone = co_await is_cancelled();
    if (is_gone) done = fail(ErrorCode::cancelled, "the client went away");
    if (!done) break;
  }
  if (done) {
    std::string farewell =
        net::write_sse({.id = {},
                        .type = "closing",
                        .data = writer->is_stopping() ? R"({"reason":"stopping"})" : R"({"reason":"planned"})"});
    done = co_await writer->write(std::move(farewell));
  }
  writer->notify_at_stop(nullptr);
  co_return done;
}

Task<Result<net::Response>> get_live(Services services, net::Request request) {
  auto wanted = wanted_of(request);
  if (!wanted) co_return error_of(wanted);
  std::shared_ptr<void> place = services.watch.pulse.enter();
  if (!place) {
    auto full = fail(ErrorCode::unavailable, "enough watch already", {.reason = "watchers_full", .where = {}});
    full.error().retry_after_ms = 10'000;
    co_return full;
  }
  net::Response response;
  response.headers.set("content-type", "text/event-stream");
  response.headers.set("cache-control", "no-cache");
  response.headers.set("x-accel-buffering", "no");
  response.body = net::StreamBody([pulse = &services.watch.pulse, history = &services.watch.history,
                                   place = std::move(place), told = std::move(*wanted)](net::BodyWriter& writer) {
    return send_beats(pulse, history, place, told, &writer);
  });
  co_return response;
}

constexpr QueryParameter kLiveQuery[] = {
    {"topics", "Comma-separated: process, loops, requests, queues, pools; all unless these or figures are given"},
    {"figures", "Names of up to 64 figures, each on a line: events `figures` tell their newest points as FigureLines"}};

constexpr Route metrics_at(std::string_view path) {
  return {.method = net::Method::get,
          .path = path,
          .run = get_metrics,
          .access = Access::admin,
          .summary = "All of how the studio does, in one document",
          .answer = "PerformanceMetrics"};
}
constexpr Route collect_at(std::string_view path) {
  return {.method = net::Method::post,
          .path = path,
          .run = collect,
          .access = Access::admin,
          .summary = "Drops what can be made again, and gives memory back to the system",
          .request = "CachesToDrop",
          .answer = "CachesDropped"};
}
constexpr Route live_at(std::string_view path) {
  return {.method = net::Method::get,
          .path = path,
          .run = get_live,
          .access = Access::admin,
          .summary = "How the studio does, once a second, as an event stream",
          .answer = "text/event-stream",
          .query = kLiveQuery};
}

// Under two names: as everything of the API, and as audits of other studios call them.
constexpr Route kRoutes[] = {metrics_at("/api/performance/metrics"), collect_at("/api/performance/gc"),
                             live_at("/api/performance/events"),     metrics_at("/performance/metrics"),
                             collect_at("/performance/gc"),          live_at("/performance/events")};

}  // namespace

std::span<const Route> performance_now_routes() { return kRoutes; }

}  // namespace atelier::api
