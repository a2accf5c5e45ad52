#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "store/events.hpp"

namespace atelier::studio {

struct Announcement {
  std::string topic;
  std::string type;
  json::Value data;
};

// Writes the batch and the events that tell of it in one commit, then wakes whoever watches.
Task<Result<>> write_with_events(store::Database* database, store::EventLog* events, Principal principal,
                                 std::vector<store::Statement> batch, std::vector<Announcement> announcements);
// The same with one.
Task<Result<>> write_with_event(store::Database* database, store::EventLog* events, Principal principal,
                                std::vector<store::Statement> batch, Announcement announcement);

}  // namespace atelier::studio
