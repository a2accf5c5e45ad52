#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/worker/caption/cue.hpp"
#include "media/worker/caption/fonts.hpp"

namespace atelier::media::caption {

// What is to be drawn over a frame, cropped to what it covers: 8-bit BT.709 limited range, 4:2:0, premultiplied.
//
// Premultiplied means that a plane holds sample * alpha / 255, rounded, with the sample in its usual limited range and
// offset: luma is Y * alpha / 255 with Y in 16..235, cb and cr are C * alpha_chroma / 255 with C in 16..240, neutral
// 128. Where alpha is 0 every plane is 0. So, on all planes alike and without removing an offset,
//   frame = overlay + (frame * (255 - alpha) + 127) / 255
// and overlay <= alpha holds for each sample: the sum never goes over 255.
// Chroma samples are the mean of their 2x2 block.
struct Overlay {
  int x = 0;  // of the top left corner in the frame; even, as are y, width and height
  int y = 0;
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> luma;          // width x height, rows without padding
  std::vector<std::uint8_t> alpha;         // width x height
  std::vector<std::uint8_t> cb;            // width/2 x height/2
  std::vector<std::uint8_t> cr;            // width/2 x height/2
  std::vector<std::uint8_t> alpha_chroma;  // width/2 x height/2

  bool is_empty() const noexcept { return width == 0 || height == 0; }
};

struct Scene {
  std::vector<Cue> cues;  // in order of time, not overlapping
  std::string style;      // id of a catalog CaptionStyle
  std::string language;   // BCP 47: chooses between regional forms of one character
  int width = 0;
  int height = 0;
  int fps = 0;
};

// Draws one scene's captions. One thread at a time; each thread its own. Deterministic: a frame's overlay depends on
// the scene and the frame alone, not on which frames were asked for before.
class Renderer {
 public:
  // `fonts` must outlive the renderer. Wrong scenes (unknown style, size below 64, cues out of order) are
  // invalid_argument.
  static Result<std::unique_ptr<Renderer>> make(Scene scene, const Fonts& fonts);
  virtual ~Renderer() = default;

  struct View {
    const Overlay* overlay = nullptr;  // never null; valid until the next call
    // The picture's number: differs from the call before's exactly when the overlay may differ. Whoever sees the same
    // number twice in a row over a still background need not blend again.
    std::uint64_t generation = 0;
  };
  // The overlay of one frame, counted from the scene's start. Any order works; rising order is cheapest.
  virtual View render(std::int64_t frame) = 0;
};

}  // namespace atelier::media::caption
