#pragma once

#include <string>
#include <vector>

#include "media/worker/caption/cue.hpp"
#include "media/worker/caption/style.hpp"
#include "media/worker/caption/typesetter.hpp"

namespace atelier::media::caption {

struct PlacedWord {
  const SetWord* set = nullptr;  // the typesetter's
  bool space_after = false;      // and a word follows on the line
  std::size_t index = 0;         // in the cue
};

struct PlacedLine {
  std::vector<PlacedWord> words;  // in the order they are read
  double width = 0;               // pixels
  double center_x = 0;
  double baseline_y = 0;
};

// A cue's words on the frame.
struct PlacedPage {
  double em_px = 0;
  bool is_rtl = false;
  bool has_stacked_marks = false;  // Latin letters with two marks, as in Vietnamese
  std::vector<PlacedLine> lines;
  Box ink;  // of the letters alone, without what the layers add
};

// The text as it is drawn: in capitals where the style has them.
std::string drawn_text(const std::string& text, const Style& style, const std::string& language);

// Places the lines as they are broken, shrunk where they would not fit the format's box.
PlacedPage place(const Cue& cue, const Style& style, const Format& format, Typesetter& typesetter);

// How wide a line may be in ems at the style's own size.
double line_width_max(const Style& style, const Format& format) noexcept;

}  // namespace atelier::media::caption
