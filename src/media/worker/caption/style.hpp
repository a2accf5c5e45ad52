#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace atelier::media::caption {

struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  bool operator==(const Rgb&) const = default;
};

// In pixels; right and bottom are the first outside.
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
  double width() const noexcept { return right - left; }
  double height() const noexcept { return bottom - top; }
  double center_x() const noexcept { return (left + right) / 2; }
};

// One pass over the words, from the lowest up. Lengths in ems.
struct Layer {
  std::optional<Rgb> colour;  // none: the word's own colour
  double opacity = 1;
  double edge = 0;  // how far it reaches around the letters
  double blur = 0;
  double drop = 0;  // downwards
};

struct Card {
  Rgb colour;
  double opacity;
  double padding_x, padding_y;  // around the ink of the lines
  double corner_radius;
  double shadow_blur, shadow_drop, shadow_opacity;
};

enum class Shape : std::uint8_t { portrait, wide, square };

struct Style {
  std::string_view id;  // of the catalog
  bool is_upper_case;
  bool highlights_words;
  Rgb ink;
  Rgb lit;  // the word being spoken
  std::span<const Layer> layers;
  std::optional<Card> card;
  // By Shape, for the nominal sizes of the format table: letters in pixels, and words on a page.
  double em_px[3];
  double words_per_page[3];
  double line_pitch;  // least distance of baselines, in ems
  double rise;        // how far a new page rises into place, in ems

  // How far a layer reaches beyond the letters, in ems.
  double reach_side() const noexcept;
  double reach_above() const noexcept;
  double reach_below() const noexcept;
};
// Null for an id that is none.
const Style* find_style(std::string_view id) noexcept;

// Where captions may be, for a frame.
struct Format {
  Shape shape;
  Box box;          // nothing is drawn outside
  double center_y;  // of a page's lines, if it fits so
  double scale;     // from the nominal size
};
Format format_of(int width, int height) noexcept;

}  // namespace atelier::media::caption
