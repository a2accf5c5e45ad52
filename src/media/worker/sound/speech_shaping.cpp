#include "media/worker/sound/speech_shaping.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "media/protocol/catalog.hpp"
#include "media/worker/sound/resampler.hpp"

namespace atelier::media::sound {
namespace {

// -50 dB: over every engine's noise, under every consonant.
constexpr float kAudible = 0.003F;
// Kept around what is audible: words begin and end softly. Before it up to three times as much, where the engine says
// that the first word has begun.
constexpr std::int64_t kEdgeSamples = 10 * kMillisecond;

// Second-order Butterworth high-pass at 60 Hz, 48 kHz (the usual bilinear transform). Coefficients are spelled out: the
// C library's tan() may round differently from machine to machine.
void take_rumble_away(std::span<float> samples) {
  constexpr double b0 = 0.994461788958195, b1 = -1.98892357791639, b2 = 0.994461788958195;
  constexpr double a1 = -1.988892905899653, a2 = 0.988954249933127;
  double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
  for (float& sample : samples) {
    const double x = sample;
    const double y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    sample = static_cast<float>(y);
  }
}

SampleSpan audible_part(std::span<const float> samples) {
  const auto is_audible = [](float sample) { return std::abs(sample) > kAudible; };
  const auto first = std::find_if(samples.begin(), samples.end(), is_audible);
  const auto last = std::find_if(samples.rbegin(), samples.rend(), is_audible).base();
  if (first == samples.end()) return {0, 0};
  return {first - samples.begin(), last - samples.begin()};
}

// Engines that only tell starts count the pause to the word before it.
std::int64_t end_of_sound(std::span<const float> samples, SampleSpan word) {
  constexpr std::int64_t kTail = 20 * kMillisecond;
  std::int64_t end = std::min(word.end, static_cast<std::int64_t>(samples.size()));
  while (end > word.start && std::abs(samples[static_cast<std::size_t>(end - 1)]) <= kAudible) --end;
  return std::min(word.end, end + kTail);
}

void fade_edges(std::span<float> samples) {
  const std::size_t count = std::min<std::size_t>(samples.size() / 2, static_cast<std::size_t>(3 * kMillisecond));
  for (std::size_t i = 0; i < count; ++i) {
    const float gain = static_cast<float>(i) / static_cast<float>(count);
    samples[i] *= gain;
    samples[samples.size() - 1 - i] *= gain;
  }
}

std::vector<KnownTime> scaled_times(const Utterance& utterance) {
  std::vector<KnownTime> times(utterance.times.size());
  const auto scale = [&](std::int64_t sample) {
    return (sample * kSampleRate + utterance.sample_rate / 2) / utterance.sample_rate;
  };
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!utterance.times[i]) continue;
    times[i].start = scale(utterance.times[i]->start_sample);
    if (utterance.times[i]->end_sample) times[i].end = scale(*utterance.times[i]->end_sample);
  }
  return times;
}

}  // namespace

Result<ShapedSentence> shape_sentence(const Utterance& utterance) {
  auto resampled = resample_speech(utterance.samples, utterance.sample_rate);
  if (!resampled) return error_of(resampled);
  std::vector<float>& samples = *resampled;
  take_rumble_away(samples);
  std::vector<KnownTime> times = scaled_times(utterance);
  const auto count = static_cast<std::int64_t>(samples.size());

  SampleSpan kept = audible_part(samples);
  if (kept.end == 0) return ShapedSentence{{}, std::vector<KnownTime>(times.size())};
  std::int64_t next_start = count;
  for (std::size_t i = times.size(); i-- > 0;) {
    if (!times[i].start) continue;
    times[i].start = std::clamp<std::int64_t>(*times[i].start, 0, count);
    if (!times[i].end) times[i].end = end_of_sound(samples, {*times[i].start, next_start});
    next_start = *times[i].start;
  }
  kept.start =
      std::max<std::int64_t>({std::min(kept.start - kEdgeSamples, next_start), kept.start - 3 * kEdgeSamples, 0});
  kept.end = std::clamp<std::int64_t>(kept.end + kEdgeSamples, kept.start, count);
  for (KnownTime& time : times) {
    if (!time.start) continue;
    *time.start = std::max<std::int64_t>(0, *time.start - kept.start);
    *time.end = std::max(*time.start, std::min(*time.end, kept.end) - kept.start);
  }
  ShapedSentence shaped{{samples.begin() + kept.start, samples.begin() + kept.end}, std::move(times)};
  fade_edges(shaped.samples);
  return shaped;
}

}  // namespace atelier::media::sound
