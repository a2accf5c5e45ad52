#include "app/studio_client.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "app/commands.hpp"
#include "app/house.hpp"
#include "app/json_fields.hpp"
#include "app/options.hpp"
#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "net/client.hpp"
#include "net/sse.hpp"

namespace atelier::app {
namespace {

constexpr std::size_t kAnswerBytesMax = 32 << 20;

net::Method method_of(const std::string& name) {
  for (const net::Method method :
       {net::Method::get, net::Method::post, net::Method::put, net::Method::patch, net::Method::del})
    if (net::to_string(method) == name) return method;
  panic("a command uses a method there is");
}

// The Error a problem document stands for.
Error error_of_problem(int status, const std::string& body) {
  Error error{.code = ErrorCode::internal,
              .message = fmt::format("the server answered {}", status),
              .reason = {},
              .where = {},
              .retry_after_ms = {},
              .source = {}};
  auto problem = json::parse(body);
  if (!problem) return error;
  error.reason = text_at(*problem, "code");
  error.where = text_at(*problem, "where");
  if (std::string detail = text_at(*problem, "detail"); !detail.empty()) error.message = std::move(detail);
  if (const auto code = parse_error_code(error.reason))
    error.code = *code;
  else if (status == 409 || status == 412)
    error.code = ErrorCode::conflict;
  else if (status == 404)
    error.code = ErrorCode::not_found;
  else if (status == 413)
    error.code = ErrorCode::too_large;
  else if (status == 429 || status == 503)
    error.code = ErrorCode::unavailable;
  else if (status == 507)
    error.code = ErrorCode::storage_full;
  else if (status == 500 && error.reason.starts_with("storage_"))
    error.code = ErrorCode::storage_failed;
  else if (status >= 400 && status < 500)
    error.code = ErrorCode::invalid_argument;
  return error;
}

Task<Result<std::string>> exchange(net::Endpoint endpoint, net::FetchRequest request) {
  auto response = co_await net::fetch(std::move(endpoint), std::move(request));
  if (!response) co_return error_of(response);
  auto body = co_await response->read_body(kAnswerBytesMax);
  if (!body) co_return error_of(body);
  if (response->status() >= 300) co_return std::unexpected(error_of_problem(response->status(), *body));
  co_return body;
}

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "cannot write the file");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Task<Result<>> download_to(net::Endpoint endpoint, net::FetchRequest request, int fd) {
  auto response = co_await net::fetch(std::move(endpoint), std::move(request));
  if (!response) co_return error_of(response);
  if (response->status() >= 300) {
    auto body = co_await response->read_body(kAnswerBytesMax);
    co_return std::unexpected(error_of_problem(response->status(), body ? *body : ""));
  }
  for (;;) {
    auto piece = co_await response->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return Result<>{};
    // A local file, and nothing else waits on this loop.
    if (auto done = write_all(fd, **piece); !done) co_return done;
  }
}

struct Following {
  net::Endpoint endpoint;
  std::string topics;
  std::string snapshot;  // what is asked for once a stream is open: it may have ended before
  std::function<bool(std::string_view, const json::Value&)> take;
  std::function<bool()> should_stop;
  std::string last_event_id;
  bool has_ended = false;
};

// How things stand now, as an event of its own.
Task<Result<>> take_snapshot(Following* following) {
  net::FetchRequest request;
  request.target = following->snapshot;
  auto text = co_await exchange(following->endpoint, std::move(request));
  if (!text) co_return error_of(text);
  auto now = json::parse(*text);
  if (!now) co_return error_of(now);
  following->has_ended = !following->take("run.changed", *now);
  co_return Result<>{};
}

// One connection's worth of events.
Task<Result<>> follow_once(Following* following) {
  net::FetchRequest request;
  request.target = "/api/events?topics=" + following->topics;
  if (!following->last_event_id.empty()) request.headers.set("last-event-id", following->last_event_id);
  auto response = co_await net::fetch(following->endpoint, std::move(request));
  if (!response) co_return error_of(response);
  if (response->status() != 200) {
    auto body = co_await response->read_body(kAnswerBytesMax);
    co_return std::unexpected(error_of_problem(response->status(), body ? *body : ""));
  }
  net::SseParser parser;
  for (;;) {
    auto piece = co_await response->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return Result<>{};
    auto events = parser.feed(**piece);
    if (!events) co_return error_of(events);
    for (const net::SseEvent& event : *events) {
      if (!event.id.empty()) following->last_event_id = event.id;
      auto body = json::parse(event.data);
      if (!body) continue;
      if (event.type == "hello" || event.type == "reset") {
        auto taken = co_await take_snapshot(following);
        if (!taken || following->has_ended) co_return taken;
        continue;
      }
      const json::Value* data = body->is_object() ? body->get_object().if_contains("data") : nullptr;
      if (!following->take(event.type, data ? *data : *body)) {
        following->has_ended = true;
        co_return Result<>{};
      }
    }
  }
}

// Ends the group's other member when asked to stop.
Task<Result<>> watch_stop(Following* following) {
  while (!following->should_stop() && !following->has_ended)
    if (auto slept = co_await sleep_for(std::chrono::milliseconds(50)); !slept) co_return slept;
  following->has_ended = true;
  co_return fail(ErrorCode::cancelled, "asked to stop");
}

Task<Result<>> follow_until_end(Following* following) {
  constexpr int kTriesMax = 20;
  for (int tries = 0; !following->has_ended; ++tries) {
    auto done = co_await follow_once(following);
    if (following->has_ended) break;
    if (!done && (tries >= kTriesMax || done.error().code == ErrorCode::unauthenticated)) co_return done;
    if (auto slept = co_await sleep_for(std::chrono::milliseconds(250)); !slept) co_return slept;
  }
  // The watcher is cancelled by an error only.
  co_return fail(ErrorCode::cancelled, "ended");
}

Task<Result<>> follow_all(Following* following) {
  TaskGroup group(co_await current_executor());
  group.spawn(follow_until_end(following));
  group.spawn(watch_stop(following));
  auto done = co_await group.join();
  if (!done && done.error().code != ErrorCode::cancelled) co_return done;
  co_return Result<>{};
}

}  // namespace

