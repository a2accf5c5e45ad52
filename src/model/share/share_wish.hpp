#pragma once

#include <chrono>
#include <optional>

namespace atelier::model {

// What a caller says about answers that somebody else's call brings, or brought.
struct ShareWish {
  std::optional<std::chrono::seconds> cache_life = {};  // nullopt: as the route says; 0: neither looked for nor kept
  bool may_find = true;                                 // Cache-Control: no-cache
  bool may_keep = true;                                 // Cache-Control: no-store
  std::optional<std::chrono::seconds> age_max = {};     // Cache-Control: max-age
  bool wants_kept_only = false;                         // Cache-Control: only-if-cached
  std::optional<bool> shares_equal = {};                // nullopt: as the route says
};

// How a call came by its answer.
enum class Sharing : std::uint8_t {
  none,    // by itself, and nobody else was to have it
  missed,  // by itself: it was looked for first
  found,   // it was kept from an earlier call
  joined,  // it came to an equal call in flight
};

struct ShareReport {
  Sharing sharing = Sharing::none;
  std::chrono::seconds age{0};                         // of an answer that was found
  std::optional<std::int64_t> saved_picodollars = {};  // what it cost the call that brought it, if that is known
};

}  // namespace atelier::model
