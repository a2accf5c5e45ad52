#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace atelier::media::caption {

// All frames are counted from the scene's start; an end is the first frame that no longer belongs.

struct Word {
  std::string text;  // UTF-8, as written in the story, punctuation included
  std::int64_t start_frame = 0;
  std::int64_t end_frame = 0;
  bool space_after = true;  // whether a space follows it, should a word follow on the line

  bool operator==(const Word&) const = default;
};

struct Line {
  std::vector<Word> words;  // at least one

  bool operator==(const Line&) const = default;
};

// One page of caption. Its lines are broken already: whoever draws it does not break again.
struct Cue {
  std::int64_t start_frame = 0;
  std::int64_t end_frame = 0;
  std::vector<Line> lines;

  bool operator==(const Cue&) const = default;
};

// What one segment draws: the cues that touch its frames, whole.
struct Part {
  std::int64_t first_frame = 0;
  std::int64_t frame_count = 0;
  std::vector<Cue> cues;

  bool operator==(const Part&) const = default;
};

// Index in the cue of the word that is being spoken: the last one begun, which stays it through the pause after it.
std::optional<std::size_t> spoken_word(const Cue& cue, std::int64_t frame) noexcept;

json::Value to_json(const Cue& cue);
json::Value to_json(std::span<const Cue> cues);
json::Value to_json(const Part& part);

// `where` is the JSON pointer of the value, for messages. Checks what drawing relies on: frames within limits and in
// order, counts bounded, text without line breaks.
Result<std::vector<Cue>> read_cues(const json::Value& value, const std::string& where);
Result<Part> read_part(const json::Value& value, const std::string& where);

}  // namespace atelier::media::caption
