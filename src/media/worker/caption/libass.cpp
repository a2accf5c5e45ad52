#include "media/worker/caption/libass.hpp"

#include <fmt/format.h>

#include <cstring>

#include "media/worker/caption/font_set.hpp"

namespace atelier::media::caption {
namespace {

constexpr int kGlyphsMax = 2000;
constexpr int kBitmapsMiB = 24;

// libass would print to stderr what it thinks of each glyph.
void ignore_message(int, const char*, va_list, void*) {}

void add_fonts(ASS_Library* library, const std::set<std::size_t>& wanted, const Fonts& fonts) {
  std::set<std::string_view> added;  // a collection's faces share one file
  for (const std::size_t font : wanted) {
    const auto bytes = fonts.bytes(font);
    const std::string name(font_set()[font].file);
    if (font == emoji_font() || bytes.empty() || !added.insert(font_set()[font].file).second) continue;
    // Copies the bytes; it does not write to them.
    ass_add_font(library, name.c_str(), reinterpret_cast<const char*>(bytes.data()), static_cast<int>(bytes.size()));
  }
}

}  // namespace

Result<std::unique_ptr<AssPainter>> AssPainter::make(const Setup& setup, const Fonts& fonts) {
  std::unique_ptr<AssPainter> painter(new AssPainter);
  painter->library_.reset(ass_library_init());
  if (!painter->library_) return fail(ErrorCode::internal, "libass did not start");
  ASS_Library* library = painter->library_.get();
  ass_set_message_cb(library, ignore_message, nullptr);
  ass_set_extract_fonts(library, 0);
  add_fonts(library, setup.fonts, fonts);

  painter->renderer_.reset(ass_renderer_init(library));
  if (!painter->renderer_) return fail(ErrorCode::internal, "libass has no renderer");
  ASS_Renderer* renderer = painter->renderer_.get();
  ass_set_storage_size(renderer, setup.width, setup.height);
  ass_set_frame_size(renderer, setup.width, setup.height);
  ass_set_hinting(renderer, ASS_HINTING_NONE);
  ass_set_shaper(renderer, ASS_SHAPING_COMPLEX);
  ass_set_cache_limits(renderer, kGlyphsMax, kBitmapsMiB);
  const std::string latin(font_set()[kLatinFont].family);
  ass_set_fonts(renderer, nullptr, latin.c_str(), ASS_FONTPROVIDER_NONE, nullptr, 0);

  painter->track_.reset(ass_new_track(library));
  if (!painter->track_) return fail(ErrorCode::internal, "libass has no track");
  ASS_Track* track = painter->track_.get();
  std::string header = setup.header;
  ass_process_codec_private(track, header.data(), static_cast<int>(header.size()));
  if (ass_track_set_feature(track, ASS_FEATURE_WHOLE_TEXT_LAYOUT, 1) != 0)
    return fail(ErrorCode::internal, "libass cannot lay out whole lines");
  return painter;
}

const ASS_Image* AssPainter::paint(std::span<const AssEvent> events) {
  constexpr long long kAnyTime = 500;
  ASS_Track* track = track_.get();
  ass_flush_events(track);
  for (const AssEvent& event : events) {
    const int number = ass_alloc_event(track);  // may move the events
    if (number < 0) break;
    ASS_Event& made = track->events[number];
    made.Start = 0;
    made.Duration = 2 * kAnyTime;
    made.Layer = event.layer;
    made.ReadOrder = number;
    made.Style = 0;
    for (int i = 0; i < track->n_styles; ++i)
      if (std::strcmp(track->styles[i].Name, "Default") != 0) made.Style = i;
    made.Text = strdup(event.text.c_str());  // the track frees it
  }
  return ass_render_frame(renderer_.get(), track, kAnyTime, nullptr);
}

}  // namespace atelier::media::caption
