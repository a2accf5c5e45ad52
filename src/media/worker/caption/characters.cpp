#include "media/worker/caption/characters.hpp"

#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>

namespace atelier::media::caption {
namespace {

UChar32 next_character(std::string_view text, std::size_t& position) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  auto at = static_cast<int32_t>(position);
  UChar32 character = 0;
  U8_NEXT_OR_FFFD(bytes, at, static_cast<int32_t>(text.size()), character);
  position = static_cast<std::size_t>(at);
  return character;
}

struct TextCloser {
  void operator()(UText* text) const noexcept { utext_close(text); }
};

// Boundaries in bytes, without the start; the end alone where ICU cannot help.
std::vector<std::size_t> boundaries(icu::BreakIterator* iterator, std::string_view text) {
  std::vector<std::size_t> found;
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UText, TextCloser> view(
      utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &status));
  if (iterator && U_SUCCESS(status)) {
    iterator->setText(view.get(), status);
    if (U_SUCCESS(status)) {
      iterator->first();
      for (int32_t end = iterator->next(); end != icu::BreakIterator::DONE; end = iterator->next())
        found.push_back(static_cast<std::size_t>(end));
    }
  }
  if (found.empty() && !text.empty()) found.push_back(text.size());
  return found;
}

bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

char32_t Characters::Iterator::operator*() const noexcept {
  std::size_t position = position_;
  return static_cast<char32_t>(next_character(text_, position));
}
Characters::Iterator& Characters::Iterator::operator++() noexcept {
  (void)next_character(text_, position_);
  return *this;
}

void append_utf8(std::string& text, char32_t character) {
  std::uint8_t bytes[4];
  int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, character);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::vector<std::string_view> grapheme_clusters(std::string_view text) {
  std::vector<std::string_view> clusters;
  if (is_plain_ascii(text)) {
    for (std::size_t i = 0; i < text.size(); ++i) clusters.push_back(text.substr(i, 1));
    return clusters;
  }
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> iterator(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  std::size_t start = 0;
  for (const std::size_t end : boundaries(iterator.get(), text)) {
    clusters.push_back(text.substr(start, end - start));
    start = end;
  }
  return clusters;
}

std::vector<std::size_t> line_breaks(std::string_view text, const std::string& language) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> iterator(
      icu::BreakIterator::createLineInstance(icu::Locale(language.c_str()), status));
  return boundaries(iterator.get(), text);
}

bool is_space(char32_t character) noexcept { return u_isUWhiteSpace(static_cast<UChar32>(character)) != 0; }
bool is_control(char32_t character) noexcept {
  const auto type = u_charType(static_cast<UChar32>(character));
  return type == U_CONTROL_CHAR || type == U_SURROGATE || character == 0x2028 || character == 0x2029;
}
bool is_ignorable(char32_t character) noexcept {
  return u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}
bool is_variation_selector(char32_t character) noexcept {
  return u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_VARIATION_SELECTOR) != 0;
}
bool is_opening(char32_t character) noexcept {
  const auto type = u_charType(static_cast<UChar32>(character));
  return type == U_START_PUNCTUATION || type == U_INITIAL_PUNCTUATION || type == U_CURRENCY_SYMBOL ||
         character == U'¿' || character == U'¡' || character == U'#' || character == U'@';
}
bool is_sentence_end(char32_t character) noexcept {
  return u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_S_TERM) != 0 || character == U'…';
}
bool is_clause_end(char32_t character) noexcept {
  return (u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_TERMINAL_PUNCTUATION) != 0 &&
          !is_sentence_end(character)) ||
         character == U'–' || character == U'—';
}
bool is_closing(char32_t character) noexcept {
  const auto type = u_charType(static_cast<UChar32>(character));
  return type == U_END_PUNCTUATION || type == U_FINAL_PUNCTUATION || character == U'"' || character == U'\'';
}

bool wants_emoji(std::string_view cluster) noexcept {
  const Characters characters(cluster);
  const auto base = static_cast<UChar32>(*characters.begin());
  if (base < 0xa9 && cluster.size() == 1) return false;
  if (u_hasBinaryProperty(base, UCHAR_EMOJI) == 0) return false;
  bool is_picture = u_hasBinaryProperty(base, UCHAR_EMOJI_PRESENTATION) != 0;
  for (const char32_t character : characters) {
    if (character == 0xfe0e) return false;  // asks for text
    if (character == 0xfe0f || character == 0x20e3 ||
        u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_EMOJI_MODIFIER) != 0)
      is_picture = true;
  }
  return is_picture;
}

bool wants_emoji_character(char32_t character) noexcept {
  return u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_EMOJI_PRESENTATION) != 0;
}
bool is_ideographic(char32_t character) noexcept {
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(character), &status);
  return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ||
         script == USCRIPT_BOPOMOFO;
}
bool is_written_without_spaces(char32_t character) noexcept {
  return u_getIntPropertyValue(static_cast<UChar32>(character), UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

bool has_rtl_letter(std::string_view text) noexcept {
  return std::ranges::any_of(Characters(text), [](char32_t character) {
    const auto direction = u_charDirection(static_cast<UChar32>(character));
    return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC;
  });
}

bool starts_rtl(std::string_view text) noexcept {
  for (const char32_t character : Characters(text)) {
    const auto direction = u_charDirection(static_cast<UChar32>(character));
    if (direction == U_LEFT_TO_RIGHT) return false;
    if (direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC) return true;
  }
  return false;
}

}  // namespace atelier::media::caption
