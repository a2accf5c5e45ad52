#include "watch/overview/overview.hpp"

#include "base/async.hpp"
#include "base/time_text.hpp"
#include "watch/overview/parts.hpp"

namespace atelier::watch {

Task<json::Value> Overview::read() const {
  const std::int64_t today = model::day_number(parts_.clock.wall_ms());
  model::UsageFilter filter;
  filter.from_day = today - kUsageDays + 1;
  filter.to_day = today;
  filter.by = model::UsageBy::model;
  const Principal everybody{.owner = {}, .role = Role::admin};
  auto rows = co_await model::sum_usage(&parts_.telemetry, everybody, filter);
  overview::Usage usage;
  if (rows) usage = std::move(*rows);

  const Survey survey(parts_.metrics);
  co_return json::Object{
      {"at", format_rfc3339(parts_.clock.wall_ms())},   {"usage_days", kUsageDays},
      {"process", overview::process(survey)},           {"loops", overview::loops(survey)},
      {"requests", overview::requests(survey)},         {"caches", overview::caches(survey, parts_, usage)},
      {"queues", overview::queues(survey, parts_)},     {"pools", overview::pools(survey, parts_)},
      {"providers", overview::providers(parts_, usage)}};
}

}  // namespace atelier::watch
