#pragma once

#include <unicode/utf8.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::media::sound {

// Calls `use(code_point, bytes)` for each character of valid UTF-8.
template <class Use>
void for_each_character(std::string_view text, Use use) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t start = at;
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(bytes, at, size, c);
    use(c, text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(at - start)));
  }
}
std::size_t count_characters(std::string_view text);

// White space, line ends and control characters: what stands between words.
bool is_separator(UChar32 c) noexcept;
// Holds a character of a script whose words are not set apart by spaces.
bool is_written_without_spaces(std::string_view text);
// Begins with an opening bracket or quotation mark, or with a currency sign.
bool is_opening(std::string_view text);
// Ends with a comma, semicolon, colon or dash of some script, perhaps inside quotation marks.
bool ends_clause(std::string_view text);
// A picture or sign that no voice should name: emoji and what they are built of, symbols.
bool is_unspoken_sign(UChar32 c) noexcept;

}  // namespace atelier::media::sound
