#include "watch/overview/pulse.hpp"

#include <cmath>

#include "store/work_pools.hpp"
#include "watch/overview/parts.hpp"

namespace atelier::watch {
namespace {

std::int64_t second_of(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

void add_spread(json::Object& object, const Histogram::Snapshot& spread, std::string_view before) {
  for (const auto& [name, q] : {std::pair{"p50_ms", 0.5}, {"p95_ms", 0.95}, {"p99_ms", 0.99}})
    object[std::string(before) + name] =
        spread.count() == 0 ? json::Value() : json::Value(overview::milliseconds_of(spread.quantile(q)));
}

}  // namespace

std::shared_ptr<const Pulse::Beat> Pulse::now() {
  const std::lock_guard lock(mutex_);
  const std::int64_t second = second_of(parts_.clock.now());
  if (!latest_ || latest_->second != second) latest_ = make(second);
  return latest_;
}

std::shared_ptr<void> Pulse::enter() {
  if (watcher_count_.fetch_add(1) >= kWatchersMax) {
    watcher_count_.fetch_sub(1);
    return nullptr;
  }
  return {this, [](Pulse* pulse) { pulse->watcher_count_.fetch_sub(1); }};
}

std::shared_ptr<const Pulse::Beat> Pulse::make(std::int64_t second) {
  const Survey survey(parts_.metrics);
  Counts counts{.at = parts_.clock.now(),
                .requests = survey.sum("atelier_http_requests_total"),
                .errors = survey.sum("atelier_http_requests_total", "status", "5xx"),
                .cpu_seconds = survey.sum("atelier_process_cpu_seconds_total"),
                .sent_bytes = survey.sum("atelier_http_sent_bytes_total"),
                .stalls = survey.sum("atelier_loop_stalls_total"),
                .calls = survey.sum("atelier_call_log_rows_total"),
                .request_seconds = survey.spread("atelier_http_request_seconds"),
                .lag_seconds = survey.spread("atelier_loop_lag_seconds")};
  // Nobody watched for a while: what was before then is of another time.
  const bool has_last = last_ && counts.at - last_->at < std::chrono::seconds(10) && counts.at > last_->at;
  const double seconds = has_last ? std::chrono::duration<double>(counts.at - last_->at).count() : 0;
  const auto rate = [&](double Counts::* which) {
    return has_last ? json::Value(std::round(((counts.*which) - ((*last_).*which)) / seconds * 1e3) / 1e3)
                    : json::Value();
  };
  json::Object process_now = overview::process(survey);
  process_now["cpu_cores"] = rate(&Counts::cpu_seconds);
  json::Object loops_now{{"stalls_per_second", rate(&Counts::stalls)}};
  add_spread(loops_now, has_last ? counts.lag_seconds.since(last_->lag_seconds) : Histogram::Snapshot(), "lag_");
  json::Object requests_now{{"per_second", rate(&Counts::requests)},
                            {"errors_per_second", rate(&Counts::errors)},
                            {"sent_bytes_per_second", rate(&Counts::sent_bytes)},
                            {"calls_per_second", rate(&Counts::calls)},
                            {"connections", process_now["connections"]},
                            {"streams", process_now["streams"]}};
  add_spread(requests_now, has_last ? counts.request_seconds.since(last_->request_seconds) : Histogram::Snapshot(), "");

  auto beat = std::make_shared<Beat>();
  beat->second = second;
  beat->texts[process] = json::write(process_now);
  beat->texts[loops] = json::write(loops_now);
  beat->texts[requests] = json::write(requests_now);
  beat->texts[queues] = json::write(json::Object{{"items", overview::queues(survey, parts_)}});
  beat->texts[pools] = json::write(overview::pools(survey, parts_));
  last_ = std::move(counts);
  return beat;
}

}  // namespace atelier::watch
