#pragma once

#include "model/call/chat_gateway.hpp"

// What whole and streamed calls have in common.
namespace atelier::model {

AnswerHead head_for(const ChatCall& call, const Clock& clock);
CallReport opening(const ChatCall& call);
// Both must last until the end.
Task<Result<>> admit(CallAccount* account, const ChatCall* call, std::vector<CandidatePtr> candidates);

}  // namespace atelier::model
