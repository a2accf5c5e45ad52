#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "media/protocol/catalog.hpp"
#include "media/worker/sound/words.hpp"

namespace atelier::media::sound {

// A word of the scene as it stands in what an engine is given.
struct SpokenWord {
  std::size_t word = 0;  // its index in WordsOfText::words
  // In characters (code points) of SpokenSentence::text.
  std::size_t char_start = 0;
  std::size_t char_end = 0;
};

struct SpokenSentence {
  std::string text;
  std::vector<SpokenWord> words;  // without those that are not spoken: emoji, lone dashes; may be empty
  Sentence::End end = Sentence::End::sentence;
};

// What a voice is to say: one entry per sentence. Emoji and symbols are left out, typography is made plain, and for
// flite all is brought to ASCII. A few words in a script the voice does not know are romanised; a text that is mostly
// in such a script, and a word no voice could mean, is an error that names the word.
Result<std::vector<SpokenSentence>> spoken_text(std::string_view text, const WordsOfText& words, const Voice& voice);

}  // namespace atelier::media::sound
