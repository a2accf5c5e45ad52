#include "studio/chat/search/owner_mark.hpp"

#include "base/error.hpp"

namespace atelier::studio {

std::string owner_mark(std::int64_t owner) {
  ensure(owner >= 1 && owner <= kOwnersMax, "an owner's number has a mark");
  // U+F0000 on: fifteen and sixteen.
  const auto character = static_cast<std::uint32_t>(0xF0000 + owner);
  const auto byte = [&](int shift) { return static_cast<char>(0x80U | (character >> shift & 0x3FU)); };
  return {static_cast<char>(0xF0U | character >> 18), byte(12), byte(6), byte(0)};
}

}  // namespace atelier::studio
