#include "media/worker/sound/limiter.hpp"

#include <algorithm>

#include "media/protocol/catalog.hpp"
#include "media/worker/sound/true_peak.hpp"

namespace atelier::media::sound {
namespace {

constexpr std::int64_t kAhead = 5 * kSampleRate / 1000;
// A peak between two samples is counted to the first of them; the second must be held as well.
constexpr std::int64_t kBack = 2;
constexpr float kReleasePerSample = 1.0F / (0.1F * static_cast<float>(kSampleRate));

}  // namespace

Limiter::Limiter(float ceiling, bool is_mono)
    : ceiling_(ceiling), is_mono_(is_mono), recent_(kAhead, 1.0F), recent_sum_(static_cast<double>(kAhead)) {
  for (auto& channel : channels_) channel.assign(kPeakBack, 0.0F);
}

void Limiter::process(std::span<const float> interleaved, std::vector<float>& out) {
  waiting_.insert(waiting_.end(), interleaved.begin(), interleaved.end());
  for (std::size_t channel = 0; channel < (is_mono_ ? 1U : 2U); ++channel)
    for (std::size_t i = channel; i < interleaved.size(); i += 2) channels_[channel].push_back(interleaved[i]);
  find_wanted_gains();
  emit(out);
}

void Limiter::finish(std::vector<float>& out) {
  const std::size_t left = waiting_.size();
  const std::vector<float> silence(2 * (static_cast<std::size_t>(kAhead) + kPeakAhead), 0.0F);
  std::vector<float> rest;
  process(silence, rest);
  rest.resize(left);
  out.insert(out.end(), rest.begin(), rest.end());
}

void Limiter::find_wanted_gains() {
  constexpr std::size_t kContext = kPeakBack + kPeakAhead;
  if (channels_[0].size() <= kContext) return;
  peaks_.resize(channels_[0].size() - kContext);
  find_true_peaks(channels_[0], peaks_);
  if (!is_mono_) {
    other_peaks_.resize(peaks_.size());
    find_true_peaks(channels_[1], other_peaks_);
    for (std::size_t n = 0; n < peaks_.size(); ++n) peaks_[n] = std::max(peaks_[n], other_peaks_[n]);
  }
  for (const float peak : peaks_) append_lowest(peak > ceiling_ ? ceiling_ / peak : 1.0F);
  for (std::size_t channel = 0; channel < (is_mono_ ? 1U : 2U); ++channel)
    channels_[channel].erase(channels_[channel].begin(),
                             channels_[channel].begin() + static_cast<std::ptrdiff_t>(peaks_.size()));
}

void Limiter::append_lowest(float wanted) {
  while (!lowest_.empty() && lowest_.back().gain >= wanted) lowest_.pop_back();
  lowest_.push_back({wanted_count_++, wanted});
  if (wanted_count_ <= kAhead) return;
  const std::int64_t frame = wanted_count_ - 1 - kAhead;
  while (lowest_.front().frame < frame - kBack) lowest_.pop_front();
  const float low = lowest_.front().gain;
  released_ = std::min(low, released_ + (1 - released_) * kReleasePerSample);
  if (low >= 1 && released_ > 0.99999F) released_ = 1;
  recent_sum_ += static_cast<double>(released_) - static_cast<double>(recent_[recent_next_]);
  recent_[recent_next_] = released_;
  recent_next_ = (recent_next_ + 1) % recent_.size();
  gains_.push_back(static_cast<float>(recent_sum_ / static_cast<double>(kAhead)));
}

void Limiter::emit(std::vector<float>& out) {
  const std::size_t count = std::min(gains_.size(), waiting_.size() / 2);
  const std::size_t before = out.size();
  out.insert(out.end(), waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(2 * count));
  for (std::size_t n = 0; n < count; ++n) {
    out[before + 2 * n] *= gains_[n];
    out[before + 2 * n + 1] *= gains_[n];
  }
  gains_.erase(gains_.begin(), gains_.begin() + static_cast<std::ptrdiff_t>(count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(2 * count));
}

}  // namespace atelier::media::sound
