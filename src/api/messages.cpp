// What is said in threads: sending, answers, reading.
#include <fmt/format.h>

#include <limits>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "studio/chat/chat.hpp"

namespace atelier::api {
namespace {

constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kPutBytesMax = 64 << 20;
constexpr std::size_t kModelsMax = 4;  // that answer side by side

Result<std::int64_t> number_of(const net::Request& request) {
  const auto number = parse_integer(request.path_parameter("number"));
  if (number && *number > 0) return *number;
  return fail(ErrorCode::not_found, "there is no such message", {.reason = "message_not_found", .where = {}});
}

net::Response said_response(const studio::Chat::Said& said) {
  json::Array messages;
  for (const studio::ThreadMessage& message : said.messages) messages.push_back(studio::to_json(message));
  return net::json_response(json::Object{{"messages", std::move(messages)}, {"thread", studio::to_json(said.thread)}},
                            201);
}

Result<std::vector<studio::MessagePart>> read_parts(json::ObjectReader& reader, studio::PartsFrom from) {
  const json::Array* parts = reader.required_array("parts", std::numeric_limits<std::size_t>::max());
  if (parts == nullptr) return std::vector<studio::MessagePart>();
  return studio::parse_parts(*parts, reader.pointer_to("parts"), from);
}

Result<std::vector<std::string>> read_models(json::ObjectReader& reader, const studio::NewMessage& message) {
  std::vector<std::string> models;
  const json::Array* given = reader.required_array("models", kModelsMax);
  if (given == nullptr) return models;
  if (given->size() < 2) reader.complain("models", fmt::format("must name 2 to {} models", kModelsMax));
  if (!message.model.empty()) reader.complain("models", "must not stand beside a single model");
  if (!message.wants_answer) reader.complain("models", "are to answer: answers cannot be false");
  for (std::size_t at = 0; at < given->size(); ++at) {
    const json::Value& one = (*given)[at];
    const std::size_t size = one.is_string() ? one.get_string().size() : 0;
    if (size == 0 || size > studio::kModelNameBytesMax)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("must be a text of 1 to {} bytes", studio::kModelNameBytesMax),
                  {.reason = "field_invalid", .where = fmt::format("{}/{}", reader.pointer_to("models"), at)});
    else
      models.emplace_back(one.get_string());
  }
  return models;
}

Task<Result<net::Response>> send(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto key = idempotency_key_of(request);
  if (!key) co_return error_of(key);
  auto body = co_await request.read_json(2 * studio::kMessageBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::NewMessage message;
  message.parent = reader.optional_integer("parent", 0, kNumberMax);
  auto parts = read_parts(reader, studio::PartsFrom::user);
  if (!parts) co_return error_of(parts);
  message.parts = std::move(*parts);
  if (message.parts.empty()) reader.complain("parts", "must say something");
  message.model = reader.optional_string("model", {.bytes_max = studio::kModelNameBytesMax}).value_or("");
  message.wants_answer = reader.optional_bool("answers").value_or(true);
  if (reader.has("models")) {
    auto models = read_models(reader, message);
    if (!models) co_return error_of(models);
    message.models = std::move(*models);
  }
  if (reader.optional_choice("when_busy", {"refuse", "queue"}).value_or("refuse") == "queue")
    message.when_busy = studio::NewMessage::Busy::queue;
  if (auto done = reader.finish(); !done) co_return error_of(done);
  message.idempotency_key = std::move(*key);
  auto said = co_await services.talk.send(request.principal(), *id, std::move(message));
  if (!said) co_return error_of(said);
  co_return said_response(*said);
}

Task<Result<net::Response>> answer_again(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto number = number_of(request);
  if (!number) co_return error_of(number);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string model = reader.optional_string("model", {.bytes_max = studio::kModelNameBytesMax}).value_or("");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto said = co_await services.talk.answer_again(request.principal(), *id, *number, std::move(model));
  if (!said) co_return error_of(said);
  co_return said_response(*said);
}

Task<Result<net::Response>> go_on(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto number = number_of(request);
  if (!number) co_return error_of(number);
  auto message = co_await services.talk.go_on(request.principal(), *id, *number);
  if (!message) co_return error_of(message);
  co_return net::json_response(studio::to_json(*message), 202);
}

Task<Result<net::Response>> stop(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto number = number_of(request);
  if (!number) co_return error_of(number);
  auto message = co_await services.talk.stop(request.principal(), *id, *number);
  if (!message) co_return error_of(message);
  co_return net::json_response(studio::to_json(*message));
}

Task<Result<net::Response>> stop_all(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto thread = co_await services.talk.stop_all(request.principal(), *id);
  if (!thread) co_return error_of(thread);
  co_return net::json_response(studio::to_json(*thread));
}

Task<Result<net::Response>> list_summaries(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto summaries = co_await services.summaries.list(request.principal(), *id);
  if (!summaries) co_return error_of(summaries);
  json::Array items;
  for (const store::SummaryRow& one : *summaries) items.push_back(studio::to_json(one));
  co_return net::json_response(json::Object{{"items", std::move(items)}});
}

Task<Result<net::Response>> suggest(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto number = number_of(request);
  if (!number) co_return error_of(number);
  auto made = co_await services.suggestions.of(request.principal(), *id, *number);
  if (!made) co_return error_of(made);
  json::Array suggestions;
  for (const std::string& one : *made) suggestions.push_back(json::Value(one));
  co_return net::json_response(json::Object{{"suggestions", std::move(suggestions)}});
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto number = number_of(request);
  if (!number) co_return error_of(number);
  auto message = co_await services.threads.message(request.principal(), *id, *number);
  if (!message) co_return error_of(message);
  co_return net::json_response(studio::to_json(*message));
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto count = integer_query(request, "limit", 30, 1, studio::kWindowMax);
  if (!count) co_return error_of(count);
  const bool has_it = request.query_parameter("from").has_value();
  if (has_it == request.query_parameter("before").has_value())
    co_return fail(ErrorCode::invalid_argument, "say the message to go back from, as before or as from",
                   {.reason = "parameter_invalid", .where = "before"});
  auto number = integer_query(request, has_it ? "from" : "before", 0, 1, kNumberMax);
  if (!number) co_return error_of(number);
  auto branch = co_await services.threads.branch(request.principal(), *id, *number, *count, has_it);
  if (!branch) co_return error_of(branch);
  json::Array messages;
  for (const studio::ThreadMessage& message : *branch) messages.push_back(studio::to_json(message));
  co_return net::json_response(json::Object{{"messages", std::move(messages)}});
}

Result<studio::ThreadMessage> read_put(const json::Value& value, std::string where, UnixMs now_ms) {
  json::ObjectReader reader(value, std::move(where));
  studio::ThreadMessage message;
  message.number = reader.required_integer("number", 1, kNumberMax);
  message.parent = reader.required_integer("parent", 0, kNumberMax);
  if (const auto role = reader.optional_choice("role", {"user", "assistant", "system"}))
    message.role = *studio::parse_message_role(*role);
  else if (!reader.has("role"))
    reader.complain("role", "is missing");
  auto parts = read_parts(reader, studio::PartsFrom::import);
  if (!parts) return error_of(parts);
  message.parts = std::move(*parts);
  message.model = reader.optional_string("model", {.bytes_max = studio::kModelNameBytesMax}).value_or("");
  message.created_ms = now_ms;
  if (const auto created = reader.optional_string("created_at", {.bytes_max = 64})) {
    if (const auto time = parse_rfc3339(*created))
      message.created_ms = *time;
    else
      reader.complain("created_at", "is no time");
  }
  if (auto done = reader.finish(); !done) return error_of(done);
  return message;
}

Task<Result<net::Response>> put(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json(kPutBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const json::Array* given = reader.required_array("messages", studio::kPutMessagesMax);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  std::vector<studio::ThreadMessage> messages;
  const UnixMs now_ms = services.clock.wall_ms();
  for (std::size_t index = 0; index < given->size(); ++index) {
    auto message = read_put((*given)[index], fmt::format("/messages/{}", index), now_ms);
    if (!message) co_return error_of(message);
    messages.push_back(std::move(*message));
  }
  const std::size_t count = messages.size();
  auto thread = co_await services.threads.put(request.principal(), *id, std::move(messages));
  if (!thread) co_return error_of(thread);
  co_return net::json_response(json::Object{{"thread", studio::to_json(*thread)}, {"count", count}});
}

constexpr QueryParameter kBranchQuery[] = {{"before", "The message whose ancestors are wanted"},
                                           {"from", "The same, with the message itself"},
                                           {"limit", "How many, 1 to 200"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/threads/{id}/messages",
     .run = list,
     .summary = "A message's branch, back from it, oldest first",
     .answer = "MessageList",
     .query = kBranchQuery},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/messages",
     .run = send,
     .summary = "Says something, and has it answered",
     .request = "NewMessage",
     .answer = "Said",
     .status = 201,
     .takes_key = true},
    {.method = net::Method::put,
     .path = "/api/threads/{id}/messages",
     .run = put,
     .summary = "Adds or replaces up to 1,000 messages at once",
     .request = "PutMessages",
     .answer = "PutDone"},
    {.method = net::Method::get,
     .path = "/api/threads/{id}/messages/{number}",
     .run = get,
     .summary = "A message, as far as it is",
     .answer = "Message"},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/messages/{number}/answers",
     .run = answer_again,
     .summary = "One more answer to it, or beside it",
     .request = "AnswerAgain",
     .answer = "Said",
     .status = 201},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/messages/{number}/continue",
     .run = go_on,
     .summary = "An answer that broke off goes on",
     .answer = "Message",
     .status = 202},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/messages/{number}/stop",
     .run = stop,
     .summary = "Stops an answer; what it said stays",
     .answer = "Message"},
    {.method = net::Method::get,
     .path = "/api/threads/{id}/summaries",
     .run = list_summaries,
     .summary = "What stands before the messages where not all of them fit the model",
     .answer = "SummaryList"},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/stop",
     .run = stop_all,
     .summary = "Stops all answers of a thread; what they said stays",
     .answer = "Thread"},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/messages/{number}/suggestions",
     .run = suggest,
     .summary = "What might be said after an answer; stored with it",
     .answer = "Suggestions"},
};

}  // namespace

std::span<const Route> message_routes() { return kRoutes; }

}  // namespace atelier::api
