#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "base/async.hpp"
#include "store/bus.hpp"

namespace atelier::store {
namespace {

using MessagePtr = std::shared_ptr<const Message>;  // shared by all subscribers that have not read it yet

// What publishers and one subscriber share: shared, since a publisher may hold it when the subscription dies.
struct Mailbox {
  Mailbox(Executor executor, std::size_t queue_limit) : queue_max(queue_limit), arrived(executor) {}
  const std::size_t queue_max;
  std::mutex mutex;
  std::deque<MessagePtr> queue;
  bool has_overflowed = false;
  bool is_waiting = false;  // and not yet on its loop's list to be woken
  Signal arrived;           // touched on the subscriber's loop only
};
using MailboxPtr = std::shared_ptr<Mailbox>;

// Gathers the mailboxes of one loop that must wake, so that a burst of messages costs the loop one wake-up.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(Executor executor) : executor_(executor) {}
  Executor executor() const noexcept { return executor_; }

  void wake(MailboxPtr mailbox) {
    {
      const std::lock_guard lock(mutex_);
      to_wake_.push_back(std::move(mailbox));
      if (std::exchange(is_posted_, true)) return;
    }
    asio::post(executor_, [self = shared_from_this()] { self->wake_all(); });
  }

 private:
  void wake_all() {
    std::vector<MailboxPtr> mailboxes;
    {
      const std::lock_guard lock(mutex_);
      mailboxes.swap(to_wake_);
      is_posted_ = false;
    }
    for (const MailboxPtr& mailbox : mailboxes) mailbox->arrived.notify_all();
  }

  const Executor executor_;
  std::mutex mutex_;
  std::vector<MailboxPtr> to_wake_;  // each mailbox at most once, since it then no longer waits
  bool is_posted_ = false;
};
using LoopPtr = std::shared_ptr<Loop>;

struct Subscriber {
  MailboxPtr mailbox;
  LoopPtr loop;
};

// Who receives what. Shared by the bus and its subscriptions, which may outlive it.
class Directory {
 public:
  void add(const std::vector<std::string>& topics, Subscriber subscriber) {
    const std::unique_lock lock(mutex_);
    if (topics.empty()) everything_.push_back(subscriber);
    for (const std::string& topic : topics) by_topic_[topic].push_back(subscriber);
  }

  void remove(const std::vector<std::string>& topics, const MailboxPtr& mailbox) {
    const auto is_it = [&](const Subscriber& subscriber) { return subscriber.mailbox == mailbox; };
    const std::unique_lock lock(mutex_);
    if (topics.empty()) std::erase_if(everything_, is_it);
    for (const std::string& topic : topics) {
      const auto found = by_topic_.find(topic);
      if (found == by_topic_.end()) continue;
      std::erase_if(found->second, is_it);
      if (found->second.empty()) by_topic_.erase(found);
    }
    std::erase_if(loops_, [](const std::weak_ptr<Loop>& loop) { return loop.expired(); });
  }

  LoopPtr loop_of(Executor executor) {
    const std::unique_lock lock(mutex_);
    for (const std::weak_ptr<Loop>& known : loops_)
      if (LoopPtr loop = known.lock(); loop && loop->executor() == executor) return loop;
    auto loop = std::make_shared<Loop>(executor);
    loops_.push_back(loop);
    return loop;
  }

  void deliver(const MessagePtr& message) {
    const std::shared_lock lock(mutex_);
    for (const Subscriber& subscriber : everything_) deliver_to(subscriber, message);
    const auto found = by_topic_.find(message->topic);
    if (found == by_topic_.end()) return;
    for (const Subscriber& subscriber : found->second) deliver_to(subscriber, message);
  }

 private:
  static void deliver_to(const Subscriber& subscriber, const MessagePtr& message) {
    Mailbox& mailbox = *subscriber.mailbox;
    {
      const std::lock_guard lock(mailbox.mutex);
      if (mailbox.has_overflowed) return;
      if (mailbox.queue.size() >= mailbox.queue_max) {
        // What it has not read yet is part of the truth that it must read again.
        mailbox.queue.clear();
        mailbox.has_overflowed = true;
      } else {
        mailbox.queue.push_back(message);
      }
      if (!std::exchange(mailbox.is_waiting, false)) return;
    }
    subscriber.loop->wake(subscriber.mailbox);
  }

  std::shared_mutex mutex_;
  std::map<std::string, std::vector<Subscriber>, std::less<>> by_topic_;
  std::vector<Subscriber> everything_;
  std::vector<std::weak_ptr<Loop>> loops_;
};

class LocalSubscription final : public Subscription {
 public:
  LocalSubscription(std::shared_ptr<Directory> directory, std::vector<std::string> topics, MailboxPtr mailbox)
      : directory_(std::move(directory)), topics_(std::move(topics)), mailbox_(std::move(mailbox)) {}
  ~LocalSubscription() override { directory_->remove(topics_, mailbox_); }

  Task<Result<MessagePtr>> next() override {
    const MailboxPtr mailbox = mailbox_;
    while (true) {
      if (auto taken = take(*mailbox)) co_return std::move(*taken);
      // Nothing is lost between take() and here: a publisher's wake-up runs on this loop, after this coroutine
      // suspends.
      co_await mailbox->arrived.wait();
      if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
        const std::lock_guard lock(mailbox->mutex);
        mailbox->is_waiting = false;
        co_return fail(ErrorCode::cancelled, "cancelled while waiting for a message");
      }
    }
  }

 private:
  static std::optional<Result<MessagePtr>> take(Mailbox& mailbox) {
    const std::lock_guard lock(mailbox.mutex);
    if (std::exchange(mailbox.has_overflowed, false))
      return fail(ErrorCode::conflict, "messages were lost since they were read too slowly",
                  {.reason = "messages_lost", .where = {}});
    if (mailbox.queue.empty()) {
      mailbox.is_waiting = true;
      return std::nullopt;
    }
    MessagePtr message = std::move(mailbox.queue.front());
    mailbox.queue.pop_front();
    return Result<MessagePtr>(std::move(message));
  }

  std::shared_ptr<Directory> directory_;
  std::vector<std::string> topics_;
  MailboxPtr mailbox_;
};

class LocalBus final : public Bus {
 public:
  void publish(Message message) override { directory_->deliver(std::make_shared<const Message>(std::move(message))); }

  Task<Result<std::unique_ptr<Subscription>>> subscribe(std::vector<std::string> topics,
                                                        std::size_t queue_max) override {
    if (queue_max == 0)
      co_return fail(ErrorCode::invalid_argument, "a subscription's queue holds at least one message");
    std::sort(topics.begin(), topics.end());
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    const Executor executor = co_await current_executor();
    auto mailbox = std::make_shared<Mailbox>(executor, queue_max);
    directory_->add(topics, {mailbox, directory_->loop_of(executor)});
    co_return std::make_unique<LocalSubscription>(directory_, std::move(topics), std::move(mailbox));
  }

 private:
  std::shared_ptr<Directory> directory_ = std::make_shared<Directory>();
};

}  // namespace

std::unique_ptr<Bus> make_local_bus() { return std::make_unique<LocalBus>(); }

}  // namespace atelier::store
