// What people keep to say again.
#include <fmt/format.h>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "studio/chat/prompts.hpp"
#include "studio/chat/thread.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 512 << 10;
constexpr std::size_t kImportBytesMax = 16 << 20;

// A name is what is written behind "/prompt ": one line, nothing at its ends.
std::string clean_name(json::ObjectReader& reader, std::string name) {
  std::string trimmed(trim(name));
  if (trimmed.empty()) reader.complain("name", "must not be empty");
  if (trimmed.find_first_of("\n\r\t") != std::string::npos) reader.complain("name", "must be one line");
  return trimmed;
}

Result<std::optional<std::vector<std::string>>> read_tags(json::ObjectReader& reader) {
  std::optional<std::vector<std::string>> read;
  if (const json::Array* given = reader.optional_array("tags", studio::kThreadTagsMax)) {
    auto tags = studio::parse_tags(*given, reader.pointer_to("tags"));
    if (!tags) return error_of(tags);
    read = std::move(*tags);
  }
  return read;
}

Result<studio::PromptFields> read_fields(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  studio::PromptFields fields;
  fields.name = clean_name(reader, reader.required_string("name", {.bytes_max = studio::kPromptNameBytesMax}));
  fields.text = reader.required_string("text", {.bytes_min = 1, .bytes_max = studio::kPromptTextBytesMax});
  fields.folder = reader.optional_string("folder", {.bytes_max = studio::kPromptFolderBytesMax}).value_or("");
  auto tags = read_tags(reader);
  if (!tags) return error_of(tags);
  fields.tags = std::move(*tags).value_or(std::vector<std::string>());
  if (auto done = reader.finish(); !done) return error_of(done);
  return fields;
}

studio::Prompts prompts_of(const Services& services) { return {services.database, services.clock}; }

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto limit = integer_query(request, "limit", 50, 1, 200);
  if (!limit) co_return error_of(limit);
  std::string words = request.query_parameter("q").value_or(""), after = request.query_parameter("after").value_or("");
  if (words.size() > studio::kPromptNameBytesMax || after.size() > studio::kPromptNameBytesMax)
    co_return fail(ErrorCode::invalid_argument, fmt::format("has over {} bytes", studio::kPromptNameBytesMax),
                   {.reason = "field_invalid", .where = words.size() > studio::kPromptNameBytesMax ? "q" : "after"});
  studio::Prompts prompts = prompts_of(services);
  auto page =
      co_await prompts.list(request.principal(), std::move(words), std::move(after), static_cast<std::size_t>(*limit));
  if (!page) co_return error_of(page);
  json::Array items;
  for (const store::PromptRow& row : page->items) items.push_back(studio::to_json(row));
  net::Response response = net::json_response(json::Object{{"items", std::move(items)}, {"next", page->next}});
  const std::string digest = sha256(std::get<std::string>(response.body)).hex();
  response.headers.set("etag", fmt::format("\"{}\"", std::string_view(digest).substr(0, 24)));
  response.headers.set("cache-control", "private, no-cache");
  co_return response;
}

Task<Result<net::Response>> create(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto fields = read_fields(*body, "");
  if (!fields) co_return error_of(fields);
  studio::Prompts prompts = prompts_of(services);
  auto row = co_await prompts.create(request.principal(), std::move(*fields));
  if (!row) co_return error_of(row);
  net::Response response = net::json_response(studio::to_json(*row), 201);
  response.headers.set("location", "/api/prompts/" + row->id.to_string());
  co_return response;
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<store::PromptId>(request, "id");
  if (!id) co_return error_of(id);
  studio::Prompts prompts = prompts_of(services);
  auto row = co_await prompts.find(request.principal(), *id);
  if (!row) co_return error_of(row);
  co_return net::json_response(studio::to_json(*row));
}

Task<Result<net::Response>> change(Services services, net::Request request) {
  auto id = id_in<store::PromptId>(request, "id");
  if (!id) co_return error_of(id);
  auto revision = revision_of(request);
  if (!revision) co_return error_of(revision);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::PromptChange wanted;
  wanted.name = reader.optional_string("name", {.bytes_max = studio::kPromptNameBytesMax});
  if (wanted.name) wanted.name = clean_name(reader, std::move(*wanted.name));
  wanted.text = reader.optional_string("text", {.bytes_min = 1, .bytes_max = studio::kPromptTextBytesMax});
  wanted.folder = reader.optional_string("folder", {.bytes_max = studio::kPromptFolderBytesMax});
  auto tags = read_tags(reader);
  if (!tags) co_return error_of(tags);
  wanted.tags = std::move(*tags);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  studio::Prompts prompts = prompts_of(services);
  auto row = co_await prompts.change(request.principal(), *id, *revision, std::move(wanted));
  if (!row) co_return error_of(row);
  co_return net::json_response(studio::to_json(*row));
}

Task<Result<net::Response>> remove(Services services, net::Request request) {
  auto id = id_in<store::PromptId>(request, "id");
  if (!id) co_return error_of(id);
  studio::Prompts prompts = prompts_of(services);
  if (auto done = co_await prompts.remove(request.principal(), *id); !done) co_return error_of(done);
  co_return net::empty_response();
}

Task<Result<net::Response>> import(Services services, net::Request request) {
  auto body = co_await request.read_json(kImportBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const json::Array* given = reader.required_array("prompts", studio::kPromptsMax);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  std::vector<studio::PromptFields> wanted;
  for (std::size_t index = 0; index < given->size(); ++index) {
    auto fields = read_fields((*given)[index], fmt::format("/prompts/{}", index));
    if (!fields) co_return error_of(fields);
    wanted.push_back(std::move(*fields));
  }
  studio::Prompts prompts = prompts_of(services);
  auto done = co_await prompts.import(request.principal(), std::move(wanted));
  if (!done) co_return error_of(done);
  co_return net::json_response(json::Object{{"added", done->added}, {"replaced", done->replaced}});
}

constexpr QueryParameter kListQuery[] = {{"q", "Only those that have this in name, text or tags"},
                                         {"after", "The `next` of the page before"},
                                         {"limit", "1 to 200, 50 unless given"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/prompts",
     .run = list,
     .summary = "What the caller keeps to say again, by name",
     .answer = "PromptPage",
     .query = kListQuery},
    {.method = net::Method::post,
     .path = "/api/prompts",
     .run = create,
     .summary = "Keeps a prompt",
     .request = "NewPrompt",
     .answer = "Prompt",
     .status = 201},
    {.method = net::Method::post,
     .path = "/api/prompts/import",
     .run = import,
     .summary = "Keeps many; one whose name is there replaces it",
     .request = "PromptFile",
     .answer = "PromptsImported"},
    {.method = net::Method::get, .path = "/api/prompts/{id}", .run = get, .summary = "A prompt", .answer = "Prompt"},
    {.method = net::Method::patch,
     .path = "/api/prompts/{id}",
     .run = change,
     .summary = "Changes a prompt",
     .request = "PromptChange",
     .answer = "Prompt",
     .needs_revision = true},
    {.method = net::Method::del,
     .path = "/api/prompts/{id}",
     .run = remove,
     .summary = "Deletes a prompt",
     .status = 204},
};

}  // namespace

std::span<const Route> prompt_routes() { return kRoutes; }

}  // namespace atelier::api
