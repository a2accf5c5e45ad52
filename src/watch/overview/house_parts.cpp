// Of the overview what the house itself does: its process, loops, requests, queues and pools.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "base/queue_report.hpp"
#include "base/version.hpp"
#include "model/record/call_log.hpp"
#include "store/work_pools.hpp"
#include "watch/alert/queues.hpp"
#include "watch/overview/parts.hpp"

namespace atelier::watch::overview {
namespace {

// A line of /proc/self/status, such as "Threads"; 0 where there is none.
std::uint64_t status_number(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':')
      return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
  return 0;
}

void add_quantiles(json::Object& object, const Histogram::Snapshot& spread, std::string_view before) {
  for (const auto& [name, q] : {std::pair{"p50_ms", 0.5}, {"p95_ms", 0.95}, {"p99_ms", 0.99}})
    object[std::string(before) + name] = milliseconds_of(spread.quantile(q));
}

struct QueueFacts {
  std::string name;
  double depth = 0;
  std::optional<std::uint64_t> bound = {};    // nullopt: that of the store
  std::optional<double> dropped = {};         // nullopt: whoever comes is refused instead
  std::optional<double> oldest_seconds = {};  // 0: nothing waits; nullopt: nobody knows
};

json::Object queue_json(const QueueFacts& queue) {
  json::Object object{{"name", queue.name}, {"depth", count_of(queue.depth)}};
  object["oldest_seconds"] =
      queue.oldest_seconds ? json::Value(milliseconds_of(*queue.oldest_seconds) / 1e3) : json::Value();
  object["bound"] = queue.bound ? json::Value(*queue.bound) : json::Value();
  object["dropped"] = queue.dropped ? count_of(*queue.dropped) : json::Value();
  return object;
}

// Of queues in memory as they are now; of those in the database as they were seen last. What no list has yet is added.
void add_ages(std::vector<QueueFacts>& all, const Survey& survey) {
  const auto set = [&](std::string name, double depth, double oldest_seconds) {
    auto found = std::ranges::find(all, name, &QueueFacts::name);
    if (found == all.end()) found = all.insert(all.end(), {.name = std::move(name), .depth = depth});
    found->oldest_seconds = oldest_seconds;
  };
  const std::vector<QueueReport> living = report_queues();
  for (const QueueReport& queue : living) set(queue.name, static_cast<double>(queue.count), queue.oldest_seconds);
  for (const Survey::Series& one : survey.of(QueueGauges::kOldest)) {
    std::string name = one.label("queue");
    if (std::ranges::find(living, name, &QueueReport::name) != living.end() || name.ends_with(" pool")) continue;
    const double depth = survey.sum(QueueGauges::kWaiting, "queue", name);
    set(std::move(name), depth, one.value);
  }
}

}  // namespace

double milliseconds_of(double seconds) { return std::round(seconds * 1e6) / 1e3; }

json::Value count_of(double value) {
  constexpr double kExact = 9e15;
  if (std::floor(value) == value && std::abs(value) < kExact) return static_cast<std::int64_t>(value);
  return value;
}

json::Object process(const Survey& survey) {
  return {{"version", kVersion},
          {"uptime_ms", std::llround(survey.sum("atelier_process_uptime_seconds") * 1e3)},
          {"resident_bytes", count_of(survey.sum("atelier_process_resident_bytes"))},
          {"resident_bytes_max", status_number("VmHWM") << 10},
          {"cpu_seconds", count_of(survey.sum("atelier_process_cpu_seconds_total"))},
          {"descriptors", count_of(survey.sum("atelier_process_descriptors"))},
          {"descriptors_max", count_of(survey.sum("atelier_process_descriptors_max"))},
          {"threads", status_number("Threads")},
          {"connections", count_of(survey.sum("atelier_http_connections"))},
          {"streams", count_of(survey.sum("atelier_http_streams"))}};
}

json::Array loops(const Survey& survey) {
  json::Array all;
  for (const Survey::Series& one : survey.of("atelier_loop_lag_seconds")) {
    const std::string loop = one.label("loop");
    json::Object object{{"loop", loop}};
    add_quantiles(object, one.spread, "lag_");
    object["stalls"] = count_of(survey.sum("atelier_loop_stalls_total", "loop", loop));
    all.push_back(std::move(object));
  }
  return all;
}

