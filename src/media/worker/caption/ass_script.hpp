#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/worker/caption/layout.hpp"

namespace atelier::media::caption {

// Text as libass draws it letter by letter: braces and backslashes never become tags.
std::string escape_ass(std::string_view text);

// Everything above the events, for a frame of this size.
std::string ass_header(const Style& style, std::string_view title, int width, int height);

struct AssEvent {
  int layer = 0;
  std::string text;  // tags included
};

// What the colours of a page's events mean. For a file a colour is itself. For our own drawing it is a number under
// which the image comes back from libass, so that opacity, colour spaces and emoji are ours.
class Palette {
 public:
  enum class Purpose : std::uint8_t { drawing, file };
  struct Paint {
    Rgb colour;
    double opacity = 1;
    bool is_hidden = false;
    // Draw this picture in the image's top left corner; libass pads its images to the right and below.
    std::optional<std::uint32_t> emoji_glyph;
    int emoji_width = 0;
    int emoji_height = 0;
    bool operator==(const Paint&) const = default;
  };

  explicit Palette(Purpose purpose) : purpose_(purpose) {}
  // The tags that choose this paint for letters and their edges.
  std::string tags(const Paint& paint);
  // By the colour of an image, 0xRRGGBBAA; null for one that is none of ours.
  const Paint* find(std::uint32_t image_colour) const noexcept;

 private:
  Purpose purpose_;
  std::vector<Paint> paints_;
};

struct PageLook {
  std::optional<std::size_t> lit_word;  // index in the cue
  bool enters = false;                  // for files: the page appears with this event
};
// A page as events, lowest layer first, each line placed by itself.
std::vector<AssEvent> page_events(const PlacedPage& page, const Style& style, const Fonts& fonts, PageLook look,
                                  Palette& palette);

}  // namespace atelier::media::caption
