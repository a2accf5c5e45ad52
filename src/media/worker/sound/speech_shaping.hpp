#pragma once

#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "media/worker/sound/speech_engine.hpp"
#include "media/worker/sound/word_times.hpp"

namespace atelier::media::sound {

// A sentence at 48 kHz, from its first to its last audible sample; empty, without times, where the engine was silent.
struct ShapedSentence {
  std::vector<float> samples;
  std::vector<KnownTime> times;  // one per word of the sentence, counted from its first sample
};

// Resamples, takes away DC and rumble, and cuts the silence that the engine put around the sentence.
Result<ShapedSentence> shape_sentence(const Utterance& utterance);

}  // namespace atelier::media::sound
