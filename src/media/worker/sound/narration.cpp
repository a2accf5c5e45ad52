#include "media/worker/sound/narration.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "media/protocol/catalog.hpp"

namespace atelier::media::sound {
namespace {

constexpr std::int64_t kBlockSamples = 10 * kMillisecond;
constexpr float kAudible = 0.005F;
constexpr std::int64_t kDownSamples = 200 * kMillisecond;  // over before the first word begins
constexpr std::int64_t kUpSamples = 300 * kMillisecond;
// Music that comes up for less than half a second only disturbs.
constexpr std::int64_t kPauseSamples = kDownSamples + kUpSamples + 500 * kMillisecond;

void append(std::vector<SampleSpan>& spans, SampleSpan span) {
  if (!spans.empty() && span.start - spans.back().end < kPauseSamples)
    spans.back().end = std::max(spans.back().end, span.end);
  else
    spans.push_back(span);
}

float smooth(float part) { return part * part * (3 - 2 * part); }

}  // namespace

Result<std::vector<SampleSpan>> audible_spans(const WavReader& wav) {
  std::vector<SampleSpan> spans;
  std::array<float, kBlockSamples> block{};
  for (std::int64_t at = 0; at < wav.sample_count(); at += kBlockSamples) {
    const std::int64_t count = std::min(kBlockSamples, wav.sample_count() - at);
    const auto samples = std::span(block).first(static_cast<std::size_t>(count));
    if (auto done = wav.read(at, samples); !done) return error_of(done);
    if (std::ranges::any_of(samples, [](float sample) { return std::abs(sample) > kAudible; }))
      append(spans, {at, at + count});
  }
  return spans;
}

Ducking::Ducking(std::vector<SampleSpan> spans, float low) : low_(low) {
  for (const SampleSpan& span : spans) append(spans_, span);
}

float Ducking::gain_at(std::int64_t sample) noexcept {
  while (next_ < spans_.size() && sample >= spans_[next_].end + kUpSamples) ++next_;
  if (next_ == spans_.size()) return 1;
  const SampleSpan& span = spans_[next_];
  float part = 1;  // of the way down
  if (sample < span.start)
    part = sample <= span.start - kDownSamples
               ? 0
               : 1 - static_cast<float>(span.start - sample) / static_cast<float>(kDownSamples);
  else if (sample >= span.end)
    part = 1 - static_cast<float>(sample - span.end) / static_cast<float>(kUpSamples);
  return 1 + (low_ - 1) * smooth(part);
}

}  // namespace atelier::media::sound
