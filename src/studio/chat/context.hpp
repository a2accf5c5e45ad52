#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/route/directory.hpp"
#include "studio/chat/thread.hpp"
#include "studio/library/library.hpp"

// What a model is sent of a thread.
namespace atelier::studio {

struct ContextLimits {
  std::int64_t tokens_unknown = 32'768;  // of a model that does not tell its window
  std::int64_t tokens_max = 200'000;     // however large its window is: every turn is paid anew
  std::int64_t answer_tokens = 4'096;    // kept free for the answer where the thread says nothing of it
  std::int64_t messages_max = 2'000;
};

// How many tokens of a thread's messages there is room for.
std::int64_t context_room(const model::Directory& directory, const std::string& model, const store::ThreadRow& thread,
                          const ContextLimits& limits);

// The conversation for a model: the thread's system prompt and the messages, oldest first. What a model has no use for
// (errors, answers that said nothing) is left out, and a last answer that is gone on with is followed by the wish for
// it. Errors name the file that cannot be sent.
Task<Result<model::ChatRequest>> chat_request(Library* library, Principal principal, const store::ThreadRow* thread,
                                              const std::vector<ThreadMessage>* messages, std::string model);

model::Message text_message(model::Role role, std::string text);

// A request of the studio's own, under somebody's limits and in their trace, as the gateway takes it.
Result<model::ChatCall> call_of(model::KeyStatePtr key, model::ChatRequest request, std::string request_id,
                                std::chrono::steady_clock::time_point deadline, const TraceContext& trace);

}  // namespace atelier::studio
