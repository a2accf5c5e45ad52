// Threads, their folders, and forks of them.
#include <fmt/format.h>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/hash.hpp"
#include "studio/chat/chat.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 2 << 20;

// The ETag of a list or thread is its digest: it changes with whatever is told.
net::Response tagged_response(const json::Value& value) {
  net::Response response = net::json_response(value);
  const std::string digest = sha256(std::get<std::string>(response.body)).hex();
  response.headers.set("etag", fmt::format("\"{}\"", std::string_view(digest).substr(0, 24)));
  response.headers.set("cache-control", "private, no-cache");
  return response;
}

// What a thread may be given, new or changed. null takes it out of its folder.
struct ThreadFields {
  std::optional<std::string> title, model, system, folder;
  std::optional<studio::ChatParameters> parameters;
  std::optional<std::vector<std::string>> tags;
};

Result<ThreadFields> read_fields(json::ObjectReader& reader) {
  ThreadFields fields;
  fields.title = reader.optional_string("title", {.bytes_max = studio::kThreadTitleBytesMax});
  fields.model = reader.optional_string("model", {.bytes_max = studio::kModelNameBytesMax});
  fields.system = reader.optional_string("system", {.bytes_max = studio::kSystemBytesMax});
  if (const json::Value* folder = reader.optional_value("folder"); folder != nullptr && folder->is_string())
    fields.folder = std::string(folder->get_string());
  else if (reader.has("folder") && (folder == nullptr || folder->is_null()))
    fields.folder = std::string();
  else if (reader.has("folder"))
    reader.complain("folder", "must be a folder's id, or null");
  if (const json::Value* given = reader.optional_value("parameters")) {
    auto parameters = studio::parse_chat_parameters(*given, reader.pointer_to("parameters"));
    if (!parameters) return error_of(parameters);
    fields.parameters = *parameters;
  }
  if (const json::Array* given = reader.optional_array("tags", studio::kThreadTagsMax)) {
    auto tags = studio::parse_tags(*given, reader.pointer_to("tags"));
    if (!tags) return error_of(tags);
    fields.tags = std::move(*tags);
  }
  return fields;
}

Task<Result<net::Response>> create(Services services, net::Request request) {
  auto key = idempotency_key_of(request);
  if (!key) co_return error_of(key);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  auto fields = read_fields(reader);
  if (!fields) co_return error_of(fields);
  studio::NewThread wanted;
  wanted.is_temporary = reader.optional_bool("is_temporary").value_or(false);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  wanted.title = std::move(fields->title).value_or("");
  wanted.model = std::move(fields->model).value_or("");
  wanted.system = std::move(fields->system).value_or("");
  wanted.folder = std::move(fields->folder).value_or("");
  wanted.parameters = fields->parameters.value_or(studio::ChatParameters());
  wanted.tags = std::move(fields->tags).value_or(std::vector<std::string>());
  wanted.idempotency_key = std::move(*key);
  auto thread = co_await services.threads.create(request.principal(), std::move(wanted));
  if (!thread) co_return error_of(thread);
  net::Response response = net::json_response(studio::to_json(*thread), 201);
  response.headers.set("location", "/api/threads/" + thread->id.to_string());
  co_return response;
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto count = integer_query(request, "limit", 50, 1, 200);
  if (!count) co_return error_of(count);
  store::ThreadFilter filter;
  filter.folder = request.query_parameter("folder");
  filter.tag = request.query_parameter("tag").value_or("");
  filter.is_archived = request.query_parameter("is_archived").value_or("false") == "true";
  auto page =
      co_await services.threads.list(request.principal(), std::move(filter),
                                     request.query_parameter("after").value_or(""), static_cast<std::size_t>(*count));
  if (!page) co_return error_of(page);
  json::Array items;
  for (const store::ThreadRow& row : page->items) items.push_back(studio::to_json(row));
  const json::Value answer = json::Object{{"items", std::move(items)}, {"next", page->next}};
  co_return tagged_response(answer);
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto window = integer_query(request, "window", 30, 1, studio::kWindowMax);
  if (!window) co_return error_of(window);
  auto view = co_await services.threads.open(request.principal(), *id, *window);
  if (!view) co_return error_of(view);
  co_return tagged_response(studio::to_json(*view));
}

Task<Result<net::Response>> change(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  auto fields = read_fields(reader);
  if (!fields) co_return error_of(fields);
  studio::ThreadChange wanted;
  wanted.is_pinned = reader.optional_bool("is_pinned");
  wanted.is_archived = reader.optional_bool("is_archived");
  wanted.head = reader.optional_integer("head", 1, std::numeric_limits<std::int64_t>::max());
  if (auto done = reader.finish(); !done) co_return error_of(done);
  wanted.title = std::move(fields->title);
  wanted.model = std::move(fields->model);
  wanted.system = std::move(fields->system);
  wanted.folder = std::move(fields->folder);
  wanted.parameters = fields->parameters;
  wanted.tags = std::move(fields->tags);
  auto thread = co_await services.threads.change(request.principal(), *id, std::move(wanted));
  if (!thread) co_return error_of(thread);
  co_return net::json_response(studio::to_json(*thread));
}

