#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "media/worker/caption/cue.hpp"
#include "media/worker/caption/fonts.hpp"

namespace atelier::media::caption {

// A word as it is shown and when it is heard: punctuation, emoji and whatever else is not spoken belongs to a
// neighbour.
struct HeardWord {
  std::string text;
  bool space_after = true;
  std::int64_t start_sample = 0;
  std::int64_t end_sample = 0;
};

// What `speech` answered.
struct Speech {
  std::int64_t sample_count = 0;
  struct Token {
    std::size_t byte_start = 0;
    std::size_t byte_end = 0;
    std::int64_t start_sample = 0;
    std::int64_t end_sample = 0;
  };
  std::vector<Token> tokens;
};
// Checks that the tokens lie in `text` in order and rise in time.
Result<Speech> read_speech(const json::Value& value, const std::string& where, std::string_view text);

// Every character of `text` but white space comes back, in order, as written; runs of white space read as one space.
std::vector<HeardWord> heard_words(std::string_view text, const Speech& speech);

struct TimelineRequest {
  std::string text;
  std::string style;
  std::string language;
  int width = 0;
  int height = 0;
  int fps = 0;
  std::int64_t part_frames = 0;
  std::int64_t part_count = 0;
  Speech speech;
};
struct Timeline {
  std::int64_t frame_count = 0;
  std::vector<Cue> cues;  // strictly rising, none overlaps, the last ends by frame_count
  std::vector<Part> parts;
};
Result<Timeline> make_timeline(const TimelineRequest& request, const Fonts& fonts);

}  // namespace atelier::media::caption
