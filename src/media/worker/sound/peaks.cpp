#include "media/worker/sound/peaks.hpp"

#include <algorithm>
#include <cmath>

namespace atelier::media::sound {
namespace {

constexpr float kFullScale = 32'767.0F;

std::int16_t mixed_sample(float left, float right) {
  const float mixed = (left + right) / 2;
  if (!std::isfinite(mixed)) return 0;
  return static_cast<std::int16_t>(std::lrintf(std::clamp(mixed, -1.0F, 1.0F) * kFullScale));
}

void put_word(std::string& out, std::uint32_t word) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(word >> shift & 0xff);
}

}  // namespace

void Peaks::add(std::span<const float> stereo) {
  for (std::size_t i = 0; i + 1 < stereo.size(); i += 2) {
    const std::int16_t sample = mixed_sample(stereo[i], stereo[i + 1]);
    open_.low = open_count_ == 0 ? sample : std::min(open_.low, sample);
    open_.high = open_count_ == 0 ? sample : std::max(open_.high, sample);
    ++sample_count_;
    if (++open_count_ == samples_per_pixel_) close_stretch();
  }
}

void Peaks::close_stretch() {
  peaks_.push_back(open_);
  open_count_ = 0;
  if (peaks_.size() == kPeaksMax) halve();
}

void Peaks::halve() {
  for (std::size_t i = 0; i < peaks_.size() / 2; ++i) {
    const Peak &first = peaks_[2 * i], &second = peaks_[2 * i + 1];
    peaks_[i] = {std::min(first.low, second.low), std::max(first.high, second.high)};
  }
  peaks_.resize(peaks_.size() / 2);
  samples_per_pixel_ *= 2;
}

void Peaks::finish() {
  if (open_count_ > 0) close_stretch();
}

std::string Peaks::data(std::int32_t sample_rate) const {
  constexpr std::uint32_t kVersion = 2, kEightBits = 1, kChannels = 1;
  std::string out;
  out.reserve(24 + 2 * peaks_.size());
  for (const std::uint32_t word :
       {kVersion, kEightBits, static_cast<std::uint32_t>(sample_rate), static_cast<std::uint32_t>(samples_per_pixel_),
        static_cast<std::uint32_t>(peaks_.size()), kChannels})
    put_word(out, word);
  for (const Peak& peak : peaks_) out += {static_cast<char>(peak.low / 256), static_cast<char>(peak.high / 256)};
  return out;
}

}  // namespace atelier::media::sound
