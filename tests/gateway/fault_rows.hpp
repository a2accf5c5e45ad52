#pragma once

#include <span>
#include <string_view>

#include "tests/double/provider_double.hpp"

namespace atelier::gateway {

// What a caller must get when the first of two candidates has this fault and the second is well.
enum class Due : std::uint8_t {
  answer,    // a whole answer, whoever gives it
  filtered,  // a whole answer that its provider broke off, and says so
  error,     // no candidate can do better: the request itself is refused
};

// One row of docs/gateway-faults.md.
struct FaultRow {
  std::string_view group;   // its heading
  std::string_view faults;  // as the double spells them; empty: only the connection is at fault. With a gap between
                            // tokens where what the caller has when it breaks would be luck otherwise
  std::string_view what;    // in the reader's words
  Due due = Due::answer;
  doubles::Connects connects = doubles::Connects::normal;
  bool is_prefilled = false;     // the conversation ends with words of the assistant's
  bool has_text = true;          // false: what is said is not the echo of the prompt
  bool may_be_mute = false;      // alone, its empty answer is the answer
  bool may_lack_finish = false;  // whole, it is the caller's as it came
};
std::span<const FaultRow> fault_rows() noexcept;

}  // namespace atelier::gateway
