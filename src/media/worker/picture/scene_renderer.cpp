#include "media/worker/picture/scene_renderer.hpp"

#include <fmt/format.h>

#include <limits>

#include "media/worker/caption/tasks.hpp"
#include "media/worker/picture/kernels.hpp"
#include "media/worker/picture/overlay_blend.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::int64_t kFramesMax = std::int64_t{4} * 3600 * 60;

Result<BackgroundChoice> read_background(const json::Value& value, const TaskContext& context) {
  json::ObjectReader reader(value, "/background");
  BackgroundChoice choice;
  choice.kind = reader.required_string("kind", {.bytes_min = 1, .bytes_max = 64});
  choice.seed = static_cast<std::uint64_t>(
      reader.optional_integer("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
  choice.fd = context.input("background");
  if (auto done = reader.finish(); !done) return error_of(done);
  return choice;
}

Result<> check_part(const caption::Part& part) {
  if (part.first_frame < 0 || part.frame_count < 0 || part.first_frame > kFramesMax || part.frame_count > kFramesMax)
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("frames {} and {} more lie outside 0 to {}", part.first_frame, part.frame_count, kFramesMax),
        {"part_out_of_range", "/part"});
  return {};
}

}  // namespace

Result<SceneLook> read_scene_look(json::ObjectReader& reader, const TaskContext& context) {
  SceneLook look;
  look.frame.width = static_cast<std::int32_t>(reader.required_integer("width", kFrameSideMin, kFrameSideMax));
  look.frame.height = static_cast<std::int32_t>(reader.required_integer("height", kFrameSideMin, kFrameSideMax));
  if (look.frame.width % 2 != 0) reader.complain("width", "must be even");
  if (look.frame.height % 2 != 0) reader.complain("height", "must be even");
  look.fps = static_cast<std::int32_t>(reader.required_integer("fps", 1, 60));
  look.style = reader.required_string("style", {.bytes_min = 1, .bytes_max = 64});
  look.language = reader.required_string("language", {.bytes_min = 0, .bytes_max = 64});
  const json::Value* background = reader.required_value("background");
  const json::Value* part = reader.required_value("part");
  if (background == nullptr || part == nullptr) return look;  // finish() tells
  auto choice = read_background(*background, context);
  if (!choice) return error_of(choice);
  look.background = std::move(*choice);
  auto read = caption::read_part(*part, "/part");
  if (!read) return error_of(read);
  if (auto checked = check_part(*read); !checked) return error_of(checked);
  look.part = std::move(*read);
  return look;
}

SceneRenderer::SceneRenderer(Extent extent, std::unique_ptr<Background> background,
                             std::unique_ptr<caption::Renderer> captions)
    : frame_(extent.width, extent.height), background_(std::move(background)), captions_(std::move(captions)) {}

Result<SceneRenderer> SceneRenderer::make(const SceneLook& look) {
  auto background = make_background(look.background, look.frame, look.fps);
  if (!background) return error_of(background);
  if (look.part.cues.empty()) return SceneRenderer(look.frame, std::move(*background), nullptr);
  const caption::Fonts* fonts = caption::process_fonts();
  if (fonts == nullptr) return fail(ErrorCode::internal, "the worker's fonts were not loaded before its first task");
  auto captions = caption::Renderer::make(
      {look.part.cues, look.style, look.language, look.frame.width, look.frame.height, look.fps}, *fonts);
  if (!captions) return error_of(captions);
  return SceneRenderer(look.frame, std::move(*background), std::move(*captions));
}

Result<Frame*> SceneRenderer::draw(std::int64_t frame_index) {
  if (auto drawn = background_->draw(frame_index, frame_); !drawn) return error_of(drawn);
  if (captions_) blend(*captions_->render(frame_index).overlay, best_kernels(), frame_);
  return &frame_;
}

}  // namespace atelier::media::picture
