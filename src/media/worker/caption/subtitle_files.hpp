#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/worker/caption/cue.hpp"
#include "media/worker/caption/fonts.hpp"

namespace atelier::media::caption {

// A production's captions, for files beside the video.
struct Subtitles {
  std::string title;
  std::string style;
  std::string language;
  int width = 0;
  int height = 0;
  int fps = 0;
  struct Passage {
    std::int64_t first_frame = 0;  // of the scene, in the production
    std::int64_t frame_count = 0;
    std::vector<Cue> cues;
  };
  std::vector<Passage> passages;
};

// SubRip: UTF-8, comma before the milliseconds.
std::string write_srt(const Subtitles& subtitles);
// WebVTT, with &, < and > escaped.
std::string write_vtt(const Subtitles& subtitles);
// Advanced SubStation Alpha v4+ that looks as the burnt-in captions do, where the same fonts are installed.
Result<std::string> write_ass(const Subtitles& subtitles, const Fonts& fonts);

}  // namespace atelier::media::caption
