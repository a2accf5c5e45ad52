#pragma once

#include <ass/ass.h>

#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/error.hpp"
#include "media/worker/caption/ass_script.hpp"

namespace atelier::media::caption {

struct AssLibraryDeleter {
  void operator()(ASS_Library* library) const noexcept { ass_library_done(library); }
};
struct AssRendererDeleter {
  void operator()(ASS_Renderer* renderer) const noexcept { ass_renderer_done(renderer); }
};
struct AssTrackDeleter {
  void operator()(ASS_Track* track) const noexcept { ass_free_track(track); }
};

// libass, with fonts from memory alone and one moment of time: it draws the events it is given, and we keep the time.
class AssPainter {
 public:
  struct Setup {
    std::string header;  // ass_header()
    int width = 0;
    int height = 0;
    std::set<std::size_t> fonts;  // places in the set of those the text needs
  };
  static Result<std::unique_ptr<AssPainter>> make(const Setup& setup, const Fonts& fonts);

  // Images in painting order; valid until the next call.
  const ASS_Image* paint(std::span<const AssEvent> events);

 private:
  AssPainter() = default;
  // The renderer uses the library's fonts, the track its allocator: they go before it.
  std::unique_ptr<ASS_Library, AssLibraryDeleter> library_;
  std::unique_ptr<ASS_Renderer, AssRendererDeleter> renderer_;
  std::unique_ptr<ASS_Track, AssTrackDeleter> track_;
};

}  // namespace atelier::media::caption
