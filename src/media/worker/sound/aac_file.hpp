#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "media/worker/sound/loudness.hpp"
#include "media/worker/sound/true_peak.hpp"

namespace atelier::media::sound {

// What a player hears of an encoded file.
struct HeardSound {
  std::optional<double> integrated_lufs;
  float true_peak = 0;  // linear
};

// Encodes stereo sound at 48 kHz as AAC-LC into a NUT file, and decodes it at once to know what became of it.
//
// An AAC decoder's first 1024 samples are the encoder's start and hold nothing of what it was given. Players that obey
// an edit list drop them; our films have none, since platforms refuse them. So the encoder gets the soundtrack from its
// sample 1024 on, and sample N of what comes out of any decoder that drops nothing is sample N of the soundtrack. What
// is lost, 21 ms at the very start, is the pause before the first word.
class AacFile {
 public:
  static Result<std::unique_ptr<AacFile>> create(int fd, std::int64_t bit_rate_kbps, bool is_mono);
  ~AacFile();

  // The soundtrack from its sample 0 on, interleaved.
  Result<> write(std::span<const float> interleaved);
  Result<HeardSound> finish();
  std::int64_t packet_count() const noexcept { return packet_count_; }

 private:
  struct Codecs;
  explicit AacFile(std::unique_ptr<Codecs> codecs, LoudnessMeter meter);
  Result<> encode_block(std::span<const float> interleaved);
  Result<> take_packets();
  Result<> listen();

  std::unique_ptr<Codecs> codecs_;
  LoudnessMeter meter_;
  TruePeakMeter peak_meter_;
  std::size_t skipped_ = 0;  // of the start, in frames
  std::vector<float> waiting_;
  std::vector<float> heard_;
  std::int64_t packet_count_ = 0;
};

}  // namespace atelier::media::sound
