#include "tests/model/double_provider.hpp"

#include "base/json.hpp"
#include "tests/double/endpoints.hpp"

namespace atelier::model::testing {
namespace {

constexpr std::string_view kHost = "http://double";

std::string bytes_of(const doubles::Answer& answer) {
  if (!answer.is_streamed()) return answer.body;
  std::string out;
  for (const doubles::Piece& piece : answer.pieces) {
    if (answer.framing == doubles::Framing::ndjson) {
      out += piece.data + "\n";
      continue;
    }
    if (!piece.event.empty()) out += "event: " + piece.event + "\n";
    out += "data: " + piece.data + "\n\n";
  }
  return out;
}

}  // namespace

DoubleProvider::Answered DoubleProvider::answer(const WireRequest& wire) {
  doubles::Request request;
  request.method = wire.is_get() ? "GET" : "POST";
  request.target = wire.url.substr(kHost.size());
  request.fields = wire.headers;
  request.body = wire.body;
  request.number = ++count_;
  const std::size_t query = request.target.find('?');
  request.path = doubles::unescape(request.target.substr(0, query));
  if (query != std::string::npos) request.query = request.target.substr(query + 1);
  const doubles::Place place = doubles::find_place(std::nullopt, request);
  if (!place.endpoint) return {.status = 404, .body = "no such endpoint: " + request.target};
  request.path = place.path;
  auto body = json::parse(wire.body);
  if (!body || !body->is_object()) return {.status = 400, .body = "no JSON object: " + wire.body};
  const json::Value* model = body->get_object().if_contains("model");
  const doubles::Faults faults;
  const doubles::Answer answer =
      place.endpoint->answer({.request = request,
                              .dialect = *place.dialect,
                              .faults = faults,
                              .state = state_,
                              .errors = place.errors,
                              .body = body->get_object(),
                              .model = model && model->is_string() ? std::string(model->get_string()) : place.captured,
                              .captured = place.captured});
  return {.status = answer.status, .is_streamed = answer.is_streamed(), .body = bytes_of(answer)};
}

}  // namespace atelier::model::testing
