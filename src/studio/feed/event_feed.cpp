#include "studio/feed/event_feed.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "studio/account/accounts.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kQueueMax = 4'096;  // messages the feed may lag behind the bus
constexpr std::size_t kItemsMax = 1'024;  // kept for the slowest watcher
constexpr std::size_t kBytesMax = 1 << 20;
constexpr std::size_t kTrimAt = 64;    // items, before anybody looks who still needs them
constexpr std::size_t kPageMax = 500;  // events of a reading of the log
constexpr int kMessagesPerTurn = 64;
constexpr std::size_t kWatchersPerTurn = 128;  // a write to each of them takes about a millisecond

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
  return text("kind") == kRenderKind ? text("subject") : std::string();
}

}  // namespace

EventFeed::EventFeed(FeedLoop& loop, FeedParts parts, Principal principal)
    : loop_(loop), parts_(parts), principal_(principal), started_(loop.executor()) {}

Task<Result<>> EventFeed::start() {
  std::vector<std::string> topics{store::event_bus_topic(principal_.owner), access_bus_topic(principal_.owner)};
  auto subscription = co_await parts_.bus.subscribe(std::move(topics), kQueueMax);
  if (!subscription) co_return error_of(subscription);
  // After subscribing: what is committed from here on is told.
  auto now = co_await parts_.events.now();
  if (!now) co_return error_of(now);
  subscription_ = std::move(*subscription);
  epoch_ = std::move(now->epoch);
  position_ = now->position;
  co_return Result<>{};
}

Task<Result<>> EventFeed::pump(std::shared_ptr<EventFeed> self) {
  for (int taken = 1;; ++taken) {
    auto message = co_await self->subscription_->next();
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return Result<>{};
    if (!message && message.error().code != ErrorCode::conflict) co_return error_of(message);
    auto done = message ? co_await self->take(std::move(*message)) : co_await self->catch_up();
    if (!done) {
      // Each watcher asks the log itself, and hears what is wrong with it.
      log::warn("an event feed lost events", {{"error", done.error().describe()}});
      self->first_ = self->end() + 1;
      self->items_.clear();
      self->bytes_ = 0;
      self->wake_all();
    }
    // A burst does not keep the watchers from taking it.
    if (taken % kMessagesPerTurn == 0) co_await asio::post(self->loop_.executor(), asio::use_awaitable_t<Executor>{});
  }
}

Task<Result<>> EventFeed::take(std::shared_ptr<const store::Message> message) {
  if (message->topic == access_bus_topic(principal_.owner)) {
    ++doubts_;
    wake_all();
    co_return Result<>{};
  }
  auto event = store::parse_event(message->body);
  if (!event || (event->position > 0 && event->position <= position_)) co_return Result<>{};  // was read before
  // Commits of several loops may be told out of order, and another owner's events take positions too: the log knows.
  if (event->position > position_ + 1) co_return co_await catch_up();
  if (event->position > 0) position_ = event->position;
  auto items = co_await items_of(std::move(*event));
  append(std::move(items));
  co_return Result<>{};
}

Task<Result<>> EventFeed::catch_up() {
  for (;;) {
    auto past = co_await after(cursor(), kPageMax);
    if (!past) co_return error_of(past);
    position_ = std::max(position_, past->position);
    append(std::move(past->items));
    if (past->is_all) co_return Result<>{};
  }
}

Task<Result<EventFeed::Past>> EventFeed::after(store::Cursor cursor, std::size_t count_max) {
  Past past{.items = {}, .is_all = false, .position = cursor.position};
  auto events = co_await parts_.events.after(principal_, std::move(cursor), count_max);
  if (!events) co_return error_of(events);
  past.is_all = events->size() < count_max;
  for (store::Event& event : *events) {
    past.position = event.position;
    auto items = co_await items_of(std::move(event));
    std::move(items.begin(), items.end(), std::back_inserter(past.items));
  }
  co_return past;
}

// The production of a render that began or ended is read and not kept, so that it is never older than what it tells of,
// in a replay too.
Task<std::vector<FeedItem>> EventFeed::items_of(store::Event event) {
  std::vector<FeedItem> items;
  items.push_back({event.position, event.topic, parts_.write(event, epoch_)});
  const auto id = ProductionId::parse(production_begun_or_ended(event));
  if (!id) co_return items;
  auto view = co_await parts_.productions.find(principal_, *id);
  if (!view) co_return items;  // deleted since, or the store says so to whoever asks it next
  const store::Event told{.position = 0,
                          .topic = "production/" + id->to_string(),
                          .number = 0,
                          .type = "production.changed",
                          .data = json::write(summary_to_json(*view)),
                          .owner = {}};
  items.push_back({0, told.topic, parts_.write(told, epoch_)});
  co_return items;
}

void EventFeed::append(std::vector<FeedItem> items) {
  for (FeedItem& item : items) {
    bytes_ += item.bytes.size();
    items_.push_back(std::move(item));
  }
  if (items_.size() >= kTrimAt || bytes_ > kBytesMax) trim();
  if (items.empty() || std::exchange(is_handing_out_, true)) return;
  loop_.group_.spawn(hand_out(shared_from_this()));
}

// What comes meanwhile goes with what is handed out to those whose turn is still to come, and to the others after it.
Task<Result<>> EventFeed::hand_out(std::shared_ptr<EventFeed> self) {
  for (bool is_all = false; !is_all;) {
    const std::uint64_t handed = self->end();
    for (self->next_watcher_ = 0; self->next_watcher_ < self->watchers_.size();) {
      const std::size_t turn_end = std::min(self->watchers_.size(), self->next_watcher_ + kWatchersPerTurn);
      while (self->next_watcher_ < turn_end) self->hand_to(*self->watchers_[self->next_watcher_++]);
      co_await asio::post(self->loop_.executor(), asio::use_awaitable_t<Executor>{});
    }
    is_all = handed == self->end();
  }
  self->is_handing_out_ = false;
  co_return Result<>{};
}

