#include "net/answer.hpp"

#include <chrono>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/recent_requests.hpp"
#include "base/trace.hpp"
#include "net/handled.hpp"
#include "net/sending.hpp"
#include "net/server_timing.hpp"

namespace atelier::net {
namespace {

Result<> check_edge(const Service& service, const Request& request) {
  if (!service.policy) return {};
  if (auto fine = check_host(*service.policy, request); !fine) return fine;
  if (auto fine = check_origin(*service.policy, request); !fine) return fine;
  return check_media_type(request, request.body != nullptr);
}

// A stream lasts as long as somebody listens: that it is long says nothing.
enum class Kind : std::uint8_t { whole, stream };

void keep_span(const AnswerRecord& record, int status, std::chrono::steady_clock::time_point now, Kind kind) {
  const bool has_failed = status >= 500;
  const auto took = kind == Kind::whole ? now - record.started : std::chrono::steady_clock::duration();
  if (!trace::is_worth_keeping(record.trace, has_failed, took)) return;
  trace::keep({.context = record.trace,
               .parent = record.parent,
               .name = std::string(to_string(record.method)) + " " + std::string(record.route),
               .kind = trace::SpanKind::server,
               .is_entry = true,
               .started = record.started,
               .ended = now,
               .fault = has_failed ? std::to_string(status) : std::string(),
               .facts = {{"http.request.method", std::string(to_string(record.method))},
                         {"http.route", std::string(record.route)},
                         {"http.response.status_code", std::to_string(status)},
                         {"request_id", record.request_id}}});
}

void note_end(const Service& service, const AnswerRecord& record, int status, Kind kind) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - record.started).count();
  keep_span(record, status, now, kind);
  service.routes->count(record.method, record.route, status, seconds, record.trace);
  const log::Level level = status >= 500 ? log::Level::info : log::Level::debug;
  log::write(level, "request answered",
             {{"method", to_string(record.method)},
              {"path", record.path},
              {"route", record.route},
              {"status", status},
              {"ms", seconds * 1000},
              {"peer", record.peer},
              {"request_id", record.request_id},
              {"trace", status >= 500 ? record.trace.id() : std::string()}});
}

}  // namespace

Task<std::unique_ptr<StreamedAnswer>> answer(Service service, Exchange* exchange, Request request) {
  RequestNote note;
  const bool reads = request.method == Method::get || request.method == Method::head;
  note.trace =
      make_trace(trace::wants_another(reads ? trace::Intent::reads : trace::Intent::changes)).below(make_span_id());
  request.note = &note;
  AnswerRecord record{request.method, request.path, request.peer, {}, {}, std::chrono::steady_clock::now()};
  Wishes wishes = Wishes::of(request);
  recent_requests.note(wishes.request_id);
  const bool is_strict = wants_strict_transport(request);
  Result<Response> response = fail(ErrorCode::internal, "not answered");
  if (auto fine = check_edge(service, request); !fine) {
    service.metrics->refuse(fine.error().stable_code());
    response = error_of(fine);
  } else {
    response = co_await call_handler(service.handler, std::move(request));
  }
  Sent sent{.status = 499};  // the client went away
  if (!exchange->is_gone()) {
    if (!response) response = to_problem(response.error(), wishes.request_id);
    if (note.tells_timings)
      response->headers.set("server-timing", server_timing(note, std::chrono::steady_clock::now() - record.started));
    if (is_strict) response->headers.set(kStrictTransport.first, kStrictTransport.second);
    sent = co_await send_response(exchange, &wishes, std::move(*response));
  }
  record.route = note.route;
  record.trace = note.trace;
  record.parent = note.parent;
  record.request_id = std::move(wishes.request_id);
  if (sent.rest) {
    service.metrics->streams.add(1);
    co_return std::make_unique<StreamedAnswer>(StreamedAnswer{service, std::move(sent.rest), std::move(record)});
  }
  note_end(service, record, sent.status, Kind::whole);
  co_return nullptr;
}

Task<> stream_answer(Exchange* exchange, std::unique_ptr<StreamedAnswer> rest) {
  Result<> sent = fail(ErrorCode::internal, "the stream did not run");
  try {
    sent = co_await rest->body(*exchange);
  } catch (const std::exception& exception) {
    sent = fail(ErrorCode::internal, exception.what());
  }
  if (sent) sent = co_await exchange->end();
  const int status = end_answer(*exchange, sent, rest->record.request_id);
  rest->service.metrics->streams.add(-1);
  note_end(rest->service, rest->record, status, Kind::stream);
}

Task<> refuse(Service service, Exchange* exchange, Error error) {
  service.metrics->refuse(error.stable_code());
  Wishes wishes;
  wishes.request_id = Ulid::make().to_string();
  log::debug("request refused", {{"error", error.message}, {"request_id", wishes.request_id}});
  (void)co_await send_response(exchange, &wishes, problem_response(error, wishes.request_id));
}

}  // namespace atelier::net
