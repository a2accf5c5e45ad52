#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "store/events.hpp"
#include "studio/chat/answers.hpp"
#include "studio/chat/thread.hpp"
#include "studio/tool/tool_box.hpp"

namespace atelier::studio {

inline constexpr std::size_t kPutMessagesMax = 1'000;
inline constexpr std::int64_t kWindowMax = 200;  // messages read at once

struct NewThread {
  std::string title, model, system;
  ChatParameters parameters = {};
  std::string folder = {};  // "": none
  std::vector<std::string> tags = {};
  bool is_temporary = false;
  std::string idempotency_key = {};  // "": none
  // What a client with ids of its own calls it; "": nothing. conflict where it calls another thread so.
  std::string client_id = {};
};

// What is not set stays.
struct ThreadChange {
  std::optional<std::string> title = {}, model = {}, system = {};
  std::optional<ChatParameters> parameters = {};
  std::optional<std::string> folder = {};  // "": none
  std::optional<std::vector<std::string>> tags = {};
  std::optional<bool> is_pinned = {}, is_archived = {};
  std::optional<std::int64_t> head = {};  // any message: the branch is shown down to its newest leaf
};

// Threads, their folders, and reading what was said in them. Awaited from any loop. What is not the principal's is
// not_found.
class Threads {
 public:
  struct Parts {
    store::Database& database;
    store::EventLog& events;
    const Answers& answers;
    const ToolBox& tools;
    const Clock& clock;
    std::chrono::hours temporary_life{24};  // after the last use
    std::chrono::hours unused_life{0};      // of all others without a pin; 0: for ever
  };
  explicit Threads(Parts parts) : parts_(parts), rows_(parts.database) {}

  // The same key gives, for a day, the thread that the first call with it made.
  Task<Result<store::ThreadRow>> create(Principal principal, NewThread wanted);
  Task<Result<store::ThreadRow>> find(Principal principal, ThreadId id) { return rows_.find(principal, id); }
  Task<Result<ThreadView>> open(Principal principal, ThreadId id, std::int64_t window);
  Task<Result<store::ThreadPage>> list(Principal principal, store::ThreadFilter filter, std::string after,
                                       std::size_t count_max) {
    return rows_.list(principal, std::move(filter), std::move(after), count_max);
  }
  Task<Result<store::ThreadRow>> change(Principal principal, ThreadId id, ThreadChange change);
  // A title that nobody typed, in place of `first_words`: not where somebody named it meanwhile, or somebody else did.
  Task<Result<>> name(Principal principal, ThreadId id, std::string first_words, std::string title);
  Task<Result<>> remove(Principal principal, ThreadId id);

  // A message and those before it on its branch, oldest first; `count` of them at most. Without the message itself
  // unless `has_it`.
  Task<Result<std::vector<ThreadMessage>>> branch(Principal principal, ThreadId id, std::int64_t number,
                                                  std::int64_t count, bool has_it);
  // Of every branch: `count` messages whose numbers come after that one, in their order.
  Task<Result<std::vector<ThreadMessage>>> numbered(Principal principal, ThreadId id, std::int64_t after,
                                                    std::int64_t count);
  Task<Result<ThreadMessage>> message(Principal principal, ThreadId id, std::int64_t number);

  // Adds or replaces messages by their numbers, all or none. New ones go on from the highest without a gap.
  Task<Result<store::ThreadRow>> put(Principal principal, ThreadId id, std::vector<ThreadMessage> messages);
  // A thread of its own with the branch that ends at the message, or with everything.
  enum class ForkScope : std::uint8_t { branch, all };
  Task<Result<store::ThreadRow>> fork(Principal principal, ThreadId id, std::int64_t number, ForkScope scope);

  Task<Result<std::vector<store::FolderRow>>> folders(Principal principal) { return rows_.folders(principal); }
  Task<Result<store::FolderRow>> create_folder(Principal principal, std::string name);
  Task<Result<store::FolderRow>> change_folder(Principal principal, FolderId id, std::optional<std::string> name,
                                               std::optional<std::int64_t> place);
  Task<Result<>> remove_folder(Principal principal, FolderId id);

  // Something is said in it now. The row is for the caller to store.
  void use(store::ThreadRow& row) const;
  // One slice of forgetting what is over its time or was deleted. False: nothing was left to do.
  Task<Result<bool>> forget_some();
  // Tells everybody who watches how the thread stands now.
  Task<> tell_changed(Principal principal, ThreadId id);

 private:
  Task<Result<>> discard(store::Rows rows, UnixMs now_ms, UnixMs unused_since_ms);
  Task<Result<>> require_folder(Principal principal, std::string folder);
  Task<Result<store::ThreadRow>> try_change(Principal principal, ThreadId id, ThreadChange change);

  const Parts parts_;
  store::Threads rows_;
};

Announcement thread_changed(const store::ThreadRow& thread);

}  // namespace atelier::studio
