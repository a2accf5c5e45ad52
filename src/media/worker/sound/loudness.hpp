#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"

namespace atelier::media::sound {

// Integrated loudness (ITU-R BS.1770-4, EBU R128) of a stream of stereo frames at 48 kHz.
class LoudnessMeter {
 public:
  // With `is_mono` only the left channel is read, and counted twice.
  static Result<LoudnessMeter> make(bool is_mono);
  Result<> add(std::span<const float> interleaved);
  // Empty for silence, and for less than 400 ms.
  std::optional<double> integrated_lufs() const;

 private:
  struct Deleter {
    void operator()(void* state) const noexcept;
  };
  using State = std::unique_ptr<void, Deleter>;  // ebur128_state, which C cannot declare without its header
  LoudnessMeter(State state, bool is_mono) : state_(std::move(state)), is_mono_(is_mono) {}
  State state_;
  bool is_mono_;
  std::vector<float> left_;
};

}  // namespace atelier::media::sound
