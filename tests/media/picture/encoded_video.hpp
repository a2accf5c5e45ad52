#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace atelier::media::picture {

// What a player finds in a file. Timestamps are in units of the stream's time base.
struct DecodedFrame {
  std::int64_t pts;
  char type;  // I, P, B
  bool is_key;
  int width, height;
  std::vector<std::uint8_t> luma;  // tightly packed
  std::uint8_t luma_at(int x, int y) const { return luma[static_cast<std::size_t>(y * width + x)]; }
};
struct ReadPacket {
  std::int64_t pts, dts;
  bool is_key;
  std::string bytes;
};
struct ReadVideo {
  int stream_count = 0;
  int time_base_num = 0, time_base_den = 0;
  std::string codec, extradata;
  int profile = 0;
  int primaries = 0, transfer = 0, matrix = 0, range = 0;
  int aspect_num = 0, aspect_den = 0;
  int rate_num = 0, rate_den = 0;
  std::vector<ReadPacket> packets;
  std::vector<DecodedFrame> frames;  // in order of display
};
ReadVideo read_video(int fd, const char* format_name = "nut");

// A clip as a user might hand in: 4:2:0 frames of one grey each, `grey(index)`, with the timestamps given.
struct ClipSpec {
  int width = 96;
  int height = 128;
  int time_base_num = 1;
  int time_base_den = 30;
  std::vector<std::int64_t> pts = {};
  std::int64_t last_duration = 1;
  int quarter_turns = 0;  // clockwise, written as a display matrix
  bool is_full_range = false;
  const char* format = "mp4";
  int gop_size = 6;
  // One sample of frame `index`; the default is a grey of its own for each frame.
  std::function<std::uint8_t(int index, int x, int y)> luma = {};
};
std::uint8_t grey_of(int index);
// Which frame a grey belongs to.
int frame_of(std::uint8_t grey);
std::string make_clip(const ClipSpec& spec);

}  // namespace atelier::media::picture
