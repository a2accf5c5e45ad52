#pragma once

#include <string>
#include <string_view>

namespace atelier::model {

// Who speaks. Empty fields are not known.
struct MediaVoice {
  std::string id;                // as a request names it
  std::string name = {};         // for people
  std::string language = {};     // BCP 47: "en-GB"
  std::string gender = {};       // a word of the provider's: "female"
  std::string style = {};        // what else it says of it, in few words: "middle-aged, narration"
  std::string preview_url = {};  // where the provider lets it be heard; a stranger's link
};

// What an id alone tells: "en_US-lessac-medium", "local/espeak-ng/en-gb".
MediaVoice voice_named(std::string_view id);

// One short sentence in that language, in English where we have none.
std::string_view sample_sentence(std::string_view language) noexcept;

}  // namespace atelier::model
