#pragma once

#include <string>

#include "net/edge.hpp"
#include "net/exchange.hpp"
#include "net/server_metrics.hpp"

namespace atelier::net {

// What answering needs of the server, one a loop. All outlive the exchange.
struct Service {
  const Handler* handler = nullptr;
  const HostPolicy* policy = nullptr;  // null on a Unix socket, which no browser reaches
  ServerMetrics* metrics = nullptr;
  RouteMetrics* routes = nullptr;
};

// Checks the request at the edge, lets the handler answer it, sends the answer, counts and logs.
Task<> answer(Service service, Exchange* exchange, Request request);
// Answers what never became a request.
Task<> refuse(Service service, Exchange* exchange, Error error);

}  // namespace atelier::net
