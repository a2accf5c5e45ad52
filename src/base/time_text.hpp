#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace atelier {

// RFC 3339, such as "2027-01-31T08:30:00Z" or "...08:30:00.25+02:00"; what is finer than a millisecond is cut off.
std::optional<UnixMs> parse_rfc3339(std::string_view text);

// "2027-01-31" as days since 1970-01-01.
std::optional<std::int64_t> parse_day(std::string_view text);

}  // namespace atelier
