#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "model/limit/allowance.hpp"
#include "model/limit/limiter.hpp"

namespace atelier::model {

// When a key was used: shared by all snapshots of it, written to the database now and then.
struct KeyActivity {
  std::atomic<UnixMs> used_ms = 0;     // 0: never
  std::atomic<UnixMs> written_ms = 0;  // what the database says
};

// All that a call must know of the key it came with. An immutable snapshot: a call keeps the one it began with, a
// change of the key makes a new one. studio/account makes them; what a key has used outlives its snapshots.
struct KeyState {
  KeyId id;  // nil: nobody has to sign in here
  std::string name = {};
  Principal principal = {};
  // Names or globs. Both empty: all models and routes. Otherwise what is in neither list is not allowed.
  std::vector<std::string> models = {};
  std::vector<std::string> routes = {};
  UnixMs expires_ms = 0;                       // 0: never
  std::int64_t revision = 0;                   // of the key; of two snapshots the higher one is in force
  std::shared_ptr<KeyLimiter> limiter = {};    // null: no limits; shared by the key's snapshots and its calls
  AllowancePtr allowance = {};                 // null: no allowance; likewise
  std::shared_ptr<KeyActivity> activity = {};  // likewise

  bool allows_route(std::string_view route) const noexcept;
  // A pattern with a slash is held against "provider/model", one without against the model's own name.
  bool allows_model(std::string_view provider, std::string_view model) const;
};
using KeyStatePtr = std::shared_ptr<const KeyState>;

// Of a studio where nobody has to sign in: everything, without limits.
KeyStatePtr open_key_state(Principal principal);

}  // namespace atelier::model
