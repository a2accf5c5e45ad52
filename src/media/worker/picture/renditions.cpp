#include "media/worker/picture/renditions.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/decoded_image.hpp"
#include "media/worker/picture/jpeg_decoding.hpp"
#include "media/worker/picture/jpeg_encoding.hpp"
#include "media/worker/picture/resample.hpp"

namespace atelier::media::picture {
namespace {

// What is shown small is not looked at closely: at these a preview and its original are hard to tell apart.
constexpr int kJpegQuality = 80;
constexpr int kWebpQuality = 78;
constexpr int kWebpEffort = 3;  // of 6: more costs twice the time for a few hundredths of the bytes
constexpr int kAvifQuality = 52;
constexpr int kAvifEffort = 1;  // of 9

using OpenPicture = std::function<ImagePtr()>;  // to be read once, from its top down; null: libvips says why

// Colours without transparency, in memory as they are: the usual case.
bool is_plain(const VipsImage* image) noexcept {
  return (image->dtype == VIPS_IMAGE_SETBUF || image->dtype == VIPS_IMAGE_SETBUF_FOREIGN) && image->Bands == 3 &&
         image->BandFmt == VIPS_FORMAT_UCHAR && image->Type == VIPS_INTERPRETATION_sRGB;
}

std::unexpected<Error> fail_rendering() {
  return fail(ErrorCode::invalid_argument, "the image cannot be made smaller: " + take_vips_error());
}

struct Scaling {
  PicturePart part;
  Extent size;
};

Scaling scaling_for(Extent whole, const RenditionOrder& order) {
  const double across = static_cast<double>(order.width) / whole.width;
  const double down = static_cast<double>(order.height) / whole.height;
  if (order.fit == RenditionOrder::Fit::cover) {
    const double scale = std::max(across, down);
    const double width = order.width / scale, height = order.height / scale;
    return {{(whole.width - width) / 2, (whole.height - height) / 2, width, height}, {order.width, order.height}};
  }
  const double scale = std::min({across, down, 1.0});
  const auto side = [scale](std::int32_t of) {
    return std::max(static_cast<std::int32_t>(std::lround(of * scale)), 1);
  };
  return {{0, 0, static_cast<double>(whole.width), static_cast<double>(whole.height)},
          {side(whole.width), side(whole.height)}};
}

// Turned and brought to sRGB when it is small.
ImagePtr scaled_plain(VipsImage* whole, RenditionOrder order) {
  if (vips_image_get_orientation_swap(whole) != 0) std::swap(order.width, order.height);
  const Extent size{whole->Xsize, whole->Ysize};
  const Scaling scaling = scaling_for(size, order);
  const auto* pixels = static_cast<const std::uint8_t*>(vips_image_get_data(whole));
  if (pixels == nullptr) return nullptr;
  const std::size_t size_bytes = VIPS_IMAGE_SIZEOF_IMAGE(whole);
  const auto small = resample_rgb({pixels, size_bytes}, size, scaling.part, scaling.size);
  ImagePtr image(vips_image_new_from_memory_copy(small.data(), small.size(), scaling.size.width, scaling.size.height, 3,
                                                 VIPS_FORMAT_UCHAR));
  if (!image) return nullptr;
  image->Type = VIPS_INTERPRETATION_sRGB;
  const int orientation = vips_image_get_orientation(whole);
  const bool has_profile = copy_profile(whole, image.get());
  if (orientation <= 1 && !has_profile) return image;
  vips_image_set_int(image.get(), VIPS_META_ORIENTATION, orientation);
  VipsImage* upright = nullptr;
  if (vips_autorot(image.get(), &upright, nullptr) != 0) return nullptr;
  image = in_srgb(ImagePtr(upright));
  return image ? bare_copy(std::move(image)) : nullptr;
}

ImagePtr scaled(VipsImage* whole, const RenditionOrder& order) {
  if (is_plain(whole)) return scaled_plain(whole, order);
  const bool is_cover = order.fit == RenditionOrder::Fit::cover;
  VipsImage* small = nullptr;
  if (vips_thumbnail_image(whole, &small, order.width, "height", order.height, "size",
                           is_cover ? VIPS_SIZE_BOTH : VIPS_SIZE_DOWN, "crop",
                           is_cover ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE, nullptr) != 0)
    return nullptr;
  ImagePtr image = in_srgb(ImagePtr(small));
  return image ? bare_copy(std::move(image)) : nullptr;
}

ImagePtr on_white(ImagePtr image) {
  if (vips_image_hasalpha(image.get()) == 0) return image;
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> white(
      vips_array_double_newv(3, 255.0, 255.0, 255.0),
      [](VipsArrayDouble* array) { vips_area_unref(VIPS_AREA(array)); });
  VipsImage* flat = nullptr;
  return vips_flatten(image.get(), &flat, "background", white.get(), nullptr) == 0 ? ImagePtr(flat) : nullptr;
}

int save(VipsImage* image, Encoding encoding, void** bytes, std::size_t* size_bytes) {
  switch (encoding) {
    case Encoding::jpeg:
      return vips_jpegsave_buffer(image, bytes, size_bytes, "Q", kJpegQuality, "strip", TRUE, "optimize_coding", TRUE,
                                  "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_ON, nullptr);
    case Encoding::webp:
      return vips_webpsave_buffer(image, bytes, size_bytes, "Q", kWebpQuality, "effort", kWebpEffort, "strip", TRUE,
                                  nullptr);
    case Encoding::avif:
      return vips_heifsave_buffer(image, bytes, size_bytes, "Q", kAvifQuality, "compression",
                                  VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", kAvifEffort, "bitdepth", 8, "strip",
                                  TRUE, nullptr);
  }
  return -1;
}

Result<Rendition> encode_plain_jpeg(VipsImage* image) {
  const Extent size{image->Xsize, image->Ysize};
  const auto* pixels = static_cast<const std::uint8_t*>(vips_image_get_data(image));
  if (pixels == nullptr) return fail_rendering();
  auto bytes = encode_small_jpeg({pixels, VIPS_IMAGE_SIZEOF_IMAGE(image)}, size, kJpegQuality);
  if (!bytes) return error_of(bytes);
  return Rendition{size.width, size.height, std::move(*bytes)};
}

Result<Rendition> encode(ImagePtr image, Encoding encoding) {
  if (encoding == Encoding::jpeg) image = on_white(std::move(image));
  if (!image) return fail_rendering();
  if (encoding == Encoding::jpeg && is_plain(image.get())) return encode_plain_jpeg(image.get());
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  const int failed = save(image.get(), encoding, &bytes, &size_bytes);
  const std::unique_ptr<void, decltype(&g_free)> owned(bytes, g_free);
  if (failed != 0) return fail(ErrorCode::internal, "cannot write a smaller image: " + take_vips_error());
  const auto* begin = static_cast<const std::uint8_t*>(bytes);
  return Rendition{vips_image_get_width(image.get()), vips_image_get_height(image.get()), {begin, begin + size_bytes}};
}

// The largest first: those that fit inside are made of each other, since each step down is cheaper than the one before.
Result<std::vector<Rendition>> render(const OpenPicture& open, std::span<const RenditionOrder> orders) {
  std::vector<std::size_t> by_size(orders.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::ranges::sort(by_size, std::greater(), [&](std::size_t i) { return std::pair(orders[i].width, i); });
  std::vector<Rendition> made(orders.size());
  ImagePtr latest;  // of those that fit inside
  for (const std::size_t i : by_size) {
    const bool is_inside = orders[i].fit == RenditionOrder::Fit::inside;
    ImagePtr source = is_inside && latest ? nullptr : open();
    VipsImage* const whole = is_inside && latest ? latest.get() : source.get();
    ImagePtr image = whole != nullptr ? scaled(whole, orders[i]) : nullptr;
    if (!image) return fail_rendering();
    if (is_inside) {
      g_object_ref(image.get());
      latest.reset(image.get());
    }
    auto encoded = encode(std::move(image), orders[i].encoding);
    if (!encoded) return error_of(encoded);
    made[i] = std::move(*encoded);
  }
  return made;
}

// How many times smaller a picture of this size is wanted at least.
double least_shrink(const ImageFacts& facts, std::span<const RenditionOrder> orders) {
  double least = 64;
  for (const RenditionOrder& order : orders) {
    const double across = facts.width / order.width, down = facts.height / order.height;
    least = std::min(least, order.fit == RenditionOrder::Fit::cover ? std::min(across, down) : std::max(across, down));
  }
  return least;
}

// Width by height of all that is wanted, if it is only covers of one shape.
std::optional<double> shape_of_covers(std::span<const RenditionOrder> orders) {
  for (const RenditionOrder& order : orders)
    if (order.fit != RenditionOrder::Fit::cover || order.width * orders[0].height != order.height * orders[0].width)
      return std::nullopt;
  return static_cast<double>(orders[0].width) / orders[0].height;
}

ImagePtr decode_fast(std::span<const std::uint8_t> file, const ImageFacts& facts,
                     std::span<const RenditionOrder> orders) {
  JpegNeed need{.shrink = least_shrink(facts, orders), .aspect = shape_of_covers(orders)};
  if (need.aspect && vips_image_get_orientation_swap(facts.header.get()) != 0) need.aspect = 1 / *need.aspect;
  return decode_jpeg(file, facts.header.get(), need);
}

Result<std::vector<Rendition>> render_again(const ImagePtr& whole, std::span<const RenditionOrder> orders) {
  return render(
      [&] {
        g_object_ref(whole.get());
        return ImagePtr(whole.get());
      },
      orders);
}

}  // namespace

Result<std::vector<Rendition>> render_all(std::span<const std::uint8_t> file, std::span<const RenditionOrder> orders) {
  if (auto prepared = container::start_media_libraries(); !prepared) return error_of(prepared);
  vips_error_clear();
  const auto facts = examine(file);
  if (!facts) return error_of(facts);
  if (facts->format->loader == "jpegload")
    if (const ImagePtr whole = decode_fast(file, *facts, orders)) return render_again(whole, orders);
  const auto picture = Decoded::decode(file, *facts, least_shrink(*facts, orders));
  if (!picture) return fail_vips(*facts->format);
  return render([&] { return picture->open(); }, orders);
}

Result<std::vector<Rendition>> render_all(container::ImagePtr picture, std::span<const RenditionOrder> orders) {
  const ImagePtr whole(vips_image_copy_memory(picture.get()));
  if (!whole) return fail_rendering();
  return render_again(whole, orders);
}

}  // namespace atelier::media::picture
