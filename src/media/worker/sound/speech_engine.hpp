#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "media/protocol/catalog.hpp"
#include "media/worker/sound/spoken_text.hpp"

namespace atelier::media::sound {

// When a word is spoken, in samples of its utterance. Without an end the engine only told where it begins.
struct WordTime {
  std::int64_t start_sample = 0;
  std::optional<std::int64_t> end_sample;
};

struct Utterance {
  std::vector<std::int16_t> samples;
  std::int32_t sample_rate = 0;
  // One per word of the sentence; empty where the engine told nothing of it.
  std::vector<std::optional<WordTime>> times;
};

// One voice at one speed, for one task: what it says of a sentence depends on the sentences before it, so that a new
// task starts with a new engine. Not thread-safe; at most one lives at a time in a process.
class SpeechEngine {
 public:
  virtual ~SpeechEngine() = default;
  // The sentence has words. Cannot be interrupted: sentences are short (words.cpp).
  virtual Result<Utterance> speak(const SpokenSentence& sentence) = 0;
};

Result<std::unique_ptr<SpeechEngine>> open_speech_engine(const Voice& voice, double speed);

}  // namespace atelier::media::sound
