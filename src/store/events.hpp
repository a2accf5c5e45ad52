#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/task.hpp"
#include "store/bus.hpp"
#include "store/database.hpp"

namespace atelier::store {

// Something that happened, kept so that a client that was away learns of it. `position` rises over all topics and
// owners in the order of commits; `number` counts within one owner's topic from 1 without gaps, and begins anew for a
// topic that was silent for twice as many events as are kept.
struct Event {
  std::int64_t position = 0;
  std::string topic;        // "run/<id>", "production/<id>", "runs"
  std::int64_t number = 0;  // within the topic
  std::string type;         // "run.changed"
  std::string data;         // JSON
  std::string owner;        // UserId, as text
};

// Where a client is: written "<epoch>-<position>". The epoch is made with the database and changes when one is
// restored.
struct Cursor {
  std::string epoch;
  std::int64_t position = 0;
  std::string to_string() const;
  static std::optional<Cursor> parse(std::string_view text);
};

// The event log. Appending happens in the caller's own batch, so that an event and what it tells of are one commit:
//   batch.push_back(events.append("run/" + id, "run.changed", data, owner)); ... write(batch);
//   events.published(rows...)
class EventLog {
 public:
  virtual ~EventLog() = default;
  // A statement that inserts the event and returns (position, number). To be part of a write() of studio.db.
  virtual Statement append(std::string topic, std::string type, std::string data, UserId owner) const = 0;
  // To be called once the batch is committed, with what the statement returned, so that watchers wake. Batches of
  // several loops may be told in another order than they were committed: a watcher that sees a position other than the
  // one it expects takes the message as a hint and reads after() its cursor.
  virtual void committed(Event event) = 0;
  // Tells watchers what is not worth keeping (progress): no position, lost on reconnect.
  virtual void tell(std::string topic, std::string type, std::string data, UserId owner) = 0;

  virtual Task<Result<Cursor>> now() = 0;
  // Events of the owner after the cursor, oldest first, at most `count_max`. ErrorCode::conflict when the epoch is
  // another or the cursor is older than what is kept: the client must read afresh.
  virtual Task<Result<std::vector<Event>>> after(Principal principal, Cursor cursor, std::size_t count_max) = 0;
  // Deletes the oldest beyond the bound, and what is remembered of topics silent for as long again, in small slices.
  virtual Task<Result<>> trim(std::size_t keep_count) = 0;
};

// The topic of the bus that carries an owner's events; messages are Events as JSON with a "position" (0 when told
// only).
std::string event_bus_topic(UserId owner);
std::string write_event(const Event& event);
Result<Event> parse_event(std::string_view text);

Task<Result<std::unique_ptr<EventLog>>> open_event_log(Database& database, Bus& bus);

}  // namespace atelier::store
