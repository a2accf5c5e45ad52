#include "media/worker/sound/characters.hpp"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

namespace atelier::media::sound {
namespace {

UChar32 first_character(std::string_view text) {
  UChar32 first = 0;
  for_each_character(text.substr(0, 4), [&](UChar32 c, std::string_view) {
    if (first == 0) first = c;
  });
  return first;
}

bool is_without_spaces(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(c, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for_each_character(text, [&](UChar32, std::string_view) { ++count; });
  return count;
}

bool is_separator(UChar32 c) noexcept {
  constexpr UChar32 kZeroWidthSpace = 0x200b, kByteOrderMark = 0xfeff;
  return u_isUWhiteSpace(c) || u_charType(c) == U_CONTROL_CHAR || c == kZeroWidthSpace || c == kByteOrderMark;
}

bool is_written_without_spaces(std::string_view text) {
  bool found = false;
  for_each_character(text, [&](UChar32 c, std::string_view) { found = found || is_without_spaces(c); });
  return found;
}

bool is_opening(std::string_view text) {
  const auto type = u_charType(first_character(text));
  return type == U_START_PUNCTUATION || type == U_INITIAL_PUNCTUATION || type == U_CURRENCY_SYMBOL;
}

bool ends_clause(std::string_view text) {
  bool ends = false;
  for_each_character(text, [&](UChar32 c, std::string_view) {
    switch (c) {
      case ',':
      case ';':
      case ':':
      case 0x2014:
      case 0x2013:
      case 0x060c:
      case 0x061b:
      case 0x3001:
      case 0xff0c:
      case 0xff1b:
      case 0xff1a:
        ends = true;
        break;
      default:
        ends = ends && (u_charType(c) == U_FINAL_PUNCTUATION || u_charType(c) == U_END_PUNCTUATION || c == '"');
    }
  });
  return ends;
}

bool is_unspoken_sign(UChar32 c) noexcept {
  constexpr UChar32 kDegree = 0xb0, kKeycap = 0x20e3;
  if (c == kDegree) return false;
  if (u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) || u_hasBinaryProperty(c, UCHAR_REGIONAL_INDICATOR) ||
      u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER) || u_hasBinaryProperty(c, UCHAR_VARIATION_SELECTOR))
    return true;
  switch (u_charType(c)) {
    case U_OTHER_SYMBOL:
    case U_MODIFIER_SYMBOL:
    case U_PRIVATE_USE_CHAR:
    case U_UNASSIGNED:
    case U_SURROGATE:
      return true;
    default:
      return c == kKeycap;
  }
}

}  // namespace atelier::media::sound
