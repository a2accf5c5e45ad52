#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/media/request.hpp"

// Sizes of pictures that checkpoints on one's own machine make. Their servers make squares of 512 unless told, and
// stretch what they begin with to that.
namespace atelier::model {

struct PixelSize {
  std::int32_t width = 0, height = 0;
  friend bool operator==(const PixelSize&, const PixelSize&) = default;
};

// As the first bytes of a PNG, JPEG or WebP say; nullopt where they do not. Nothing is decoded.
std::optional<PixelSize> picture_size(std::string_view bytes) noexcept;

// What to ask for: the request's size; else its ratio, or the shape of what it begins with, in the area that
// checkpoints of such a name were trained on, in steps of 64; else that square. A picture of a quarter to
// twice that area keeps its size, in steps of 8.
PixelSize checkpoint_size(const MediaRequest& request, std::string_view checkpoint);

}  // namespace atelier::model
