#include "media/worker/picture/shrunk_image.hpp"

#include <algorithm>
#include <string>

#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/decoded_image.hpp"

namespace atelier::media::picture {
namespace {

constexpr int kQuality = 85;
// A PNG of a photograph with soft edges comes to many times a WebP.
constexpr std::size_t kPngBytesMax = std::size_t{2} << 20;

struct Free {
  void operator()(void* bytes) const noexcept { g_free(bytes); }
};
struct Written {
  std::unique_ptr<void, Free> bytes;
  std::size_t size = 0;
};

// At most `side_max` a side, upright, 8-bit sRGB, in memory. Null: libvips says why.
ImagePtr fitted(const Decoded& picture, std::int32_t side_max) {
  const ImagePtr whole = picture.open();
  if (!whole) return nullptr;
  VipsImage* raw = nullptr;
  if (vips_thumbnail_image(whole.get(), &raw, side_max, "height", side_max, "size", VIPS_SIZE_DOWN, nullptr) != 0)
    return nullptr;
  ImagePtr image = in_srgb(ImagePtr(raw));
  return image ? bare_copy(std::move(image)) : nullptr;
}

// Whether any of it can be seen through: many files have an alpha channel that says nothing.
Result<bool> is_transparent(VipsImage* image, const ImageFormat& format) {
  if (vips_image_hasalpha(image) == 0) return false;
  VipsImage* raw = nullptr;
  if (vips_extract_band(image, &raw, vips_image_get_bands(image) - 1, nullptr) != 0) return fail_vips(format);
  const ImagePtr alpha(raw);
  double least = 255;
  if (vips_min(alpha.get(), &least, nullptr) != 0) return fail_vips(format);
  return least < 255;
}

Written write(VipsImage* image, std::string_view media_type, bool is_drawing) {
  void* bytes = nullptr;
  Written written;
  int failed = 0;
  if (media_type == "image/png") {
    failed = vips_pngsave_buffer(image, &bytes, &written.size, "compression", 6, "strip", TRUE, nullptr);
  } else if (media_type == "image/webp") {
    failed = vips_webpsave_buffer(image, &bytes, &written.size, "Q", kQuality, "strip", TRUE, nullptr);
  } else {
    // Coloured letters and lines blur where colours are kept at half the size.
    const VipsForeignSubsample colours = is_drawing ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON;
    failed = vips_jpegsave_buffer(image, &bytes, &written.size, "Q", kQuality, "strip", TRUE, "subsample_mode", colours,
                                  "optimize_coding", TRUE, nullptr);
  }
  if (failed == 0) written.bytes.reset(bytes);
  return written;
}

}  // namespace

Result<ShrunkImage> shrink_image(std::span<const std::uint8_t> file, std::int32_t side_max) {
  if (auto prepared = container::start_media_libraries(); !prepared) return error_of(prepared);
  vips_error_clear();
  const auto facts = examine(file);
  if (!facts) return error_of(facts);
  const auto picture = Decoded::decode(file, *facts, std::max(facts->width, facts->height) / side_max);
  if (!picture) return fail_vips(*facts->format);
  ImagePtr image = fitted(*picture, side_max);
  if (!image) return fail_vips(*facts->format);
  const auto transparent = is_transparent(image.get(), *facts->format);
  if (!transparent) return error_of(transparent);
  if (!*transparent && vips_image_hasalpha(image.get()) != 0) {
    VipsImage* flat = nullptr;
    if (vips_flatten(image.get(), &flat, nullptr) != 0) return fail_vips(*facts->format);
    image.reset(flat);
  }
  ShrunkImage shrunk{vips_image_get_width(image.get()),
                     vips_image_get_height(image.get()),
                     *transparent ? "image/png" : "image/jpeg",
                     {}};
  const bool is_drawing = facts->format->loader == "pngload" || facts->format->loader == "gifload";
  Written written = write(image.get(), shrunk.media_type, is_drawing);
  if (written.bytes && *transparent && written.size > kPngBytesMax) {
    shrunk.media_type = "image/webp";
    written = write(image.get(), shrunk.media_type, is_drawing);
  }
  if (!written.bytes) return fail(ErrorCode::internal, "cannot write the shrunk image: " + take_vips_error());
  const auto* begin = static_cast<const std::uint8_t*>(written.bytes.get());
  shrunk.bytes.assign(begin, begin + written.size);
  return shrunk;
}

}  // namespace atelier::media::picture
