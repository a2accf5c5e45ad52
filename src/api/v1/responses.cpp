// Responses that were kept: read again, listed with what they answer, deleted. Creating them is in chat.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "api/v1/v1.hpp"
#include "base/async.hpp"
#include "base/text.hpp"
#include "model/face/openai_responses_replay.hpp"
#include "model/face/openai_responses_state.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_items.hpp"

namespace atelier::api {
namespace {

constexpr std::int64_t kItemsByDefault = 20, kItemsMax = 100;

std::unexpected<Error> not_there(std::string_view id) {
  return fail(ErrorCode::not_found, fmt::format("Response with id '{}' not found.", printable(id, 80)),
              {.reason = "response_not_found", .where = "response_id"});
}

std::unexpected<Error> refuse(std::string_view parameter, std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("{} {}", parameter, what),
              {.reason = "parameter_invalid", .where = std::string(parameter)});
}

Task<Result<model::KeptResponsePtr>> find(Services services, model::ResponseOwner whose, std::string id) {
  auto found = co_await services.responses.find(whose, id);
  if (!found) co_return error_of(found);
  if (!*found) co_return not_there(id);
  co_return found;
}

// The number of the last event that the caller has; -1: none.
Result<std::int64_t> starting_after(const net::Request& request) {
  const auto given = request.query_parameter("starting_after");
  if (!given) return -1;
  const auto number = parse_integer(*given);
  if (!number || *number < 0) return refuse("starting_after", "must be an event's number, 0 or more");
  return *number;
}

Task<Result<net::Response>> get(Services services, net::Request request, model::KeyStatePtr key) {
  const std::string stream(request.query_parameter("stream").value_or("false"));
  if (stream != "true" && stream != "false") co_return refuse("stream", "must be true or false");
  auto after = starting_after(request);
  if (!after) co_return error_of(after);
  std::string id(request.path_parameter("id"));
  auto kept = co_await find(services, owner_of(*key), std::move(id));
  if (!kept) co_return error_of(kept);
  net::Response response;
  if (stream == "false") {
    response.headers.set("content-type", "application/json");
    response.body = (*kept)->response;
    co_return response;
  }
  auto whole = json::parse((*kept)->response);
  if (!whole) co_return error_of(whole);
  response.headers.set("content-type", "text/event-stream; charset=utf-8");
  response.headers.set("cache-control", "no-cache, no-transform");
  response.body = model::replay_response(whole->get_object(), *after);
  co_return response;
}

Task<Result<net::Response>> remove(Services services, net::Request request, model::KeyStatePtr key) {
  const std::string id(request.path_parameter("id"));
  auto removed = co_await services.responses.remove(owner_of(*key), id);
  if (!removed) co_return error_of(removed);
  if (!*removed) co_return not_there(id);
  const json::Object told{{"id", id}, {"object", "response"}, {"deleted", true}};
  co_return net::json_response(told);
}

// Nothing goes on here without its caller, so that there is nothing to cancel.
Task<Result<net::Response>> cancel(Services services, net::Request request, model::KeyStatePtr key) {
  std::string id(request.path_parameter("id"));
  auto kept = co_await find(services, owner_of(*key), std::move(id));
  if (!kept) co_return error_of(kept);
  co_return fail(ErrorCode::invalid_argument,
                 "Cannot cancel a synchronous response: it ends when its caller closes the connection.",
                 {.reason = "not_supported", .where = "response_id"});
}

// All that the response answers, first to last: the turns before it, and its own input. Items that came without an id
// get one, the same each time.
Result<json::Array> input_of(const std::vector<model::KeptResponsePtr>& turns) {
  json::Array items;
  for (const model::KeptResponsePtr& turn : turns) {
    auto said =
        turn == turns.back() ? Result<std::string>(turn->input) : model::items_of_turn(turn->input, turn->response);
    if (!said) return error_of(said);
    auto list = json::parse(*said);
    if (!list) return error_of(list);
    json::Array& own = list->get_array();
    for (std::size_t i = 0; i < own.size(); ++i) {
      json::Object* item = own[i].if_object();
      if (!item) continue;
      if (!item->contains("type") && item->contains("role")) (*item)["type"] = "message";
      if (model::loose::view_at(*item, "id").empty()) (*item)["id"] = model::openai::made_item_id("item", turn->id, i);
      items.push_back(std::move(own[i]));
    }
  }
  return items;
}

std::string_view id_of(const json::Value& item) { return model::loose::view_at(item.get_object(), "id"); }

Task<Result<net::Response>> list_input(Services services, net::Request request, model::KeyStatePtr key) {
  auto limit = integer_query(request, "limit", kItemsByDefault, 1, kItemsMax);
  if (!limit) co_return error_of(limit);
  const std::string order(request.query_parameter("order").value_or("desc"));
  if (order != "asc" && order != "desc") co_return refuse("order", "must be asc or desc");
  const std::string after(request.query_parameter("after").value_or(""));
  const std::string id(request.path_parameter("id"));
  auto turns = co_await services.responses.conversation(owner_of(*key), id);
  if (!turns && turns.error().reason == "previous_response_not_found") co_return not_there(id);
  if (!turns) co_return error_of(turns);
  auto items = input_of(*turns);
  if (!items) co_return error_of(items);
  if (order == "desc") std::ranges::reverse(*items);
  auto from = items->begin();
  if (!after.empty()) {
    from = std::ranges::find(*items, std::string_view(after), id_of);
    if (from == items->end()) co_return refuse("after", "names no item of this response's input");
    ++from;
  }
  const auto count = std::min<std::ptrdiff_t>(*limit, items->end() - from);
  json::Array data(from, from + count);
  json::Object page{
      {"object", "list"}, {"first_id", nullptr}, {"last_id", nullptr}, {"has_more", from + count != items->end()}};
  if (!data.empty()) {
    page["first_id"] = id_of(data.front());
    page["last_id"] = id_of(data.back());
  }
  page["data"] = std::move(data);
  co_return net::json_response(page);
}

constexpr QueryParameter kGetQuery[] = {{"stream", "true: as server-sent events"},
                                        {"starting_after", "With stream: the number of the last event the caller has"}};
constexpr QueryParameter kListQuery[] = {{"limit", "1 to 100; 20"},
                                         {"order", "asc or desc (newest first, the default)"},
                                         {"after", "The id of the item before"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/v1/responses/{id}",
     .summary = "A response that was kept",
     .answer = "OpenAiResponse",
     .query = kGetQuery,
     .face = Face::openai,
     .serve = get},
    {.method = net::Method::del,
     .path = "/v1/responses/{id}",
     .summary = "Deletes it",
     .answer = "OpenAiDeleted",
     .face = Face::openai,
     .serve = remove},
    {.method = net::Method::get,
     .path = "/v1/responses/{id}/input_items",
     .summary = "All that it answers",
     .answer = "OpenAiItemList",
     .query = kListQuery,
     .face = Face::openai,
     .serve = list_input},
    {.method = net::Method::post,
     .path = "/v1/responses/{id}/cancel",
     .summary = "Always refused: responses end with their callers",
     .answer = "OpenAiResponse",
     .face = Face::openai,
     .serve = cancel},
};

}  // namespace

std::span<const Route> v1_response_routes() { return kRoutes; }

}  // namespace atelier::api
