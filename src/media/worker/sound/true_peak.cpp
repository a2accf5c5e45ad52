#include "media/worker/sound/true_peak.hpp"

#include <algorithm>
#include <cmath>

namespace atelier::media::sound {
namespace {

constexpr std::size_t kTaps = kPeakBack + 1 + kPeakAhead;

// Interpolation at 1/4, 1/2 and 3/4: sinc under a Kaiser window (beta 6), each row's sum 1. Written out, so that they
// are the same bits on every machine.
constexpr float kPhases[3][kTaps] = {
    {-0.000721877605F, 0.00175813739F, -0.00351126117F, 0.00625848299F,  -0.0103527133F, 0.0162766418F,
     -0.0247751865F,   0.037195597F,   -0.0564782177F,  0.0908101198F,   -0.174824516F,  0.899468849F,
     0.296984252F,     -0.121339369F,  0.0707828414F,   -0.0456732318F,  0.0303689755F,  -0.0201405101F,
     0.0130480025F,    -0.0081110901F, 0.00474073371F,  -0.00252918717F, 0.00116548429F, -0.000400957969F},
    {-0.000774515712F, 0.0020386502F, -0.00423122386F, 0.00772342684F,  -0.012982932F, 0.0206350431F,
     -0.0316121944F,   0.047530738F,  -0.0717455141F,  0.112966349F,    -0.203359512F, 0.633811685F,
     0.633811685F,     -0.203359512F, 0.112966349F,    -0.0717455141F,  0.047530738F,  -0.0316121944F,
     0.0206350431F,    -0.012982932F, 0.00772342684F,  -0.00423122386F, 0.0020386502F, -0.000774515712F},
    {-0.000400957969F, 0.00116548429F, -0.00252918717F, 0.00474073371F,  -0.0081110901F, 0.0130480025F,
     -0.0201405101F,   0.0303689755F,  -0.0456732318F,  0.0707828414F,   -0.121339369F,  0.296984252F,
     0.899468849F,     -0.174824516F,  0.0908101198F,   -0.0564782177F,  0.037195597F,   -0.0247751865F,
     0.0162766418F,    -0.0103527133F, 0.00625848299F,  -0.00351126117F, 0.00175813739F, -0.000721877605F},
};

}  // namespace

void find_true_peaks(std::span<const float> samples, std::span<float> peaks) {
  constexpr std::size_t kBlock = 256;
  float sum[kBlock];
  for (std::size_t start = 0; start < peaks.size(); start += kBlock) {
    const std::size_t count = std::min(kBlock, peaks.size() - start);
    const float* in = samples.data() + start;
    float* out = peaks.data() + start;
    for (std::size_t n = 0; n < count; ++n) out[n] = std::abs(in[n + kPeakBack]);
    for (const auto& taps : kPhases) {
      std::fill_n(sum, count, 0.0F);
      for (std::size_t k = 0; k < kTaps; ++k)
        for (std::size_t n = 0; n < count; ++n) sum[n] += taps[k] * in[n + k];
      for (std::size_t n = 0; n < count; ++n) out[n] = std::max(out[n], std::abs(sum[n]));
    }
  }
}

void TruePeakMeter::add(std::span<const float> interleaved) {
  for (std::size_t channel = 0; channel < 2; ++channel) {
    for (std::size_t i = channel; i < interleaved.size(); i += 2) channels_[channel].push_back(interleaved[i]);
    measure(channel);
  }
}

void TruePeakMeter::measure(std::size_t channel) {
  auto& samples = channels_[channel];
  if (samples.size() < kTaps) return;
  peaks_.resize(samples.size() - kTaps + 1);
  find_true_peaks(samples, peaks_);
  peak_ = std::max(peak_, *std::ranges::max_element(peaks_));
  samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(peaks_.size()));
}

float TruePeakMeter::finish() {
  static constexpr float kSilence[2 * kPeakAhead] = {};
  add(kSilence);
  return peak_;
}

}  // namespace atelier::media::sound
