#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::store {

// A thread's row. JSON stays text here: studio/chat says what is in it.
struct ThreadRow {
  ThreadId id;
  UserId owner;
  std::string title;
  bool has_own_title = false;  // false: it goes by its first words
  std::string model;           // or route; "": none chosen
  std::string system;
  std::string parameters = "{}";
  std::string folder;  // FolderId as text; "": none
  std::string tags = "[]";
  bool is_pinned = false, is_archived = false;
  UnixMs expires_ms = 0;           // 0: never
  std::int64_t head = 0;           // number of the leaf that is shown; 0: it is empty
  std::int64_t message_count = 0;  // and the highest number
  std::int64_t revision = 1;       // rises with every change of this row
  UnixMs created_ms = 0, used_ms = 0;
  bool is_answering = false;  // read only: an answer is being made, or waits for its turn
};

struct FolderRow {
  FolderId id;
  std::string name;
  std::int64_t place = 0;  // lists are sorted by it
  UnixMs created_ms = 0;
};

struct ThreadFilter {
  std::optional<std::string> folder = {};
  std::string tag = {};  // "": any
  bool is_archived = false;
};

struct ThreadPage {
  std::vector<ThreadRow> items;
  std::string next;
};

// The threads and thread_folders tables. Every call sees only the principal's own rows.
class Threads {
 public:
  explicit Threads(Database& database) : database_(database) {}

  static Statement insert(const ThreadRow& row);
  // Everything but head, message_count and times. Only if the stored revision is `row.revision - 1`.
  static Statement update(const ThreadRow& row);
  // Room for messages up to `row.message_count`, of which there were `count_before`; head, and title and model where
  // there is none. Only if nobody else added any meanwhile.
  static Statement advance(const ThreadRow& row, std::int64_t count_before);
  static Statement remove(Principal principal, ThreadId id, UnixMs now_ms);
  // Takes remove() back.
  static Statement restore(Principal principal, ThreadId id);
  // Deletes up to `count_max` messages of threads that were removed before now, and such threads as have none left.
  static std::vector<Statement> forget_removed(UnixMs now_ms, std::int64_t count_max);
  // A thread that was used: its times alone.
  static Statement use(const ThreadRow& row);
  // (id, owner) of threads in which no answer is being made, some of them: temporary ones whose time is over, and those
  // without a pin that nobody used since, or made or imported here.
  static Statement expired(UnixMs now_ms);
  static Statement unused(UnixMs since_ms);
  // remove(), if expired() or unused() still say so.
  static Statement discard(Principal principal, ThreadId id, UnixMs now_ms, UnixMs unused_since_ms);

  Task<Result<ThreadRow>> find(Principal principal, ThreadId id);
  static Statement select(Principal principal, ThreadId id);
  // not_found ("thread_not_found") where there is none.
  static Result<ThreadRow> read(const Rows& rows);
  // Pinned first, then latest used first. invalid_argument where `after` is no place in such a list.
  static Result<Statement> select_page(Principal principal, ThreadFilter filter, std::string after,
                                       std::size_t count_max);
  Task<Result<ThreadPage>> list(Principal principal, ThreadFilter filter, std::string after, std::size_t count_max);

  static Statement insert_folder(Principal principal, const FolderRow& folder);
  static Statement update_folder(Principal principal, const FolderRow& folder);
  // Its threads are in none afterwards.
  static std::vector<Statement> remove_folder(Principal principal, FolderId id);
  static Statement find_folder(Principal principal, FolderId id);
  Task<Result<std::vector<FolderRow>>> folders(Principal principal);

 private:
  Database& database_;
};

}  // namespace atelier::store
