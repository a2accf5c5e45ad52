#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "watch/alert/alerts.hpp"

// What the files of Alerts share.
namespace atelier::watch {

// One way to tell, with what waits to be told in it.
struct Alerts::Way {
  Way(std::string_view way_name, std::function<Task<Result<>>(Notice)> way_send, Metrics& metrics);

  const std::string_view name;
  const std::function<Task<Result<>>(Notice)> send;
  Counter &sent, &failed, &dropped;
  std::optional<Signal> has_more;  // of run()'s loop, while it runs

  // The newest matter more than the oldest.
  void push(const Notice& notice, std::size_t count_max) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= count_max) {
      waiting_.pop_front();
      dropped.add();
    }
    waiting_.push_back(notice);
  }
  std::optional<Notice> pop() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    Notice first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::deque<Notice> waiting_;
};

inline bool covers(const Silence& silence, const Alert& alert) {
  return silence.kind == alert.kind && (silence.subject.empty() || silence.subject == alert.subject);
}

inline std::unexpected<Error> no_alert() {
  return fail(ErrorCode::not_found, "there is no such alert", {.reason = "alert_not_found", .where = {}});
}

}  // namespace atelier::watch
