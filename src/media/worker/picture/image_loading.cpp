#include "media/worker/picture/image_loading.hpp"

#include <fmt/format.h>
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "media/worker/container/libraries.hpp"

namespace atelier::media::picture {
namespace {

struct Unref {
  template <class Object>
  void operator()(Object* object) const noexcept {
    g_object_unref(object);
  }
};
using ImagePtr = std::unique_ptr<VipsImage, Unref>;
using SourcePtr = std::unique_ptr<VipsSource, Unref>;

// What a picture may be told by: its first bytes. The loaders' names as libvips gives them.
struct Format {
  std::string_view name;
  std::size_t offset;
  std::string_view magic;
  std::string_view loader;
};
using namespace std::string_view_literals;
constexpr std::array kFormats = {
    Format{"JPEG", 0, "\xff\xd8\xff"sv, "jpegload"}, Format{"PNG", 0, "\x89PNG\r\n\x1a\n"sv, "pngload"},
    Format{"WebP", 8, "WEBP"sv, "webpload"},         Format{"GIF", 0, "GIF8"sv, "gifload"},
    Format{"TIFF", 0, "II*\0"sv, "tiffload"},        Format{"TIFF", 0, "MM\0*"sv, "tiffload"},
    Format{"HEIF", 4, "ftyphei"sv, "heifload"},      Format{"HEIF", 4, "ftypmif1"sv, "heifload"},
    Format{"AVIF", 4, "ftypavif"sv, "heifload"},
};

const Format* recognise(std::span<const std::uint8_t> file) {
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), std::min<std::size_t>(file.size(), 32));
  for (const Format& format : kFormats)
    if (bytes.size() >= format.offset && bytes.substr(format.offset).starts_with(format.magic)) return &format;
  return nullptr;
}

// libvips keeps its messages until they are taken, a line each; the first says most.
std::string take_vips_error() {
  const std::string_view all = vips_error_buffer();
  std::string first = printable(trim(all.substr(0, all.find('\n'))), 200);
  vips_error_clear();
  return first.empty() ? "no reason given" : first;
}

std::unexpected<Error> fail_vips(const Format& format, std::source_location source = std::source_location::current()) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("the image is a broken or cut off {}: {}", format.name, take_vips_error()), source);
}

SourcePtr source_of(std::span<const std::uint8_t> file) {
  return SourcePtr(vips_source_new_from_memory(file.data(), file.size()));
}

struct Facts {
  const Format* format;
  // As seen: after the turn its EXIF asks for.
  double width;
  double height;
};

Result<> check_size(VipsImage* image) {
  const std::int64_t width = vips_image_get_width(image);
  const std::int64_t height = vips_image_get_height(image);
  if (width > kImageSideMax || height > kImageSideMax || width * height > kImagePixelsMax)
    return fail(ErrorCode::too_large,
                fmt::format("the image is {}x{}; at most {} megapixels and {} pixels a side are allowed", width, height,
                            kImagePixelsMax / 1'000'000, kImageSideMax));
  // These cannot be decoded row by row: all of it stands in memory.
  int is_interlaced = 0;
  if (vips_image_get_typeof(image, "interlaced") != 0) (void)vips_image_get_int(image, "interlaced", &is_interlaced);
  if (is_interlaced != 0 && width * height > kImagePixelsMax / 2)
    return fail(ErrorCode::too_large,
                fmt::format("the image is {}x{} and interlaced; at most {} megapixels are allowed then", width, height,
                            kImagePixelsMax / 2'000'000));
  return {};
}

Result<Facts> examine(std::span<const std::uint8_t> file) {
  const Format* format = recognise(file);
  if (format == nullptr)
    return fail(ErrorCode::invalid_argument, "the image is not in a format we read (JPEG, PNG, WebP, GIF, TIFF, HEIF)");
  const SourcePtr source = source_of(file);
  const ImagePtr image(vips_image_new_from_source(source.get(), "", nullptr));
  if (!image) return fail_vips(*format);
  const char* loader = nullptr;
  if (vips_image_get_string(image.get(), VIPS_META_LOADER, &loader) != 0 ||
      !std::string_view(loader).starts_with(format->loader))
    return fail(ErrorCode::invalid_argument, fmt::format("the image is not the {} it begins as", format->name));
  if (auto checked = check_size(image.get()); !checked) return error_of(checked);
  Facts facts{format, static_cast<double>(vips_image_get_width(image.get())),
              static_cast<double>(vips_image_get_height(image.get()))};
  if (vips_image_get_orientation_swap(image.get()) != 0) std::swap(facts.width, facts.height);
  return facts;
}

// By the picture's own profile where it has a sound one. The profiles it is turned with are libvips's built-in ones.
ImagePtr in_srgb(ImagePtr image) {
  VipsImage* out = nullptr;
  if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0) {
    if (vips_icc_transform(image.get(), &out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE, nullptr) == 0)
      return ImagePtr(out);
    vips_error_clear();
  }
  return vips_colourspace(image.get(), &out, VIPS_INTERPRETATION_sRGB, nullptr) == 0 ? ImagePtr(out) : nullptr;
}

// A picture as it may be read over and over.
// libvips's resizers read a sequential source through a cache that turns a decoder's error into black rows, so a
// cut-off file would pass: everything is decoded once without them, strictly, into memory where it is small enough for
// that.
class Decoded {
 public:
  // `shrink` is how much smaller, at least, the picture will be shown: a JPEG is then decoded at a fraction of its
  // size.
  static std::optional<Decoded> decode(std::span<const std::uint8_t> file, const Facts& facts, double shrink) {
    Decoded decoded(file);
    // Half of the way is left to the resizer, which does it better.
    if (facts.format->loader == "jpegload")
      decoded.options_ = shrink >= 16 ? "[shrink=8]" : shrink >= 8 ? "[shrink=4]" : shrink >= 4 ? "[shrink=2]" : "";
    ImagePtr strict = decoded.open_file();
    if (!strict) return std::nullopt;
    if (VIPS_IMAGE_SIZEOF_IMAGE(strict.get()) <= kInMemoryBytesMax) {
      decoded.memory_.reset(vips_image_copy_memory(strict.get()));
      if (!decoded.memory_) return std::nullopt;
      return decoded;
    }
    double mean = 0;
    if (vips_avg(strict.get(), &mean, nullptr) != 0) return std::nullopt;
    return decoded;
  }

  ImagePtr open() const {
    if (!memory_) return open_file();
    g_object_ref(memory_.get());
    return ImagePtr(memory_.get());
  }

 private:
  static constexpr guint64 kInMemoryBytesMax = guint64{128} << 20;

  explicit Decoded(std::span<const std::uint8_t> file) : file_(file) {}
  ImagePtr open_file() const {
    const SourcePtr source = source_of(file_);
    return ImagePtr(vips_image_new_from_source(source.get(), options_, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                               VIPS_FAIL_ON_TRUNCATED, nullptr));
  }

  std::span<const std::uint8_t> file_;
  const char* options_ = "";
  ImagePtr memory_;
};

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

Layout lay_out(const Facts& facts, Extent extent) {
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

Result<RgbImage> samples_of(VipsImage* image, const Format& format) {
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
