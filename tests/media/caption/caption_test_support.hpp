#pragma once

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "media/worker/caption/renderer.hpp"

namespace atelier::media::caption {

// One for the whole test program: mapping is cheap, but not for each case.
inline const Fonts& test_fonts() {
  static const std::unique_ptr<Fonts> fonts = [] {
    auto opened = Fonts::open();
    ensure(opened.has_value(), "the fonts of the named set are not installed");
    return std::move(*opened);
  }();
  return *fonts;
}

// "one two|three" is two lines; '~' joins words without a space. Each word lasts ten frames.
inline Cue make_cue(const std::string& text, std::int64_t start_frame = 0) {
  Cue cue;
  cue.start_frame = start_frame;
  std::int64_t frame = start_frame;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line, '|');) {
    cue.lines.emplace_back();
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      std::istringstream pieces(word);
      for (std::string piece; std::getline(pieces, piece, '~'); frame += 10)
        cue.lines.back().words.push_back({piece, frame, frame + 10, pieces.eof()});
    }
  }
  cue.end_frame = frame + 20;
  return cue;
}

struct SceneOptions {
  std::string style = "plain";
  std::string language = "en";
  int width = 1080;
  int height = 1920;
};
inline Scene make_scene(std::vector<Cue> cues, const SceneOptions& options) {
  return {std::move(cues), options.style, options.language, options.width, options.height, 30};
}
inline std::unique_ptr<Renderer> make_renderer(std::vector<Cue> cues, const SceneOptions& options) {
  auto made = Renderer::make(make_scene(std::move(cues), options), test_fonts());
  ensure(made.has_value(), "a test's captions could not be made");
  return std::move(*made);
}
// One text, come to rest.
inline Overlay draw(const std::string& text, const SceneOptions& options) {
  const auto renderer = make_renderer({make_cue(text)}, options);
  return *renderer->render(8).overlay;
}

inline std::string hash_of(const Overlay& overlay) {
  Sha256 hash;
  for (const auto* plane : {&overlay.luma, &overlay.alpha, &overlay.cb, &overlay.cr, &overlay.alpha_chroma})
    hash.update({reinterpret_cast<const char*>(plane->data()), plane->size()});
  hash.update(std::to_string(overlay.x) + "," + std::to_string(overlay.y) + "," + std::to_string(overlay.width));
  return hash.finish().hex();
}

// The rectangle of all samples with at least this alpha, in the frame: left, top, right, bottom (outside).
struct Bounds {
  int left = 1 << 20, top = 1 << 20, right = 0, bottom = 0;
};
inline Bounds bounds_of(const Overlay& overlay, int alpha_min) {
  Bounds bounds;
  for (int y = 0; y < overlay.height; ++y)
    for (int x = 0; x < overlay.width; ++x) {
      if (overlay.alpha[static_cast<std::size_t>(y * overlay.width + x)] < alpha_min) continue;
      bounds.left = std::min(bounds.left, overlay.x + x);
      bounds.right = std::max(bounds.right, overlay.x + x + 1);
      bounds.top = std::min(bounds.top, overlay.y + y);
      bounds.bottom = std::max(bounds.bottom, overlay.y + y + 1);
    }
  return bounds;
}

}  // namespace atelier::media::caption
