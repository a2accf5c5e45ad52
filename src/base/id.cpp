#include "base/id.hpp"

#include <fmt/format.h>

#include <cstring>
#include <mutex>

#include "base/clock.hpp"
#include "base/hash.hpp"

namespace atelier {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

int digit_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (int i = 0; i < 32; ++i)
    if (kAlphabet[i] == c) return i;
  return -1;
}

}  // namespace

Ulid Ulid::make() {
  static std::mutex mutex;
  static Ulid last;
  const std::lock_guard lock(mutex);
  const auto now_ms = static_cast<std::uint64_t>(system_clock().wall_ms());
  std::uint64_t last_ms = 0;
  for (int i = 0; i < 6; ++i) last_ms = (last_ms << 8) | last.bytes[static_cast<std::size_t>(i)];
  if (now_ms > last_ms) {
    for (int i = 0; i < 6; ++i)
      last.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(now_ms >> (40 - 8 * i));
    const std::string random = random_bytes(10);
    std::memcpy(last.bytes.data() + 6, random.data(), random.size());
    last.bytes[6] &= 0x7f;  // room to count up without carrying into the time
  } else {
    // The same millisecond, or the wall clock stepped back: count up, so that order holds.
    for (std::size_t i = 16; i-- > 0;)
      if (++last.bytes[i] != 0) break;
  }
  return last;
}

Result<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != 26)
    return fail(ErrorCode::invalid_argument, fmt::format("an id has 26 characters, not {}", text.size()));
  Ulid id;
  Uint128 value = 0;
  for (const char c : text) {
    const int digit = digit_value(c);
    if (digit < 0)
      return fail(ErrorCode::invalid_argument, "an id holds only the digits and letters of Crockford base 32");
    value = (value << 5) | static_cast<unsigned>(digit);
  }
  if (digit_value(text[0]) > 7) return fail(ErrorCode::invalid_argument, "an id's first character is 0 to 7");
  for (std::size_t i = 16; i-- > 0; value >>= 8) id.bytes[i] = static_cast<std::uint8_t>(value);
  return id;
}

std::string Ulid::to_string() const {
  Uint128 value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  std::string text(26, '0');
  for (std::size_t i = 26; i-- > 0; value >>= 5) text[i] = kAlphabet[static_cast<unsigned>(value & 31)];
  return text;
}

}  // namespace atelier
