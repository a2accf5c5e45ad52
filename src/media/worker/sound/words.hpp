#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace atelier::media::sound {

// The words of a scene's text as they are shown. They are the truth: whatever an engine speaks or reports is mapped
// back to them. Together, with the white space between, they are the text, less Markdown's rules and markers. Where
// words are written with spaces a word is what stands between two spaces, punctuation included; Chinese, Japanese,
// Thai, Lao, Khmer and Burmese are cut by dictionary, with punctuation kept at the word it belongs to.
struct Word {
  std::size_t byte_start = 0;
  std::size_t byte_end = 0;
  bool has_space_before = false;
};

// What is spoken in one go, and the pause that follows.
struct Sentence {
  std::size_t first_word = 0;
  std::size_t word_count = 0;
  enum class End { comma, sentence, paragraph } end = End::sentence;
};

struct WordsOfText {
  std::vector<Word> words;
  std::vector<Sentence> sentences;  // cover all words, in order; a word belongs to the sentence it begins in
};

// `text` is valid UTF-8. `language` is BCP 47 and decides where sentences end ("Mr. Smith").
Result<WordsOfText> find_words(std::string_view text, std::string_view language);

}  // namespace atelier::media::sound
