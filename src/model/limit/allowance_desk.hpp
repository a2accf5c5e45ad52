#pragma once

#include <deque>

#include "base/async.hpp"
#include "model/limit/allowances.hpp"

// What the two halves of Allowances share: allowances.cpp waits for money, allowance_bank.cpp gets it.
namespace atelier::model {

inline constexpr std::size_t kLeaseBatch = 100;

// A call that waits for a block, on a loop of its own.
struct Allowance::Sleeper {
  explicit Sleeper(Executor on) : executor(on), signal(on) {}
  const Executor executor;
  Signal signal;
};

// Whom run() is asked to get a block for. Any thread pushes; run() takes.
struct Allowances::Desk {
 public:
  std::shared_ptr<Signal> open(Executor executor) {
    const std::lock_guard lock(mutex_);
    executor_ = executor;
    signal_ = std::make_shared<Signal>(executor);
    return signal_;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    signal_ = nullptr;
  }
  void push(AllowancePtr allowance) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(allowance));
    if (signal_) asio::post(*executor_, [signal = signal_] { signal->notify_all(); });
  }
  std::vector<AllowancePtr> take(std::size_t count_max) {
    const std::lock_guard lock(mutex_);
    std::vector<AllowancePtr> taken;
    for (; !asked_.empty() && taken.size() < count_max; asked_.pop_front()) taken.push_back(std::move(asked_.front()));
    return taken;
  }
  bool is_empty() const {
    const std::lock_guard lock(mutex_);
    return asked_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::deque<AllowancePtr> asked_;  // each allowance once: bounded by their number
  std::optional<Executor> executor_;
  std::shared_ptr<Signal> signal_;  // shared with the notices under way; null while run() does not run
};

// A part of an allowance's row that one transaction changes.
struct Allowances::Settlement {
  AllowancePtr allowance;
  PeriodAccountPtr account;
  UserId owner;
  Picodollars spent = 0;   // more than was written
  Picodollars leased = 0;  // what the row's `leased` changes by: an overrun is added, a block given back is taken off
};

// Makes a row, if there is one, say that nothing was spent.
store::Statement forget_spending(KeyId key, const Period& period);

}  // namespace atelier::model
