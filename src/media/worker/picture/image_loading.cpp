#include "media/worker/picture/image_loading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/decoded_image.hpp"

namespace atelier::media::picture {
namespace {

// Scaled and cropped to exactly this size, upright, three bands of 8-bit sRGB, in memory.
ImagePtr cropped_to(const Decoded& picture, Extent extent, VipsInteresting interest) {
  const ImagePtr whole = picture.open();
  if (!whole) return nullptr;
  VipsImage* raw = nullptr;
  if (vips_thumbnail_image(whole.get(), &raw, extent.width, "height", extent.height, "size", VIPS_SIZE_BOTH, "crop",
                           interest, nullptr) != 0)
    return nullptr;
  ImagePtr image = in_srgb(ImagePtr(raw));
  if (!image) return nullptr;
  if (vips_image_hasalpha(image.get())) {
    const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> dark(
        vips_array_double_newv(3, 18.0, 19.0, 24.0), [](VipsArrayDouble* array) { vips_area_unref(VIPS_AREA(array)); });
    VipsImage* flat = nullptr;
    if (vips_flatten(image.get(), &flat, "background", dark.get(), nullptr) != 0) return nullptr;
    image.reset(flat);
  }
  VipsImage* bytes = nullptr;
  if (vips_cast(image.get(), &bytes, VIPS_FORMAT_UCHAR, nullptr) != 0) return nullptr;
  image.reset(bytes);
  return ImagePtr(vips_image_copy_memory(image.get()));
}

// Takes off the very finest detail: sampled at changing sub-pixel positions it would shimmer, and it costs bits.
ImagePtr softened(ImagePtr image) {
  const std::unique_ptr<VipsImage, Unref> kernel(
      vips_image_new_matrixv(3, 3, 1.0, 6.0, 1.0, 6.0, 36.0, 6.0, 1.0, 6.0, 1.0));
  vips_image_set_double(kernel.get(), "scale", 64.0);
  VipsImage* out = nullptr;
  if (vips_conv(image.get(), &out, kernel.get(), "precision", VIPS_PRECISION_INTEGER, nullptr) != 0) return nullptr;
  return ImagePtr(out);
}

// A small copy blurred and enlarged, darker than the picture that will stand on it.
ImagePtr backdrop_of(const Decoded& picture, Extent extent) {
  constexpr std::int32_t kShrink = 16;
  const Extent small{std::max(extent.width / kShrink, 4), std::max(extent.height / kShrink, 4)};
  ImagePtr image = cropped_to(picture, small, VIPS_INTERESTING_CENTRE);
  if (!image) return nullptr;
  VipsImage* blurred = nullptr;
  if (vips_gaussblur(image.get(), &blurred, 3.2, "precision", VIPS_PRECISION_INTEGER, nullptr) != 0) return nullptr;
  image.reset(blurred);
  VipsImage* large = nullptr;
  const double scale_x = static_cast<double>(extent.width) / small.width;
  const double scale_y = static_cast<double>(extent.height) / small.height;
  if (vips_resize(image.get(), &large, scale_x, "vscale", scale_y, "kernel", VIPS_KERNEL_CUBIC, nullptr) != 0)
    return nullptr;
  image.reset(large);
  VipsImage* dark = nullptr;
  if (vips_linear1(image.get(), &dark, 0.42, 4.0, "uchar", TRUE, nullptr) != 0) return nullptr;
  image.reset(dark);
  // The enlargement may miss the size by a sample: stretch its edge.
  VipsImage* exact = nullptr;
  if (vips_embed(image.get(), &exact, 0, 0, extent.width, extent.height, "extend", VIPS_EXTEND_COPY, nullptr) != 0)
    return nullptr;
  return ImagePtr(exact);
}

// How a picture is laid into the extent.
struct Layout {
  bool is_inset;
  Extent inset;
  double scale;  // of the sharp picture
};

constexpr double kKeptMin = 0.5;    // of the picture, when cropped to fill
constexpr double kInsetKept = 0.8;  // of its length, when inset
constexpr double kEnlargementMax = 2.5;
constexpr double kInsetEnlargementMax = 4.0;

Layout lay_out(const ImageFacts& facts, Extent extent) {
  const double width = extent.width;
  const double height = extent.height;
  const double fill_scale = std::max(width / facts.width, height / facts.height);
  const double fit_scale = std::min(width / facts.width, height / facts.height);
  if (fit_scale / fill_scale >= kKeptMin && fill_scale <= kEnlargementMax) return {false, extent, fill_scale};
  // Sides may be cropped a little, so that the inset stands larger.
  const double scale = std::min({fit_scale / kInsetKept, fill_scale, kInsetEnlargementMax});
  const auto side = [scale](double of, double limit) {
    return std::clamp(static_cast<std::int32_t>(std::lround(of * scale)), 2, static_cast<std::int32_t>(limit));
  };
  return {true, {side(facts.width, width), side(facts.height, height)}, scale};
}

// Stands a little above the middle: captions come below.
ImagePtr inset_on_backdrop(const Decoded& picture, Extent extent, Extent inset) {
  ImagePtr backdrop = backdrop_of(picture, extent);
  ImagePtr sharp = cropped_to(picture, inset, VIPS_INTERESTING_ATTENTION);
  if (!backdrop || !sharp) return nullptr;
  const std::int32_t left = (extent.width - inset.width) / 2;
  const std::int32_t top = (extent.height - inset.height) * 42 / 100;
  VipsImage* out = nullptr;
  if (vips_insert(backdrop.get(), sharp.get(), &out, left, top, nullptr) != 0) return nullptr;
  return ImagePtr(out);
}

Result<RgbImage> samples_of(VipsImage* image, const ImageFormat& format) {
  std::size_t size_bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> memory(vips_image_write_to_memory(image, &size_bytes), g_free);
  if (!memory) return fail_vips(format);
  const auto* bytes = static_cast<const std::uint8_t*>(memory.get());
  return RgbImage{vips_image_get_width(image), vips_image_get_height(image), {bytes, bytes + size_bytes}};
}

}  // namespace

Result<RgbImage> load_cover(std::span<const std::uint8_t> file, Extent extent) {
  if (auto prepared = container::start_media_libraries(); !prepared) return error_of(prepared);
  vips_error_clear();
  const auto facts = examine(file);
  if (!facts) return error_of(facts);
  const Layout layout = lay_out(*facts, extent);
  const auto picture = Decoded::decode(file, *facts, 1 / layout.scale);
  if (!picture) return fail_vips(*facts->format);
  ImagePtr image = layout.is_inset ? inset_on_backdrop(*picture, extent, layout.inset)
                                   : cropped_to(*picture, extent, VIPS_INTERESTING_ATTENTION);
  if (image) image = softened(std::move(image));
  if (!image) return fail_vips(*facts->format);
  auto rgb = samples_of(image.get(), *facts->format);
  if (!rgb) return error_of(rgb);
  if (rgb->width != extent.width || rgb->height != extent.height ||
      rgb->samples.size() != static_cast<std::size_t>(extent.width) * static_cast<std::size_t>(extent.height) * 3)
    return fail(ErrorCode::internal, fmt::format("the image came out as {}x{}, not {}x{}", rgb->width, rgb->height,
                                                 extent.width, extent.height));
  return rgb;
}

Result<Jpeg> encode_jpeg(const RgbImage& image, std::int32_t width, int quality) {
  if (auto prepared = container::start_media_libraries(); !prepared) return error_of(prepared);
  vips_error_clear();
  ImagePtr current(vips_image_new_from_memory(image.samples.data(), image.samples.size(), image.width, image.height, 3,
                                              VIPS_FORMAT_UCHAR));
  const double scale = static_cast<double>(width) / image.width;
  VipsImage* scaled = nullptr;
  if (!current || vips_resize(current.get(), &scaled, scale, nullptr) != 0)
    return fail(ErrorCode::internal, fmt::format("cannot scale the frame: {}", take_vips_error()));
  current.reset(scaled);
  VipsImage* coloured = nullptr;
  if (vips_copy(current.get(), &coloured, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr) != 0)
    return fail(ErrorCode::internal, fmt::format("cannot tag the frame: {}", take_vips_error()));
  current.reset(coloured);
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  if (vips_jpegsave_buffer(current.get(), &bytes, &size_bytes, "Q", quality, "strip", TRUE, nullptr) != 0)
    return fail(ErrorCode::internal, fmt::format("cannot write the JPEG: {}", take_vips_error()));
  const std::unique_ptr<void, decltype(&g_free)> owned(bytes, g_free);
  const auto* begin = static_cast<const std::uint8_t*>(bytes);
  return Jpeg{vips_image_get_width(current.get()), vips_image_get_height(current.get()), {begin, begin + size_bytes}};
}

}  // namespace atelier::media::picture
