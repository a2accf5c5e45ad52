// The one event stream of a page: what is kept since its cursor, then what happens, in order and without a gap.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

#include "api/authenticate.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/task_group.hpp"
#include "net/sse.hpp"
#include "store/migrations.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kReplayMax = 1'000;       // events a page of the replay
constexpr std::size_t kQueueMax = 4'096;        // messages a slow client may lag behind
constexpr std::chrono::seconds kHeartbeat{15};  // keeps proxies from closing the stream
constexpr std::size_t kTopicsMax = 64;

// Which topics a client asked for. "productions" stands for every production/<id>, "runs" for every run/<id> and
// "runs".
class TopicFilter {
 public:
  explicit TopicFilter(std::string_view list) {
    while (!list.empty() && topics_.size() < kTopicsMax) {
      const std::size_t comma = list.find(',');
      if (const std::string_view topic = list.substr(0, comma); !topic.empty()) topics_.emplace_back(topic);
      list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
  }
  bool takes(std::string_view topic) const {
    if (topics_.empty()) return true;
    for (const std::string& wanted : topics_)
      if (topic == wanted || (wanted == "productions" && topic.starts_with("production/")) ||
          (wanted == "runs" && topic.starts_with("run/")))
        return true;
    return false;
  }

 private:
  std::vector<std::string> topics_;
};

// Every stream of a loop gets the same message: it is parsed once.
std::shared_ptr<const store::Event> event_of(const std::shared_ptr<const store::Message>& message) {
  thread_local std::shared_ptr<const store::Message> last_message;
  thread_local std::shared_ptr<const store::Event> last_event;
  if (message != last_message) {
    auto event = store::parse_event(message->body);
    last_message = message;
    last_event = event ? std::make_shared<const store::Event>(std::move(*event)) : nullptr;
  }
  return last_event;
}

// A function and no aggregate written inside a co_await expression: GCC 12 destroys such temporaries twice.
std::string control_event(std::string type, std::string id = {}, std::string data = "{}") {
  return net::write_sse({.id = std::move(id), .type = std::move(type), .data = std::move(data)});
}

// A run tells on the topic "runs" that it began and that it ended. What that means for a production is not an event of
// its own: this gives the production, "" where the run is none's.
std::string production_begun_or_ended(const store::Event& event) {
  if (event.topic != "runs" || event.type != "run.changed") return {};
  const auto run = json::parse(event.data);
  if (!run || !run->is_object()) return {};
  const auto text = [&](std::string_view name) {
    const json::Value* value = run->get_object().if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  return text("kind") == studio::kRenderKind ? text("subject") : std::string();
}

std::string as_sse(const store::Event& event, const std::string& epoch) {
  // `data` is JSON already: the frame around it is written by hand instead of parsing it again for every client.
  return net::write_sse(
      {.id = event.position > 0 ? fmt::format("{}-{}", epoch, event.position) : std::string(),
       .type = event.type,
       .data = fmt::format("{{\"topic\":\"{}\",\"number\":{},\"data\":{}}}", event.topic, event.number, event.data)});
}

// What a stream was opened with, to look again whether it is still good. Both "": an open server's caller.
struct Credential {
  std::string session, key;
};

Credential credential_of(const net::Request& request) {
  Credential credential{.session = session_cookie(request).value_or(""), .key = {}};
  if (auto key = bearer_key(request)) credential.key = std::move(*key);
  return credential;
}

class Stream {
 public:
  Stream(Services services, Principal principal, Credential credential, TopicFilter filter,
         std::optional<store::Cursor> cursor, Executor executor, net::BodyWriter& writer)
      : services_(services),
        principal_(principal),
        credential_(std::move(credential)),
        filter_(std::move(filter)),
        cursor_(std::move(cursor)),
        arrived_(executor),
        writer_(writer) {}

  Task<Result<>> run() {
    std::vector<std::string> topics{store::event_bus_topic(principal_.owner),
                                    studio::access_bus_topic(principal_.owner)};
    auto subscription = co_await services_.bus.subscribe(std::move(topics), kQueueMax);
    if (!subscription) co_return error_of(subscription);
    const TaskGroup::Options options{.stops_on_error = false};
    TaskGroup group(co_await current_executor(), options);
    group.spawn(receive(subscription->get()));
    group.spawn(watch_end());
    Result<> result = co_await relay();
    group.cancel();
    (void)co_await group.join();
    co_return result;
  }

 private:
  Task<Result<>> receive(store::Subscription* subscription) {
    for (;;) {
      auto message = co_await subscription->next();
      if (!message && message.error().code != ErrorCode::conflict) co_return Result<>{};
      if (!message)
        is_behind_ = has_doubt_ = true;  // too slow, messages are gone: the log has them
      else if ((*message)->topic == studio::access_bus_topic(principal_.owner))
        has_doubt_ = true;
      else
        queue_.push_back(std::move(*message));
      arrived_.notify_all();
    }
  }

  Task<Result<>> watch_end() {
    co_await writer_.gone_or_stopping();
    has_ended_ = true;
    arrived_.notify_all();
    co_return Result<>{};
  }

  Task<Result<>> relay() {
    if (auto done = co_await begin(); !done) co_return done;
    static thread_local std::minstd_rand random(std::random_device{}());
    // Ends by itself after ten minutes, give or take, so that a restart of everything is never everybody's at once.
    const auto end = services_.clock.now() + std::chrono::seconds(480 + static_cast<int>(random() % 240));
    auto last_written = services_.clock.now();
    while (!has_ended_ && services_.clock.now() < end) {
      if (std::exchange(has_doubt_, false)) {
        const bool is_in = co_await is_still_in();
        std::string farewell = is_in ? std::string() : control_event("closing", {}, R"({"reason":"signed_out"})");
        if (!is_in) co_return co_await writer_.write(std::move(farewell));
      }
      if (is_behind_) {
        is_behind_ = false;
        queue_.clear();
        if (auto done = co_await replay(); !done) co_return done;
      }
      std::string bytes;
      while (!queue_.empty()) {
        const std::shared_ptr<const store::Message> message = std::move(queue_.front());
        queue_.pop_front();
        const std::shared_ptr<const store::Event> event = event_of(message);
        if (!event || (event->position > 0 && event->position <= cursor_->position)) continue;  // the replay had it
        // Commits of several loops may be told out of order, and another owner's events take positions too: the log
        // knows.
        if (event->position > cursor_->position + 1) {
          is_behind_ = true;
          continue;
        }
        if (event->position > 0) cursor_->position = event->position;
        if (filter_.takes(event->topic)) bytes += as_sse(*event, cursor_->epoch);
        const std::string told = co_await told_of_production(event);
        bytes += told;
      }
      const auto now = services_.clock.now();
      if (bytes.empty() && now - last_written >= kHeartbeat) bytes = net::sse_comment("");
      if (!bytes.empty()) {
        if (auto done = co_await writer_.write(std::move(bytes)); !done) co_return done;
        last_written = services_.clock.now();
      }
      if (queue_.empty() && !is_behind_ && !has_doubt_ && !has_ended_)
        co_await arrived_.wait_until(std::min(end, last_written + kHeartbeat));
      if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "the client went away");
    }
    std::string farewell =
        net::sse_retry(static_cast<unsigned>(500 + random() % 2500)) +
        control_event("closing", {}, writer_.is_stopping() ? R"({"reason":"stopping"})" : R"({"reason":"planned"})");
    co_return co_await writer_.write(std::move(farewell));
  }

  // As authenticate() would say now. Whoever cannot be asked about stays until the next doubt: the store's trouble
  // throws nobody out.
  Task<bool> is_still_in() {
    if (credential_.key.empty() && credential_.session.empty()) co_return true;
    Result<Principal> found = Principal{.owner = store::local_user()};
    if (!credential_.key.empty())
      found = co_await services_.accounts.find_key(credential_.key);
    else
      found = co_await services_.accounts.find_session(credential_.session);
    if (found) co_return found->owner == principal_.owner;
    if (found.error().code != ErrorCode::unauthenticated) co_return true;
    co_return services_.is_open&& principal_.owner == store::local_user();
  }

  Task<Result<>> begin() {
    auto now = co_await services_.events.now();
    if (!now) co_return error_of(now);
    if (!cursor_) {
      cursor_ = *now;
    } else if (cursor_->epoch != now->epoch || cursor_->position > now->position) {
      co_return co_await reset(*now);
    } else {
      co_return co_await replay();
    }
    has_greeted_ = true;
    co_return co_await writer_.write(control_event("hello", cursor_->to_string()));
  }

  Task<Result<>> reset(store::Cursor now) {
    has_greeted_ = true;
    cursor_ = std::move(now);
    co_return co_await writer_.write(control_event("reset", cursor_->to_string()));
  }

  Task<Result<>> replay() {
    for (;;) {
      auto events = co_await services_.events.after(principal_, *cursor_, kReplayMax);
      if (!events && events.error().code == ErrorCode::conflict) {
        auto now = co_await services_.events.now();
        if (!now) co_return error_of(now);
        co_return co_await reset(*now);
      }
      if (!events) co_return error_of(events);
      std::string bytes;
      for (const store::Event& event : *events) {
        cursor_->position = event.position;
        if (filter_.takes(event.topic)) bytes += as_sse(event, cursor_->epoch);
        const std::string told = co_await told_of_production(std::make_shared<const store::Event>(event));
        bytes += told;
      }
      if (events->size() < kReplayMax && !has_greeted_) {
        has_greeted_ = true;
        bytes += control_event("hello", cursor_->to_string());
      }
      if (!bytes.empty())
        if (auto done = co_await writer_.write(std::move(bytes)); !done) co_return done;
      if (events->size() < kReplayMax) co_return Result<>{};
    }
  }

  // The production of a render that began or ended, as it is now: a production.changed without an id, read and not
  // kept, so that it is never older than what it tells of, in a replay too.
  Task<std::string> told_of_production(std::shared_ptr<const store::Event> event) {
    const std::string subject = production_begun_or_ended(*event);
    if (subject.empty()) co_return std::string();
    const std::string topic = "production/" + subject;
    const auto id = ProductionId::parse(subject);
    if (!id || !filter_.takes(topic)) co_return std::string();
    auto view = co_await services_.productions.find(principal_, *id);
    if (!view) co_return std::string();  // deleted since, or the store says so to whoever asks it next
    const store::Event told{.position = 0,
                            .topic = topic,
                            .number = 0,
                            .type = "production.changed",
                            .data = json::write(studio::summary_to_json(*view)),
                            .owner = {}};
    co_return as_sse(told, cursor_->epoch);
  }

  Services services_;
  Principal principal_;
  const Credential credential_;
  TopicFilter filter_;
  std::optional<store::Cursor> cursor_;
  std::deque<std::shared_ptr<const store::Message>> queue_;  // bounded by the subscription, drained at every wake
  bool is_behind_ = false, has_ended_ = false, has_greeted_ = false;
  bool has_doubt_ = true;  // their access may have changed; at first, since the stream began to listen for that
  Signal arrived_;
  net::BodyWriter& writer_;
};

Task<Result<>> stream_events(Services services, Principal principal, Credential credential, std::string topics,
                             std::optional<store::Cursor> cursor, net::BodyWriter* writer) {
  Stream stream(services, principal, std::move(credential), TopicFilter(topics), std::move(cursor),
                co_await current_executor(), *writer);
  co_return co_await stream.run();
}

Task<Result<net::Response>> get_events(Services services, net::Request request) {
  std::string topics = request.query_parameter("topics").value_or("");
  co_return event_stream(services, request, std::move(topics));
}

constexpr QueryParameter kEvents[] = {{"topics", "Comma-separated; all of the caller's unless given"},
                                      {"after", "A cursor, where Last-Event-ID cannot be sent"}};

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/events", get_events, Access::user, "Everything that happens, as an event stream", "",
     "text/event-stream", 200, kEvents},
};

}  // namespace

net::Response event_stream(const Services& services, const net::Request& request, std::string topics) {
  std::optional<store::Cursor> cursor;
  const auto header = request.headers.find("last-event-id");
  const std::string from = header ? std::string(*header) : request.query_parameter("after").value_or("");
  if (!from.empty()) {
    cursor = store::Cursor::parse(from);
    // What we never sent is answered like what we no longer keep: read afresh.
    if (!cursor) cursor = store::Cursor{.epoch = "?", .position = 0};
  }
  net::Response response;
  response.headers.set("content-type", "text/event-stream");
  response.headers.set("cache-control", "no-cache");
  response.headers.set("x-accel-buffering", "no");
  response.body = net::StreamBody([services, principal = request.principal(), credential = credential_of(request),
                                   topics = std::move(topics), cursor](net::BodyWriter& writer) {
    return stream_events(services, principal, credential, topics, cursor, &writer);
  });
  return response;
}

std::span<const Route> event_routes() { return kRoutes; }

}  // namespace atelier::api
