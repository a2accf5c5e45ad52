#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/loop_groups.hpp"
#include "store/bus.hpp"
#include "store/events.hpp"
#include "studio/produce/productions.hpp"

namespace atelier::studio {

// One event as it is sent.
struct FeedItem {
  std::int64_t position = 0;  // in the log; 0: told and not kept
  std::string topic;
  std::string bytes;
};

struct FeedParts {
  store::EventLog& events;
  store::Bus& bus;
  Productions& productions;
  // An event as watchers send it. The epoch is the log's.
  std::string (*write)(const store::Event& event, const std::string& epoch);
};

class EventFeeds;
class FeedLoop;
class FeedWatcher;

// What happens to one owner, for all who watch it on one loop: the bus is listened to once, what the bus left out is
// read from the log once, and an event is written as bytes once, however many watch. Keeps what the slowest has not
// taken yet, within a bound; whoever is slower than that reads the log. Lives while somebody watches.
class EventFeed : public std::enable_shared_from_this<EventFeed> {
 public:
  EventFeed(FeedLoop& loop, FeedParts parts, Principal principal);

  // What is in the log after the cursor, at most `count_max` events: as EventLog::after(), as it is sent. A render that
  // began or ended tells of its production too, as it is now.
  struct Past {
    std::vector<FeedItem> items;
    bool is_all = false;
    std::int64_t position = 0;  // of the last event
  };
  Task<Result<Past>> after(store::Cursor cursor, std::size_t count_max);
  // Where the feed is: what comes later goes to the watchers.
  store::Cursor cursor() const { return {epoch_, position_}; }
  const Principal& principal() const noexcept { return principal_; }

 private:
  friend class EventFeeds;
  friend class FeedLoop;
  friend class FeedWatcher;
  Task<Result<>> start();
  static Task<Result<>> pump(std::shared_ptr<EventFeed> self);
  Task<Result<>> take(std::shared_ptr<const store::Message> message);
  // What the bus did not tell.
  Task<Result<>> catch_up();
  Task<std::vector<FeedItem>> items_of(store::Event event);
  void append(std::vector<FeedItem> items);
  void trim();
  void wake_all();
  // Gives each watcher what it has not got yet.
  static Task<Result<>> hand_out(std::shared_ptr<EventFeed> self);
  void hand_to(FeedWatcher& watcher);
  std::uint64_t end() const noexcept { return first_ + items_.size(); }

  FeedLoop& loop_;
  const FeedParts parts_;
  const Principal principal_;
  std::unique_ptr<store::Subscription> subscription_;
  bool is_running_ = false;
  Signal started_;  // or failed to
  TaskGroup::Member pumping_;

  std::string epoch_;
  std::int64_t position_ = 0;   // of the owner's newest event that was seen
  std::deque<FeedItem> items_;  // what somebody may not have taken yet
  std::uint64_t first_ = 0;     // the number of items_.front()
  std::size_t bytes_ = 0;       // of items_
  std::uint64_t doubts_ = 0;    // how often the owner's access may have changed
  std::vector<FeedWatcher*> watchers_;
  std::size_t next_watcher_ = 0;  // whose turn it is in hand_out()
  bool is_handing_out_ = false;
};

// The feeds of one loop, and its slow pulse. Used on that loop alone.
class FeedLoop {
 public:
  // A watcher is woken once in so many seconds, each second another part of them.
  static constexpr std::size_t kBeatSeconds = 15;

  FeedLoop(Executor executor, TaskGroup& group, FeedParts parts) : executor_(executor), group_(group), parts_(parts) {}
  Executor executor() const noexcept { return executor_; }

 private:
  friend class EventFeed;
  friend class EventFeeds;
  friend class FeedWatcher;
  Task<Result<std::shared_ptr<EventFeed>>> feed_of(Principal principal);
  Task<Result<std::shared_ptr<EventFeed>>> begin(Principal principal);
  void enter(FeedWatcher& watcher);
  void leave(FeedWatcher& watcher);
  Task<Result<>> beat();

  const Executor executor_;
  TaskGroup& group_;
  const FeedParts parts_;
  std::map<UserId, std::shared_ptr<EventFeed>> feeds_;
  std::array<std::vector<FeedWatcher*>, kBeatSeconds> beats_;
  std::size_t next_place_ = 0, watcher_count_ = 0;
  bool is_beating_ = false;
};

// Takes what comes within the feed's own turn, so that nobody has to be woken for it.
class FeedTaker {
 public:
  // There is something to take. False: the watcher has to be woken.
  virtual bool take_now() = 0;

 protected:
  ~FeedTaker() = default;
};

// One who watches a feed: sees every item from its making on, in order. Stays where it is; used on the feed's loop.
class FeedWatcher {
 public:
  explicit FeedWatcher(std::shared_ptr<EventFeed> feed);
  ~FeedWatcher();
  FeedWatcher(const FeedWatcher&) = delete;
  FeedWatcher& operator=(const FeedWatcher&) = delete;

  EventFeed& feed() noexcept { return *feed_; }
  // Notified when there is something to look at; whoever else has something to say to the watcher may notify it too.
  Signal& woken() noexcept { return woken_; }
  // While it waits, `taker` is asked before it is woken for items alone; null: nobody is. Must not die before.
  void let_take(FeedTaker* taker) noexcept { taker_ = taker; }

  // The next item, valid until the next suspension; null: none for now.
  const FeedItem* next();
  // Items were let go before they were taken: the log has those that are kept. Goes on with what comes from now on.
  bool was_left_behind();
  // The pulse came since this was asked last.
  bool take_beat() noexcept { return std::exchange(has_beat_, false); }
  // The owner's access may have changed since this was asked last; true at first.
  bool take_doubt() noexcept;
  bool has_news() const noexcept;

 private:
  friend class EventFeed;
  friend class FeedLoop;
  const std::shared_ptr<EventFeed> feed_;
  Signal woken_;
  FeedTaker* taker_ = nullptr;
  std::uint64_t next_;
  std::uint64_t seen_doubts_;
  std::size_t place_ = 0;  // in the loop's beats
  bool has_beat_ = false;
};

// All feeds. Outlives every request.
class EventFeeds {
 public:
  explicit EventFeeds(FeedParts parts) : parts_(parts) {}
  // That of the owner on the caller's loop. A FeedWatcher of it is made before the caller suspends again: a feed that
  // nobody watches is not let go.
  Task<Result<std::shared_ptr<EventFeed>>> feed_of(Principal principal);
  // Nobody watches any more. Blocks, on a thread that runs none of the loops; before the loops end.
  void stop();

 private:
  FeedLoop& loop_of(const Executor& executor);
  const FeedParts parts_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<FeedLoop>> loops_;
  LoopGroups groups_;
};

}  // namespace atelier::studio
