#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "media/worker/caption/canvas.hpp"
#include "media/worker/caption/fonts.hpp"

namespace atelier::media::caption {

// Colour glyphs of the emoji font, scaled. One thread; keeps what it made.
class Emoji {
 public:
  explicit Emoji(const Fonts& fonts);  // which must outlive this
  ~Emoji();

  // Null where the font has no picture for it. Valid as long as this lives.
  const Picture* picture(std::uint32_t glyph, int width, int height);

 private:
  struct Library;
  std::unique_ptr<Picture> load(std::uint32_t glyph) const;

  std::unique_ptr<Library> library_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Picture>> known_;
};

// Resamples with a filter that is as wide as the steps: neither blocks nor shimmers at any size.
Picture scale(const Picture& source, int width, int height);

}  // namespace atelier::media::caption
