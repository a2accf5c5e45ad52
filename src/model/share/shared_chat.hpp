#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/loop_groups.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/share/answer_cache.hpp"
#include "model/share/flight.hpp"
#include "model/share/share_wish.hpp"

namespace atelier::model {

// What of one call may be shared, and under which name.
struct SharePlan {
  std::string key;               // of this key's equal requests
  std::chrono::seconds life{0};  // of the answer in the cache; 0: not kept
  bool may_find = false, may_keep = false;
  bool joins = false;  // equal requests in flight are one
  bool wants_kept_only = false;
  std::optional<std::chrono::seconds> age_max = {};
};

// Calls whose answers others have, or will have: from the cache, or from an equal call in flight. In front of the
// gateway, for calls that asked for it themselves or by their route. Only calls of one key share. Thread-safe; a call
// stays on its caller's loop, with its cancellation, except that what several wait for goes on until the last of them
// has left.
class SharedChat {
 public:
  SharedChat(ChatGateway& chat, AnswerCache& cache, CallBooks books, Metrics& metrics);
  ~SharedChat();  // stop() came before

  // nullopt: shares nothing, and goes to the gateway as it is.
  std::optional<SharePlan> plan(const ChatCall& call, const ShareWish& wish) const;

  struct Whole {
    WholeAnswer answer;
    ShareReport share;
  };
  struct Opened {
    Result<std::unique_ptr<AnswerStream>> stream;
    ShareReport share;
  };
  // Errors besides the gateway's: unavailable ("not_cached") where only a kept answer was wanted.
  Task<Whole> answer(ChatCall call, SharePlan plan);
  Task<Opened> open(ChatCall call, SharePlan plan);

  // Ends what is in flight. Blocks; once nobody calls any more, before the loops stop.
  void stop();

 private:
  struct Landing;
  struct Boarded;
  TaskGroup& group_of(const Executor& executor);
  Task<std::optional<KeptAnswer>> find(const SharePlan* plan);
  Task<> keep(const SharePlan* plan, std::string bytes, const CallReport* report);
  // Both must last until the end.
  Task<Result<>> admit_for_free(CallAccount* account, const ChatCall* call);
  Task<Result<CallReport>> book_found(const ChatCall* call, const KeptAnswer* found);
  Task<Result<Boarded>> board(ChatCall call, SharePlan plan);
  Task<Result<>> fly(std::shared_ptr<Flight> flight, ChatCall call, SharePlan plan);
  class Recording;
  class Replay;
  class Joined;

  ChatGateway& chat_;
  AnswerCache& cache_;
  const CallBooks books_;
  Counter& joined_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Flight>, std::less<>> flights_;
  LoopGroups groups_;
};

}  // namespace atelier::model
