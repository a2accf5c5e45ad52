#include "model/media/ability.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace atelier::model {
namespace {

std::unexpected<Error> refuse(std::string_view field, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "not_supported_by_model", .where = fmt::format("/{}", field)});
}

bool is_among(const std::vector<std::string>& known, std::string_view value) {
  return std::ranges::find(known, value) != known.end();
}

// The first things that people may say instead; long lists are cut.
std::string some_of(const std::vector<std::string>& known) {
  constexpr std::size_t kShown = 12;
  const std::vector<std::string> shown(known.begin(),
                                       known.begin() + static_cast<std::ptrdiff_t>(std::min(known.size(), kShown)));
  return fmt::format("{}{}", fmt::join(shown, ", "), known.size() > kShown ? ", ..." : "");
}

Result<> check_word(std::string_view field, const std::string& value, const std::vector<std::string>& known,
                    std::string_view model) {
  if (value.empty()) return {};
  if (known.empty()) return refuse(field, fmt::format("{} has no choice of {}", model, field));
  if (!is_among(known, value)) return refuse(field, fmt::format("{} has {}: {}", model, field, some_of(known)));
  return {};
}

Result<> check_size(const MediaRequest& request, const MediaAbility& ability, std::string_view model) {
  if (request.width > 0) {
    if (is_among(ability.sizes, fmt::format("{}x{}", request.width, request.height))) return {};
    const auto fits = [&](std::int32_t side) {
      return side >= ability.side_min && side <= ability.side_max && side % std::max(ability.side_step, 1) == 0;
    };
    if (ability.side_max > 0) {
      if (!fits(request.width) || !fits(request.height))
        return refuse(fits(request.width) ? "height" : "width",
                      fmt::format("{} makes sides from {} to {} pixels, in steps of {}", model, ability.side_min,
                                  ability.side_max, std::max(ability.side_step, 1)));
      return {};
    }
    if (!ability.sizes.empty())
      return refuse("width", fmt::format("{} makes these sizes: {}", model, some_of(ability.sizes)));
    const auto ratio = ratio_of(request);
    if (!ability.any_ratio && (!ratio || !is_among(ability.ratios, to_string(*ratio))))
      return refuse("width", ability.ratios.empty()
                                 ? fmt::format("{} chooses the size itself", model)
                                 : fmt::format("{} takes a ratio and no size: {}", model, some_of(ability.ratios)));
    return refuse("width", fmt::format("{} takes a ratio and no size in pixels", model));
  }
  if (request.ratio.empty() || ability.any_ratio || is_among(ability.ratios, request.ratio)) return {};
  if (!ability.ratios.empty())
    return refuse("ratio", fmt::format("{} makes these ratios: {}", model, some_of(ability.ratios)));
  return refuse("ratio", ability.sizes.empty() && ability.side_max == 0
                             ? fmt::format("{} chooses the shape itself", model)
                             : fmt::format("{} takes a size and no ratio", model));
}

