#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::net {

enum class Plus : std::uint8_t { is_plus, is_space };

// nullopt for an escape that is none ("%4", "%zz"). RFC 3986 section 2.1; `plus` as forms have it.
std::optional<std::string> percent_decode(std::string_view text, Plus plus);
// Everything but unreserved characters is escaped, so that the result can stand anywhere in a URL.
std::string percent_encode(std::string_view text);

// The path of a request target, decoded once, empty and dot segments resolved. Refused: escapes that are none, an
// escaped slash (which would move the segments), control characters, invalid UTF-8, and what climbs above the root.
Result<std::string> normalise_path(std::string_view raw);

// The first value of that name in "a=1&b=2", decoded; a name without '=' has an empty value.
std::optional<std::string> find_query(std::string_view query, std::string_view name);

}  // namespace atelier::net
