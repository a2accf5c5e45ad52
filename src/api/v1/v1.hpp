#pragma once

#include "api/route.hpp"

namespace atelier::api {

// An error as a face's clients expect it, with the status and headers that go with it.
net::Response face_error(Face face, const Error& error, std::string_view request_id);

// The key a face is called with: Authorization: Bearer, or x-api-key as Anthropic's clients send it. On an open server
// any will do, since official clients cannot do without one. `request` must last until the end. Null: nobody.
Task<Result<model::KeyStatePtr>> authenticate_face(Services services, const net::Request* request);

// Whose the responses are that this key keeps.
model::ResponseOwner owner_of(const model::KeyState& key);

// What the caller says about routing, in headers, since bodies belong to the protocols.
struct Wishes {
  bool may_fall_back = true;                     // X-Atelier-Fallback: on, off
  std::optional<model::Strategy> strategy = {};  // X-Atelier-Strategy
  std::optional<bool> hedges = {};               // X-Atelier-Hedge: on, off; nullopt: as the route says
  model::ShareWish share = {};                   // X-Atelier-Cache, Cache-Control, X-Atelier-Coalesce
};
Result<Wishes> read_wishes(const net::Request& request);

// Who answered, after how many attempts, and what became of one beside a slow first; and how the key's limits stand.
void set_report(net::Headers& headers, const model::CallReport& report);
// What of it is told in Server-Timing: how long the model took until there was something to show, and whether a kept
// answer was given.
void add_timings(net::Request& request, const model::CallReport& report);
void add_timings(net::Request& request, const model::ShareReport& share);
// And where the answer came from, for a call that may share.
void set_share(net::Headers& headers, const model::ShareReport& share);

}  // namespace atelier::api
