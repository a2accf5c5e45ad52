#pragma once

#include <cstdint>
#include <string>

namespace atelier::studio {

// So many owners can have one.
inline constexpr std::int64_t kOwnersMax = 130'000;

// What stands before each of an owner's words in the index: a character of the planes for private use, by the owner's
// number from 1. Always of four bytes, and never the beginning of another.
std::string owner_mark(std::int64_t owner);

}  // namespace atelier::studio
