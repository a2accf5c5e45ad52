#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"

namespace atelier::studio {

using SessionId = Id<struct SessionTag>;

// Where a session was opened from, for its user to recognise it by. Both are kept as far as they can be shown.
struct SessionOrigin {
  std::string address = {};  // of the peer
  std::string agent = {};    // User-Agent
};

// One of a user's sessions, as they are told of it.
struct Session {
  SessionId id = {};
  UnixMs created_ms = 0, used_ms = 0, expires_ms = 0;
  SessionOrigin origin = {};
  bool is_by_password = false;  // opened with a password, not with an access key
  bool is_current = false;      // the one that asks
};

// Whose a session is, and how it was opened: what a request with its cookie may do.
struct SessionState {
  Principal principal = {};
  SessionId id = {};
  bool is_by_password = false;
};

struct SignedIn {
  Principal principal;
  std::string session;  // the cookie's value
};

}  // namespace atelier::studio
