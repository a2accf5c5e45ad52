#include "media/worker/container/image_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "media/worker/container/limits.hpp"

namespace atelier::media::container {
namespace {

using Bytes8 = std::span<const std::uint8_t>;

std::uint64_t big_endian32(Bytes8 bytes, std::size_t at) {
  return std::uint64_t{bytes[at]} << 24 | std::uint64_t{bytes[at + 1]} << 16 | std::uint64_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}
std::uint64_t little_endian32(Bytes8 bytes, std::size_t at) {
  return std::uint64_t{bytes[at + 3]} << 24 | std::uint64_t{bytes[at + 2]} << 16 | std::uint64_t{bytes[at + 1]} << 8 |
         bytes[at];
}

// Chunk after chunk up to IEND (PNG specification, section 5).
bool is_whole_png(Bytes8 bytes) {
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const bool is_end = std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(at) + 4,
                                   bytes.begin() + static_cast<std::ptrdiff_t>(at) + 8, "IEND");
    if (is_end) return true;
    at += big_endian32(bytes, at) + 12;
  }
  return false;
}

struct JpegWalk {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::size_t scan_at = 0;  // where the first scan begins; 0: not there
};

// Segments up to the first scan (ITU T.81 annex B). A picture inside the EXIF has segments and an end of its own, which
// is why they are stepped over and not searched for.
JpegWalk walk_jpeg(Bytes8 bytes) {
  JpegWalk walk;
  for (std::size_t at = 2; at + 4 <= bytes.size();) {
    const unsigned marker = bytes[at + 1];
    if (bytes[at] != 0xff || marker == 0xda) {
      walk.scan_at = at;  // anything but a marker is for the decoder to complain about
      break;
    }
    const bool is_frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame && at + 9 <= bytes.size()) {
      walk.height = bytes[at + 5] << 8 | bytes[at + 6];
      walk.width = bytes[at + 7] << 8 | bytes[at + 8];
    }
    at += 2 + (std::size_t{bytes[at + 2]} << 8 | bytes[at + 3]);
  }
  return walk;
}

bool is_whole_jpeg(Bytes8 bytes) {
  const std::size_t scan = walk_jpeg(bytes).scan_at;
  constexpr std::string_view kEnd = "\xff\xd9";
  return scan != 0 && std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find(kEnd, scan) !=
                          std::string_view::npos;
}

bool is_whole(const MappedFile& file, std::string_view loader) {
  const Bytes8 bytes = file.bytes();
  if (loader == "pngload") return is_whole_png(bytes);
  if (loader == "jpegload") return is_whole_jpeg(bytes);
  if (loader == "webpload") return bytes.size() >= 12 && little_endian32(bytes, 4) + 8 <= bytes.size();
  return true;
}

// Blocks up to the trailer (GIF89a specification); stops counting just above the limit. libvips' own count leaves out
// what it takes for nonsense.
std::int64_t count_gif_frames(Bytes8 bytes) {
  const auto colours = [&](std::size_t at) {
    return (bytes[at] & 0x80) != 0 ? std::size_t{3} << ((bytes[at] & 7) + 1) : 0;
  };
  const auto skip_data = [&](std::size_t at) {
    while (at < bytes.size() && bytes[at] != 0) at += 1 + std::size_t{bytes[at]};
    return at + 1;
  };
  std::int64_t count = 0;
  std::size_t at = bytes.size() > 13 ? 13 + colours(10) : bytes.size();
  while (at + 10 < bytes.size() && count <= kImageFramesMax) {
    if (bytes[at] == 0x21) {
      at = skip_data(at + 2);
    } else if (bytes[at] == 0x2c) {
      ++count;
      at = skip_data(at + 11 + colours(at + 9));
    } else {
      break;
    }
  }
  return count;
}

Result<> check_size(const ImageHeader& header, const std::string& name) {
  const auto too_large = [&](const std::string& what) {
    return fail(ErrorCode::too_large, name + " " + what, {"media_too_large", ""});
  };
  if (header.width > kSideMax || header.height > kSideMax)
    return too_large(fmt::format("is {}x{}; a side may be {} pixels at most", header.width, header.height, kSideMax));
  if (header.width * header.height > kImagePixelsMax)
    return too_large(fmt::format("is {}x{}, {} megapixels; at most {} are read", header.width, header.height,
                                 header.width * header.height / 1'000'000, kImagePixelsMax / 1'000'000));
  if (header.frame_count > kImageFramesMax) return too_large(fmt::format("has more than {} frames", kImageFramesMax));
  return {};
}

}  // namespace

std::string take_vips_message() {
  std::string message = printable(trim(vips_error_buffer()));
  vips_error_clear();
  return message.empty() ? "no reason given" : message;
}

Result<ImagePtr> open_image(const MappedFile& file, const FileFormat& format, const std::string& name) {
  const std::string loader = std::string(format.reader) + "_buffer";
  VipsBlob* blob = vips_blob_new(nullptr, file.bytes().data(), file.bytes().size());
  VipsImage* image = nullptr;
  const int failed =
      vips_call(loader.c_str(), blob, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  vips_area_unref(VIPS_AREA(blob));
  if (failed != 0)
    return fail(ErrorCode::invalid_argument,
                name + " cannot be read as " + std::string(format.media_type) + ": " + take_vips_message(),
                {"media_unreadable", ""});
  return ImagePtr(image);
}

Result<ImageHeader> read_image_header(const MappedFile& file, const FileFormat& format, const std::string& name) {
  // libjpeg gives up on very large sides by itself, without saying what is wrong in our words.
  if (std::string_view(format.reader) == "jpegload") {
    const JpegWalk claim = walk_jpeg(file.bytes());
    if (auto checked = check_size({.width = claim.width, .height = claim.height, .frame_count = 1}, name); !checked)
      return error_of(checked);
  }
  if (std::string_view(format.reader) == "gifload") {
    const ImageHeader claim{.width = 1, .height = 1, .frame_count = count_gif_frames(file.bytes())};
    if (auto checked = check_size(claim, name); !checked) return error_of(checked);
  }
  auto image = open_image(file, format, name);
  if (!image) {
    // The loader's own words for a file that ends early differ; ours do not.
    if (!is_whole(file, format.reader))
      return fail(ErrorCode::invalid_argument, name + " is cut off", {"media_truncated", ""});
    return error_of(image);
  }
  ImageHeader header{.width = vips_image_get_width(image->get()),
                     .height = vips_image_get_page_height(image->get()),
                     .frame_count = vips_image_get_n_pages(image->get())};
  if (auto checked = check_size(header, name); !checked) return error_of(checked);
  if (!is_whole(file, format.reader))
    return fail(ErrorCode::invalid_argument, name + " is cut off", {"media_truncated", ""});
  if (vips_image_get_orientation_swap(image->get())) std::swap(header.width, header.height);
  return header;
}

}  // namespace atelier::media::container
