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
  return std::uint64_t{bytes[at]} << 24 | std::uint64_t{bytes[at + 1]} << 16 | std::uint64_t{bytes[at + 2]} << 8 | bytes[at + 3];
}
std::uint64_t little_endian32(Bytes8 bytes, std::size_t at) {
  return std::uint64_t{bytes[at + 3]} << 24 | std::uint64_t{bytes[at + 2]} << 16 | std::uint64_t{bytes[at + 1]} << 8 | bytes[at];
}

// Chunk after chunk up to IEND (PNG specification, section 5).
bool is_whole_png(Bytes8 bytes) {
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const bool is_end = std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(at) + 4, bytes.begin() + static_cast<std::ptrdiff_t>(at) + 8, "IEND");
    if (is_end) return true;
    at += big_endian32(bytes, at) + 12;
  }
  return false;
}

// Segments up to the first scan, then somewhere the end marker (ITU T.81 annex B). A picture inside the EXIF has an end
// marker of its own, which is why the segments are stepped over.
bool is_whole_jpeg(Bytes8 bytes) {
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (bytes[at] != 0xff) return true;  // not as it should be, but that is for the decoder to tell
    if (bytes[at + 1] == 0xda) break;
    at += 2 + (std::size_t{bytes[at + 2]} << 8 | bytes[at + 3]);
  }
  if (at + 4 > bytes.size()) return false;
  constexpr std::string_view kEnd = "\xff\xd9";
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find(kEnd, at) != std::string_view::npos;
}

bool is_whole(const MappedFile& file, std::string_view loader) {
  const Bytes8 bytes = file.bytes();
  if (loader == "pngload") return is_whole_png(bytes);
  if (loader == "jpegload") return is_whole_jpeg(bytes);
  if (loader == "webpload") return bytes.size() >= 12 && little_endian32(bytes, 4) + 8 <= bytes.size();
  return true;
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
  if (header.frame_count > kImageFramesMax)
    return too_large(fmt::format("has {} frames; at most {} are read", header.frame_count, kImageFramesMax));
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
  const int failed = vips_call(loader.c_str(), blob, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  vips_area_unref(VIPS_AREA(blob));
  if (failed != 0)
    return fail(ErrorCode::invalid_argument, name + " cannot be read as " + std::string(format.media_type) + ": " + take_vips_message(),
                {"media_unreadable", ""});
  return ImagePtr(image);
}

Result<ImageHeader> read_image_header(const MappedFile& file, const FileFormat& format, const std::string& name) {
  auto image = open_image(file, format, name);
  if (!image) {
    // The loader's own words for a file that ends early differ; ours do not.
    if (!is_whole(file, format.reader)) return fail(ErrorCode::invalid_argument, name + " is cut off", {"media_truncated", ""});
    return error_of(image);
  }
  ImageHeader header{.width = vips_image_get_width(image->get()), .height = vips_image_get_page_height(image->get()),
                     .frame_count = vips_image_get_n_pages(image->get())};
  if (auto checked = check_size(header, name); !checked) return error_of(checked);
  if (!is_whole(file, format.reader)) return fail(ErrorCode::invalid_argument, name + " is cut off", {"media_truncated", ""});
  if (vips_image_get_orientation_swap(image->get())) std::swap(header.width, header.height);
  return header;
}

}  // namespace atelier::media::container
