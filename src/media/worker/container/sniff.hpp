#pragma once

#include <cstdint>
#include <string_view>

namespace atelier::media::container {

enum class Family : std::uint8_t {
  image,     // libvips reads it
  stream,    // one FFmpeg demuxer reads it
  document,  // document/ reads it
  refused,   // known, or guessed, but not read here
};

struct FileFormat {
  Family family = Family::refused;
  // Of an image the libvips loader ("jpegload"), of a stream the FFmpeg demuxer ("mov").
  const char* reader = nullptr;
  std::string_view media_type;        // of a picture, or of a file with video
  std::string_view media_type_audio;  // of the same container without video
  // Of a document or a refused file: what it is, to follow "is ".
  std::string_view is_what;
};

// By its first bytes alone (the first 4 KiB are enough); a name is never believed.
FileFormat sniff(std::string_view head) noexcept;

}  // namespace atelier::media::container
