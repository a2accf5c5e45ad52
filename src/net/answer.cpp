#include "net/answer.hpp"

#include <chrono>

#include "base/async.hpp"
#include "base/log.hpp"
#include "net/handled.hpp"
#include "net/sending.hpp"

namespace atelier::net {
namespace {

Result<> check_edge(const Service& service, const Request& request) {
  if (!service.policy) return {};
  if (auto fine = check_host(*service.policy, request); !fine) return fine;
  if (auto fine = check_origin(*service.policy, request); !fine) return fine;
  return check_media_type(request, request.body != nullptr);
}

void note_end(const Service& service, const AnswerRecord& record, int status) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - record.started).count();
  service.routes->count(record.method, record.route, status, seconds);
  const log::Level level = status >= 500 ? log::Level::info : log::Level::debug;
  log::write(level, "request answered",
             {{"method", to_string(record.method)},
              {"path", record.path},
              {"route", record.route},
              {"status", status},
              {"ms", seconds * 1000},
              {"peer", record.peer},
              {"request_id", record.request_id}});
}

}  // namespace

Task<std::unique_ptr<StreamedAnswer>> answer(Service service, Exchange* exchange, Request request) {
  RequestNote note;
  request.note = &note;
  AnswerRecord record{request.method, request.path, request.peer, {}, {}, std::chrono::steady_clock::now()};
  Wishes wishes = Wishes::of(request);
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
    if (is_strict) response->headers.set(kStrictTransport.first, kStrictTransport.second);
    sent = co_await send_response(exchange, &wishes, std::move(*response));
  }
  record.route = note.route;
  record.request_id = std::move(wishes.request_id);
  if (sent.rest) {
    service.metrics->streams.add(1);
    co_return std::make_unique<StreamedAnswer>(StreamedAnswer{service, std::move(sent.rest), std::move(record)});
  }
  note_end(service, record, sent.status);
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
  note_end(rest->service, rest->record, status);
}

Task<> refuse(Service service, Exchange* exchange, Error error) {
  service.metrics->refuse(error.stable_code());
  Wishes wishes;
  wishes.request_id = Ulid::make().to_string();
  log::debug("request refused", {{"error", error.message}, {"request_id", wishes.request_id}});
  (void)co_await send_response(exchange, &wishes, problem_response(error, wishes.request_id));
}

}  // namespace atelier::net