json::Array requests(const Survey& survey) {
  struct Counts {
    double all = 0, errors = 0;
  };
  std::map<std::string, Counts> by_route;
  for (const Survey::Series& one : survey.of("atelier_http_requests_total")) {
    Counts& counts = by_route[one.label("route")];
    counts.all += one.value;
    if (one.label("status") == "5xx") counts.errors += one.value;
  }
  std::vector<std::pair<double, json::Object>> rows;
  for (const Survey::Series& one : survey.of("atelier_http_request_seconds")) {
    const std::string route = one.label("route");
    const Counts counts = by_route[route];
    if (counts.all == 0) continue;
    json::Object object{{"route", route}, {"count", count_of(counts.all)}, {"errors", count_of(counts.errors)}};
    add_quantiles(object, one.spread, "");
    rows.emplace_back(counts.all, std::move(object));
  }
  std::ranges::stable_sort(rows, std::greater<>(), &std::pair<double, json::Object>::first);
  if (rows.size() > Overview::kRoutesMax) rows.resize(Overview::kRoutesMax);
  json::Array all;
  for (auto& [count, object] : rows) all.push_back(std::move(object));
  return all;
}

json::Array queues(const Survey& survey, const Overview::Parts& parts) {
  const auto workers = parts.workers.report();
  std::vector<QueueFacts> all{
      {"database writes", survey.sum("atelier_database_queued_batches"), store::SqliteOptions().queue_max, {}},
      {"call log", survey.sum("atelier_call_log_queue_rows"), model::CallLog::Options().queue_rows_max,
       survey.sum("atelier_call_log_rows_total", "outcome", "dropped")},
      {"search index", survey.sum("atelier_search_waiting_messages"), {}, {}},
      {"media workers", static_cast<double>(workers.waiting_count), {}, {}},
      {"upstream connections",
       survey.sum("atelier_upstream_connections", "state", "waiting"),
       {},
       survey.sum("atelier_upstream_waits_total", "outcome", "refused")},
      {"history", 0, {}, survey.sum("atelier_history_dropped_total")},
      {"log lines", 0, {}, survey.sum("atelier_log_dropped_lines_total")}};
  for (const Survey::Series& one : survey.of("atelier_graph_ready_steps"))
    all.push_back({one.label("class") + " steps", one.value, {}, {}});
  for (const store::WorkPoolReport& pool : store::report_work_pools())
    all.push_back({pool.name + " pool", static_cast<double>(pool.queued_count), pool.queue_max, {}});
  add_ages(all, survey);
  json::Array queues;
  for (const QueueFacts& queue : all) queues.push_back(queue_json(queue));
  return queues;
}

json::Object pools(const Survey& survey, const Overview::Parts& parts) {
  json::Array work;
  for (const store::WorkPoolReport& pool : store::report_work_pools())
    work.push_back(json::Object{{"name", pool.name}, {"size", pool.thread_count}, {"busy", pool.busy_count}});
  const auto workers = parts.workers.report();
  return {{"database", json::Object{{"writes", count_of(survey.sum("atelier_database_batches_total"))},
                                    {"transactions", count_of(survey.sum("atelier_database_transactions_total"))},
                                    {"wal_bytes", count_of(survey.sum("atelier_database_wal_bytes"))}}},
          {"work", std::move(work)},
          {"media_workers", json::Object{{"size", parts.workers_max},
                                         {"alive", workers.alive_count},
                                         {"busy", workers.busy_count},
                                         {"started", workers.started_count},
                                         {"crashed", workers.crashed_count},
                                         {"killed", workers.killed_count}}},
          {"upstream", json::Object{{"open", count_of(survey.sum("atelier_upstream_connections", "state", "open"))},
                                    {"idle", count_of(survey.sum("atelier_upstream_connections", "state", "idle"))},
                                    {"made", count_of(survey.sum("atelier_upstream_connections_made_total"))},
                                    {"failed", count_of(survey.sum("atelier_upstream_connections_failed_total"))}}}};
}

}  // namespace atelier::watch::overview
