#pragma once

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "studio/chat/asides.hpp"
#include "studio/chat/threads.hpp"

namespace atelier::studio {

inline constexpr std::size_t kSuggestionsMax = 3;

// What might be asked next, below an answer: made when somebody wants to see it, and stored with the answer.
class Suggestions {
 public:
  struct Parts {
    store::Database& database;
    store::EventLog& events;
    Asides& asides;
    Threads& threads;
    std::string model;  // the setting: a model or route; "auto": the route "suggestions", if there is one; "": none
  };
  explicit Suggestions(Parts parts) : parts_(std::move(parts)) {}

  // Those of an answer that came to its end; none where no model is to be asked. Errors: conflict
  // ("suggestions_being_made", "message_changed"), invalid_argument where it is no such answer, those of the call.
  Task<Result<std::vector<std::string>>> of(Principal principal, ThreadId thread, std::int64_t number);

 private:
  using Address = std::pair<ThreadId, std::int64_t>;
  Task<Result<std::vector<std::string>>> make(Principal principal, ThreadId thread, std::int64_t number);

  const Parts parts_;
  std::mutex mutex_;
  std::set<Address> being_made_;
};

}  // namespace atelier::studio
