#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/loop_groups.hpp"
#include "base/metrics.hpp"
#include "model/call/chat_gateway.hpp"
#include "store/events.hpp"
#include "studio/chat/message.hpp"
#include "studio/write_with_event.hpp"

namespace atelier::studio {

class RunningAnswer;

// What an answer begins with.
struct AnswerOrder {
  Principal principal;
  ThreadId thread;
  ThreadMessage message;  // as it is stored: being answered, with what was said before where it goes on
  // Of OpenAI's chat protocol, streamed. nullopt: it goes on with calls of tools that it has made already.
  std::optional<model::ChatCall> call;
  // Stores the message, and whatever belongs to it, in one commit with what tells of it.
  std::vector<store::Statement> batch;
  std::vector<Announcement> announcements;
  // Further answers to the same question, by other models: stored with this one's batch, and begun once that is. One
  // for which there is no room fails by itself.
  std::vector<AnswerOrder> together = {};
};

// What comes once a model has called tools.
struct AnswerStep {
  enum class Kind : std::uint8_t { ends, waits, goes_on };  // waits: until its reader has decided
  Kind kind = Kind::ends;
  std::optional<model::ChatCall> call = {};  // goes_on: what the model is asked now
};

// Answers being made. Each lives here and not with whoever asked for it or watches: it goes on until it is said or
// stopped. The model is called at once, while the message is being stored. What it says is told to all who watch as
// message.delta events, and stored in batches behind that, so that it outlives this process. Thread-safe.
class Answers {
 public:
  struct Options {
    std::chrono::milliseconds tell_every{33};
    std::chrono::milliseconds write_every{250};
    std::size_t write_bytes = 4'096;  // that do not wait for write_every
    std::size_t running_max = 2'000;
    std::size_t answer_bytes_max = kMessageBytesMax;
    std::chrono::milliseconds retry_min{500}, retry_max{30'000};  // while the database takes nothing
  };
  struct Parts {
    model::ChatGateway& chat;
    store::Database& database;
    store::EventLog& events;
    const Clock& clock;
    Metrics& metrics;
  };
  // `on_end` is awaited, on the answer's loop, once its end is stored.
  // `on_calls` is awaited, on the answer's loop, each time a model has called tools and the answer is stored: it notes
  // what it finds, and adds what the calls gave. A stop of the answer cancels it. Its error is the answer's.
  using OnCalls = std::function<Task<Result<AnswerStep>>(RunningAnswer* answer)>;
  using OnEnd = std::function<Task<>(Principal principal, ThreadId thread, std::int64_t number)>;
  Answers(Parts parts, Options options);
  ~Answers();  // stop() came before
  void set_on_end(OnEnd on_end) { on_end_ = std::move(on_end); }
  void set_on_calls(OnCalls on_calls) { on_calls_ = std::move(on_calls); }

  // Once the message is stored; it is being answered then. Errors: those of the database (nothing is stored, and the
  // model's call is let go of), unavailable ("too_many_answers"), conflict ("being_answered").
  Task<Result<>> begin(AnswerOrder order);
  // Once its end is stored. Nothing where it is not being made.
  Task<Result<>> stop(ThreadId thread, std::int64_t number);
  // All of a thread, once their ends are stored.
  Task<> stop_thread(ThreadId thread);
  // All of a user's, and what waits to be answered is not, once that is stored.
  Task<Result<>> stop_all_of(UserId owner);
  // What it has said so far, in place of what is stored.
  void overlay(ThreadId thread, ThreadMessage& message) const;
  std::size_t running_count() const;
  // The number of the newest of a thread that is being made; nullopt: none is.
  std::optional<std::int64_t> newest(ThreadId thread) const;
  // To follow one. What it said beyond `seen` (said_beyond()): at once where there is some, else when there is, or
  // nothing once `patience` is over or the caller goes away. nullopt: it is not being made any more, and all of it is
  // stored.
  Task<std::optional<std::vector<PartDelta>>> next(ThreadId thread, std::int64_t number, std::vector<std::size_t> seen,
                                                   std::chrono::milliseconds patience);

  // Answers that were begun before that time and are not being made were left open by the last process: they are marked
  // as interrupted, with what they had said.
  Task<Result<>> recover(UnixMs before_ms);
  // Ends all as interrupted. Blocks; once nobody begins any more, before the database closes.
  void stop_all();

 private:
  using Address = std::pair<ThreadId, std::int64_t>;
  using RunningPtr = std::shared_ptr<RunningAnswer>;
  RunningPtr find(ThreadId thread, std::int64_t number) const;
  // Begins it. Whoever has its address already, if somebody has; then nothing is begun, and `order` is as it was.
  Result<RunningPtr> enter(RunningPtr answer, AnswerOrder& order);
  Task<Result<>> run(RunningPtr answer, AnswerOrder order);
  Task<Result<>> save(RunningAnswer* answer, AnswerOrder* order);
  Task<> begin_together(RunningAnswer* first, std::vector<AnswerOrder> orders);
  Task<Result<>> speak(RunningAnswer* answer, std::optional<model::ChatCall> call);
  Task<> say(RunningAnswer* answer, model::ChatCall call);
  Task<Result<>> tell(RunningAnswer* answer);
  Task<Result<>> write(RunningAnswer* answer);
  Task<> store_end(RunningAnswer* answer);
  Task<Result<>> close_left_open(ThreadId thread, std::int64_t number, Principal principal);

  const Parts parts_;
  const Options options_;
  OnEnd on_end_;
  OnCalls on_calls_;
  Counter& begun_;
  mutable std::mutex mutex_;
  std::map<Address, RunningPtr> running_;
  LoopGroups groups_;
  std::atomic<bool> is_stopping_ = false;
};

// message.changed: a message of a thread was added, or its state is another.
Announcement message_changed(ThreadId thread, const ThreadMessage& message);

}  // namespace atelier::studio
