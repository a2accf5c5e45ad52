#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::doubles {

// Pictures that decode everywhere and cost nothing to make, whatever their size. The same seed gives the same bytes.
struct Picture {
  int width = 0, height = 0;  // 1 to 16,383
  std::uint64_t seed = 0;     // decides the colours
  int step_count = 256;       // of a PNG's gradient, 2 to 256: a preview has fewer
  bool is_transparent = false;
};
std::string png_of(const Picture& picture);   // a gradient from left to right, of two colours
std::string webp_of(const Picture& picture);  // lossless, of one colour
std::string jpeg_of(const Picture& picture);  // of one colour

// What a picture's first bytes say. The size is known of a PNG, and 0 of others.
struct PictureFacts {
  std::string_view type;  // image/png, image/jpeg, image/webp
  int width = 0, height = 0;
};
std::optional<PictureFacts> picture_facts(std::string_view bytes);

}  // namespace atelier::doubles
