#include "media/worker/sound/loudness.hpp"

#include <ebur128.h>

#include <cmath>
#include <new>

#include "media/protocol/catalog.hpp"

namespace atelier::media::sound {

namespace {

ebur128_state* state_of(void* state) { return static_cast<ebur128_state*>(state); }

}  // namespace

void LoudnessMeter::Deleter::operator()(void* state) const noexcept {
  ebur128_state* meter = state_of(state);
  ebur128_destroy(&meter);
}

Result<LoudnessMeter> LoudnessMeter::make(bool is_mono) {
  // The histogram keeps memory flat however long the sound is.
  State state(
      ebur128_init(is_mono ? 1 : 2, static_cast<unsigned long>(kSampleRate), EBUR128_MODE_I | EBUR128_MODE_HISTOGRAM));
  if (!state) throw std::bad_alloc();
  if (is_mono && ebur128_set_channel(state_of(state.get()), 0, EBUR128_DUAL_MONO) != EBUR128_SUCCESS)
    return fail(ErrorCode::internal, "libebur128 cannot measure mono sound");
  return LoudnessMeter(std::move(state), is_mono);
}

Result<> LoudnessMeter::add(std::span<const float> interleaved) {
  const std::size_t frame_count = interleaved.size() / 2;
  const float* frames = interleaved.data();
  if (is_mono_) {
    left_.resize(frame_count);
    for (std::size_t i = 0; i < frame_count; ++i) left_[i] = interleaved[2 * i];
    frames = left_.data();
  }
  if (ebur128_add_frames_float(state_of(state_.get()), frames, frame_count) != EBUR128_SUCCESS)
    return fail(ErrorCode::unavailable, "cannot measure loudness: not enough memory", {"worker_oom", ""});
  return {};
}

std::optional<double> LoudnessMeter::integrated_lufs() const {
  double loudness = 0;
  if (ebur128_loudness_global(state_of(state_.get()), &loudness) != EBUR128_SUCCESS || !std::isfinite(loudness))
    return std::nullopt;
  return loudness;
}

}  // namespace atelier::media::sound
