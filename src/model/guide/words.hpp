#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::model {

// A word of a text: as it stands there in lower case, and as it is compared, without its ending ("stopped": "stop").
struct TextWord {
  std::string plain;
  std::string stem;
};
// In order, repeated where the text repeats them; parted at everything that is no letter or digit. Where Markdown's
// links lead is no part of the text.
std::vector<TextWord> words_of(std::string_view text);

// Words that ask or bind and tell nothing of the subject: "how", "do", "the". In lower case.
bool is_binding(std::string_view plain) noexcept;

// Other words for the same thing, as the manual may say it. Of a stem, stems.
std::span<const std::string> other_words_for(std::string_view stem);

}  // namespace atelier::model
