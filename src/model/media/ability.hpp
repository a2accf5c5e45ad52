#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/media/request.hpp"

namespace atelier::model {

// What a model can be asked for: shown by the page's pickers, and checked before money is spent. Empty lists and zeros
// mean that the field is not known to the model, unless said otherwise.
struct MediaAbility {
  std::size_t prompt_bytes_max = 32'000;
  bool needs_prompt = true;
  bool has_negative = false, has_seed = false, has_strength = false, has_speed = false, has_language = false;
  std::int32_t count_max = 1;
  std::int32_t partials_max = 0;  // how often a picture is shown before it is done
  // Sizes in pixels: those listed ("1024x1024"), or any whose sides are within the bounds and multiples of the step.
  std::vector<std::string> sizes = {};
  std::int32_t side_min = 0, side_max = 0, side_step = 1;
  std::vector<std::string> ratios = {};  // those listed; with any_ratio whatever is a ratio
  bool any_ratio = false;
  std::int32_t references_min = 0, references_max = 0;
  bool has_mask = false, has_first_frame = false, has_last_frame = false;
  bool needs_first_frame = false;
  std::uint64_t input_bytes_max = kMediaInputBytesMax;  // of one file
  std::vector<double> durations = {};                   // seconds: those listed, or any within the bounds
  double duration_min = 0, duration_max = 0;
  bool has_voices = false, needs_voice = false;
  std::vector<std::string> voices = {};  // those we know; others are let through unless they are all there are
  bool voices_are_all = false;
  std::vector<std::string> formats = {}, qualities = {};
  bool has_options = true;
};

// Only what is there.
json::Value to_json(const MediaAbility& ability);

// What the model cannot do, by its field ("/negative"), in words for people: invalid_argument, reason
// "not_supported_by_model". `model` is for the words.
Result<> check(const MediaRequest& request, const MediaAbility& ability, std::string_view model);

// Of a model nobody knows the bounds of: whatever its provider's protocol has a word for is let through.
MediaAbility open_ability(MediaKind kind);

}  // namespace atelier::model
