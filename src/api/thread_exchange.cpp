// Threads that come from files, and go into them.
#include "studio/chat/thread_exchange.hpp"

#include <fmt/format.h>

#include "api/file_response.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

Task<Result<net::Response>> take_in(Services services, net::Request request) {
  auto bytes = co_await request.read_body(studio::ThreadExchange::kImportBytesMax);
  if (!bytes) co_return error_of(bytes);
  auto taken = co_await services.thread_exchange.take_in(request.principal(), std::move(*bytes));
  if (!taken) co_return error_of(taken);
  json::Array threads, skipped;
  for (const store::ThreadRow& thread : taken->threads) threads.push_back(studio::to_json(thread));
  for (const studio::Skipped& one : taken->skipped)
    skipped.push_back(json::Object{{"where", one.where}, {"reason", one.reason}});
  co_return net::json_response(json::Object{{"threads", std::move(threads)}, {"skipped", std::move(skipped)}}, 201);
}

Task<Result<net::Response>> give_out(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  const std::string form = request.query_parameter("format").value_or("json");
  if (form != "json" && form != "markdown")
    co_return fail(ErrorCode::invalid_argument, "must be \"markdown\" or \"json\"",
                   {.reason = "parameter_invalid", .where = "format"});
  const auto wanted = form == "json" ? studio::ThreadExchange::Form::json : studio::ThreadExchange::Form::markdown;
  auto file = co_await services.thread_exchange.give_out(request.principal(), *id, wanted);
  if (!file) co_return error_of(file);
  net::Response response = net::text_response(std::move(file->bytes), file->media_type);
  response.headers.set("content-disposition", attachment_named(file->name));
  response.headers.set("cache-control", "private, no-cache");
  co_return response;
}

constexpr QueryParameter kExportQuery[] = {{"format", "markdown (the branch that is shown) or json (everything)"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::post,
     .path = "/api/threads/import",
     .run = take_in,
     .summary = "Threads of an export file: ChatGPT's, Open WebUI's, LibreChat's or ours",
     .request = "application/json",
     .answer = "TakenThreads",
     .status = 201},
    {.method = net::Method::get,
     .path = "/api/threads/{id}/export",
     .run = give_out,
     .summary = "A thread as a file",
     .answer = "application/octet-stream",
     .query = kExportQuery},
};

}  // namespace

std::span<const Route> thread_exchange_routes() { return kRoutes; }

}  // namespace atelier::api
