#pragma once

#include <chrono>
#include <expected>
#include <memory>

#include "model/call/chat_gateway.hpp"
#include "model/call/way.hpp"

namespace atelier::model {

// The way for a call, whose request is read in full where that decides it. `must_translate`: bytes cannot be relayed,
// because the caller has the beginning of another answer already.
std::expected<Way, Fault> way_to(ChatCall& call, const Candidate& candidate, bool must_translate);

// The request for a candidate, that way: the caller's bytes, or a translation.
std::expected<WireRequest, Fault> wire_request(ChatCall& call, const Candidate& candidate, const Way& way);

struct Exchange {
  std::unique_ptr<UpstreamAnswer> answer;  // its head is that of no error
  Way way;
};
// `call` and `upstream` must last until the end. `trace` is the attempt's.
Task<std::expected<Exchange, Fault>> begin_exchange(Upstream* upstream, ChatCall* call, CandidatePtr candidate,
                                                    bool must_translate, TraceContext trace);

}  // namespace atelier::model
