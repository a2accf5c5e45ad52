// Several calls of the API in one request.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/trace.hpp"
#include "net/handled.hpp"
#include "net/request_of.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kCallsMax = 50;
constexpr std::size_t kBodyBytesMax = 16 << 20;    // of all calls
constexpr std::size_t kAnswerBytesMax = 16 << 20;  // of all answers
constexpr std::size_t kPathBytesMax = 8 << 10;
constexpr std::size_t kHeaderBytesMax = 1 << 10;

// What a call may say in fields of its own. Who calls, and from where, is the batch's to say.
constexpr std::array<std::string_view, 3> kOwnFields = {"idempotency-key", "if-match", "if-none-match"};
// And what it gets from the batch.
constexpr std::array<std::string_view, 3> kSharedFields = {"authorization", "cookie", "x-csrf-token"};
// What is told of an answer's.
constexpr std::array<std::string_view, 4> kToldFields = {"allow", "etag", "location", "retry-after"};

std::unexpected<Error> invalid(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "field_invalid", .where = std::move(where)});
}

// A body that is there already.
class TextReader final : public net::BodyReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}
  Task<Result<std::optional<std::string>>> next() override {
    std::optional<std::string> piece;
    if (!text_.empty()) piece = std::exchange(text_, std::string());
    co_return piece;
  }

 private:
  std::string text_;
};

Result<> read_fields(const json::Value& value, const std::string& where, net::Headers& into) {
  if (!value.is_object()) return invalid(where, "must be an object of texts");
  for (const auto& [name, field] : value.get_object()) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string at = fmt::format("{}/{}", where, std::string_view(name));
    if (std::ranges::find(kOwnFields, lower) == kOwnFields.end())
      return invalid(at, fmt::format("is no field of a call in a batch; {} are", fmt::join(kOwnFields, ", ")));
    if (into.find(lower)) return invalid(at, "is there twice");
    const bool is_line = field.is_string() && field.get_string().size() <= kHeaderBytesMax &&
                         std::ranges::all_of(field.get_string(), [](char c) { return c >= ' ' && c != 127; });
    if (!is_line) return invalid(at, fmt::format("must be a line of at most {} bytes", kHeaderBytesMax));
    into.add(lower, field.get_string());
  }
  return {};
}

bool is_json(std::string_view shape) {
  return shape.find('/') == std::string_view::npos || shape == "application/json";
}

// Whether a call of this kind may stand in a batch: one that takes JSON and answers with all of it at once.
Result<> check_kind(const net::Router& router, const net::Request& request, const std::string& where) {
  const net::Router::Answer found = router.find(request.method, request.path);
  const Route* route = found.match.handler != nullptr ? route_of(request.method, found.match.pattern) : nullptr;
  if (route == nullptr || route->face != Face::studio)
    return invalid(where + "/path",
                   fmt::format("there is no {} {} in the API", net::to_string(request.method), request.path));
  if (route->is_alone) return invalid(where + "/path", "is called by itself, not in a batch");
  if (!is_json(route->answer))
    return invalid(where + "/path", fmt::format("answers {}, not JSON: call it by itself", route->answer));
  if (!is_json(route->request))
    return invalid(where + "/path", fmt::format("takes {}, a file: call it by itself", route->request));
  return {};
}

Result<net::Request> read_call(const net::Request& batch, const json::Value& value, std::size_t index) {
  const std::string where = fmt::format("/calls/{}", index);
  json::ObjectReader reader(value, where);
  net::RequestHead head;
  head.method = reader.optional_choice("method", {"GET", "POST", "PUT", "PATCH", "DELETE"}).value_or("");
  if (!reader.has("method")) reader.complain("method", "is missing");
  head.target = reader.required_string("path", {.bytes_min = 1, .bytes_max = kPathBytesMax});
  const json::Value* fields = reader.optional_value("headers");
  const json::Value* body = reader.optional_value("body");
  if (auto done = reader.finish(); !done) return error_of(done);
  if (!head.target.starts_with("/api/")) return invalid(where + "/path", "must begin with /api/");
  if (fields != nullptr)
    if (auto read = read_fields(*fields, where + "/headers", head.headers); !read) return error_of(read);
  for (const std::string_view name : kSharedFields)
    if (const auto field = batch.headers.find(name)) head.headers.add(name, *field);
  head.headers.add("x-request-id", fmt::format("{}.{}", batch.request_id, index));
  auto request = net::request_of(head, {});
  if (!request) return invalid(where + "/path", request.error().message);
  // Only now, since it is normalised: /api/../x is none of ours either.
  request->peer = batch.peer;
  request->is_secure = batch.is_secure;
  if (body != nullptr && !body->is_null()) {
    request->headers.set("content-type", "application/json");
    request->body = std::make_unique<TextReader>(json::write(*body));
  }
  return request;
}

