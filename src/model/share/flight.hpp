#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "model/call/call_account.hpp"

namespace atelier::model {

// One call's answer on its way to several callers, who may be on other loops: what came is kept for those who join
// late. Written by the one task that carries the call out, read by each caller at its own pace. Thread-safe. The last
// reference to it goes on its own loop, where its timers are.
class Flight {
 public:
  // Beyond this it is kept no longer than the slowest reader needs, and nobody may join any more.
  static constexpr std::size_t kKeptBytesMax = 4 << 20;

  // One caller's place. Giving it up is going away: when the last has gone, the call is let go of.
  class Reader {
   public:
    Reader(Reader&&) noexcept;
    ~Reader();
    Reader& operator=(Reader&&) noexcept = delete;

    // Until the answer has begun, or will not: then the error. `report` is as far as the call was when it began.
    Task<Result<>> begun(CallReport* report);
    // All that came since the last time (whole events); nullopt at the end.
    Task<std::optional<std::string>> next();
    // Once next() gave nullopt: how the call ended, and why it broke off without a word of that in the bytes.
    CallReport report() const;
    std::optional<Error> failure() const;

   private:
    friend class Flight;
    struct Place;
    Reader(std::shared_ptr<Flight> flight, std::list<Place>::iterator place);
    std::shared_ptr<Flight> flight_;
    std::list<Place>::iterator place_;
  };

  explicit Flight(Executor executor);
  ~Flight();
  // nullopt once it is too late to get all of it, or it was let go of.
  static std::optional<Reader> join(std::shared_ptr<Flight> flight, Executor executor);

  // For the task that carries the call out, on its loop. It goes on `member`, so that the last reader can stop it.
  TaskGroup::Member& member() noexcept { return member_; }
  void began(const CallReport& report);
  // Before it began, or without a word of it in the bytes.
  void failed(Error error, const CallReport& report);
  // Waits while the slowest reader is far behind.
  Task<> append(std::string bytes);
  void ended(const CallReport& report);

 private:
  void wake(std::unique_lock<std::mutex> lock);
  static void leave(std::shared_ptr<Flight> flight, std::list<Reader::Place>::iterator place);
  std::size_t slowest() const noexcept;

  const Executor executor_;
  TaskGroup::Member member_;  // on the executor's loop alone
  mutable std::mutex mutex_;
  std::list<Reader::Place> places_;
  std::shared_ptr<Signal> room_;  // of the writer, while it waits
  std::string kept_;
  std::size_t first_ = 0;                                         // offset of kept_[0] in the answer
  bool has_begun_ = false, has_ended_ = false, is_whole_ = true;  // whole: from the first byte
  std::optional<Error> error_;
  CallReport report_;
};

}  // namespace atelier::model