struct StudioClient::State {
  std::unique_ptr<House> house;       // when the studio is in this process
  std::unique_ptr<net::Loops> loops;  // of this side; after the house, so that it ends first
  net::Endpoint endpoint;
  std::string data_folder;
  Executor executor() const { return loops->executor(0); }
};

StudioClient::StudioClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

StudioClient::~StudioClient() {
  if (state_->house) state_->house->close();
  state_->loops->stop();
}

bool StudioClient::is_remote() const noexcept { return state_->house == nullptr; }
const std::string& StudioClient::data_folder() const noexcept { return state_->data_folder; }

Result<std::unique_ptr<StudioClient>> StudioClient::open(const Arguments& arguments) {
  Arguments quiet = arguments;
  // A command speaks for itself: what its own studio logs is of interest only when something is wrong.
  quiet.settings.insert(quiet.settings.begin(), {std::string(kLogLevel.name), "warn"});
  auto settings = load_settings(quiet);
  if (!settings) return error_of(settings);
  auto state = std::make_unique<State>();
  auto house = House::open(*settings);
  if (house) {
    state->endpoint.socket_path = (*house)->folder().socket();
    state->data_folder = (*house)->folder().path();
    state->house = std::move(*house);
  } else if (house.error().reason == "data_folder_in_use") {
    std::string path = settings->get(kDataDir);
    if (path.empty()) {
      auto fallback = store::default_data_folder();
      if (!fallback) return error_of(fallback);
      path = *fallback;
    }
    state->endpoint.socket_path = path + "/server.sock";
    state->data_folder = std::move(path);
  } else {
    return error_of(house);
  }
  state->loops = std::make_unique<net::Loops>(1);
  return std::unique_ptr<StudioClient>(new StudioClient(std::move(state)));
}

Result<json::Value> StudioClient::call(std::string method, std::string target, json::Value body, std::string if_match) {
  net::FetchRequest request;
  request.method = method_of(method);
  request.target = std::move(target);
  if (!body.is_null()) {
    request.headers.set("content-type", "application/json");
    request.body = json::write(body);
  }
  if (!if_match.empty()) request.headers.set("if-match", if_match);
  auto answer = run_blocking(state_->executor(), exchange(state_->endpoint, std::move(request)));
  if (!answer) return error_of(answer);
  if (answer->empty()) return json::Value();
  return json::parse(*answer);
}

Result<json::Value> StudioClient::upload(std::string target, int fd, std::uint64_t size_bytes) {
  net::FetchRequest request;
  request.method = net::Method::post;
  request.target = std::move(target);
  request.headers.set("content-type", "application/octet-stream");
  request.head_timeout = std::chrono::minutes(10);  // the answer comes once the whole file has been looked at
  request.body = net::FileBody{.fd = UniqueFd(::dup(fd)), .size_bytes = size_bytes, .etag = {}, .keep = {}};
  auto answer = run_blocking(state_->executor(), exchange(state_->endpoint, std::move(request)));
  if (!answer) return error_of(answer);
  return json::parse(*answer);
}

Result<> StudioClient::download(std::string target, int fd) {
  net::FetchRequest request;
  request.target = std::move(target);
  return run_blocking(state_->executor(), download_to(state_->endpoint, std::move(request), fd));
}

Result<> StudioClient::follow(std::string topics, std::string snapshot,
                              std::function<bool(std::string_view type, const json::Value& data)> take,
                              std::function<bool()> should_stop) {
  Following following{.endpoint = state_->endpoint,
                      .topics = std::move(topics),
                      .snapshot = std::move(snapshot),
                      .take = std::move(take),
                      .should_stop = std::move(should_stop),
                      .last_event_id = {}};
  return run_blocking(state_->executor(), follow_all(&following));
}

}  // namespace atelier::app
