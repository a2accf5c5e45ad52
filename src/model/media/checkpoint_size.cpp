#include "model/media/checkpoint_size.hpp"

#include <algorithm>
#include <cmath>

#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

std::uint32_t big_endian(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}
std::uint32_t little_endian(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// W3C PNG, 11.2.1: the header comes first.
std::optional<PixelSize> png_size(std::string_view bytes) noexcept {
  if (!bytes.starts_with("\x89PNG\r\n\x1a\n") || bytes.size() < 24) return std::nullopt;
  return PixelSize{static_cast<std::int32_t>(big_endian(bytes.substr(16, 4)) & 0x7FFFFFFF),
                   static_cast<std::int32_t>(big_endian(bytes.substr(20, 4)) & 0x7FFFFFFF)};
}

// ITU-T T.81, B.2.2: the first start of a frame, whatever its process.
std::optional<PixelSize> jpeg_size(std::string_view bytes) noexcept {
  if (!bytes.starts_with("\xFF\xD8\xFF")) return std::nullopt;
  std::size_t at = 2;
  while (at + 9 <= bytes.size() && bytes[at] == '\xFF') {
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    if (marker == 0xFF) {  // fill
      ++at;
      continue;
    }
    const bool is_frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame)
      return PixelSize{static_cast<std::int32_t>(big_endian(bytes.substr(at + 7, 2))),
                       static_cast<std::int32_t>(big_endian(bytes.substr(at + 5, 2)))};
    at += 2 + std::max<std::size_t>(2, big_endian(bytes.substr(at + 2, 2)));
  }
  return std::nullopt;
}

// RFC 9649: "VP8X" has it before, "VP8L" and "VP8 " within the picture itself.
std::optional<PixelSize> webp_size(std::string_view bytes) noexcept {
  if (bytes.size() < 30 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WEBP") return std::nullopt;
  const std::string_view kind = bytes.substr(12, 4), data = bytes.substr(20);
  if (kind == "VP8X")
    return PixelSize{static_cast<std::int32_t>(little_endian(data.substr(4, 3)) + 1),
                     static_cast<std::int32_t>(little_endian(data.substr(7, 3)) + 1)};
  if (kind == "VP8L") {
    const std::uint32_t packed = little_endian(data.substr(1, 4));
    return PixelSize{static_cast<std::int32_t>((packed & 0x3FFF) + 1),
                     static_cast<std::int32_t>((packed >> 14 & 0x3FFF) + 1)};
  }
  if (kind == "VP8 ")
    return PixelSize{static_cast<std::int32_t>(little_endian(data.substr(6, 2)) & 0x3FFF),
                     static_cast<std::int32_t>(little_endian(data.substr(8, 2)) & 0x3FFF)};
  return std::nullopt;
}

// A side of the square that checkpoints of such a name were trained on.
int usual_side(std::string_view checkpoint) {
  return has_any_of(checkpoint, {"xl", "sd3", "flux", "pony", "illustrious", "qwen", "z-image", "z_image"}) ? 1024
                                                                                                            : 512;
}

std::int32_t in_steps(double length, int step) {
  return static_cast<std::int32_t>(std::max(1.0, std::round(length / step))) * step;
}

}  // namespace

std::optional<PixelSize> picture_size(std::string_view bytes) noexcept {
  auto size = png_size(bytes);
  if (!size) size = jpeg_size(bytes);
  if (!size) size = webp_size(bytes);
  return size && size->width > 0 && size->height > 0 ? size : std::nullopt;
}

PixelSize checkpoint_size(const MediaRequest& request, std::string_view checkpoint) {
  constexpr double kAreasKeptMin = 0.25, kAreasKeptMax = 2;  // of what it was trained on
  constexpr int kFine = 8, kCoarse = 64;
  if (request.width > 0) return {request.width, request.height};
  const double side = usual_side(checkpoint);
  double shape = 1;
  if (const auto ratio = ratio_of(request)) {
    shape = static_cast<double>(ratio->across) / ratio->up;
  } else {
    const MediaInput* begin = request.find(MediaInput::Role::reference);
    if (begin == nullptr) begin = request.find(MediaInput::Role::first_frame);
    if (const auto size = begin ? picture_size(begin->bytes) : std::nullopt) {
      const double areas = static_cast<double>(size->width) * size->height / (side * side);
      if (areas >= kAreasKeptMin && areas <= kAreasKeptMax)
        return {in_steps(size->width, kFine), in_steps(size->height, kFine)};
      shape = std::clamp(static_cast<double>(size->width) / size->height, 0.05, 20.0);
    }
  }
  return {in_steps(side * std::sqrt(shape), kCoarse), in_steps(side / std::sqrt(shape), kCoarse)};
}

}  // namespace atelier::model
