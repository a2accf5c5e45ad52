#pragma once

#include <chrono>
#include <memory>
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

// What is logged and counted of a request once it has gone to its handler.
struct AnswerRecord {
  Method method = Method::get;
  std::string path, peer, request_id;
  std::string_view route;  // of the router, which outlives the server
  std::chrono::steady_clock::time_point started;
  TraceContext trace = {};
  SpanId parent = 0;  // of the caller
};

// What is left of an answer whose body is a stream. It may last for minutes and be one of ten thousand: all that went
// before it is gone by then, and this is what its end must know.
struct StreamedAnswer {
  Service service;
  StreamBody body;
  AnswerRecord record;
};

// Checks the request at the edge, lets the handler answer it, sends the answer, counts and logs. Not null: the head of
// a stream is sent, and stream_answer() does the rest.
Task<std::unique_ptr<StreamedAnswer>> answer(Service service, Exchange* exchange, Request request);
Task<> stream_answer(Exchange* exchange, std::unique_ptr<StreamedAnswer> rest);
// Answers what never became a request.
Task<> refuse(Service service, Exchange* exchange, Error error);

}  // namespace atelier::net