void EventFeed::hand_to(FeedWatcher& watcher) {
  const bool takes = watcher.taker_ != nullptr && watcher.seen_doubts_ == doubts_ && watcher.next_ >= first_;
  if (watcher.next_ == end() || (takes && watcher.taker_->take_now())) return;
  watcher.woken_.notify_all();
}

void EventFeed::trim() {
  std::uint64_t needed = end();
  for (const FeedWatcher* watcher : watchers_) needed = std::min(needed, std::max(watcher->next_, first_));
  while (!items_.empty() && (first_ < needed || items_.size() > kItemsMax || bytes_ > kBytesMax)) {
    bytes_ -= items_.front().bytes.size();
    items_.pop_front();
    ++first_;
  }
}

void EventFeed::wake_all() {
  for (FeedWatcher* watcher : watchers_) watcher->woken_.notify_all();
}

Task<Result<std::shared_ptr<EventFeed>>> FeedLoop::feed_of(Principal principal) {
  for (;;) {
    const auto found = feeds_.find(principal.owner);
    if (found == feeds_.end()) co_return co_await begin(principal);
    const std::shared_ptr<EventFeed> feed = found->second;
    if (feed->is_running_) co_return feed;
    // Whoever began it may go away, and it with them.
    co_await feed->started_.wait();
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return fail(ErrorCode::cancelled, "cancelled while an event feed began");
  }
}

Task<Result<std::shared_ptr<EventFeed>>> FeedLoop::begin(Principal principal) {
  auto feed = std::make_shared<EventFeed>(*this, parts_, principal);
  feeds_.emplace(principal.owner, feed);
  auto started = co_await feed->start();
  feed->is_running_ = started.has_value();
  if (started)
    group_.spawn(EventFeed::pump(feed), feed->pumping_);
  else
    feeds_.erase(principal.owner);
  feed->started_.notify_all();
  if (!started) co_return error_of(started);
  co_return feed;
}

void FeedLoop::enter(FeedWatcher& watcher) {
  watcher.feed_->watchers_.push_back(&watcher);
  watcher.place_ = next_place_++ % kBeatSeconds;
  beats_[watcher.place_].push_back(&watcher);
  ++watcher_count_;
  if (!std::exchange(is_beating_, true)) group_.spawn(beat());
}

void FeedLoop::leave(FeedWatcher& watcher) {
  std::erase(beats_[watcher.place_], &watcher);
  --watcher_count_;
  EventFeed& feed = *watcher.feed_;
  const auto place = std::find(feed.watchers_.begin(), feed.watchers_.end(), &watcher);
  // Whoever moves up has had no turn yet.
  if (std::cmp_less(place - feed.watchers_.begin(), feed.next_watcher_)) --feed.next_watcher_;
  feed.watchers_.erase(place);
  if (!feed.watchers_.empty()) return;
  // Another may have come after this one failed.
  const auto found = feeds_.find(feed.principal_.owner);
  if (found != feeds_.end() && found->second.get() == &feed) feeds_.erase(found);
  feed.pumping_.cancel();
}

Task<Result<>> FeedLoop::beat() {
  for (std::size_t second = 0; watcher_count_ > 0; ++second) {
    auto slept = co_await sleep_for(std::chrono::seconds(1));
    if (!slept) break;
    for (FeedWatcher* watcher : beats_[second % kBeatSeconds]) {
      watcher->has_beat_ = true;
      watcher->woken_.notify_all();
    }
    for (auto& [owner, feed] : feeds_) feed->trim();
  }
  is_beating_ = false;
  co_return Result<>{};
}

FeedWatcher::FeedWatcher(std::shared_ptr<EventFeed> feed)
    : feed_(std::move(feed)), woken_(feed_->loop_.executor()), next_(feed_->end()), seen_doubts_(feed_->doubts_ - 1) {
  feed_->loop_.enter(*this);
}

FeedWatcher::~FeedWatcher() { feed_->loop_.leave(*this); }

const FeedItem* FeedWatcher::next() {
  if (next_ < feed_->first_ || next_ >= feed_->end()) return nullptr;
  return &feed_->items_[next_++ - feed_->first_];
}

bool FeedWatcher::was_left_behind() {
  if (next_ >= feed_->first_) return false;
  next_ = feed_->end();
  return true;
}

bool FeedWatcher::take_doubt() noexcept { return std::exchange(seen_doubts_, feed_->doubts_) != feed_->doubts_; }

bool FeedWatcher::has_news() const noexcept {
  return next_ != feed_->end() || seen_doubts_ != feed_->doubts_ || has_beat_;
}

Task<Result<std::shared_ptr<EventFeed>>> EventFeeds::feed_of(Principal principal) {
  FeedLoop& loop = loop_of(co_await current_executor());
  co_return co_await loop.feed_of(principal);
}

FeedLoop& EventFeeds::loop_of(const Executor& executor) {
  const std::lock_guard lock(mutex_);
  for (const auto& loop : loops_)
    if (loop->executor() == executor) return *loop;
  return *loops_.emplace_back(std::make_unique<FeedLoop>(executor, groups_.group_of(executor), parts_));
}

void EventFeeds::stop() {
  LoopGroups::Groups groups;
  {
    const std::lock_guard lock(mutex_);
    groups = groups_.take();
  }
  LoopGroups::end_all(std::move(groups));
}

}  // namespace atelier::studio
