#include "model/media/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

namespace atelier::model {
namespace {

constexpr std::array<std::string_view, kMediaKindCount> kKindNames = {"image", "upscale",       "speech", "sound",
                                                                      "music", "transcription", "video"};
constexpr std::array<std::string_view, 5> kRoleNames = {"reference", "mask", "first_frame", "last_frame", "recording"};
constexpr std::int32_t kSideMax = 16'384;
constexpr std::int32_t kCountMax = 10;
constexpr std::int32_t kPartialsMax = 10;
constexpr double kDurationMax = 7'200;  // two hours of speech or music
constexpr std::int32_t kRatioMax = 20;

// Numbers that were given, and no others.
template <class T>
void put(json::Object& out, std::string_view name, const std::optional<T>& value) {
  if (value) out[name] = *value;
}
void put(json::Object& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}

}  // namespace

std::string_view to_string(MediaKind kind) noexcept { return kKindNames[static_cast<std::size_t>(kind)]; }

std::optional<MediaKind> parse_media_kind(std::string_view text) noexcept {
  const auto found = std::ranges::find(kKindNames, text);
  if (found == kKindNames.end()) return std::nullopt;
  return static_cast<MediaKind>(found - kKindNames.begin());
}

std::string_view to_string(MediaInput::Role role) noexcept { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<MediaInput::Role> parse_media_role(std::string_view text) noexcept {
  const auto found = std::ranges::find(kRoleNames, text);
  if (found == kRoleNames.end()) return std::nullopt;
  return static_cast<MediaInput::Role>(found - kRoleNames.begin());
}

const MediaInput* MediaRequest::find(MediaInput::Role role) const noexcept {
  const auto found = std::ranges::find(inputs, role, &MediaInput::role);
  return found == inputs.end() ? nullptr : &*found;
}

std::size_t MediaRequest::count_of(MediaInput::Role role) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(inputs, role, &MediaInput::role));
}

json::Value to_json(const MediaRequest& request) {
  json::Object out{{"kind", to_string(request.kind)}};
  put(out, "prompt", request.prompt);
  put(out, "negative", request.negative);
  if (request.width > 0) {
    out["width"] = request.width;
    out["height"] = request.height;
  }
  put(out, "ratio", request.ratio);
  if (request.count != 1) out["count"] = request.count;
  put(out, "seed", request.seed);
  put(out, "strength", request.strength);
  put(out, "duration", request.duration);
  put(out, "voice", request.voice);
  put(out, "speed", request.speed);
  put(out, "format", request.format);
  put(out, "quality", request.quality);
  put(out, "language", request.language);
  put(out, "partials", request.partials);
  if (!request.options.empty()) out["options"] = request.options;
  if (!request.inputs.empty()) {
    json::Array inputs;
    for (const MediaInput& input : request.inputs)
      inputs.push_back(json::Object{{"role", to_string(input.role)},
                                    {"media_type", input.media_type},
                                    {"name", input.name},
                                    {"size_bytes", input.size_bytes}});
    out["inputs"] = std::move(inputs);
  }
  return out;
}

Result<MediaRequest> media_request_from_json(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, where);
  MediaRequest request;
  const std::string kind = reader.required_string("kind", {.bytes_max = 32});
  if (const auto known = parse_media_kind(kind))
    request.kind = *known;
  else
    reader.complain("kind", "must be image, upscale, speech, sound, music, transcription or video");
  request.prompt = reader.optional_string("prompt", {.bytes_max = kPromptBytesMax}).value_or("");
  request.negative = reader.optional_string("negative", {.bytes_max = 32'000}).value_or("");
  request.width = static_cast<std::int32_t>(reader.optional_integer("width", 1, kSideMax).value_or(0));
  request.height = static_cast<std::int32_t>(reader.optional_integer("height", 1, kSideMax).value_or(0));
  if ((request.width > 0) != (request.height > 0))
    reader.complain(request.width > 0 ? "height" : "width", "a size has both width and height");
  request.ratio = reader.optional_string("ratio", {.bytes_max = 16}).value_or("");
  if (!request.ratio.empty() && !parse_ratio(request.ratio))
    reader.complain("ratio", "must be two whole numbers with a colon between, from 1:20 to 20:1, as \"16:9\"");
  if (!request.ratio.empty() && request.width > 0) reader.complain("ratio", "give a size or a ratio, not both");
  request.count = static_cast<std::int32_t>(reader.optional_integer("count", 1, kCountMax).value_or(1));
  request.seed = reader.optional_integer("seed", 0, (std::int64_t{1} << 53) - 1);
  request.strength = reader.optional_number("strength", 0, 1);
  request.duration = reader.optional_number("duration", 0.1, kDurationMax);
  request.voice = reader.optional_string("voice", {.bytes_max = 200}).value_or("");
  request.speed = reader.optional_number("speed", 0.1, 10);
  request.format = reader.optional_string("format", {.bytes_max = 16}).value_or("");
  request.quality = reader.optional_string("quality", {.bytes_max = 32}).value_or("");
  request.language = reader.optional_string("language", {.bytes_max = 35}).value_or("");
  if (const auto partials = reader.optional_integer("partials", 0, kPartialsMax))
    request.partials = static_cast<std::int32_t>(*partials);
  if (const json::Value* options = reader.optional_value("options"); options != nullptr && !options->is_null()) {
    if (!options->is_object())
      reader.complain("options", "must be an object");
    else if (json::write(*options).size() > kMediaOptionsBytesMax)
      reader.complain("options", fmt::format("must have at most {} bytes", kMediaOptionsBytesMax));
    else
      request.options = options->get_object();
  }
  if (const json::Array* inputs = reader.optional_array("inputs", kMediaInputsMax)) {
    for (std::size_t i = 0; i < inputs->size(); ++i) {
      json::ObjectReader one((*inputs)[i], fmt::format("{}/inputs/{}", where, i));
      MediaInput input;
      const std::string role = one.required_string("role", {.bytes_max = 32});
      if (const auto known = parse_media_role(role))
        input.role = *known;
      else
        one.complain("role", "must be reference, mask, first_frame, last_frame or recording");
      input.media_type = one.required_string("media_type", {.bytes_min = 1, .bytes_max = 200});
      input.name = one.required_string("name", {.bytes_min = 1, .bytes_max = 255});
      input.size_bytes = static_cast<std::uint64_t>(one.required_integer("size_bytes", 0, std::int64_t{1} << 40));
      if (auto done = one.finish(); !done) return error_of(done);
      request.inputs.push_back(std::move(input));
    }
  }
  if (auto done = reader.finish(); !done) return error_of(done);
  return request;
}

std::optional<Ratio> parse_ratio(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) {
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && value <= 10'000 ? value : 0;
  };
  const std::int32_t across = number(text.substr(0, colon)), up = number(text.substr(colon + 1));
  if (across <= 0 || up <= 0 || across > up * kRatioMax || up > across * kRatioMax) return std::nullopt;
  const std::int32_t common = std::gcd(across, up);
  return Ratio{across / common, up / common};
}

std::optional<Ratio> ratio_of(const MediaRequest& request) noexcept {
  if (request.width <= 0) return request.ratio.empty() ? std::nullopt : parse_ratio(request.ratio);
  const std::int32_t common = std::gcd(request.width, request.height);
  return Ratio{request.width / common, request.height / common};
}

std::string to_string(Ratio ratio) { return fmt::format("{}:{}", ratio.across, ratio.up); }

}  // namespace atelier::model
