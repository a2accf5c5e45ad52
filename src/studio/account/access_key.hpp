#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "model/limit/allowance.hpp"
#include "model/limit/limiter.hpp"

namespace atelier::studio {

// What a key may do: all that can be changed of it.
struct KeySettings {
  std::string name = {};
  // Names or globs of models ("gpt-*", "anthropic/*") and routes. Both empty: all. See model::KeyState.
  std::vector<std::string> models = {}, routes = {};
  UnixMs expires_ms = 0;  // 0: never
  model::KeyLimits limits = {};
  model::AllowanceLimits allowances = {};
  friend bool operator==(const KeySettings&, const KeySettings&) = default;
};

struct AccessKey {
  KeyId id;
  std::string name;
  Role role = Role::member;
  UnixMs created_ms = 0;
  UnixMs last_used_ms = 0;  // 0: never
  bool is_revoked = false;
  UserId owner = {};
  KeySettings settings = {};  // its name too
  std::int64_t revision = 1;
};

struct CreatedKey {
  AccessKey key;
  std::string secret;  // shown once, kept nowhere
};

// invalid_argument names the field ("/models/3").
Result<> check(const KeySettings& settings);

}  // namespace atelier::studio
