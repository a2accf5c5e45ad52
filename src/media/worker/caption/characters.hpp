#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::media::caption {

// The code points of a UTF-8 text, one by one; malformed bytes read as U+FFFD.
class Characters {
 public:
  explicit Characters(std::string_view text) noexcept : text_(text) {}

  class Iterator {
   public:
    using value_type = char32_t;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(std::string_view text, std::size_t position) noexcept : text_(text), position_(position) {}
    char32_t operator*() const noexcept;
    Iterator& operator++() noexcept;
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const noexcept { return position_ == other.position_; }

   private:
    std::string_view text_;
    std::size_t position_ = 0;  // in bytes
  };
  Iterator begin() const noexcept { return {text_, 0}; }
  Iterator end() const noexcept { return {text_, text_.size()}; }

 private:
  std::string_view text_;
};

void append_utf8(std::string& text, char32_t character);

// What a reader takes for one character: never to be cut in two.
std::vector<std::string_view> grapheme_clusters(std::string_view text);
// Byte offsets where a line may end (UAX 14, with dictionaries for Thai and its neighbours), the end of text included.
std::vector<std::size_t> line_breaks(std::string_view text, const std::string& language);

bool is_space(char32_t character) noexcept;
bool is_control(char32_t character) noexcept;
bool is_ignorable(char32_t character) noexcept;  // drawn as nothing: joiners, marks of direction, selectors
bool is_variation_selector(char32_t character) noexcept;
bool is_opening(char32_t character) noexcept;  // brackets, quotes and signs that belong to what follows
bool is_sentence_end(char32_t character) noexcept;
bool is_clause_end(char32_t character) noexcept;
bool is_closing(char32_t character) noexcept;  // may follow a sentence's last mark: quotes, brackets
// Whether a cluster asks to be drawn as a colour picture (UTS 51).
bool wants_emoji(std::string_view cluster) noexcept;
bool wants_emoji_character(char32_t character) noexcept;      // alone
bool is_ideographic(char32_t character) noexcept;             // Han, kana, bopomofo: each is about a syllable
bool is_written_without_spaces(char32_t character) noexcept;  // Thai and its neighbours
bool has_rtl_letter(std::string_view text) noexcept;
// Whether the first letter with a direction runs right to left.
bool starts_rtl(std::string_view text) noexcept;

}  // namespace atelier::media::caption
