#include "media/worker/caption/canvas.hpp"

#include <algorithm>
#include <cmath>

namespace atelier::media::caption {
namespace {

// Exact value / 255, rounded, for value <= 255 * 255.
constexpr unsigned div255(unsigned value) { return (value + 128 + ((value + 128) >> 8)) >> 8; }

struct Samples {
  double luma, cb, cr;
};
// BT.709, limited range; red, green and blue from 0 to 1.
Samples to_bt709(double red, double green, double blue) {
  const double y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return {16 + 219 * y, 128 + 224 * (blue - y) / 1.8556, 128 + 224 * (red - y) / 1.5748};
}
std::uint8_t to_byte(double value) { return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L)); }

void over_row(std::uint8_t* __restrict plane, const std::uint8_t* __restrict coverage, int count, unsigned sample) {
  for (int i = 0; i < count; ++i) {
    const unsigned alpha = coverage[i];
    plane[i] = static_cast<std::uint8_t>(div255(plane[i] * (255 - alpha)) + div255(sample * alpha));
  }
}

// A plane of the canvas: `stride` samples a row, `crop` of which are wanted (from the plane's own origin).
struct Plane {
  const std::vector<std::uint8_t>& samples;
  std::size_t stride;
  PixelRect crop;
  const std::uint8_t* row(int y) const {
    return samples.data() + static_cast<std::size_t>(crop.y + y) * stride + static_cast<std::size_t>(crop.x);
  }
};

void copy(const Plane& plane, std::vector<std::uint8_t>& target) {
  const auto width = static_cast<std::size_t>(plane.crop.width);
  target.resize(width * static_cast<std::size_t>(plane.crop.height));
  for (int y = 0; y < plane.crop.height; ++y)
    std::copy_n(plane.row(y), width, target.data() + static_cast<std::size_t>(y) * width);
}

void halve(const Plane& plane, std::vector<std::uint8_t>& half) {
  const auto width = static_cast<std::size_t>(plane.crop.width / 2);
  half.resize(width * static_cast<std::size_t>(plane.crop.height / 2));
  std::uint8_t* __restrict out = half.data();
  for (int y = 0; y < plane.crop.height; y += 2) {
    const std::uint8_t* __restrict upper = plane.row(y);
    const std::uint8_t* __restrict lower = plane.row(y + 1);
    for (std::size_t x = 0; x < width; ++x)
      out[x] = static_cast<std::uint8_t>((upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) >> 2);
    out += width;
  }
}

void scale_plane(const std::vector<std::uint8_t>& source, unsigned factor, std::vector<std::uint8_t>& target) {
  target.resize(source.size());
  const std::uint8_t* __restrict in = source.data();
  std::uint8_t* __restrict out = target.data();
  for (std::size_t i = 0; i < source.size(); ++i) out[i] = static_cast<std::uint8_t>(div255(in[i] * factor));
}

}  // namespace

PixelRect unite(PixelRect left, PixelRect right) noexcept {
  if (left.is_empty()) return right;
  if (right.is_empty()) return left;
  const int x = std::min(left.x, right.x), y = std::min(left.y, right.y);
  return {x, y, std::max(left.x + left.width, right.x + right.width) - x,
          std::max(left.y + left.height, right.y + right.height) - y};
}
PixelRect intersect(PixelRect left, PixelRect right) noexcept {
  const int x = std::max(left.x, right.x), y = std::max(left.y, right.y);
  return {x, y, std::min(left.x + left.width, right.x + right.width) - x,
          std::min(left.y + left.height, right.y + right.height) - y};
}
PixelRect widen_to_even(PixelRect rect) noexcept {
  const int x = rect.x & ~1, y = rect.y & ~1;
  return {x, y, (rect.x + rect.width - x + 1) & ~1, (rect.y + rect.height - y + 1) & ~1};
}

Canvas::Canvas(PixelRect area) : area_(area) {
  const std::size_t size =
      area.is_empty() ? 0 : static_cast<std::size_t>(area.width) * static_cast<std::size_t>(area.height);
  luma_.resize(size);
  cb_.resize(size);
  cr_.resize(size);
  alpha_.resize(size);
}

void Canvas::paint_row(int y, int x, int count, const std::uint8_t* coverage, const std::uint8_t (&samples)[3]) {
  const std::size_t at = static_cast<std::size_t>(y - area_.y) * static_cast<std::size_t>(area_.width) +
                         static_cast<std::size_t>(x - area_.x);
  over_row(&luma_[at], coverage, count, samples[0]);
  over_row(&cb_[at], coverage, count, samples[1]);
  over_row(&cr_[at], coverage, count, samples[2]);
  over_row(&alpha_[at], coverage, count, 255);
}

