#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace atelier::media::sound {

// Interleaved stereo float at 48 kHz, two floats a frame.
using StereoSpan = std::span<float>;

class MusicDecoder;

// A music file, from its start and then again and again without end: where it starts anew, its end and its start are
// crossfaded. Any audio that FFmpeg's one fitting demuxer reads; a video's sound too.
class Music {
 public:
  // `fd` stays the caller's. `name` is what messages call the file.
  static Result<Music> open(int fd, std::string name);
  Music(Music&&) noexcept;
  ~Music();

  // The next frames.
  Result<> read(StereoSpan out);

 private:
  Music(int fd, std::string name, std::unique_ptr<MusicDecoder> decoder);
  Result<> refill();
  Result<> start_anew();

  int fd_;
  std::string name_;
  std::unique_ptr<MusicDecoder> decoder_;
  // Frames decoded and not yet given out; the last of them wait, since they may be the file's end.
  std::vector<float> waiting_;
  std::size_t given_ = 0;  // of waiting_, in floats
  std::size_t free_ = 0;   // of waiting_, in floats: may be given out
  std::int64_t pass_frame_count_ = 0;
};

}  // namespace atelier::media::sound
