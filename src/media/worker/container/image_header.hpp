#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <vips/vips.h>

#include "base/error.hpp"
#include "media/worker/container/mapped_file.hpp"
#include "media/worker/container/sniff.hpp"

namespace atelier::media::container {

struct ImageDeleter {
  void operator()(VipsImage* image) const noexcept { g_object_unref(image); }
};
using ImagePtr = std::unique_ptr<VipsImage, ImageDeleter>;

struct ImageHeader {
  // As shown, that is after the turn its EXIF asks for.
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t frame_count = 1;
};

// Opens a picture with exactly the loader its bytes ask for. No pixel is decoded before one is asked for, and none is
// held beyond `file`, which must outlive the image. `name` is what messages call the file.
Result<ImagePtr> open_image(const MappedFile& file, const FileFormat& format, const std::string& name);

// Checked against limits.hpp, and for being all there as far as that shows without decoding.
Result<ImageHeader> read_image_header(const MappedFile& file, const FileFormat& format, const std::string& name);

// libvips' last complaint, emptied.
std::string take_vips_message();

}  // namespace atelier::media::container
