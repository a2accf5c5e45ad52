#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

// The secrets we give out: keys and sessions.
namespace atelier::studio {

inline constexpr std::string_view kKeyPrefix = "at_", kSessionPrefix = "as_";

std::string make_secret(std::string_view prefix);
// Whether it could be one: what is not is not worth a hash.
bool looks_like(std::string_view secret, std::string_view prefix) noexcept;
// Says no more than that: not whether it ever was one.
std::unexpected<Error> refuse_secret();

}  // namespace atelier::studio
