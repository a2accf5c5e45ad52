// The one event stream of a page: what is kept since its cursor, then what happens, in order and without a gap.
#include <fmt/format.h>

#include <memory>
#include <random>

#include "api/authenticate.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "net/sse.hpp"
#include "store/migrations.hpp"
#include "studio/feed/event_feed.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kReplayMax = 1'000;      // events a page of the replay
constexpr std::size_t kWriteBytes = 64 << 10;  // about as much is written at once
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

// A function and no aggregate written inside a co_await expression: GCC 12 destroys such temporaries twice.
std::string control_event(std::string type, std::string id = {}, std::string data = "{}") {
  return net::write_sse({.id = std::move(id), .type = std::move(type), .data = std::move(data)});
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

// The server begins to stop: whoever waits on the signal looks again.
class StopNotice {
 public:
  StopNotice(net::BodyWriter& writer, Signal& signal) : writer_(writer) { writer_.notify_at_stop(&signal); }
  ~StopNotice() { writer_.notify_at_stop(nullptr); }
  StopNotice(const StopNotice&) = delete;
  StopNotice& operator=(const StopNotice&) = delete;

 private:
  net::BodyWriter& writer_;
};

// What a stream is, however long it lasts: there may be ten thousand of them, so it holds what it needs and no more.
struct Watch {
  studio::EventFeeds& feeds;
  store::EventLog& events;
  studio::Accounts& accounts;
  const Clock& clock;
  bool is_open;
  Principal principal;
  Credential credential;
  TopicFilter filter;
  std::optional<store::Cursor> cursor;
};

class Stream final : private studio::FeedTaker {
 public:
  Stream(Watch watch, net::BodyWriter& writer) : watch_(std::move(watch)), writer_(writer) {}

  // All that lasts is in one frame and one object.
  static Task<Result<>> run(std::unique_ptr<Stream> self) {
    {
      auto feed = co_await self->watch_.feeds.feed_of(self->watch_.principal);
      if (!feed) co_return error_of(feed);
      self->watch(std::move(*feed));
    }
    {
      auto begun = co_await self->begin();
      if (!begun) co_return begun;
    }
    // Ends by itself after ten minutes, give or take, so that a restart of everything is never everybody's at once.
    const auto end = self->watch_.clock.now() + std::chrono::seconds(480 + static_cast<int>(draw() % 240));
    for (;;) {
      if (self->is_over(end)) break;
      {
        auto done = co_await self->relay();
        if (!done || !*done) co_return done ? Result<>() : Result<>(error_of(done));
      }
      if (self->may_wait()) {
        self->watcher_->let_take(self.get());
        co_await self->watcher_->woken().wait();
        self->watcher_->let_take(nullptr);
      }
      const bool is_gone = co_await is_cancelled();
      if (is_gone) co_return fail(ErrorCode::cancelled, "the client went away");
    }
    co_return co_await self->close();
  }

 private:
  void watch(std::shared_ptr<studio::EventFeed> feed) {
    watcher_.emplace(std::move(feed));
    stop_notice_.emplace(writer_, watcher_->woken());
  }
  bool is_over(std::chrono::steady_clock::time_point end) {
    is_beat_ = watcher_->take_beat();
    return writer_.is_stopping() || (is_beat_ && watch_.clock.now() >= end);
  }
  bool may_wait() const { return !watcher_->has_news() && !writer_.is_stopping(); }

  // Sends what there is. False: it was the last.
  Task<Result<bool>> relay() {
    if (watcher_->take_doubt()) {
      const bool is_in = co_await is_still_in();
      if (!is_in) {
        std::string farewell = control_event("closing", {}, R"({"reason":"signed_out"})");
        auto said = co_await write(std::move(farewell));
        if (!said) co_return error_of(said);
        co_return false;
      }
    }
    if (watcher_->was_left_behind()) {
      auto done = co_await replay();
      if (!done) co_return error_of(done);
    }
    std::string bytes = take_items();
    if (bytes.empty() && is_beat_) bytes = net::sse_comment("");
    const bool has_unsent = std::exchange(has_unsent_, false);
    if (!bytes.empty() || has_unsent) {
      auto done = co_await write(std::move(bytes));
      if (!done) co_return error_of(done);
    }
    co_return true;
  }

  Task<Result<>> close() {
    std::string farewell =
        net::sse_retry(static_cast<unsigned>(500 + draw() % 2500)) +
        control_event("closing", {}, writer_.is_stopping() ? R"({"reason":"stopping"})" : R"({"reason":"planned"})");
    return write(std::move(farewell));
  }

  static std::uint_fast32_t draw() {
    static thread_local std::minstd_rand random(std::random_device{}());
    return random();
  }

  Task<Result<>> write(std::string bytes) { return writer_.write(std::move(bytes)); }

  // As authenticate() would say now. Whoever cannot be asked about stays until the next doubt: the store's trouble
  // throws nobody out.
  Task<bool> is_still_in() {
    const Credential& credential = watch_.credential;
    if (credential.key.empty() && credential.session.empty()) co_return true;
    Result<Principal> found = Principal{.owner = store::local_user()};
    if (!credential.key.empty())
      found = co_await watch_.accounts.find_key(credential.key);
    else
      found = co_await watch_.accounts.find_session(credential.session);
    if (found) co_return found->owner == watch_.principal.owner;
    if (found.error().code != ErrorCode::unauthenticated) co_return true;
    co_return watch_.is_open&& watch_.principal.owner == store::local_user();
  }

  Task<Result<>> begin() {
    if (!watch_.cursor) {
      cursor_ = watcher_->feed().cursor();
      co_return co_await greet("hello");
    }
    auto now = co_await watch_.events.now();
    if (!now) co_return error_of(now);
    if (watch_.cursor->epoch != now->epoch || watch_.cursor->position > now->position)
      co_return co_await reset(std::move(*now));
    cursor_ = *watch_.cursor;
    co_return co_await replay();
  }

  Task<Result<>> greet(std::string type) {
    has_greeted_ = true;
    return write(control_event(std::move(type), cursor_.to_string()));
  }

  Task<Result<>> reset(store::Cursor now) {
    cursor_ = std::move(now);
    return greet("reset");
  }

  // What the log has after the cursor.
  Task<Result<>> replay() {
    for (bool is_all = false; !is_all;) {
      auto past = co_await watcher_->feed().after(cursor_, kReplayMax);
      if (!past && past.error().code == ErrorCode::conflict) {
        auto now = co_await watch_.events.now();
        if (!now) co_return error_of(now);
        co_return co_await reset(std::move(*now));
      }
      if (!past) co_return error_of(past);
      is_all = past->is_all;
      std::string bytes;
      for (const studio::FeedItem& item : past->items)
        if (watch_.filter.takes(item.topic)) bytes += item.bytes;
      cursor_.position = past->position;
      if (is_all && !has_greeted_) {
        has_greeted_ = true;
        bytes += control_event("hello", cursor_.to_string());
      }
      if (bytes.empty()) continue;
      if (auto done = co_await write(std::move(bytes)); !done) co_return done;
    }
    co_return Result<>{};
  }

  // The next item that was asked for, valid until the next suspension; null: none for now.
  const studio::FeedItem* next_item() {
    while (const studio::FeedItem* item = watcher_->next()) {
      if (item->position > 0 && item->position <= cursor_.position) continue;  // the replay had it
      if (item->position > 0) cursor_.position = item->position;
      if (watch_.filter.takes(item->topic)) return item;
    }
    return nullptr;
  }

  std::string take_items() {
    std::string bytes;
    while (bytes.size() < kWriteBytes) {
      const studio::FeedItem* item = next_item();
      if (item == nullptr) break;
      bytes += item->bytes;
    }
    return bytes;
  }

  // Of most changes there is one item, and the kernel takes it: nothing is copied and nobody wakes.
  bool take_now() override {
    if (!writer_.takes_now()) return false;
    const studio::FeedItem* first = next_item();
    if (first == nullptr) return true;
    const std::string others = take_items();
    has_unsent_ = !(others.empty() ? writer_.write_now(first->bytes) : writer_.write_now(first->bytes + others));
    return !has_unsent_ && !watcher_->has_news();
  }

  const Watch watch_;
  net::BodyWriter& writer_;
  std::optional<studio::FeedWatcher> watcher_;
  std::optional<StopNotice> stop_notice_;
  store::Cursor cursor_;
  bool has_greeted_ = false, is_beat_ = false;
  bool has_unsent_ = false;  // of what was taken at once: the next write sends it
};

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
  Watch watch{.feeds = services.feeds,
              .events = services.events,
              .accounts = services.accounts,
              .clock = services.clock,
              .is_open = services.is_open,
              .principal = request.principal(),
              .credential = credential_of(request),
              .filter = TopicFilter(topics),
              .cursor = std::move(cursor)};
  response.body = net::StreamBody([watch = std::move(watch)](net::BodyWriter& writer) {
    return Stream::run(std::make_unique<Stream>(watch, writer));
  });
  return response;
}

std::string event_as_sse(const store::Event& event, const std::string& epoch) {
  // `data` is JSON already: the frame around it is written by hand.
  return net::write_sse(
      {.id = event.position > 0 ? fmt::format("{}-{}", epoch, event.position) : std::string(),
       .type = event.type,
       .data = fmt::format("{{\"topic\":\"{}\",\"number\":{},\"data\":{}}}", event.topic, event.number, event.data)});
}

std::span<const Route> event_routes() { return kRoutes; }

}  // namespace atelier::api
