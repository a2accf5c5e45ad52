#pragma once

#include <vector>

#include "model/call/media_gateway.hpp"

// One generation, from the first candidate to its last byte: submitted, followed, fetched, accounted for.
namespace atelier::model {

// Addresses that one answer may lead to.
inline constexpr std::uint32_t kMediaAsksMax = 8;

// Null of what this machine makes itself, and of providers that make no media.
const MediaAdapter* media_adapter_of(const Candidate& candidate);

// All must outlive it. The errors are MediaGateway::make()'s.
Task<Result<MediaMade>> begin_media(const MediaGateway::Parts* parts, MediaCall call, MediaBook* book,
                                    std::vector<CandidatePtr> candidates, Usage most);
// Of work that this candidate has, or may have.
Task<Result<MediaMade>> resume_media(const MediaGateway::Parts* parts, MediaCall call, MediaBook* book,
                                     CandidatePtr candidate, MediaPlace left);

}  // namespace atelier::model
