// Tools that models may call: which there are, what is allowed, and what is decided about a call.
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/text.hpp"

namespace atelier::api {
namespace {

// `thread`, an id; nullopt without one.
Result<std::optional<ThreadId>> thread_query(const net::Request& request) {
  const auto given = request.query_parameter("thread");
  if (!given) return std::optional<ThreadId>();
  auto id = ThreadId::parse(*given);
  if (!id) return fail(ErrorCode::not_found, "there is no such thread", {.reason = "thread_not_found", .where = {}});
  return std::optional<ThreadId>(*id);
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto thread = thread_query(request);
  if (!thread) co_return error_of(thread);
  auto tools = co_await services.grants.list(request.principal(), *thread);
  if (!tools) co_return error_of(tools);
  json::Array items;
  for (const studio::GrantedTool& one : *tools) items.push_back(studio::to_json(one));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> allow(Services services, net::Request request) {
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  (void)reader.optional_choice("scope", {"always"});
  if (!reader.has("scope")) reader.complain("scope", "is missing");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto granted = co_await services.grants.allow(request.principal(), std::string(request.path_parameter("name")));
  if (!granted) co_return error_of(granted);
  co_return net::json_response(studio::to_json(*granted));
}

Task<Result<net::Response>> revoke(Services services, net::Request request) {
  auto thread = thread_query(request);
  if (!thread) co_return error_of(thread);
  auto done =
      co_await services.grants.revoke(request.principal(), std::string(request.path_parameter("name")), *thread);
  if (!done) co_return error_of(done);
  co_return net::empty_response();
}

Task<Result<net::Response>> decide(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  const auto number = parse_integer(request.path_parameter("number"));
  if (!number || *number < 1)
    co_return fail(ErrorCode::not_found, "there is no such message", {.reason = "message_not_found", .where = {}});
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::ToolDecision decision;
  decision.call = std::string(request.path_parameter("call"));
  decision.is_allowed = reader.optional_choice("decision", {"allow", "deny"}).value_or("deny") == "allow";
  if (!reader.has("decision")) reader.complain("decision", "is missing");
  if (const auto remember = reader.optional_choice("remember", {"thread", "always"})) {
    if (!decision.is_allowed) reader.complain("remember", "is for what is allowed: a call that is not is asked again");
    decision.remember =
        *remember == "thread" ? studio::ToolDecision::Remember::thread : studio::ToolDecision::Remember::always;
  }
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto message = co_await services.talk.decide(request.principal(), *id, *number, std::move(decision));
  if (!message) co_return error_of(message);
  co_return net::json_response(studio::to_json(*message));
}

constexpr QueryParameter kThreadQuery[] = {{"thread", "What is allowed in that thread"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/tools",
     .run = list,
     .summary = "Tools that models may call, and what of them the caller allows",
     .answer = "ToolList",
     .query = kThreadQuery},
    {.method = net::Method::put,
     .path = "/api/tools/{name}/grant",
     .run = allow,
     .summary = "The tool may be called without asking",
     .request = "ToolGrant",
     .answer = "Tool"},
    {.method = net::Method::del,
     .path = "/api/tools/{name}/grant",
     .run = revoke,
     .summary = "It is asked again before the tool is called",
     .status = 204,
     .query = kThreadQuery},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/messages/{number}/tool-calls/{call}",
     .run = decide,
     .summary = "Allows a call that an answer waits with, or not",
     .request = "ToolDecision",
     .answer = "Message"},
};

}  // namespace

std::span<const Route> tool_routes() { return kRoutes; }

}  // namespace atelier::api