Result<> check_inputs(const MediaRequest& request, const MediaAbility& ability, std::string_view model) {
  using Role = MediaInput::Role;
  const auto references = static_cast<std::int32_t>(request.count_of(Role::reference));
  if (references > ability.references_max)
    return refuse("inputs", ability.references_max == 0
                                ? fmt::format("{} takes no pictures", model)
                                : fmt::format("{} takes at most {} pictures", model, ability.references_max));
  if (references < ability.references_min)
    return refuse(
        "inputs",
        fmt::format("{} needs {} to begin with", model,
                    ability.references_min == 1 ? "a picture" : fmt::format("{} pictures", ability.references_min)));
  const std::size_t masks = request.count_of(Role::mask);
  if (masks > 0 && !ability.has_mask) return refuse("inputs", fmt::format("{} takes no mask", model));
  if (masks > 1 || (masks == 1 && references == 0))
    return refuse("inputs", "a mask belongs to one picture, which must be there too");
  const std::size_t firsts = request.count_of(Role::first_frame), lasts = request.count_of(Role::last_frame);
  if (firsts > 1 || lasts > 1) return refuse("inputs", "a clip has one first and one last picture");
  if (firsts > 0 && !ability.has_first_frame) return refuse("inputs", fmt::format("{} takes no first picture", model));
  if (lasts > 0 && !ability.has_last_frame) return refuse("inputs", fmt::format("{} takes no last picture", model));
  if (firsts == 0 && ability.needs_first_frame)
    return refuse("inputs", fmt::format("{} needs a picture to begin with", model));
  const std::size_t recordings = request.count_of(Role::recording);
  if (request.kind == MediaKind::transcription && recordings != 1)
    return refuse("inputs", "a transcription has one recording");
  if (request.kind != MediaKind::transcription && recordings > 0)
    return refuse("inputs", "only a transcription has a recording");
  for (const MediaInput& input : request.inputs)
    if (input.size_bytes > ability.input_bytes_max)
      return refuse("inputs", fmt::format("{} takes files of at most {} bytes; \"{}\" has {}", model,
                                          ability.input_bytes_max, input.name, input.size_bytes));
  return {};
}

Result<> check_duration(const MediaRequest& request, const MediaAbility& ability, std::string_view model) {
  if (!request.duration) return {};
  if (!ability.durations.empty()) {
    if (std::ranges::find(ability.durations, *request.duration) != ability.durations.end()) return {};
    return refuse("duration",
                  fmt::format("{} makes these lengths, in seconds: {}", model, fmt::join(ability.durations, ", ")));
  }
  if (ability.duration_max <= 0) return refuse("duration", fmt::format("{} chooses the length itself", model));
  if (*request.duration >= ability.duration_min && *request.duration <= ability.duration_max) return {};
  return refuse("duration",
                fmt::format("{} makes from {} to {} seconds", model, ability.duration_min, ability.duration_max));
}

Result<> check_voice(const MediaRequest& request, const MediaAbility& ability, std::string_view model) {
  if (request.voice.empty())
    return ability.needs_voice ? refuse("voice", fmt::format("{} needs a voice: {}", model, some_of(ability.voices)))
                               : Result<>();
  if (!ability.has_voices) return refuse("voice", fmt::format("{} has no choice of voices", model));
  if (ability.voices_are_all && !is_among(ability.voices, request.voice))
    return refuse("voice", fmt::format("{} has these voices: {}", model, some_of(ability.voices)));
  return {};
}

}  // namespace

Result<> check(const MediaRequest& request, const MediaAbility& ability, std::string_view model) {
  const bool has_prompt = request.prompt.find_first_not_of(" \t\r\n") != std::string::npos;
  if (ability.needs_prompt && !has_prompt) return refuse("prompt", "say what is to be made");
  if (request.prompt.size() > ability.prompt_bytes_max)
    return refuse("prompt", ability.prompt_bytes_max == 0
                                ? fmt::format("{} takes no words", model)
                                : fmt::format("{} takes at most {} bytes of text; this has {}", model,
                                              ability.prompt_bytes_max, request.prompt.size()));
  if (!request.negative.empty() && !ability.has_negative)
    return refuse("negative", fmt::format("{} cannot be told what to leave out", model));
  if (request.seed && !ability.has_seed) return refuse("seed", fmt::format("{} takes no seed", model));
  if (request.strength && !ability.has_strength) return refuse("strength", fmt::format("{} has no strength", model));
  if (request.strength && request.inputs.empty())
    return refuse("strength", "strength is about a picture, and there is none");
  if (request.speed && !ability.has_speed) return refuse("speed", fmt::format("{} speaks at its own speed", model));
  if (!request.language.empty() && !ability.has_language)
    return refuse("language", fmt::format("{} finds the language itself", model));
  if (request.count > ability.count_max)
    return refuse("count", fmt::format("{} makes at most {} at once", model, ability.count_max));
  if (request.partials.value_or(0) > ability.partials_max)
    return refuse("partials", ability.partials_max == 0
                                  ? fmt::format("{} shows nothing before it is done", model)
                                  : fmt::format("{} shows a picture at most {} times before it is done", model,
                                                ability.partials_max));
  if (auto good = check_size(request, ability, model); !good) return good;
  if (auto good = check_inputs(request, ability, model); !good) return good;
  if (auto good = check_duration(request, ability, model); !good) return good;
  if (auto good = check_voice(request, ability, model); !good) return good;
  if (auto good = check_word("format", request.format, ability.formats, model); !good) return good;
  if (auto good = check_word("quality", request.quality, ability.qualities, model); !good) return good;
  if (!request.options.empty() && !ability.has_options)
    return refuse("options", fmt::format("{} has no options of its own", model));
  return {};
}

