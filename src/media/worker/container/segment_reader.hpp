#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/worker/container/fd_io.hpp"
#include "media/worker/container/film_muxer.hpp"

namespace atelier::media::container {

// The packets of one rendered segment, in decoding order. Checks what joining relies on: H.264 of the film's size, a
// keyframe first, and every frame from 0 to the last exactly once.
class SegmentReader {
 public:
  static Result<SegmentReader> open(int fd, std::string name, const FilmFormat& film);

  const AVCodecParameters& codec() const { return *stream().codecpar; }
  // SPS and PPS as the encoder gave them.
  std::string_view parameter_sets() const;
  // Null at the end. Valid until the next call.
  Result<AVPacket*> next();
  std::int64_t frame_of_last() const noexcept { return frame_of_last_; }
  std::int64_t frame_count() const noexcept { return frame_count_; }

 private:
  SegmentReader(Demuxer demuxer, PacketPtr packet, std::string name, int fps)
      : demuxer_(std::move(demuxer)), packet_(std::move(packet)), name_(std::move(name)), fps_(fps) {}
  const AVStream& stream() const { return *demuxer_.format->streams[0]; }
  Result<> note_frame();
  std::unexpected<Error> broken(const std::string& what) const;

  Demuxer demuxer_;
  PacketPtr packet_;
  std::string name_;
  int fps_;
  std::int64_t frame_of_last_ = 0;
  std::int64_t frame_count_ = 0;
  std::vector<bool> seen_;
};

}  // namespace atelier::media::container
