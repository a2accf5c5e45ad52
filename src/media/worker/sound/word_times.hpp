#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "media/worker/sound/words.hpp"

namespace atelier::media::sound {

struct SampleSpan {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

// A word's time as far as the engine told it, in samples of the scene.
struct KnownTime {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> end;
};

// Every word's time, from what is known of some: words in between share the gap by their lengths in characters, words
// that are not spoken borrow from the pause beside them. Known starts stay. Each word is at least a sample long, ends
// before the next one starts, and the last ends within `sample_count`, which is larger than the number of words.
std::vector<SampleSpan> fill_word_times(std::string_view text, const std::vector<Word>& words,
                                        const std::vector<KnownTime>& known, std::int64_t sample_count);

}  // namespace atelier::media::sound
