#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "studio/chat/chat.hpp"

namespace atelier::studio {

inline constexpr std::size_t kClientIdBytesMax = 255;
inline constexpr std::size_t kToolDecisionsMax = 64;  // of one turn

// What a client asks for that holds its chat itself, under ids of its own, and says all of it each time.
struct ClientTurn {
  std::string chat;  // the thread's id, or the client's; what looks like a thread's is one
  // The ids of what stands before the message, oldest first; nullopt: the client does not say, and means what is shown.
  std::optional<std::vector<std::string>> before = {};
  std::string message;             // the last message's id
  std::vector<MessagePart> parts;  // and what it says
  bool is_edit = false;            // it replaces what had the id before
  // The message is answered once more; `answer` is the id of the answer before, "" where the client does not say. One
  // that is not there yet is sent.
  bool is_again = false;
  std::string answer = {};
  std::string model = {};  // "": the thread's
  // What the user said about the calls that the answer `message` waits with; then nothing else is said.
  struct Decision {
    std::string call;
    bool is_allowed = false;
  };
  std::vector<Decision> decisions = {};
};

// An answer's place.
struct AnswerPlace {
  ThreadId thread;
  std::int64_t number = 0;
  std::vector<MessagePart> known = {};  // what the client has of it already
};

// Chats of such clients, kept as threads: only what is new is added, and what a client replaced stays as a sibling.
// Messages whose ids were given here are called "m<number>". A chat has one answer being made at a time: what is asked
// for next stops it. Awaited from any loop.
class ClientChats {
 public:
  struct Parts {
    store::Database& database;
    Threads& threads;
    Chat& talk;
    Answers& answers;
  };
  explicit ClientChats(Parts parts) : parts_(parts) {}

  // The answer that is being made, or that was made when the same was asked for before. Errors: those of Chat::send and
  // Chat::answer_again.
  Task<Result<AnswerPlace>> take(Principal principal, ClientTurn turn);
  // The answer that is being made; nullopt: none is, or there is no such chat.
  Task<Result<std::optional<AnswerPlace>>> active(Principal principal, std::string chat);
  // Once it has stopped. Nothing where none is being made.
  Task<Result<>> stop(Principal principal, std::string chat);
  // Answers::next().
  Task<std::optional<std::vector<PartDelta>>> next(AnswerPlace place, std::vector<std::size_t> seen,
                                                   std::chrono::milliseconds patience) {
    return parts_.answers.next(place.thread, place.number, std::move(seen), patience);
  }

  static std::string id_of(std::int64_t number);

 private:
  using Numbers = std::map<std::string, std::int64_t, std::less<>>;
  Task<Result<std::optional<store::ThreadRow>>> find(Principal principal, std::string chat);
  Task<Result<store::ThreadRow>> find_or_make(Principal principal, std::string chat);
  Task<Result<Numbers>> numbers_of(const store::ThreadRow* thread, const ClientTurn* turn);
  Task<Result<AnswerPlace>> decide(Principal principal, ThreadId thread, ClientTurn turn, Numbers numbers);
  Task<Result<AnswerPlace>> add(Principal principal, ThreadId thread, ClientTurn turn, Numbers numbers);

  const Parts parts_;
};

}  // namespace atelier::studio
