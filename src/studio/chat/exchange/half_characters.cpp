#include "studio/chat/exchange/half_characters.hpp"

#include <charconv>
#include <optional>

namespace atelier::studio::exchange {
namespace {

constexpr std::size_t kEscapeBytes = 6;  // of "\ud83d"

std::optional<unsigned> unit_at(std::string_view json, std::size_t at) noexcept {
  if (at + kEscapeBytes > json.size() || json[at] != '\\' || json[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* end = json.data() + at + kEscapeBytes;
  const auto [read_to, error] = std::from_chars(json.data() + at + 2, end, unit, 16);
  return error == std::errc() && read_to == end ? std::optional(unit) : std::nullopt;
}

bool is_first_half(unsigned unit) noexcept { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_second_half(unsigned unit) noexcept { return unit >= 0xdc00 && unit <= 0xdfff; }

}  // namespace

Mended mend_half_characters(std::string_view json) {
  Mended mended;
  for (std::size_t at = json.find('\\'); at != std::string_view::npos; at = json.find('\\', at)) {
    const auto unit = unit_at(json, at);
    if (!unit) {
      at += 2;  // the backslash and what it escapes
      continue;
    }
    const auto next = is_first_half(*unit) ? unit_at(json, at + kEscapeBytes) : std::nullopt;
    if (next && is_second_half(*next)) {
      at += 2 * kEscapeBytes;
      continue;
    }
    if (is_first_half(*unit) || is_second_half(*unit)) {
      if (mended.count++ == 0) mended.text = json;
      mended.text.replace(at, kEscapeBytes, "\\ufffd");
    }
    at += kEscapeBytes;
  }
  return mended;
}

}  // namespace atelier::studio::exchange
