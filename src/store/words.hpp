#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace atelier::store {

// One word of a text, as it is searched for.
struct Word {
  std::string_view folded;         // lower case, without diacritics; letters and digits alone; at most kWordBytesMax
  std::size_t begin = 0, end = 0;  // where it stands in the text, in bytes
  // Of a script without spaces between words: two characters next to each other ("日本", "本語"), and the last one
  // alone.
  bool is_pair = false;
  bool follows = false;   // begins inside the pair before
  bool is_alone = false;  // the last character of such a run
};
inline constexpr std::size_t kWordBytesMax = 64;

// Shows the words of a text in their order, until `visit` returns false. The text is UTF-8; whatever is not is passed
// over. What is shown lives as long as the call. Thread-safe.
void split_words(std::string_view text, const std::function<bool(const Word& word)>& visit);

}  // namespace atelier::store
