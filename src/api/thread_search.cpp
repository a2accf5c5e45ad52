// Finding messages in all of one's threads.
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "studio/chat/search.hpp"

namespace atelier::api {
namespace {

Task<Result<net::Response>> search(Services services, net::Request request) {
  auto limit = integer_query(request, "limit", 20, 1, studio::kSearchHitsMax);
  if (!limit) co_return error_of(limit);
  auto text = request.query_parameter("q");
  if (!text)
    co_return fail(ErrorCode::invalid_argument, "say what to search for",
                   {.reason = "parameter_invalid", .where = "q"});
  auto answer =
      co_await services.thread_search.search(request.principal(), std::move(*text), static_cast<std::size_t>(*limit));
  if (!answer) co_return error_of(answer);
  net::Response response = net::json_response(studio::to_json(*answer));
  response.headers.set("cache-control", "private, no-store");
  co_return response;
}

constexpr QueryParameter kQuery[] = {
    {"q", "Words, of which the last may be only begun; \"in quotation marks\": as a phrase. At most 500 bytes"},
    {"limit", "How many, 1 to 50"}};

constexpr Route kRoutes[] = {{.method = net::Method::get,
                              .path = "/api/threads/search",
                              .run = search,
                              .summary = "Messages that have all of the words, in any thread",
                              .answer = "SearchAnswer",
                              .query = kQuery}};

}  // namespace

std::span<const Route> thread_search_routes() { return kRoutes; }

}  // namespace atelier::api
