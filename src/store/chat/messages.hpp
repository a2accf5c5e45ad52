#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::store {

// A message's row. JSON stays text here: studio/chat says what is in it.
struct MessageRow {
  ThreadId thread;
  std::int64_t number = 0;  // from 1, in the order they were added
  UserId owner;
  std::int64_t parent = 0;  // 0: begins the thread; always lower than the number
  std::string role = {}, state = {};
  std::string model = {};   // asked for; "" of the user's own
  std::int64_t tokens = 0;  // about how many its text is
  UnixMs created_ms = 0;
  std::string parts = "[]";
  std::string report = "{}";
};

// Where a message stands in its thread's tree.
struct TreePlace {
  std::int64_t parent = 0;
  std::string role;
};

struct DeltaRow {
  std::int64_t seq = 0;
  std::string deltas;
};

// The messages of threads: the caller has seen that the thread is the principal's.
class Messages {
 public:
  explicit Messages(Database& database) : database_(database) {}

  static std::vector<Statement> insert(const MessageRow& row);
  // Everything but owner and time; its deltas are in `parts` now.
  static std::vector<Statement> replace(const MessageRow& row);
  // As replace(), and inserted where it is not there. Not while it is being answered.
  static std::vector<Statement> put(const MessageRow& row);
  // Only if it is in the state `from`.
  static Statement set_state(ThreadId thread, std::int64_t number, std::string from, std::string to);
  // Parts and report; only if its parts are still `from`.
  static Statement set_parts(const MessageRow& row, std::string from);
  // Only if its report is still `from`.
  static Statement set_report(ThreadId thread, std::int64_t number, std::string from, std::string to);
  // Those of a user's that wait to be answered are stopped.
  static Statement stop_queued_of(UserId owner);
  static Statement insert_delta(ThreadId thread, std::int64_t number, const DeltaRow& delta);
  // Of `from`'s branch (scope "branch", renumbered from 1 in its order), or all of them.
  static std::vector<Statement> copy_branch(ThreadId from, ThreadId to, std::int64_t message, UserId owner);
  static std::vector<Statement> copy_all(ThreadId from, ThreadId to, UserId owner);

  // Up to `count_max` messages that end with `number`, each the next one's parent; oldest first. Empty: there is none.
  static Statement branch(Principal principal, ThreadId thread, std::int64_t number, std::int64_t count_max);
  // How many messages branch() would give without a bound.
  static Statement branch_length(Principal principal, ThreadId thread, std::int64_t number);
  // As many of them as have `tokens_max` tokens in all, and the last in any case.
  static Statement context(Principal principal, ThreadId thread, std::int64_t number, std::int64_t tokens_max,
                           std::int64_t count_max);
  static Statement numbered(Principal principal, ThreadId thread, std::int64_t after, std::int64_t count_max);
  static Statement one(Principal principal, ThreadId thread, std::int64_t number);
  // By number from 1.
  static Statement shape(Principal principal, ThreadId thread);
  // The leaf that is reached from a message by going to the newest child each time.
  static Statement newest_leaf(Principal principal, ThreadId thread, std::int64_t number);
  // (number) of the answers that wait until this one has ended.
  static Statement queued_after(ThreadId thread, std::int64_t number);
  static Statement deltas(ThreadId thread, std::int64_t number);
  // (number, state) of the thread's answers that are being made, or wait for it.
  static Statement open_of(ThreadId thread);
  // (number) of those that wait for their reader to decide.
  static Statement waiting_of(ThreadId thread);
  // (thread, number, owner) of answers begun before then that are being made, or wait for it.
  static Statement open(UnixMs before_ms);

  static std::vector<MessageRow> read(const Rows& rows, ThreadId thread, UserId owner);
  static std::vector<TreePlace> read_shape(const Rows& rows);
  static std::vector<DeltaRow> read_deltas(const Rows& rows);

  // An Idempotency-Key of a send: (wanted, number) of what it made.
  static Statement find_key(ThreadId thread, std::string key);
  static Statement insert_key(ThreadId thread, std::string key, std::string wanted, std::int64_t number, UnixMs now_ms);
  static Statement forget_keys(UnixMs before_ms);

  Database& database() noexcept { return database_; }

 private:
  Database& database_;
};

}  // namespace atelier::store