void Canvas::paint(std::span<const Coverage> shapes, Rgb colour, double opacity) {
  const Samples wanted = to_bt709(colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0);
  const std::uint8_t samples[3] = {to_byte(wanted.luma), to_byte(wanted.cb), to_byte(wanted.cr)};
  const auto factor = static_cast<unsigned>(std::lround(opacity * 255));
  PixelRect around;
  for (const Coverage& shape : shapes) around = unite(around, intersect(shape.place, area_));
  if (around.is_empty()) return;
  if (factor == 255) {
    for (const Coverage& shape : shapes) {
      const PixelRect part = intersect(shape.place, area_);
      for (int y = part.y; y < part.y + part.height && part.width > 0; ++y)
        paint_row(y, part.x, part.width, shape.bytes + (y - shape.place.y) * shape.stride + (part.x - shape.place.x),
                  samples);
    }
    return;
  }
  const auto width = static_cast<std::size_t>(around.width);
  mask_.assign(width * static_cast<std::size_t>(around.height), 0);
  for (const Coverage& shape : shapes) {
    const PixelRect part = intersect(shape.place, area_);
    for (int y = part.y; y < part.y + part.height && part.width > 0; ++y)
      over_row(&mask_[static_cast<std::size_t>(y - around.y) * width + static_cast<std::size_t>(part.x - around.x)],
               shape.bytes + (y - shape.place.y) * shape.stride + (part.x - shape.place.x), part.width, 255);
  }
  for (std::uint8_t& value : mask_) value = static_cast<std::uint8_t>(div255(value * factor));
  for (int y = around.y; y < around.y + around.height; ++y)
    paint_row(y, around.x, around.width, &mask_[static_cast<std::size_t>(y - around.y) * width], samples);
}

void Canvas::paint(const Picture& picture, int x, int y, double opacity) {
  const PixelRect part = intersect({x, y, picture.width, picture.height}, area_);
  for (int row = part.y; row < part.y + part.height && part.width > 0; ++row) {
    for (int column = part.x; column < part.x + part.width; ++column) {
      const std::size_t from = 4 * (static_cast<std::size_t>(row - y) * static_cast<std::size_t>(picture.width) +
                                    static_cast<std::size_t>(column - x));
      const std::uint8_t* pixel = &picture.bgra[from];
      const double alpha = pixel[3] / 255.0 * opacity;
      if (alpha <= 0) continue;
      const double unmultiplied = 1.0 / pixel[3];
      const Samples wanted = to_bt709(std::min(1.0, pixel[2] * unmultiplied), std::min(1.0, pixel[1] * unmultiplied),
                                      std::min(1.0, pixel[0] * unmultiplied));
      const std::uint8_t coverage = to_byte(alpha * 255);
      paint_row(row, column, 1, &coverage, {to_byte(wanted.luma), to_byte(wanted.cb), to_byte(wanted.cr)});
    }
  }
}

PixelRect Canvas::painted() const {
  const auto width = static_cast<std::size_t>(std::max(0, area_.width));
  PixelRect found;
  for (int y = 0; y < area_.height; ++y) {
    const auto row = alpha_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(y) * width);
    const auto end = row + static_cast<std::ptrdiff_t>(width);
    const auto first = std::find_if(row, end, [](std::uint8_t alpha) { return alpha != 0; });
    if (first == end) continue;
    auto last = end;
    while (*(last - 1) == 0) --last;
    found = unite(found, {static_cast<int>(first - row), y, static_cast<int>(last - first), 1});
  }
  return widen_to_even(found);
}

void Canvas::finish(Overlay& overlay) const {
  const PixelRect crop = painted();
  const auto stride = static_cast<std::size_t>(std::max(0, area_.width));
  overlay.x = area_.x + crop.x;
  overlay.y = area_.y + crop.y;
  overlay.width = crop.width;
  overlay.height = crop.height;
  copy({luma_, stride, crop}, overlay.luma);
  copy({alpha_, stride, crop}, overlay.alpha);
  halve({cb_, stride, crop}, overlay.cb);
  halve({cr_, stride, crop}, overlay.cr);
  halve({alpha_, stride, crop}, overlay.alpha_chroma);
}

void fade(const Overlay& source, int rows_down, int opacity, Overlay& target) {
  target.x = source.x;
  target.y = source.y + rows_down;
  target.width = source.width;
  target.height = source.height;
  const auto factor = static_cast<unsigned>(std::clamp(opacity, 0, 255));
  scale_plane(source.luma, factor, target.luma);
  scale_plane(source.alpha, factor, target.alpha);
  scale_plane(source.cb, factor, target.cb);
  scale_plane(source.cr, factor, target.cr);
  scale_plane(source.alpha_chroma, factor, target.alpha_chroma);
}

}  // namespace atelier::media::caption
