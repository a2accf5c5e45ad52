#include "tests/double/clip.hpp"

#include <string_view>
#include <vector>

#include "tests/double/picture.hpp"

namespace atelier::doubles {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr std::uint32_t kTicksPerSecond = 1'000, kTicksPerFrame = 250;

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string u32(std::uint64_t value) { return number(value, 4); }
std::string u16(std::uint64_t value) { return number(value, 2); }

std::string box(std::string_view type, const std::string& content) {
  return u32(content.size() + 8).append(type).append(content);
}
// With version and flags.
std::string full_box(std::string_view type, const std::string& content, std::uint32_t flags = 0) {
  return box(type, u32(flags) + content);
}

// One that leaves everything where it is.
std::string matrix() {
  return u32(0x10000) + std::string(12, '\0') + u32(0x10000) + std::string(12, '\0') + u32(0x40000000);
}

// How a JPEG in MP4 is announced: an elementary stream of object type 0x6c (ISO 14496-1).
std::string stream_descriptor() {
  const std::string decoder = "\x04\x0d\x6c\x11"s.append("\0\0\0"sv).append(8, '\0');
  const std::string stream = u16(1) + '\0' + decoder + "\x06\x01\x02";
  return full_box("esds", "\x03" + std::string(1, static_cast<char>(stream.size())) + stream);
}

std::string sample_entry(const Clip& clip) {
  const std::string size = u16(static_cast<std::uint64_t>(clip.width)) + u16(static_cast<std::uint64_t>(clip.height));
  return box("mp4v", std::string(6, '\0') + u16(1) + std::string(16, '\0') + size + u32(0x480000) + u32(0x480000) +
                         u32(0) + u16(1) + std::string(32, '\0') + u16(24) + u16(0xffff) + stream_descriptor());
}

std::string movie(const Clip& clip, const std::vector<std::string>& frames, std::uint32_t first_byte) {
  const auto count = frames.size();
  const std::uint64_t ticks = count * kTicksPerFrame;
  std::string sizes;
  for (const std::string& frame : frames) sizes += u32(frame.size());
  const std::string table = full_box("stsd", u32(1) + sample_entry(clip)) +
                            full_box("stts", u32(1) + u32(count) + u32(kTicksPerFrame)) +
                            full_box("stsc", u32(1) + u32(1) + u32(count) + u32(1)) +
                            full_box("stsz", u32(0) + u32(count) + sizes) + full_box("stco", u32(1) + u32(first_byte));
  const std::string media =
      full_box("mdhd", u32(0) + u32(0) + u32(kTicksPerSecond) + u32(ticks) + u16(0x55c4) + u16(0)) +
      full_box("hdlr", u32(0) + "vide" + std::string(12, '\0') + '\0') +
      box("minf", full_box("vmhd", std::string(8, '\0'), 1) +
                      box("dinf", full_box("dref", u32(1) + full_box("url ", "", 1))) + box("stbl", table));
  const std::string track = full_box("tkhd",
                                     u32(0) + u32(0) + u32(1) + u32(0) + u32(ticks) + std::string(16, '\0') + matrix() +
                                         u32(static_cast<std::uint64_t>(clip.width) << 16) +
                                         u32(static_cast<std::uint64_t>(clip.height) << 16),
                                     3) +
                            box("mdia", media);
  const std::string head =
      full_box("mvhd", u32(0) + u32(0) + u32(kTicksPerSecond) + u32(ticks) + u32(0x10000) + u16(0x100) +
                           std::string(10, '\0') + matrix() + std::string(24, '\0') + u32(2));
  return box("moov", head + box("trak", track));
}

}  // namespace

std::string mp4_of(const Clip& clip) {
  std::vector<std::string> frames;
  std::string all;
  for (int i = 0; i < clip.frame_count; ++i) {
    frames.push_back(
        jpeg_of({.width = clip.width, .height = clip.height, .seed = clip.seed + static_cast<std::uint64_t>(i)}));
    all += frames.back();
  }
  const std::string kind = box("ftyp", "isom" + u32(0x200) + "isommp41");
  const auto front = static_cast<std::uint32_t>(kind.size() + movie(clip, frames, 0).size() + 8);
  return kind + movie(clip, frames, front) + box("mdat", all);
}

}  // namespace atelier::doubles
