#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "watch/alert/probes.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kNamesMax = 3;         // of models, in a sentence
constexpr std::size_t kErrorBytesMax = 200;  // of what a provider said
constexpr std::chrono::seconds kTrafficWindow{300};

class DiskProbe final : public Probe {
 public:
  explicit DiskProbe(const AlertLimits& limits) : limits_(limits) {}
  void look(const Look& look, std::vector<Condition>& into) override {
    if (look.disk) look_at_disk(*look.disk, into);
    const auto quota = static_cast<double>(limits_.quota_bytes);
    const double derived = look.readings.sum("atelier_blobs_derived_bytes");
    if (quota == 0 || derived <= quota) return;
    into.push_back(
        {.kind = AlertKind::quota_full,
         .cause = fmt::format("What can be made again takes {}; it may take {}, and nothing of it can be let "
                              "go.",
                              bytes_in_words(derived), bytes_in_words(quota)),
         .figures = {{"derived_bytes", derived}, {"limit_bytes", quota}},
         .figure = "atelier_blobs_derived_bytes:value"});
  }

 private:
  void look_at_disk(const DiskSpace& disk, std::vector<Condition>& into) const {
    const auto free = static_cast<double>(disk.free_bytes), total = static_cast<double>(disk.total_bytes);
    const double limit = std::min(static_cast<double>(limits_.disk_free_bytes), limits_.disk_free_share * total);
    if (free >= limit) return;
    into.push_back({.kind = AlertKind::disk_full,
                    .cause = fmt::format("{} of {} are free where the studio keeps its data; the limit is {}.",
                                         bytes_in_words(free), bytes_in_words(total), bytes_in_words(limit)),
                    .figures = {{"free_bytes", free}, {"total_bytes", total}, {"limit_bytes", limit}}});
  }
  const AlertLimits limits_;
};

class ProviderProbe final : public Probe {
 public:
  void look(const Look& look, std::vector<Condition>& into) override {
    std::map<std::string, Found> open, account;
    for (const CandidateHealth& one : look.candidates) {
      if (!one.is_open) continue;
      Found& found = (one.is_account ? account : open)[one.provider];
      found.models.push_back(one.model);
      if (!one.last_error.empty()) found.error = one.last_error;
    }
    for (const auto& [provider, found] : open)
      into.push_back({.kind = AlertKind::breaker_open,
                      .subject = provider,
                      .cause = fmt::format("{} is not asked for a while, since it kept failing: {}.{}", provider,
                                           found.names(), found.last()),
                      .figures = {{"models", static_cast<double>(found.models.size())}}});
    for (const auto& [provider, found] : account)
      into.push_back(
          {.kind = AlertKind::provider_key,
           .subject = provider,
           .cause = fmt::format("{} refuses our key or account, for {}.{}", provider, found.names(), found.last()),
           .figures = {{"models", static_cast<double>(found.models.size())}}});
  }

 private:
  struct Found {
    std::vector<std::string> models = {};
    std::string error = {};
    std::string names() const {
      std::string text;
      for (std::size_t i = 0; i < std::min(kNamesMax, models.size()); ++i)
        text += (i == 0 ? "" : ", ") + printable(models[i], 100);
      if (models.size() > kNamesMax) text += fmt::format(" and {} more", models.size() - kNamesMax);
      return text;
    }
    // The kind of its failure alone: what follows are the provider's words, which may repeat a prompt.
    std::string last() const {
      const std::string kind = error.substr(0, error.find(':'));
      const bool is_word = !kind.empty() && kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
      return is_word ? fmt::format(" It said last: {}", printable(kind, kErrorBytesMax)) : std::string();
    }
  };
};

class TrafficProbe final : public Probe {
 public:
  explicit TrafficProbe(const AlertLimits& limits) : limits_(limits) {}
  void look(const Look& look, std::vector<Condition>& into) override {
    look_at_limits(look, into);
    look_at_webhooks(look, into);
    look_at_workers(look, into);
  }

 private:
  static double rise_of(Rises& rises, const Readings::Series& series) {
    double sum = 0;
    for (const auto& [labels, count] : rises.of(series)) sum += count;
    return sum;
  }
  void look_at_limits(const Look& look, std::vector<Condition>& into) {
    const double refused =
        refused_recent_.add(look.steady, rise_of(refused_, look.readings.all("atelier_limit_refusals_total")));
    const double calls =
        calls_recent_.add(look.steady, rise_of(calls_, look.readings.all("atelier_call_log_rows_total")));
    const double all = std::max(calls, refused);
    if (refused < limits_.refusals || refused < limits_.refusals_share * all) return;
    into.push_back({.kind = AlertKind::limiter_overflow,
                    .cause = fmt::format("Keys' limits refused {:.0f} of {:.0f} calls in five minutes; the limit is "
                                         "{:.0f} %.",
                                         refused, all, limits_.refusals_share * 100),
                    .figures = {{"refused", refused}, {"calls", all}, {"limit_share", limits_.refusals_share}},
                    .figure = "atelier_limit_refusals_total{limit=\"requests_per_minute\"}:rate"});
  }
  void look_at_webhooks(const Look& look, std::vector<Condition>& into) {
    const double failed =
        failed_recent_.add(look.steady, rise_of(failed_, look.readings.all("atelier_webhook_attempts_failed_total")));
    const double taken =
        taken_recent_.add(look.steady, rise_of(taken_, look.readings.all("atelier_webhook_deliveries_total")));
    const double given_up = rise_of(given_up_, look.readings.all("atelier_webhook_given_up_total"));
    if (given_up == 0 && (failed < limits_.webhook_failures || failed <= taken)) return;
    into.push_back(
        {.kind = AlertKind::webhook_failing,
         .cause = fmt::format("{:.0f} attempts to deliver webhooks failed in five minutes, {:.0f} were taken; "
                              "the limit is {:.0f}.{}",
                              failed, taken, limits_.webhook_failures,
                              given_up > 0 ? fmt::format(" {:.0f} were given up just now.", given_up) : ""),
         .figures = {{"failed", failed}, {"taken", taken}, {"limit", limits_.webhook_failures}},
         .figure = "atelier_webhook_attempts_failed_total:rate"});
  }
  void look_at_workers(const Look& look, std::vector<Condition>& into) {
    const double crashed = rise_of(crashed_, look.readings.all("atelier_media_workers_crashed_total"));
    const double killed = rise_of(killed_, look.readings.all("atelier_media_workers_killed_total"));
    if (crashed + killed == 0) return;
    const double all = look.readings.sum("atelier_media_workers_crashed_total") +
                       look.readings.sum("atelier_media_workers_killed_total");
    const std::string what = crashed == 0  ? fmt::format("{:.0f} killed for time, memory or silence", killed)
                             : killed == 0 ? fmt::format("{:.0f} crashed", crashed)
                                           : fmt::format("{:.0f} crashed and {:.0f} killed", crashed, killed);
    into.push_back({.kind = AlertKind::worker_kills,
                    .cause = fmt::format("Media workers died: {}; {:.0f} since the start.", what, all),
                    .figures = {{"crashed", crashed}, {"killed", killed}, {"since_start", all}},
                    .figure = "atelier_media_workers_killed_total:rate"});
  }

