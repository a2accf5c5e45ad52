#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/chat/summaries.hpp"
#include "studio/chat/asides.hpp"
#include "studio/chat/context.hpp"
#include "studio/chat/threads.hpp"

namespace atelier::studio {

// What a branch said before the messages that a model is sent of it, in few words. Made behind the conversation, ahead
// of need: once a branch fills most of its model's window. A branch without one is cut off where the window is full.
class Summaries {
 public:
  struct Parts {
    store::Database& database;
    Asides& asides;
    Threads& threads;
    const Clock& clock;
    ContextLimits limits = {};
    std::string model;  // the setting: a model or route; "auto": the route "summaries", if there is one; "": none
  };
  explicit Summaries(Parts parts) : parts_(std::move(parts)) {}

  // An answer has ended. Returns at once.
  void answered(Principal principal, ThreadId thread, std::int64_t number);
  // Those of a thread, by the number of the message up to which each tells.
  Task<Result<std::vector<store::SummaryRow>>> list(Principal principal, ThreadId thread);

 private:
  Task<Result<>> consider(Principal principal, ThreadId thread, std::int64_t number);
  struct Chunk;
  Task<Result<>> summarise(Principal principal, ThreadId thread, const Chunk* chunk, std::string model);

  const Parts parts_;
  std::mutex mutex_;
  std::set<ThreadId> being_made_;
};

json::Value to_json(const store::SummaryRow& summary);

// Of the summaries (by number) the one to go before what there is room for, `messages`, that were cut off: the first
// that ends right before them or within them, so that no turn is missing between. nullopt: there is none that fits.
std::optional<store::SummaryRow> fitting_summary(const std::vector<store::SummaryRow>& summaries,
                                                 const std::vector<ThreadMessage>& messages, std::int64_t room);
// In place of what it tells of: the messages after it alone, and before them its text.
void put_summary(const store::SummaryRow& summary, std::vector<ThreadMessage>& messages);

}  // namespace atelier::studio
