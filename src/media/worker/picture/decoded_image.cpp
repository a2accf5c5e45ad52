#include "media/worker/picture/decoded_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "media/worker/picture/image_loading.hpp"

namespace atelier::media::picture {
namespace {

constexpr guint64 kInMemoryBytesMax = guint64{128} << 20;

using SourcePtr = std::unique_ptr<VipsSource, Unref>;
using namespace std::string_view_literals;
constexpr std::array kFormats = {
    ImageFormat{"JPEG", 0, "\xff\xd8\xff"sv, "jpegload"}, ImageFormat{"PNG", 0, "\x89PNG\r\n\x1a\n"sv, "pngload"},
    ImageFormat{"WebP", 8, "WEBP"sv, "webpload"},         ImageFormat{"GIF", 0, "GIF8"sv, "gifload"},
    ImageFormat{"TIFF", 0, "II*\0"sv, "tiffload"},        ImageFormat{"TIFF", 0, "MM\0*"sv, "tiffload"},
    ImageFormat{"HEIF", 4, "ftyphei"sv, "heifload"},      ImageFormat{"HEIF", 4, "ftypmif1"sv, "heifload"},
    ImageFormat{"AVIF", 4, "ftypavif"sv, "heifload"},
};

const ImageFormat* recognise(std::span<const std::uint8_t> file) {
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), std::min<std::size_t>(file.size(), 32));
  for (const ImageFormat& format : kFormats)
    if (bytes.size() >= format.offset && bytes.substr(format.offset).starts_with(format.magic)) return &format;
  return nullptr;
}

SourcePtr source_of(std::span<const std::uint8_t> file) {
  return SourcePtr(vips_source_new_from_memory(file.data(), file.size()));
}

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

}  // namespace

std::string take_vips_error() {
  const std::string_view all = vips_error_buffer();
  std::string first = printable(trim(all.substr(0, all.find('\n'))), 200);
  vips_error_clear();
  return first.empty() ? "no reason given" : first;
}

std::unexpected<Error> fail_vips(const ImageFormat& format, std::source_location source) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("the image is a broken or cut off {}: {}", format.name, take_vips_error()), source);
}

Result<ImageFacts> examine(std::span<const std::uint8_t> file) {
  const ImageFormat* format = recognise(file);
  if (format == nullptr)
    return fail(ErrorCode::invalid_argument, "the image is not in a format we read (JPEG, PNG, WebP, GIF, TIFF, HEIF)");
  const SourcePtr source = source_of(file);
  ImagePtr image(vips_image_new_from_source(source.get(), "", nullptr));
  if (!image) return fail_vips(*format);
  const char* loader = nullptr;
  if (vips_image_get_string(image.get(), VIPS_META_LOADER, &loader) != 0 ||
      !std::string_view(loader).starts_with(format->loader))
    return fail(ErrorCode::invalid_argument, fmt::format("the image is not the {} it begins as", format->name));
  if (auto checked = check_size(image.get()); !checked) return error_of(checked);
  ImageFacts facts{format, static_cast<double>(vips_image_get_width(image.get())),
                   static_cast<double>(vips_image_get_height(image.get())), nullptr};
  if (vips_image_get_orientation_swap(image.get()) != 0) std::swap(facts.width, facts.height);
  facts.header = std::move(image);
  return facts;
}

ImagePtr in_srgb(ImagePtr image) {
  VipsImage* out = nullptr;
  if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0) {
    if (vips_icc_transform(image.get(), &out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE, nullptr) == 0)
      return ImagePtr(out);
    vips_error_clear();
  }
  return vips_colourspace(image.get(), &out, VIPS_INTERPRETATION_sRGB, nullptr) == 0 ? ImagePtr(out) : nullptr;
}

bool copy_profile(VipsImage* from, VipsImage* to) {
  const void* profile = nullptr;
  std::size_t size_bytes = 0;
  if (vips_image_get_typeof(from, VIPS_META_ICC_NAME) == 0 ||
      vips_image_get_blob(from, VIPS_META_ICC_NAME, &profile, &size_bytes) != 0)
    return false;
  vips_image_set_blob_copy(to, VIPS_META_ICC_NAME, profile, size_bytes);
  return true;
}

ImagePtr bare_copy(ImagePtr image) {
  VipsImage* bytes = nullptr;
  if (vips_cast(image.get(), &bytes, VIPS_FORMAT_UCHAR, nullptr) != 0) return nullptr;
  image.reset(bytes);
  std::size_t size_bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> pixels(vips_image_write_to_memory(image.get(), &size_bytes), g_free);
  if (!pixels) return nullptr;
  ImagePtr bare(vips_image_new_from_memory_copy(pixels.get(), size_bytes, vips_image_get_width(image.get()),
                                                vips_image_get_height(image.get()), vips_image_get_bands(image.get()),
                                                VIPS_FORMAT_UCHAR));
  if (bare) bare->Type = VIPS_INTERPRETATION_sRGB;
  return bare;
}

std::optional<Decoded> Decoded::decode(std::span<const std::uint8_t> file, const ImageFacts& facts, double shrink) {
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

ImagePtr Decoded::open() const {
  if (!memory_) return open_file();
  g_object_ref(memory_.get());
  return ImagePtr(memory_.get());
}

ImagePtr Decoded::open_file() const {
  const SourcePtr source = source_of(file_);
  return ImagePtr(vips_image_new_from_source(source.get(), options_, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                             VIPS_FAIL_ON_TRUNCATED, nullptr));
}

}  // namespace atelier::media::picture
