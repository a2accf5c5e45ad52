#pragma once

#include <string_view>
#include <unordered_map>

#include "base/metrics.hpp"
#include "net/message.hpp"

namespace atelier::net {

// What a server counts. One a server, shared by its loops.
class ServerMetrics {
 public:
  explicit ServerMetrics(Metrics& metrics);
  // `reason` is one of our own stable codes ("host_unknown"), never text from a client.
  void refuse(std::string_view reason);

  Metrics& registry;
  Gauge& connections;
  Gauge& streams;
  Counter& sent_bytes;
};

// The counters of routes as one loop looked them up: after a route's first request no lock is taken.
class RouteMetrics {
 public:
  explicit RouteMetrics(Metrics& registry) : registry_(registry) {}
  // `route` is a pattern that outlives this.
  void count(Method method, std::string_view route, int status, double seconds, const TraceContext& trace);

 private:
  struct Series {
    Counter* by_class[6] = {};
    Histogram* seconds = nullptr;
  };
  Metrics& registry_;
  std::unordered_map<std::string_view, Series> series_[7];  // by method
};

}  // namespace atelier::net
