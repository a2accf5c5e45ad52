#pragma once

#include <cstdint>
#include <string>

#include "media/worker/container/fd_io.hpp"

namespace atelier::media::container {

struct FilmFormat {
  int width = 0;
  int height = 0;
  int fps = 0;
  std::int64_t frame_count = 0;
  std::string title;
};

// An MP4 as the platforms want it: index first, no edit list, presentation from 0, no time of making, the same bytes
// for the same packets. Frames are written in decoding order; composition offsets may be negative (ctts version 1),
// which is how B-frames start at 0 without an edit list (ISO 14496-12 section 8.6.1.3).
class FilmMuxer {
 public:
  // `video` and `sound` are copied.
  static Result<FilmMuxer> open(int fd, const FilmFormat& film, const AVCodecParameters& video,
                                const AVCodecParameters& sound);

  // `packet`'s times are overwritten, its bytes are copied into the file.
  Result<> write_video(AVPacket& packet, std::int64_t pts_frame);
  Result<> write_sound(AVPacket& packet, std::int64_t first_sample);
  Result<> finish();

 private:
  FilmMuxer(Muxer muxer, int fps) : muxer_(std::move(muxer)), fps_(fps) {}
  Result<> write(AVPacket& packet, int stream, AVRational unit);

  Muxer muxer_;
  int fps_;
  std::int64_t video_count_ = 0;
};

}  // namespace atelier::media::container
