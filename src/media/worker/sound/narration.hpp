#pragma once

#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "media/worker/sound/wav.hpp"
#include "media/worker/sound/word_times.hpp"

namespace atelier::media::sound {

// When a scene's sound is audible, in its own samples; pauses too short for music to come up do not part two spans.
Result<std::vector<SampleSpan>> audible_spans(const WavReader& wav);

// How loud the music may be: 1 where nobody speaks, `low` where somebody does, with slopes before and after.
class Ducking {
 public:
  // `spans` are in samples of the soundtrack, in order; they may touch or overlap.
  Ducking(std::vector<SampleSpan> spans, float low);
  // To be asked in rising order.
  float gain_at(std::int64_t sample) noexcept;

 private:
  std::vector<SampleSpan> spans_;
  std::size_t next_ = 0;  // the first span whose slope has not ended yet
  float low_;
};

}  // namespace atelier::media::sound
