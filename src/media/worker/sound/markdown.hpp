#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace atelier::media::sound {

struct Span {
  std::size_t start = 0;
  std::size_t end = 0;
  std::size_t size() const noexcept { return end - start; }
};
using Line = Span;

// The lines of a text that hold words, without what Markdown puts before them (heading and quotation marks, bullets).
// Lines that are only a rule (---, ***, ===) are left out. Usually the text was freed of all this when the story was
// read; what people type into a scene afterwards was not.
std::vector<Line> spoken_lines(std::string_view text);

// What stands between white space in a line, without pairs of emphasis marks around it.
std::vector<Span> chunks_of(std::string_view text, Line line);

}  // namespace atelier::media::sound
