#include "media/worker/picture/still_file.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <vector>

#include "media/worker/picture/colour.hpp"

namespace atelier::media::picture {
namespace {

static_assert(std::endian::native == std::endian::little, "the header is written as it lies in memory");

constexpr std::array<char, 8> kMagic = {'A', 'T', 'S', 'T', 'I', 'L', 'L', '\n'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kTailBytes = 64;
constexpr std::size_t kFileBytesMax = std::size_t{128} << 20;

struct Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t width;
  std::uint32_t height;
  std::uint32_t frame_width;
  std::uint32_t frame_height;
  std::array<std::uint32_t, 3> stride;
  std::array<std::uint32_t, 3> offset;
  std::uint32_t size_bytes;
  std::array<std::uint8_t, 8> reserved;
};
static_assert(sizeof(Header) == 64);

std::uint32_t unsigned_of(std::int32_t value) { return static_cast<std::uint32_t>(value); }

// The one layout there is: the header of a file for this frame. Reading compares with it, whole.
Header layout_for(Extent frame) {
  const Extent still = still_extent(frame.width, frame.height);
  Header header{};
  header.magic = kMagic;
  header.version = kVersion;
  header.width = unsigned_of(still.width);
  header.height = unsigned_of(still.height);
  header.frame_width = unsigned_of(frame.width);
  header.frame_height = unsigned_of(frame.height);
  std::uint32_t at = sizeof(Header);
  for (std::size_t index = 0; index < 3; ++index) {
    const std::int32_t divisor = index == 0 ? 1 : 2;
    header.stride[index] = unsigned_of(aligned_stride(still.width / divisor));
    header.offset[index] = at;
    at += header.stride[index] * unsigned_of(still.height / divisor);
  }
  header.size_bytes = at + kTailBytes;
  return header;
}

template <class Byte, class PlaneType>
std::array<PlaneType, 3> planes_of(const Header& header, Byte* bytes) {
  std::array<PlaneType, 3> planes;
  for (std::size_t index = 0; index < 3; ++index) {
    const std::uint32_t divisor = index == 0 ? 1 : 2;
    planes[index] = {bytes + header.offset[index], static_cast<std::ptrdiff_t>(header.stride[index]),
                     static_cast<std::int32_t>(header.width / divisor),
                     static_cast<std::int32_t>(header.height / divisor)};
  }
  return planes;
}

}  // namespace

Result<StillFile> StillFile::open(int fd, Extent frame) {
  auto mapping = FileMapping::open(fd, "background", kFileBytesMax);
  if (!mapping) return error_of(mapping);
  const auto bytes = mapping->bytes();
  Header header;
  if (bytes.size() < sizeof header)
    return fail(ErrorCode::invalid_argument, "the background is no prepared still: it is too short for a header");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic) return fail(ErrorCode::invalid_argument, "the background is no prepared still");
  if (header.version != kVersion)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the background is a still of version {}, not {}", header.version, kVersion));
  if (header.frame_width != unsigned_of(frame.width) || header.frame_height != unsigned_of(frame.height))
    return fail(ErrorCode::invalid_argument,
                fmt::format("the background was prepared for {}x{}, not for {}x{}", header.frame_width,
                            header.frame_height, frame.width, frame.height));
  const Header expected = layout_for(frame);
  if (std::memcmp(&header, &expected, sizeof header) != 0 || bytes.size() != expected.size_bytes)
    return fail(ErrorCode::invalid_argument, fmt::format("the background is a damaged still: {} bytes, {} expected",
                                                         bytes.size(), expected.size_bytes));
  const auto planes = planes_of<const std::uint8_t, ConstPlane>(header, bytes.data());
  return StillFile(std::move(*mapping), still_extent(frame.width, frame.height), planes);
}

Result<> write_still(int fd, std::span<const std::uint8_t> rgb, Extent frame) {
  const Header header = layout_for(frame);
  const Extent still = still_extent(frame.width, frame.height);
  ensure(rgb.size() == static_cast<std::size_t>(still.width) * static_cast<std::size_t>(still.height) * 3,
         "a still is given in its own size");
  std::vector<std::uint8_t> file(header.size_bytes);
  std::memcpy(file.data(), &header, sizeof header);
  const auto planes = planes_of<std::uint8_t, Plane>(header, file.data());
  rgb_to_yuv420(rgb.data(), still.width, still.height, {planes[0], planes[1], planes[2]});
  return write_whole(fd, file);
}

}  // namespace atelier::media::picture
