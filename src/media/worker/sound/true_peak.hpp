#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace atelier::media::sound {

// Sound between two samples can be louder than both. Four times oversampled (ITU-R BS.1770 annex 2 asks for as much),
// with a filter that reaches this many samples back and ahead.
inline constexpr std::size_t kPeakBack = 11;
inline constexpr std::size_t kPeakAhead = 12;

// peaks[n] is the largest magnitude from sample n to just before sample n + 1, where sample n is samples[kPeakBack +
// n]: `samples` holds kPeakBack + peaks.size() + kPeakAhead values.
void find_true_peaks(std::span<const float> samples, std::span<float> peaks);

// The true peak of a stream of stereo frames, given in pieces.
class TruePeakMeter {
 public:
  void add(std::span<const float> interleaved);
  // Of all that was added; linear.
  float finish();

 private:
  void measure(std::size_t channel);
  std::vector<float> channels_[2] = {std::vector<float>(kPeakBack), std::vector<float>(kPeakBack)};
  std::vector<float> peaks_;
  float peak_ = 0;
};

}  // namespace atelier::media::sound
