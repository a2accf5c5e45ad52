#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "studio/account/accounts.hpp"
#include "studio/chat/answers.hpp"
#include "studio/chat/context.hpp"
#include "studio/chat/threads.hpp"

namespace atelier::studio {

struct NewMessage {
  std::optional<std::int64_t> parent = {};  // nullopt: the head; 0: begins the thread anew
  std::vector<MessagePart> parts;
  std::string model = {};  // "": the thread's
  // Instead of one: each answers, side by side; the first is shown.
  std::vector<std::string> models = {};
  bool wants_answer = true;
  enum class Busy : std::uint8_t { refuse, queue };  // while the parent is being answered
  Busy when_busy = Busy::refuse;
  std::string idempotency_key = {};  // "": none
  std::string client_id = {};        // what a client with ids of its own calls it; "": nothing
};

// What a reader says about a call that an answer waits with.
struct ToolDecision {
  std::string call;  // its id
  bool is_allowed = false;
  // Whether the tool may be called without asking from now on; other calls of it that wait are allowed, too.
  enum class Remember : std::uint8_t { no, thread, always };
  Remember remember = Remember::no;
};

// Talking in threads: what is said is stored, and answered by a model. Awaited from any loop.
class Chat {
 public:
  struct Parts {
    store::Database& database;
    store::EventLog& events;
    Library& library;
    model::ChatGateway& gateway;
    const Accounts& accounts;
    Threads& threads;
    Answers& answers;
    const ToolBox& tools;
    const Clock& clock;
    ContextLimits limits = {};
    std::chrono::seconds deadline{600};  // of one answer
    // Told of each answer that has ended; returns at once.
    std::function<void(Principal principal, ThreadId thread, std::int64_t number)> on_answered = {};
  };
  explicit Chat(Parts parts);

  struct Said {
    std::vector<ThreadMessage> messages;  // the user's and, if they were wanted, the answers that are being made
    store::ThreadRow thread;
  };
  // The same key, in the same thread, gives what the first call with it stored. Errors: conflict ("thread_busy") where
  // the parent is being answered, invalid_argument naming the field, and what the model's name is refused with.
  Task<Result<Said>> send(Principal principal, ThreadId id, NewMessage message);
  // One more answer to the message, or beside it where it is one.
  Task<Result<Said>> answer_again(Principal principal, ThreadId id, std::int64_t number, std::string model);
  // An answer that did not come to its end goes on. Calls that may have been carried out already are asked for anew,
  // unless their tool only reads.
  Task<Result<ThreadMessage>> go_on(Principal principal, ThreadId id, std::int64_t number);
  // The answer goes on once all of its calls are decided. Errors: not_found ("tool_call_not_found"), conflict
  // ("call_not_waiting") where the call does not wait, or the answer does not any more.
  Task<Result<ThreadMessage>> decide(Principal principal, ThreadId id, std::int64_t number, ToolDecision decision);
  // All answers of the thread that are being made, or wait for it.
  Task<Result<store::ThreadRow>> stop_all(Principal principal, ThreadId id);
  // Once it has stopped; what it said stays. An answer that waits its turn is stopped, too.
  Task<Result<ThreadMessage>> stop(Principal principal, ThreadId id, std::int64_t number);
  // With all that is being said in it.
  Task<Result<>> remove(Principal principal, ThreadId id);

 private:
  struct Turn;
  Task<Result<Said>> try_send(Principal principal, ThreadId id, NewMessage message);
  Task<Result<std::optional<Said>>> find_sent(Principal principal, const store::ThreadRow* thread,
                                              const NewMessage* message);
  Task<Result<std::vector<ThreadMessage>>> context_of(Principal principal, const store::ThreadRow* thread,
                                                      std::int64_t last, const std::string* model,
                                                      const std::vector<MessagePart>* more);
  Task<Result<model::ChatCall>> call_for(Principal principal, const store::ThreadRow* thread,
                                         std::vector<ThreadMessage> messages, std::string model,
                                         bool may_call_tools = true);
  void offer_tools(const store::ThreadRow& thread, bool may_call, model::ChatRequest& request) const;
  // Of the branch that ends with the message `last`. Notes in the answer what of it is sent.
  Task<Result<model::ChatCall>> call_at(Principal principal, const store::ThreadRow* thread, std::int64_t last,
                                        std::string model, ThreadMessage* answer);
  Task<Result<>> begin(Turn turn);
  Task<Result<ThreadMessage>> try_decide(Principal principal, ThreadId id, std::int64_t number, ToolDecision decision);
  // What an answer does whose model has called tools.
  Task<Result<AnswerStep>> take_calls(RunningAnswer* answer);
  Task<Result<bool>> look_at_calls(RunningAnswer* answer, const std::vector<std::string>* offered);
  Task<Result<>> run_calls(RunningAnswer* answer, const std::vector<std::string>* offered);
  // Sets a waiting answer aside, since something else is said.
  Task<Result<ThreadMessage>> stop_waiting(Principal principal, ThreadId id, ThreadMessage answer);
  Task<> begin_waiting(Principal principal, ThreadId id, std::int64_t ended);
  Task<Result<Said>> begin_if_ended(Principal principal, Said said, std::int64_t awaited);

  const Parts parts_;
};

}  // namespace atelier::studio
