#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "media/worker/sound/music.hpp"
#include "media/worker/sound/narration.hpp"
#include "media/worker/sound/soundtrack_order.hpp"
#include "media/worker/sound/wav.hpp"

namespace atelier::media::sound {

// Scenes and music as one stereo stream, made afresh block by block on every pass: a long production does not fit in
// memory. The order must outlive it.
class Mixer {
 public:
  static Result<Mixer> open(const SoundtrackOrder& order);

  std::int64_t frame_count() const noexcept { return order_->sample_count; }
  // Both channels are equal throughout.
  bool is_mono() const noexcept { return !order_->music; }
  Result<> rewind();
  // The next frames; at most as many as are left.
  Result<> read(StereoSpan out);

 private:
  struct Scene {
    WavReader wav;
    std::int64_t first_sample;
    std::int64_t end_sample() const noexcept { return first_sample + wav.sample_count(); }
  };
  explicit Mixer(const SoundtrackOrder& order) : order_(&order) {}
  Result<> open_scenes();
  Result<> add_music(StereoSpan out);
  Result<> add_scene(const Scene& scene, StereoSpan out);
  float edge_gain(std::int64_t sample) const noexcept;

  const SoundtrackOrder* order_;
  std::vector<Scene> scenes_;
  std::vector<SampleSpan> spoken_;
  std::optional<Music> music_;
  std::optional<Ducking> ducking_;
  std::int64_t position_ = 0;
  std::vector<float> block_;
};

}  // namespace atelier::media::sound
