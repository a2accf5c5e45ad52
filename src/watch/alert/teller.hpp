#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "store/events.hpp"
#include "studio/account/people.hpp"
#include "watch/alert/noticer.hpp"

namespace atelier::watch {

// Tells administrators' pages and webhooks. Thread-safe.
class AlertTeller {
 public:
  struct Parts {
    store::Database& database;
    store::EventLog& events;
    studio::People& people;
    const Clock& clock;
  };
  explicit AlertTeller(Parts parts) : parts_(parts) {}

  // To whoever looks at a page now, at once, whatever the disk does: an event alert.changed of the topic "alerts".
  void tell_now(const Notice& notice);
  // For whoever was away, and for webhooks. Pages see it a second time, and know it by its id. To be called again where
  // it fails: who has it by then is left out. One notice at a time.
  Task<Result<>> keep(Notice notice);
  // Who is to be told by tell_now(): as the database says.
  Task<Result<>> find_admins();

 private:
  std::vector<UserId> admins() const;
  const Parts parts_;
  mutable std::mutex mutex_;
  std::vector<UserId> admins_;
  // keep()'s: the notice it was called with, and who has that.
  std::string kept_;
  std::vector<UserId> kept_for_;
};

}  // namespace atelier::watch
