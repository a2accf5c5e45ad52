#include "net/server_metrics.hpp"

#include <array>

namespace atelier::net {
namespace {

constexpr std::array<std::string_view, 3> kRequestLabels = {"method", "route", "status"};
constexpr std::array<std::string_view, 1> kRouteLabels = {"route"};
constexpr std::array<std::string_view, 1> kReasonLabels = {"reason"};

constexpr Metric kConnections{"atelier_http_connections", MetricKind::gauge, "Connections open"};
constexpr Metric kStreams{"atelier_http_streams", MetricKind::gauge, "Streamed answers being sent"};
constexpr Metric kSentBytes{"atelier_http_sent_bytes_total", MetricKind::counter,
                            "Bytes sent to clients, headers included"};
constexpr Metric kRefused{"atelier_http_refused_total", MetricKind::counter,
                          "Requests and connections refused before a handler saw them, or cut", kReasonLabels};
constexpr Metric kRequests{"atelier_http_requests_total", MetricKind::counter, "Requests answered", kRequestLabels};
constexpr Metric kRequestSeconds{"atelier_http_request_seconds", MetricKind::histogram,
                                 "From the request's header to the last byte of its answer", kRouteLabels};

constexpr std::string_view kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics)
    : registry(metrics),
      connections(metrics.gauge(kConnections)),
      streams(metrics.gauge(kStreams)),
      sent_bytes(metrics.counter(kSentBytes)) {}

void ServerMetrics::refuse(std::string_view reason) { registry.counter(kRefused, {reason}).add(); }

void RouteMetrics::count(Method method, std::string_view route, int status, double seconds, const TraceContext& trace) {
  Series& series = series_[static_cast<std::size_t>(method)][route];
  const auto status_class = static_cast<std::size_t>(status >= 100 && status < 600 ? status / 100 : 0);
  Counter*& counter = series.by_class[status_class];
  if (!counter) counter = &registry_.counter(kRequests, {to_string(method), route, kClasses[status_class]});
  if (!series.seconds) series.seconds = &registry_.histogram(kRequestSeconds, {route});
  counter->add();
  series.seconds->observe(seconds);
  if (trace.is_kept) series.seconds->exemplify(seconds, trace, system_clock().wall_ms());
}

}  // namespace atelier::net
