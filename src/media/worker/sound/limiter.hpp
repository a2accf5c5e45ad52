#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace atelier::media::sound {

// Holds stereo sound under a true peak. It looks 5 ms ahead, so that the gain is down, along a straight line, when a
// peak arrives, and lets go within some 100 ms. Both channels get the same gain. Where nothing is too loud it changes
// nothing.
class Limiter {
 public:
  // `ceiling` is linear. With `is_mono` only the left channel is looked at.
  Limiter(float ceiling, bool is_mono);

  // Takes frames, and appends what is finished to `out`: the same frames in the same order, some 250 behind.
  void process(std::span<const float> interleaved, std::vector<float>& out);
  // The rest.
  void finish(std::vector<float>& out);

 private:
  void find_wanted_gains();
  void append_lowest(float wanted);
  void emit(std::vector<float>& out);

  float ceiling_;
  bool is_mono_;
  std::vector<float> waiting_;      // frames not given out, interleaved
  std::vector<float> channels_[2];  // as the peak filter wants them, from the first frame whose gain is not yet known
  std::vector<float> peaks_;
  std::vector<float> other_peaks_;

  // The lowest gain wanted from two frames back to 5 ms ahead: a falling queue of candidates.
  struct Wanted {
    std::int64_t frame;
    float gain;
  };
  std::deque<Wanted> lowest_;
  std::int64_t wanted_count_ = 0;  // frames whose gain is known
  std::vector<float> gains_;       // of the first frames of waiting_

  float released_ = 1;
  std::vector<float> recent_;  // a ring of the last 5 ms of released gains, and their sum
  std::size_t recent_next_ = 0;
  double recent_sum_;
};

}  // namespace atelier::media::sound
