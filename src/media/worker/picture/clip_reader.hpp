#pragma once

#include <cstdint>
#include <memory>

#include "base/error.hpp"
#include "media/worker/container/fd_io.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
}

namespace atelier::media::picture {

struct CodecContextDeleter {
  void operator()(AVCodecContext* codec) const noexcept { avcodec_free_context(&codec); }
};
using CodecContext = std::unique_ptr<AVCodecContext, CodecContextDeleter>;
struct AvFrameDeleter {
  void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
};
using AvFrame = std::unique_ptr<AVFrame, AvFrameDeleter>;

// A user's video, looked up by time. MP4/MOV and Matroska/WebM only, told by their first bytes, so that no playlist or
// image sequence is ever followed. Errors call the file "the clip".
class ClipReader {
 public:
  static Result<ClipReader> open(int fd);

  // Of the video stream, more than 0.
  std::int64_t duration_us() const noexcept { return duration_us_; }
  // Clockwise quarter turns to be made before showing: 0 to 3.
  int quarter_turns() const noexcept { return quarter_turns_; }

  // The picture shown at this time (0 <= time < duration) on a grid whose steps are `step_us` long: the last one that
  // begins no later than a quarter step after it, so that rounded timestamps do not show a picture twice and skip the
  // next. Rising times decode on; others seek to the keyframe before. Valid until the next call.
  Result<const AVFrame*> at(std::int64_t time_us, std::int64_t step_us);

 private:
  ClipReader(container::Demuxer demuxer, CodecContext codec, int stream_index);
  Result<> seek(std::int64_t time_us);
  // False at the end of the stream; otherwise the next picture is in `next_`.
  Result<bool> decode_next();
  Result<bool> feed();
  Result<> measure();
  std::int64_t time_of(const AVFrame& frame) const noexcept;

  container::Demuxer demuxer_;
  CodecContext codec_;
  container::PacketPtr packet_;
  AvFrame shown_;
  AvFrame next_;
  int stream_index_;
  int quarter_turns_ = 0;
  std::int64_t start_us_ = 0;
  std::int64_t duration_us_ = 0;
  std::int64_t last_asked_us_ = -1;
  bool has_shown_ = false;
  bool has_next_ = false;
  bool is_flushing_ = false;
};

}  // namespace atelier::media::picture
