#include <fmt/format.h>

#include <algorithm>

#include "watch/alert/probes.hpp"

namespace atelier::watch {
namespace {

// One of the queues that a gauge tells the length of.
struct GaugedQueue {
  std::string_view metric;
  std::string_view words;
  double AlertLimits::* limit;
};
constexpr GaugedQueue kGauged[] = {
    {"atelier_database_queued_batches", "writes wait for the database", &AlertLimits::writes_queued},
    {"atelier_call_log_queue_rows", "calls wait to be written to the log", &AlertLimits::call_log_rows},
    {"atelier_search_waiting_messages", "messages cannot be found by search yet", &AlertLimits::unsearchable_messages},
};

class QueueProbe final : public Probe {
 public:
  explicit QueueProbe(const AlertLimits& limits) : limits_(limits) {}
  void look(const Look& look, std::vector<Condition>& into) override {
    look_at_depth(look, into);
    look_at_age(look, into);
    look_at_writer(look, into);
    look_at_pools(look, into);
    look_at_queries(look, into);
  }

 private:
  static void add_depth(std::string subject, double depth, std::string_view words, double limit, std::string figure,
                        std::vector<Condition>& into) {
    into.push_back({.kind = AlertKind::queue_depth,
                    .subject = std::move(subject),
                    .cause = fmt::format("{:.0f} {}; the limit is {:.0f}.", depth, words, limit),
                    .figures = {{"depth", depth}, {"limit", limit}},
                    .figure = std::move(figure)});
  }
  void look_at_depth(const Look& look, std::vector<Condition>& into) const {
    for (const GaugedQueue& queue : kGauged) {
      const double depth = look.readings.sum(queue.metric);
      if (depth > limits_.*queue.limit)
        add_depth(std::string(queue.metric.substr(8)), depth, queue.words, limits_.*queue.limit,
                  std::string(queue.metric) + ":value", into);
    }
    for (const QueueState& queue : look.queues)
      if (queue.depth_max > 0 && queue.depth > queue.depth_max)
        add_depth(queue.name, static_cast<double>(queue.depth), queue.name + " wait",
                  static_cast<double>(queue.depth_max), queue.figure, into);
  }
  static std::string in_words(const std::string& queue) {
    const bool is_plural = queue.ends_with("ready") || queue.ends_with("due");
    return is_plural ? queue : fmt::format("in the queue \"{}\"", queue);
  }
  static void look_at_age(const Look& look, std::vector<Condition>& into) {
    for (const QueueState& queue : look.queues) {
      const double seconds = queue.age_seconds(look.wall_ms);
      const auto limit = static_cast<double>(queue.age_max.count());
      if (limit == 0 || seconds <= limit) continue;
      into.push_back(
          {.kind = AlertKind::queue_age,
           .subject = queue.name,
           .cause = fmt::format("The oldest of {} {} has waited for {:.0f} s; the limit is {:.0f} s.", queue.depth,
                                in_words(queue.name), seconds, limit),
           .figures = {{"age_seconds", seconds}, {"limit_seconds", limit}, {"depth", static_cast<double>(queue.depth)}},
           .figure = queue.figure});
    }
  }
  // A writer that answers nobody: its disk hangs, or it is full.
  void look_at_writer(const Look& look, std::vector<Condition>& into) const {
    const auto writes = std::ranges::find(look.queues, "database writes", &QueueState::name);
    if (writes == look.queues.end()) return;
    const double seconds = writes->age_seconds(look.wall_ms);
    const auto limit = static_cast<double>(limits_.writer_stuck.count());
    if (seconds < limit) return;
    const auto depth = static_cast<double>(writes->depth);
    into.push_back(
        {.kind = AlertKind::queue_age,
         .subject = writes->name,
         .cause = fmt::format("The oldest of {:.0f} writes has waited {:.0f} s for the database; the limit is {:.0f} "
                              "s.",
                              depth, seconds, limit),
         .figures = {{"age_seconds", seconds}, {"limit_seconds", limit}, {"depth", depth}},
         .figure = writes->figure,
         .severity = AlertSeverity::page});
  }
  void look_at_pools(const Look& look, std::vector<Condition>& into) {
    for (const auto& [labels, count] : upstream_.of(look.readings.all("atelier_upstream_waits_total")))
      if (label_of(labels, "outcome") == "refused")
        into.push_back(
            {.kind = AlertKind::pool_exhausted,
             .subject = "connections to other servers",
             .cause = fmt::format("{:.0f} requests to other servers were refused: every connection was busy, "
                                  "and too many waited for one.",
                                  count),
             .figures = {{"refused", count}},
             .figure = "atelier_upstream_waits_total{outcome=\"refused\"}:rate"});
    const double open = look.readings.sum("atelier_http_connections");
    for (const auto& [labels, count] : server_.of(look.readings.all("atelier_http_refused_total"))) {
      const std::string reason = label_of(labels, "reason");
      if (reason == "connections_full")
        into.push_back({.kind = AlertKind::pool_exhausted,
                        .subject = "connections from clients",
                        .cause = fmt::format(
                            "{:.0f} connections were refused: as many are open as there may be ({:.0f}).", count, open),
                        .figures = {{"refused", count}, {"open", open}},
                        .figure = "atelier_http_connections:value"});
      // A proxy in front that does not say whom it speaks for is one address, too.
      if (reason == "peer_connections_full")
        into.push_back({.kind = AlertKind::pool_exhausted,
                        .subject = "connections from one address",
                        .cause = fmt::format("{:.0f} connections of one address were refused: as many of it are open "
                                             "as there may be of one ({:.0f} are open in all).",
                                             count, open),
                        .figures = {{"refused", count}, {"open", open}},
                        .figure = "atelier_http_connections:value",
                        .severity = AlertSeverity::ticket});
    }
    for (const store::WorkPoolReport& pool : look.pools) {
      const auto queued = static_cast<double>(pool.queued_count), most = static_cast<double>(pool.queue_max);
      if (most == 0 || queued < limits_.pool_share * most) continue;
      into.push_back({.kind = AlertKind::pool_exhausted,
                      .subject = "pool " + pool.name,
                      .cause = fmt::format(
                          "{:.0f} pieces of work wait for the {} threads of \"{}\"; with {:.0f} more are refused.",
                          queued, pool.thread_count, pool.name, most),
                      .figures = {{"queued", queued}, {"limit", most}}});
    }
  }
  void look_at_queries(const Look& look, std::vector<Condition>& into) {
    double rise = 0;
    for (const auto& [labels, count] : slow_.of(look.readings.all("atelier_database_read_seconds"))) rise += count;
    const double recent = slow_recent_.add(look.steady, rise);
    if (recent < limits_.slow_queries) return;
    into.push_back({.kind = AlertKind::slow_queries,
                    .cause = fmt::format("{:.0f} database queries of the last minute took over 250 ms; the limit is "
                                         "{:.0f}.",
                                         recent, limits_.slow_queries),
                    .figures = {{"slow", recent}, {"limit", limits_.slow_queries}},
                    .figure = "atelier_database_read_seconds{database=\"studio\"}:p99"});
  }

  const AlertLimits limits_;
  Rises upstream_, server_, slow_;
  RecentSum slow_recent_{std::chrono::seconds(60)};
};

}  // namespace

std::unique_ptr<Probe> make_queue_probe(const AlertLimits& limits) { return std::make_unique<QueueProbe>(limits); }

}  // namespace atelier::watch
