#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.hpp"

struct SwrContext;

namespace atelier::media::sound {

// One mono utterance at an engine's rate to float at 48 kHz. Sample n of the input lies at n * 48000 / rate of the
// output; nothing is shifted. No dither.
Result<std::vector<float>> resample_speech(std::span<const std::int16_t> samples, std::int32_t sample_rate);

// FFmpeg and its resampler choose their arithmetic by the processor's features, and so the last bits of a sum. While
// one of these lives they use what every 64-bit machine has, and give the same samples on all.
class PlainArithmetic {
 public:
  PlainArithmetic();
  ~PlainArithmetic();
  PlainArithmetic(const PlainArithmetic&) = delete;
  PlainArithmetic& operator=(const PlainArithmetic&) = delete;
};

struct ResamplerDeleter {
  void operator()(SwrContext* resampler) const noexcept;
};
using ResamplerPtr = std::unique_ptr<SwrContext, ResamplerDeleter>;

}  // namespace atelier::media::sound