Task<Result<net::Response>> remove(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.talk.remove(request.principal(), *id); !done) co_return error_of(done);
  co_return net::empty_response();
}

Task<Result<net::Response>> fork(Services services, net::Request request) {
  auto id = id_in<ThreadId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const std::int64_t number = reader.required_integer("message", 1, std::numeric_limits<std::int64_t>::max());
  const std::string scope = reader.optional_choice("scope", {"branch", "all"}).value_or("branch");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  const auto wanted = scope == "all" ? studio::Threads::ForkScope::all : studio::Threads::ForkScope::branch;
  auto thread = co_await services.threads.fork(request.principal(), *id, number, wanted);
  if (!thread) co_return error_of(thread);
  net::Response response = net::json_response(studio::to_json(*thread), 201);
  response.headers.set("location", "/api/threads/" + thread->id.to_string());
  co_return response;
}

Task<Result<net::Response>> list_folders(Services services, net::Request request) {
  auto folders = co_await services.threads.folders(request.principal());
  if (!folders) co_return error_of(folders);
  json::Array items;
  for (const store::FolderRow& folder : *folders) items.push_back(studio::to_json(folder));
  const json::Value answer = json::Object{{"items", std::move(items)}, {"next", ""}};
  co_return tagged_response(answer);
}

Task<Result<net::Response>> create_folder(Services services, net::Request request) {
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string name = reader.required_string("name", {.bytes_min = 1, .bytes_max = studio::kThreadTitleBytesMax});
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto folder = co_await services.threads.create_folder(request.principal(), std::move(name));
  if (!folder) co_return error_of(folder);
  co_return net::json_response(studio::to_json(*folder), 201);
}

Task<Result<net::Response>> change_folder(Services services, net::Request request) {
  auto id = id_in<FolderId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  auto name = reader.optional_string("name", {.bytes_min = 1, .bytes_max = studio::kThreadTitleBytesMax});
  auto place = reader.optional_integer("place", 0, 1'000'000);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto folder = co_await services.threads.change_folder(request.principal(), *id, std::move(name), place);
  if (!folder) co_return error_of(folder);
  co_return net::json_response(studio::to_json(*folder));
}

Task<Result<net::Response>> remove_folder(Services services, net::Request request) {
  auto id = id_in<FolderId>(request, "id");
  if (!id) co_return error_of(id);
  auto removed = co_await services.threads.remove_folder(request.principal(), *id);
  if (!removed) co_return error_of(removed);
  co_return net::empty_response();
}

constexpr QueryParameter kListQuery[] = {{"after", "Where the page before ended"},
                                         {"limit", "How many, 1 to 200"},
                                         {"folder", "Only those of the folder; empty: of none"},
                                         {"tag", "Only those with the tag"},
                                         {"is_archived", "true: the archived ones instead"}};
constexpr QueryParameter kOpenQuery[] = {{"window", "How many messages, 1 to 200"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/threads",
     .run = list,
     .summary = "Threads: pinned first, then latest used first",
     .answer = "ThreadPage",
     .query = kListQuery},
    {.method = net::Method::post,
     .path = "/api/threads",
     .run = create,
     .summary = "Begins a thread",
     .request = "NewThread",
     .answer = "Thread",
     .status = 201,
     .takes_key = true},
    {.method = net::Method::get,
     .path = "/api/threads/{id}",
     .run = get,
     .summary = "A thread, the last messages of the branch that is shown, and its tree's shape",
     .answer = "ThreadView",
     .query = kOpenQuery},
    {.method = net::Method::patch,
     .path = "/api/threads/{id}",
     .run = change,
     .summary = "Changes what is given; head: shows the branch through that message",
     .request = "ThreadChange",
     .answer = "Thread"},
    {.method = net::Method::del,
     .path = "/api/threads/{id}",
     .run = remove,
     .summary = "Deletes a thread, and stops what is being said in it",
     .status = 204},
    {.method = net::Method::post,
     .path = "/api/threads/{id}/fork",
     .run = fork,
     .summary = "A thread of its own with one branch, or with everything",
     .request = "Fork",
     .answer = "Thread",
     .status = 201},
    {.method = net::Method::get,
     .path = "/api/thread-folders",
     .run = list_folders,
     .summary = "Folders of threads",
     .answer = "FolderPage"},
    {.method = net::Method::post,
     .path = "/api/thread-folders",
     .run = create_folder,
     .summary = "Adds a folder",
     .request = "NewFolder",
     .answer = "Folder",
     .status = 201},
    {.method = net::Method::patch,
     .path = "/api/thread-folders/{id}",
     .run = change_folder,
     .summary = "Renames or moves a folder",
     .request = "FolderChange",
     .answer = "Folder"},
    {.method = net::Method::del,
     .path = "/api/thread-folders/{id}",
     .run = remove_folder,
     .summary = "Removes a folder; its threads stay",
     .status = 204},
};

}  // namespace

std::span<const Route> thread_routes() { return kRoutes; }

}  // namespace atelier::api
