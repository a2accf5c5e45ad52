#include "watch/objective/definition.hpp"

namespace atelier::watch {
namespace {

constexpr std::string_view kObjectivesText = R"toml(# Objectives and budgets of this studio.
#
# A file of this name beside the settings file, or where the setting watch.objectives_file says, stands in place of what
# is built in, as a whole. Series are those of /metrics; a star stands for any letters.
#
# An objective: which share of events has to be good over 30 days, in percent. `target` is ours, by which the page shows
# what is left of the error budget and by which alerts are raised; `required` is what an audit would ask for.
# Events are counted as `good` and `bad`, or by how many of `events` took longer than `under`.

[[objective]]
name = "gateway"
title = "Gateway calls without a server error"
target = 99.9
required = 99
good = ['atelier_http_requests_total{route="/v1/*",status!="5xx"}']
bad = ['atelier_http_requests_total{route="/v1/*",status="5xx"}']

[[objective]]
name = "api"
title = "Studio requests without a server error"
target = 99.9
required = 99
good = ['atelier_http_requests_total{route="/api/*",status!="5xx"}']
bad = ['atelier_http_requests_total{route="/api/*",status="5xx"}']

# Suggestions wait for a model to make them.
[[objective]]
name = "chat_fast"
title = "Chat requests within 500 ms"
target = 99
required = 95
events = ['atelier_http_request_seconds{route="/api/threads*",route!="*/suggestions"}']
under = 0.5

[[objective]]
name = "images"
title = "Images that were made"
target = 99
required = 95
good = ['atelier_graph_step_results_total{type="generate.image",state="succeeded"}']
bad = ['atelier_graph_step_results_total{type="generate.image",state="failed"}']

[[objective]]
name = "webhooks"
title = "Webhooks that arrived"
target = 99.9
required = 99
good = ['atelier_webhook_deliveries_total']
bad = ['atelier_webhook_given_up_total']

[[objective]]
name = "event_stream"
title = "Event streams served"
target = 99.95
required = 99.9
good = ['atelier_http_requests_total{route="/api/events",status="2xx"}']
bad = ['atelier_http_requests_total{route="/api/events",status="5xx"}']

[[objective]]
name = "rate_limits"
title = "Calls within their rate limits"
target = 99.95
required = 99.9
good = ['atelier_http_requests_total{route="/v1/*",status!="4xx"}']
bad = ['atelier_limit_refusals_total']

# A budget: what a figure may be at most. `limit` is ours, `required` is what an audit would ask for.
# `stat` is value or lowest (of gauges), mean, p50, p75, p95 or p99 (of histograms), of the last hour; `unit` is seconds,
# bytes, share or number.

[[budget]]
name = "chat_api_p95"
title = "Chat API, p95"
unit = "seconds"
stat = "p95"
of = ['atelier_http_request_seconds{route="/api/threads*",route!="*/suggestions"}']
limit = 0.1
required = 0.5

[[budget]]
name = "chat_api_p99"
title = "Chat API, p99"
unit = "seconds"
stat = "p99"
of = ['atelier_http_request_seconds{route="/api/threads*",route!="*/suggestions"}']
limit = 0.25
required = 1.0

[[budget]]
name = "image_mean"
title = "An image, on average"
unit = "seconds"
stat = "mean"
of = ['atelier_graph_step_seconds{type="generate.image"}']
limit = 6.0
required = 8.0

[[budget]]
name = "webhook_p95"
title = "Until a webhook is sent, p95"
unit = "seconds"
stat = "p95"
of = ['atelier_webhook_begun_seconds']
limit = 0.25
required = 0.5

[[budget]]
name = "query_p95"
title = "Database queries, p95"
unit = "seconds"
stat = "p95"
of = ['atelier_database_read_seconds']
limit = 0.02
required = 0.1

[[budget]]
name = "page_fcp"
title = "First paint of a page, p75"
unit = "seconds"
stat = "p75"
of = ['atelier_page_fcp_seconds']
limit = 1.0
required = 1.5

[[budget]]
name = "page_lcp"
title = "Largest paint of a page, p75"
unit = "seconds"
stat = "p75"
of = ['atelier_page_lcp_seconds']
limit = 1.7
required = 2.5

# Browsers do not tell when a page can first be used (that is 3.5 s for an audit, which looks itself), but how long each
# press then took to be seen.
[[budget]]
name = "page_inp"
title = "From a press to a paint, p75"
unit = "seconds"
stat = "p75"
of = ['atelier_page_inp_seconds']
limit = 0.1
required = 0.2

[[budget]]
name = "page_cls"
title = "Layout shift of a page, p75"
unit = "number"
stat = "p75"
of = ['atelier_page_cls_ratio']
limit = 0.01
required = 0.1

[[budget]]
name = "script_bytes"
title = "Script of the first page"
unit = "bytes"
stat = "value"
of = ['atelier_page_script_bytes']
limit = 256000
required = 800000

[[budget]]
name = "memory_idle"
title = "Memory at rest"
unit = "bytes"
stat = "lowest"
of = ['atelier_process_resident_bytes']
limit = 100000000
required = 200000000

[[budget]]
name = "loop_lag_p99"
title = "Lateness of event loops, p99"
unit = "seconds"
stat = "p99"
of = ['atelier_loop_lag_seconds']
limit = 0.01
required = 0.05
)toml";

}  // namespace

std::string_view default_objectives() { return kObjectivesText; }

}  // namespace atelier::watch
