#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace atelier::media::sound {

// How loud a sound is along its length, gathered as it is decoded: the lowest and the highest sample of every stretch
// of `samples_per_pixel`, both channels mixed. There are never more than kPeaksMax stretches: once there would be, each
// two become one, so that hours of sound take no more memory than minutes.
class Peaks {
 public:
  static constexpr std::size_t kPeaksMax = 131'072;  // even
  static constexpr std::int32_t kFinest = 256;       // samples per stretch, of a sound short enough

  // Interleaved stereo; what is no number counts as silence.
  void add(std::span<const float> stereo);
  // The end of the sound: whatever is left over is a stretch of its own. Nothing may be added afterwards.
  void finish();

  std::int32_t samples_per_pixel() const noexcept { return samples_per_pixel_; }
  std::size_t size() const noexcept { return peaks_.size(); }
  std::int64_t sample_count() const noexcept { return sample_count_; }
  // audiowaveform's data format, version 2: a head of six little-endian words (version, flags: 1 for 8 bits, sample
  // rate, samples per pixel, length, channels), then lowest and highest of each as signed bytes.
  // (github.com/bbc/audiowaveform, doc/DataFormat.md)
  std::string data(std::int32_t sample_rate) const;

 private:
  struct Peak {
    std::int16_t low = 0, high = 0;
  };
  void close_stretch();
  void halve();

  std::vector<Peak> peaks_;
  Peak open_;
  std::int32_t open_count_ = 0;  // samples in it
  std::int32_t samples_per_pixel_ = kFinest;
  std::int64_t sample_count_ = 0;
};

}  // namespace atelier::media::sound
