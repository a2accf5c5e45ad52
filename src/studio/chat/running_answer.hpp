#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "model/chat.hpp"
#include "studio/chat/answers.hpp"

namespace atelier::studio {

// One answer while it is made, and what has become of what it said: shown, told, stored. On its loop, but for look().
class RunningAnswer {
 public:
  RunningAnswer(Executor on, Principal whose, ThreadId of, ThreadMessage begun)
      : executor(on),
        principal(whose),
        thread(of),
        changed(on),
        message_(std::move(begun)),
        is_gone_on_with_(!message_.parts.empty()),
        part_count_(message_.parts.size()) {
    for (const MessagePart& one : message_.parts)
      if (const auto* call = std::get_if<part::ToolCall>(&one)) call_ids_.insert(call->id);
  }

  // One event of the model's answer. False: it is longer than any may be.
  bool take(const model::ChatEvent& event, std::size_t bytes_max);
  void fail(const Error& error);
  bool has_failed() const noexcept { return failure_.has_value(); }
  // Adds to what earlier calls of the model took, where it was called more than once.
  void report(const model::CallReport& report);

  // The model has said what it says for now, and waits to be told what its calls gave. False where what it said is cut
  // off, or nothing was called.
  bool has_open_calls() const;
  // From here on it is somebody else's turn, or the model's once more.
  void begin_step();
  // Of the call at that place of the parts: title, effect and approval.
  void note(std::size_t at, const part::ToolCall& call);
  void add_result(part::ToolResult result);
  // With what nobody was told of yet.
  ThreadMessage whole() const;

  // As far as it was told: whoever takes the next telling for it has every word, and each once. Any thread.
  ThreadMessage look() const;
  // What it told beyond `seen` (said_beyond()).
  std::vector<PartDelta> beyond(const std::vector<std::size_t>& seen) const;

  // What nobody was told of yet: its number and the deltas. Empty: nothing.
  struct Telling {
    std::int64_t seq = 0;
    std::vector<PartDelta> deltas;
  };
  Telling take_untold();
  bool has_untold() const noexcept { return !untold_.empty(); }
  // What is to be stored of what was told. To be given back where it could not be.
  struct Writing {
    std::int64_t seq = 0;
    std::vector<PartDelta> deltas;
    std::size_t size_bytes = 0;
  };
  Writing take_unwritten();
  void give_back(Writing writing);
  std::size_t unwritten_bytes() const noexcept { return unwritten_.size_bytes; }

  // How it ended, once nothing is said any more. Until that is stored, everybody else sees it as being answered.
  ThreadMessage end(bool is_shutdown) const;

  const Executor executor;
  const Principal principal;
  const ThreadId thread;
  TaskGroup::Member speaking;                 // to stop it
  bool is_saved = false, is_refused = false;  // its message, by the database
  bool is_stopped = false;                    // by its reader
  bool is_waiting = false;                    // for its reader to decide about calls
  bool has_said_all = false, has_ended = false;
  std::atomic<bool> is_ending = false;  // its end is being stored, or is; any thread
  std::optional<Error> refusal;
  Signal changed;  // any of the above, and what was said
  std::int64_t number() const noexcept { return message_.number; }

 private:
  void add(std::size_t at, MessagePart piece);
  part::ToolCall take_name(part::ToolCall call);

  mutable std::mutex mutex_;  // of message_
  ThreadMessage message_;     // as far as it was told
  const bool is_gone_on_with_;
  struct Place {
    std::int64_t part = 0;  // the answer's number for it
    std::size_t at = 0;     // of the message's parts
    model::event::PartKind kind = model::event::PartKind::text;
  };
  std::vector<Place> places_;  // of this step
  bool is_first_step_ = true;
  std::set<std::string, std::less<>> call_ids_;
  std::size_t part_count_;  // with those nobody was told of yet
  std::size_t size_bytes_ = 0;
  std::optional<part::Failure> failure_;  // told at its end
  std::optional<model::StopReason> stop_;
  std::vector<PartDelta> untold_;
  Writing unwritten_;
};

}  // namespace atelier::studio
