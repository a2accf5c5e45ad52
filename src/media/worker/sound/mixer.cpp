#include "media/worker/sound/mixer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "media/protocol/catalog.hpp"

namespace atelier::media::sound {
namespace {

constexpr std::int64_t kFadeInSamples = kSampleRate / 2;
constexpr std::int64_t kFadeOutSamples = 2 * kSampleRate;

float from_db(double db) { return static_cast<float>(std::pow(10.0, db / 20)); }

}  // namespace

Result<Mixer> Mixer::open(const SoundtrackOrder& order) {
  Mixer mixer(order);
  if (auto opened = mixer.open_scenes(); !opened) return error_of(opened);
  if (auto ready = mixer.rewind(); !ready) return error_of(ready);
  return mixer;
}

Result<> Mixer::open_scenes() {
  for (std::size_t i = 0; i < order_->scenes.size(); ++i) {
    const auto& scene = order_->scenes[i];
    auto wav = WavReader::open(scene.fd, scene.input);
    if (!wav) return error_of(wav);
    const std::int64_t room = order_->sample_count - scene.first_sample;
    if (wav->sample_count() > room)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} has {} samples, but only {} are left where it begins", scene.input,
                              wav->sample_count(), room),
                  {"scene_too_long", fmt::format("/scenes/{}", i)});
    scenes_.push_back({*std::move(wav), scene.first_sample});
    if (!order_->music) continue;
    const auto spans = audible_spans(scenes_.back().wav);
    if (!spans) return error_of(spans);
    for (const SampleSpan& span : *spans)
      spoken_.push_back({span.start + scene.first_sample, span.end + scene.first_sample});
  }
  return {};
}

Result<> Mixer::rewind() {
  position_ = 0;
  if (!order_->music) return {};
  music_.reset();
  auto music = Music::open(order_->music->fd, "music");
  if (!music) return error_of(music);
  music_.emplace(*std::move(music));
  ducking_.emplace(spoken_, from_db(-order_->music->duck_db));
  return {};
}

Result<> Mixer::read(StereoSpan out) {
  std::ranges::fill(out, 0.0F);
  if (music_)
    if (auto done = add_music(out); !done) return done;
  const std::int64_t end = position_ + static_cast<std::int64_t>(out.size() / 2);
  for (const Scene& scene : scenes_)
    if (scene.first_sample < end && scene.end_sample() > position_)
      if (auto done = add_scene(scene, out); !done) return done;
  position_ = end;
  return {};
}

Result<> Mixer::add_music(StereoSpan out) {
  if (auto done = music_->read(out); !done) return done;
  const float level = from_db(order_->music->gain_db);
  for (std::size_t i = 0; i < out.size() / 2; ++i) {
    const std::int64_t sample = position_ + static_cast<std::int64_t>(i);
    const float gain = level * ducking_->gain_at(sample) * edge_gain(sample);
    out[2 * i] *= gain;
    out[2 * i + 1] *= gain;
  }
  return {};
}

float Mixer::edge_gain(std::int64_t sample) const noexcept {
  const std::int64_t in = std::min(kFadeInSamples, frame_count() / 4),
                     out = std::min(kFadeOutSamples, frame_count() / 4);
  const std::int64_t left = frame_count() - 1 - sample;
  if (sample < in) return static_cast<float>(sample) / static_cast<float>(in);
  if (left < out) return static_cast<float>(left) / static_cast<float>(out);
  return 1;
}

Result<> Mixer::add_scene(const Scene& scene, StereoSpan out) {
  const std::int64_t start = std::max(position_, scene.first_sample);
  const std::int64_t end = std::min(position_ + static_cast<std::int64_t>(out.size() / 2), scene.end_sample());
  block_.resize(static_cast<std::size_t>(end - start));
  if (auto done = scene.wav.read(start - scene.first_sample, block_); !done) return done;
  float* target = out.data() + 2 * (start - position_);
  for (std::size_t i = 0; i < block_.size(); ++i) {
    target[2 * i] += block_[i];
    target[2 * i + 1] += block_[i];
  }
  return {};
}

}  // namespace atelier::media::sound
