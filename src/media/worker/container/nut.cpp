#include "media/worker/container/nut.hpp"

#include <cstdint>
#include <span>

#include "media/worker/container/mapped_file.hpp"

namespace atelier::media::container {
namespace {

std::uint64_t big_endian64(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | bytes[at + i];
  return value;
}

// The index ends with its own length, counted from its start code, and a checksum of four bytes (NUT specification,
// "index").
bool ends_with_index(std::span<const std::uint8_t> file) {
  constexpr std::uint64_t kIndexStart = 0x4E58DD672F23E64E;
  constexpr std::size_t kTail = 12;
  if (file.size() < kTail + 8) return false;
  const std::uint64_t length = big_endian64(file, file.size() - kTail);
  return length >= kTail && length <= file.size() &&
         big_endian64(file, file.size() - static_cast<std::size_t>(length)) == kIndexStart;
}

}  // namespace

Result<Demuxer> open_nut(int fd, const std::string& name) {
  if (fd < 0) return fail(ErrorCode::invalid_argument, "no input called \"" + name + "\" was given");
  const auto file = MappedFile::open(fd);
  if (!file) return error_of(file);
  if (!ends_with_index(file->bytes()))
    return fail(ErrorCode::invalid_argument, name + " is cut off, or was not made here", {"media_truncated", name});
  auto demuxer = open_demuxer(fd, "nut", name);
  if (demuxer && demuxer->format->nb_streams != 1)
    return fail(ErrorCode::invalid_argument, name + " must hold one stream", {"media_unreadable", name});
  return demuxer;
}

}  // namespace atelier::media::container
