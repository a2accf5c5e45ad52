#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::doubles {

inline constexpr int kSampleRate = 24'000;  // of what is spoken: mono, signed 16 bit, little-endian

// A text "spoken": for each word 250 ms of a tone whose pitch the word and the voice decide, and 50 ms of silence.
struct Speech {
  std::string_view text;
  std::string_view voice;
  double speed = 1;  // 0.25 to 4
};

// Bytes of a sound in the pieces it is sent in, each 100 ms long.
struct Sound {
  std::string_view content_type;
  std::string opening;              // what a file begins with; empty when the format has nothing of the kind
  std::vector<std::string> pieces;  // at least one
};
// `format` is "wav" (its lengths left open, as a stream's are), "pcm", or "mp3", which is as long and silent: an
// encoder would be more than a double needs. nullopt: another.
std::optional<Sound> spoken(const Speech& speech, std::string_view format);

// How long a sound takes: of a WAV file what its header says, of others as if they had 128 kbit/s.
double seconds_of(std::string_view bytes);

}  // namespace atelier::doubles
