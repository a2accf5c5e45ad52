#include "media/worker/sound/soundtrack_order.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "media/protocol/catalog.hpp"
#include "media/protocol/limits.hpp"

namespace atelier::media::sound {
namespace {

Result<SoundtrackOrder::Scene> read_scene(const TaskContext& context, const json::Value& value, std::size_t i,
                                          std::int64_t frame_count, std::int64_t frame_samples) {
  json::ObjectReader reader(value, fmt::format("/scenes/{}", i));
  SoundtrackOrder::Scene scene;
  scene.input = reader.required_string("input", {.bytes_min = 1, .bytes_max = kFileNameBytesMax});
  scene.first_sample = reader.required_integer("first_frame", 0, frame_count - 1) * frame_samples;
  if (auto done = reader.finish(); !done) return error_of(done);
  scene.fd = context.input(scene.input);
  if (scene.fd < 0)
    return fail(ErrorCode::invalid_argument, "no input called " + printable(scene.input, 64) + " was given",
                {"input_missing", fmt::format("/scenes/{}/input", i)});
  return scene;
}

Result<std::optional<SoundtrackOrder::Music>> read_music(const TaskContext& context, const json::Value* value) {
  if (value == nullptr || value->is_null()) return std::nullopt;
  json::ObjectReader reader(*value, "/music");
  const std::string input = reader.required_string("input", {.bytes_min = 1, .bytes_max = kFileNameBytesMax});
  SoundtrackOrder::Music music;
  music.gain_db = reader.required_number("gain_db", -80, 20);
  music.duck_db = reader.required_number("duck_db", 0, 60);
  if (auto done = reader.finish(); !done) return error_of(done);
  music.fd = context.input(input);
  if (music.fd < 0)
    return fail(ErrorCode::invalid_argument, "no input called " + printable(input, 64) + " was given",
                {"input_missing", "/music/input"});
  return music;
}

}  // namespace

Result<SoundtrackOrder> read_soundtrack_order(const TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const std::int64_t fps = reader.required_integer("fps", 1, 240);
  const std::int64_t frame_count = reader.required_integer("frame_count", 1, kSoundtrackHoursMax * 3'600 * 240);
  const json::Array* scenes = reader.required_array("scenes", kFilesMax);
  const json::Value* music = reader.optional_value("music");
  SoundtrackOrder order;
  order.loudness_lufs = reader.required_number("loudness_lufs", -40, -8);
  order.true_peak_dbtp = reader.required_number("true_peak_dbtp", -20, 0);
  order.bit_rate_kbps = reader.optional_integer("bit_rate_kbps", 64, 384).value_or(order.bit_rate_kbps);
  if (auto done = reader.finish(); !done) return error_of(done);

  if (std::ranges::find(frame_rates(), static_cast<std::int32_t>(fps)) == frame_rates().end())
    return fail(ErrorCode::invalid_argument, fmt::format("fps is {}; 24, 25, 30 and 60 are known", fps),
                {"fps_unknown", "/fps"});
  if (frame_count > kSoundtrackHoursMax * 3'600 * fps)
    return fail(ErrorCode::too_large,
                fmt::format("frame_count is {}: longer than {} hours", frame_count, kSoundtrackHoursMax),
                {"soundtrack_too_long", "/frame_count"});
  if (scenes->empty())
    return fail(ErrorCode::invalid_argument, "scenes is empty: there is nothing to hear",
                {"soundtrack_empty", "/scenes"});
  const std::int64_t frame_samples = samples_per_frame(static_cast<std::int32_t>(fps));
  order.sample_count = frame_count * frame_samples;
  for (std::size_t i = 0; i < scenes->size(); ++i) {
    auto scene = read_scene(context, (*scenes)[i], i, frame_count, frame_samples);
    if (!scene) return error_of(scene);
    if (!order.scenes.empty() && scene->first_sample <= order.scenes.back().first_sample)
      return fail(ErrorCode::invalid_argument, "first_frame does not rise",
                  {"scenes_unordered", fmt::format("/scenes/{}/first_frame", i)});
    order.scenes.push_back(*std::move(scene));
  }
  auto bed = read_music(context, music);
  if (!bed) return error_of(bed);
  order.music = *bed;
  order.output = context.output("audio");
  if (order.output < 0) return fail(ErrorCode::invalid_argument, "no output called \"audio\" was given");
  return order;
}

}  // namespace atelier::media::sound
