#pragma once

#include "model/call/attempt_loop.hpp"
#include "model/call/chat_gateway.hpp"

// What whole and streamed calls have in common.
namespace atelier::model {

AnswerHead head_for(const ChatCall& call, const Clock& clock);
CallReport opening(const ChatCall& call);
// A whole answer without a word, a thought or a call, and no reason for that but that it ended: another candidate may
// have something to say.
bool says_nothing(const ChatAnswer& answer) noexcept;
Fault empty_answer();
// Whether a slow first attempt gets a second one beside it.
bool may_hedge(const ChatCall& call, const Chosen& chosen) noexcept;
// Both must last until the end.
Task<Result<>> admit(CallAccount* account, const ChatCall* call, std::vector<CandidatePtr> candidates);

}  // namespace atelier::model
