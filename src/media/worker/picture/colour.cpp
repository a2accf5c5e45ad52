#include "media/worker/picture/colour.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace atelier::media::picture {
namespace {

// ITU-R BT.709: Kr = 0.2126, Kb = 0.0722, in 1/65536 and scaled to limited range. Rows of chroma sum to zero, so that
// grey is exactly 128.
constexpr int kBits = 16;
constexpr std::int32_t kHalf = 1 << (kBits - 1);
constexpr std::int32_t kYRed = 11966, kYGreen = 40254, kYBlue = 4064;
constexpr std::int32_t kURed = -6596, kUGreen = -22189, kUBlue = 28785;
constexpr std::int32_t kVRed = 28785, kVGreen = -26145, kVBlue = -2640;

std::uint8_t to_byte(std::int32_t value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

std::int32_t luma(std::int32_t red, std::int32_t green, std::int32_t blue) {
  return ((kYRed * red + kYGreen * green + kYBlue * blue + kHalf) >> kBits) + 16;
}

// The sum of 8 weighted samples' chroma, times 2^16.
std::uint8_t chroma_of_eight(std::int32_t sum) { return to_byte(((sum + (kHalf << 3)) >> (kBits + 3)) + 128); }

struct ChromaRow {
  std::vector<std::int32_t> red, green, blue;
  explicit ChromaRow(std::size_t columns) : red(columns), green(columns), blue(columns) {}
};

// 1 2 1 around each even column, over two rows: sums of eight.
void gather(const std::uint8_t* upper, const std::uint8_t* lower, std::int32_t width, ChromaRow& out) {
  for (std::int32_t x = 0; x < width; x += 2) {
    const std::int32_t left = std::max(x - 1, 0) * 3;
    const std::int32_t right = (x + 1) * 3;
    const auto sum = [&](std::int32_t channel) {
      const auto row = [&](const std::uint8_t* from) {
        return from[left + channel] + 2 * from[x * 3 + channel] + from[right + channel];
      };
      return row(upper) + row(lower);
    };
    const auto at = static_cast<std::size_t>(x / 2);
    out.red[at] = sum(0);
    out.green[at] = sum(1);
    out.blue[at] = sum(2);
  }
}

}  // namespace

Yuv8 rgb_to_yuv(std::uint8_t red, std::uint8_t green, std::uint8_t blue) noexcept {
  const auto chroma = [&](std::int32_t r, std::int32_t g, std::int32_t b) {
    return chroma_of_eight(8 * (r * red + g * green + b * blue));
  };
  return {to_byte(luma(red, green, blue)), chroma(kURed, kUGreen, kUBlue), chroma(kVRed, kVGreen, kVBlue)};
}

void rgb_to_yuv420(const std::uint8_t* rgb, std::int32_t width, std::int32_t height, const Plane (&planes)[3]) {
  ChromaRow sums(static_cast<std::size_t>(width / 2));
  for (std::int32_t y = 0; y < height; ++y) {
    const std::uint8_t* from = rgb + static_cast<std::ptrdiff_t>(y) * width * 3;
    std::uint8_t* to = planes[0].row(y);
    for (std::int32_t x = 0; x < width; ++x) to[x] = to_byte(luma(from[x * 3], from[x * 3 + 1], from[x * 3 + 2]));
    if (y % 2 != 0) continue;
    gather(from, from + static_cast<std::ptrdiff_t>(width) * 3, width, sums);
    std::uint8_t* u = planes[1].row(y / 2);
    std::uint8_t* v = planes[2].row(y / 2);
    for (std::int32_t x = 0; x < width / 2; ++x) {
      const auto at = static_cast<std::size_t>(x);
      const std::int32_t red = sums.red[at], green = sums.green[at], blue = sums.blue[at];
      u[x] = chroma_of_eight(kURed * red + kUGreen * green + kUBlue * blue);
      v[x] = chroma_of_eight(kVRed * red + kVGreen * green + kVBlue * blue);
    }
  }
}

namespace {

// The inverse, in 1/65536.
constexpr std::int32_t kLumaGain = 76309;
constexpr std::int32_t kRedFromV = 117489, kGreenFromU = -13975, kGreenFromV = -34925, kBlueFromU = 138438;

// Chroma at luma position (x, y), times 8: columns at left siting, rows a quarter off.
std::int32_t chroma_at(const ConstPlane& plane, std::int32_t x, std::int32_t y) {
  const std::int32_t near = y / 2;
  const std::int32_t far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, plane.height - 1);
  const std::int32_t left = x / 2;
  const std::int32_t right = x % 2 == 0 ? left : std::min(left + 1, plane.width - 1);
  const auto row = [&](std::int32_t at) { return plane.row(at)[left] + plane.row(at)[right]; };
  return 3 * row(near) + row(far);
}

}  // namespace

void yuv420_to_rgb(const Frame& frame, std::uint8_t* rgb) {
  const std::array planes = {frame.plane(0), frame.plane(1), frame.plane(2)};
  for (std::int32_t y = 0; y < frame.height(); ++y) {
    for (std::int32_t x = 0; x < frame.width(); ++x, rgb += 3) {
      const std::int32_t scaled_luma = (planes[0].row(y)[x] - 16) * kLumaGain + kHalf;
      const std::int32_t u = chroma_at(planes[1], x, y) - 128 * 8;
      const std::int32_t v = chroma_at(planes[2], x, y) - 128 * 8;
      rgb[0] = to_byte((scaled_luma + kRedFromV * v / 8) >> kBits);
      rgb[1] = to_byte((scaled_luma + (kGreenFromU * u + kGreenFromV * v) / 8) >> kBits);
      rgb[2] = to_byte((scaled_luma + kBlueFromU * u / 8) >> kBits);
    }
  }
}

}  // namespace atelier::media::picture
