#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/worker/caption/renderer.hpp"
#include "media/worker/caption/style.hpp"

namespace atelier::media::caption {

// In whole pixels of the frame.
struct PixelRect {
  int x = 0, y = 0, width = 0, height = 0;
  bool is_empty() const noexcept { return width <= 0 || height <= 0; }
};
PixelRect unite(PixelRect left, PixelRect right) noexcept;
PixelRect intersect(PixelRect left, PixelRect right) noexcept;
// The smallest rectangle with even corners around it.
PixelRect widen_to_even(PixelRect rect) noexcept;

// How much of each pixel a shape covers.
struct Coverage {
  PixelRect place;
  const std::uint8_t* bytes = nullptr;
  std::ptrdiff_t stride = 0;
};

// A colour picture, premultiplied, blue green red alpha.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> bgra;
};

// Where a page is painted: full-resolution BT.709 planes, premultiplied.
class Canvas {
 public:
  explicit Canvas(PixelRect area);

  // Paints shapes as one, so that where they overlap a translucent colour is not doubled.
  void paint(std::span<const Coverage> shapes, Rgb colour, double opacity);
  void paint(const Picture& picture, int x, int y, double opacity);

  // What was painted, cropped to what is not wholly clear, with chroma halved.
  void finish(Overlay& overlay) const;

 private:
  PixelRect painted() const;
  void paint_row(int y, int x, int count, const std::uint8_t* coverage, const std::uint8_t (&samples)[3]);

  PixelRect area_;
  std::vector<std::uint8_t> luma_, cb_, cr_, alpha_;
  std::vector<std::uint8_t> mask_;
};

// A copy moved down by an even number of rows, with all of it so opaque (0 to 255).
void fade(const Overlay& source, int rows_down, int opacity, Overlay& target);

}  // namespace atelier::media::caption
