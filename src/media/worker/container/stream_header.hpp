#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "media/worker/container/fd_io.hpp"
#include "media/worker/container/sniff.hpp"

namespace atelier::media::container {

struct StreamHeader {
  // Of the first picture stream, as shown: turned where the file asks for it. 0 when there is none.
  std::int64_t width = 0;
  std::int64_t height = 0;
  int turn_degrees = 0;  // clockwise: 0, 90, 180, 270
  double fps = 0;
  std::int64_t duration_ms = 0;
  bool has_video = false;
  bool has_audio = false;
  // Of the first sound stream; 0 when there is none.
  int channels = 0;
  int sample_rate = 0;
  std::string codec;  // of the video, else of the sound
  int video_index = -1;
};

struct OpenStream {
  Demuxer demuxer;
  StreamHeader header;
};

// Opens a video or sound file with the one demuxer its bytes ask for, looks at its head and checks it against
// limits.hpp.
Result<OpenStream> open_stream(int fd, const FileFormat& format, const std::string& name);

}  // namespace atelier::media::container
