#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "media/worker/picture/frame.hpp"

namespace atelier::media::picture {

struct EncoderSettings {
  std::int32_t width;
  std::int32_t height;
  std::int32_t fps;
  // Part of what a segment is: another count gives other bytes.
  std::int32_t thread_count = 1;
  std::int32_t rate_factor = 20;  // x264's CRF: more is smaller and worse
  // More than 0: the file is an MP4 of so many frames at most, its index first and without an edit list. Else NUT.
  std::int64_t mp4_frame_count = 0;
};

// H.264 High by libx264: closed GOPs of half a second, two B-frames between references, BT.709 tagged, under the
// platforms' ceiling. Equal settings give equal parameter sets, so segments join without re-encoding.
class SegmentEncoder {
 public:
  // Writes to `fd`, which stays the caller's.
  static Result<std::unique_ptr<SegmentEncoder>> open(int fd, const EncoderSettings& settings);
  // Hex SHA-256 of the SPS and PPS that these settings give.
  static Result<std::string> parameter_sets(const EncoderSettings& settings);
  virtual ~SegmentEncoder() = default;

  // Encodes the next frame; it may be changed as soon as this returns.
  virtual Result<> push(Frame& frame) = 0;
  // Writes what is still held back and the container's end. No frame may follow.
  virtual Result<> finish() = 0;
};

}  // namespace atelier::media::picture
