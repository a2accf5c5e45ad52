#pragma once

#include <hb.h>

#include <memory>

#include "media/worker/caption/fonts.hpp"

namespace atelier::media::caption {

struct BlobDeleter {
  void operator()(hb_blob_t* blob) const noexcept { hb_blob_destroy(blob); }
};
struct FaceDeleter {
  void operator()(hb_face_t* face) const noexcept { hb_face_destroy(face); }
};
struct FontDeleter {
  void operator()(hb_font_t* font) const noexcept { hb_font_destroy(font); }
};
struct BufferDeleter {
  void operator()(hb_buffer_t* buffer) const noexcept { hb_buffer_destroy(buffer); }
};
using HbBlob = std::unique_ptr<hb_blob_t, BlobDeleter>;
using HbFace = std::unique_ptr<hb_face_t, FaceDeleter>;
using HbFont = std::unique_ptr<hb_font_t, FontDeleter>;
using HbBuffer = std::unique_ptr<hb_buffer_t, BufferDeleter>;

// A face of the set, ready to measure with. Immutable, so threads may share it.
struct FontFace {
  HbFace face;
  HbFont font;  // scaled to units_per_em, so that measures divide by it
  double units_per_em = 1000;
  // libass sizes a font so that these two together are the size asked for, as GDI does; in ems.
  double win_ascent = 1;
  double win_descent = 0.3;

  // The font size to ask libass for, to get letters of one em.
  double size_per_em() const noexcept { return win_ascent + win_descent; }
  bool has(char32_t character) const noexcept {
    hb_codepoint_t glyph = 0;
    return hb_font_get_nominal_glyph(font.get(), character, &glyph) != 0;
  }
};

}  // namespace atelier::media::caption