  const AlertLimits limits_;
  Rises refused_, calls_, failed_, taken_, given_up_, crashed_, killed_;
  RecentSum refused_recent_{kTrafficWindow}, calls_recent_{kTrafficWindow}, failed_recent_{kTrafficWindow},
      taken_recent_{kTrafficWindow};
};

class ObjectiveProbe final : public Probe {
 public:
  void look(const Look& look, std::vector<Condition>& into) override {
    for (const ObjectiveState& one : look.objectives)
      for (const BurnPair& pair : kBurnPairs) {
        if (!one.burns_over(pair)) continue;
        const Burn &longer = one.burn(pair.long_window), &shorter = one.burn(pair.short_window);
        const auto hours = std::chrono::duration<double, std::ratio<3'600>>(pair.long_window).count();
        into.push_back({.kind = AlertKind::burn_rate,
                        .subject = one.name,
                        .cause = fmt::format(
                            "\"{}\" spends its error budget {:.1f} times too fast over {:.0f} h ({:.0f} of {:.0f} "
                            "were bad), and {:.1f} times lately; the limit is {:.1f}. {}",
                            one.title, longer.rate.value_or(0), hours, longer.bad_count, longer.event_count,
                            shorter.rate.value_or(0), pair.rate, left_of(one)),
                        .figures = {{"burn_rate", longer.rate.value_or(0)},
                                    {"burn_rate_lately", shorter.rate.value_or(0)},
                                    {"limit", pair.rate},
                                    {"bad", longer.bad_count},
                                    {"events", longer.event_count},
                                    {"budget_left_share", one.budget_left}},
                        .severity = pair.severity == BurnSeverity::page ? AlertSeverity::page : AlertSeverity::ticket});
        break;  // the gravest
      }
  }

 private:
  static std::string left_of(const ObjectiveState& one) {
    return one.budget_left > 0 ? fmt::format("{:.0f} % of the budget are left.", one.budget_left * 100)
                               : std::string("Nothing of the budget is left.");
  }
};

}  // namespace

std::unique_ptr<Probe> make_disk_probe(const AlertLimits& limits) { return std::make_unique<DiskProbe>(limits); }
std::unique_ptr<Probe> make_provider_probe() { return std::make_unique<ProviderProbe>(); }
std::unique_ptr<Probe> make_traffic_probe(const AlertLimits& limits) { return std::make_unique<TrafficProbe>(limits); }
std::unique_ptr<Probe> make_objective_probe() { return std::make_unique<ObjectiveProbe>(); }

std::vector<std::unique_ptr<Probe>> all_probes(const AlertLimits& limits) {
  std::vector<std::unique_ptr<Probe>> all;
  all.push_back(make_loop_probe(limits));
  all.push_back(make_memory_probe(limits));
  all.push_back(make_process_probe(limits));
  all.push_back(make_queue_probe(limits));
  all.push_back(make_disk_probe(limits));
  all.push_back(make_provider_probe());
  all.push_back(make_traffic_probe(limits));
  all.push_back(make_objective_probe());
  return all;
}

const std::vector<std::string_view>& probed_metrics() {
  static const std::vector<std::string_view> probed = {"atelier_loop_held_seconds",
                                                       "atelier_loop_holds_total",
                                                       "atelier_process_resident_bytes",
                                                       "atelier_process_descriptors",
                                                       "atelier_process_descriptors_max",
                                                       "atelier_log_dropped_lines_total",
                                                       "atelier_history_dropped_total",
                                                       "atelier_database_queued_batches",
                                                       "atelier_database_batches_total",
                                                       "atelier_database_read_seconds",
                                                       "atelier_call_log_queue_rows",
                                                       "atelier_call_log_rows_total",
                                                       "atelier_search_waiting_messages",
                                                       "atelier_upstream_waits_total",
                                                       "atelier_http_refused_total",
                                                       "atelier_http_connections",
                                                       "atelier_blobs_derived_bytes",
                                                       "atelier_limit_refusals_total",
                                                       "atelier_webhook_attempts_failed_total",
                                                       "atelier_webhook_deliveries_total",
                                                       "atelier_webhook_given_up_total",
                                                       "atelier_media_workers_crashed_total",
                                                       "atelier_media_workers_killed_total"};
  return probed;
}

}  // namespace atelier::watch