struct Told {
  int status = 0;
  std::string text;  // a member of the answer, as JSON
};

Told tell(net::Response response, std::size_t room_bytes) {
  json::Object fields;
  for (const std::string_view name : kToldFields)
    if (const auto field = response.headers.find(name)) fields[name] = *field;
  const std::string* body = std::get_if<std::string>(&response.body);
  const std::string_view type = response.headers.find("content-type").value_or("");
  const bool is_json =
      body != nullptr && (type.starts_with("application/json") || type.starts_with("application/problem+json"));
  const bool has_room = body == nullptr || body->size() <= room_bytes;
  Told told{.status = response.status, .text = {}};
  told.text = fmt::format(R"({{"status":{},"headers":{},"body":{}{}}})", response.status, json::write(fields),
                          is_json && has_room && !body->empty() ? *body : "null", has_room ? "" : R"(,"is_cut":true)");
  return told;
}

net::Response not_called(std::string_view request_id) {
  net::Response response =
      net::problem_response(fail(ErrorCode::conflict, "an earlier call of the batch failed, and this one was not made",
                                 {.reason = "not_called", .where = {}})
                                .error(),
                            request_id);
  response.status = 424;
  return response;
}

Task<Result<net::Response>> batch(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const json::Array* given = reader.required_array("calls", kCallsMax);
  const bool stops_on_error = reader.optional_bool("stop_on_error").value_or(false);
  if (given != nullptr && given->empty()) reader.complain("calls", "must have at least one call");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  // None is made before all are known to be calls.
  std::vector<net::Request> calls;
  for (std::size_t index = 0; index < given->size(); ++index) {
    auto call = read_call(request, (*given)[index], index);
    if (!call) co_return error_of(call);
    if (auto fine = check_kind(*services.router, *call, fmt::format("/calls/{}", index)); !fine)
      co_return error_of(fine);
    calls.push_back(std::move(*call));
  }
  body->emplace_null();  // each call has its own

  const net::Handler handler = [&router = *services.router](net::Request call) {
    return router.handle(std::move(call));
  };
  std::string answers;
  bool has_failed = false;
  for (net::Request& call : calls) {
    const std::string id = call.request_id;
    const net::Conditions conditions = net::Conditions::of(call);
    net::Response response;
    if (has_failed && stops_on_error) {
      response = not_called(id);
    } else {
      const trace::Span span(request.principal().trace, "batch call");
      net::RequestNote note;
      note.trace = span.context();
      call.note = &note;
      auto answered = co_await net::call_handler(&handler, std::move(call));
      const bool is_over = co_await is_cancelled();
      if (is_over) co_return fail(ErrorCode::cancelled, "the caller went away");
      response = answered ? std::move(*answered) : net::to_problem(answered.error(), id);
    }
    net::answer_conditions(conditions, response);
    const Told told = tell(std::move(response), kAnswerBytesMax - std::min(kAnswerBytesMax, answers.size()));
    has_failed = has_failed || told.status >= 400;
    if (!answers.empty()) answers += ',';
    answers += told.text;
  }
  net::Response whole = net::text_response("{\"answers\":[" + answers + "]}", "application/json");
  whole.headers.set("cache-control", "private, no-store");
  co_return whole;
}

constexpr Route kRoutes[] = {{.method = net::Method::post,
                              .path = "/api/batch",
                              .run = batch,
                              .summary = "Makes up to 50 calls, one after another",
                              .request = "Batch",
                              .answer = "BatchAnswers",
                              .is_alone = true}};

}  // namespace

std::span<const Route> batch_routes() { return kRoutes; }

}  // namespace atelier::api