json::Value to_json(const MediaAbility& ability) {
  json::Object out{{"prompt_bytes_max", ability.prompt_bytes_max},
                   {"needs_prompt", ability.needs_prompt},
                   {"count_max", ability.count_max}};
  const auto flag = [&](std::string_view name, bool is_set) {
    if (is_set) out[name] = true;
  };
  flag("negative", ability.has_negative);
  flag("seed", ability.has_seed);
  flag("strength", ability.has_strength);
  flag("speed", ability.has_speed);
  flag("language", ability.has_language);
  flag("mask", ability.has_mask);
  flag("first_frame", ability.has_first_frame);
  flag("last_frame", ability.has_last_frame);
  flag("needs_first_frame", ability.needs_first_frame);
  flag("voice", ability.has_voices);
  flag("needs_voice", ability.needs_voice);
  flag("voices_are_all", ability.voices_are_all);
  flag("any_ratio", ability.any_ratio);
  flag("options", ability.has_options);
  const auto list = [&](std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    json::Array array;
    for (const std::string& value : values) array.push_back(json::Value(value));
    out[name] = std::move(array);
  };
  list("sizes", ability.sizes);
  list("ratios", ability.ratios);
  list("voices", ability.voices);
  list("formats", ability.formats);
  list("qualities", ability.qualities);
  if (ability.side_max > 0)
    out["sides"] = json::Object{{"min", ability.side_min}, {"max", ability.side_max}, {"step", ability.side_step}};
  if (ability.references_max > 0)
    out["references"] = json::Object{{"min", ability.references_min}, {"max", ability.references_max}};
  if (ability.partials_max > 0) out["partials_max"] = ability.partials_max;
  if (!ability.durations.empty()) {
    json::Array seconds;
    for (const double one : ability.durations) seconds.push_back(json::Value(one));
    out["durations"] = std::move(seconds);
  } else if (ability.duration_max > 0) {
    out["duration"] = json::Object{{"min", ability.duration_min}, {"max", ability.duration_max}};
  }
  return out;
}

MediaAbility open_ability(MediaKind kind) {
  MediaAbility open;
  open.has_negative = open.has_seed = open.has_strength = open.has_speed = open.has_language = true;
  open.needs_prompt = false;
  open.prompt_bytes_max = kPromptBytesMax;
  open.count_max = 10;
  open.side_min = 16;
  open.side_max = 8'192;
  open.any_ratio = true;
  open.references_max = kMediaInputsMax;
  open.has_mask = true;
  open.has_first_frame = open.has_last_frame = kind == MediaKind::video;
  open.duration_min = 0.1;
  open.duration_max = 7'200;
  open.has_voices = true;
  switch (kind) {
    case MediaKind::image:
    case MediaKind::upscale:
      open.formats = {"png", "jpeg", "webp"};
      break;
    case MediaKind::speech:
    case MediaKind::sound:
    case MediaKind::music:
      open.formats = {"mp3", "wav", "opus", "flac", "aac", "ogg"};
      break;
    case MediaKind::video:
      open.formats = {"mp4", "webm"};
      break;
    case MediaKind::transcription:
      break;
  }
  return open;
}

}  // namespace atelier::model
