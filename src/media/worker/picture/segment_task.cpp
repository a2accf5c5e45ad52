#include "media/worker/picture/scene_renderer.hpp"
#include "media/worker/picture/segment_encoder.hpp"
#include "media/worker/picture/task_runs.hpp"

namespace atelier::media::picture {
namespace {

Result<> render(const SceneLook& look, const EncoderSettings& settings, TaskContext& context) {
  auto renderer = SceneRenderer::make(look);
  if (!renderer) return error_of(renderer);
  auto encoder = SegmentEncoder::open(context.output("video"), settings);
  if (!encoder) return error_of(encoder);
  for (std::int64_t index = 0; index < look.part.frame_count; ++index) {
    if (!context.progress(index, look.part.frame_count)) return fail(ErrorCode::cancelled, "stopped");
    auto frame = renderer->draw(look.part.first_frame + index);
    if (!frame) return error_of(frame);
    if (auto pushed = (*encoder)->push(**frame); !pushed) return error_of(pushed);
  }
  if (auto finished = (*encoder)->finish(); !finished) return error_of(finished);
  (void)context.progress(look.part.frame_count, look.part.frame_count);
  return {};
}

}  // namespace

Result<json::Value> run_segment(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  auto look = read_scene_look(reader, context);
  if (!look) return error_of(look);
  const auto threads = reader.optional_integer("thread_count", 1, 16).value_or(1);
  if (auto done = reader.finish(); !done) return error_of(done);
  if (context.output("video") < 0) return fail(ErrorCode::invalid_argument, "no output was given for the video");

  const EncoderSettings settings{look->frame.width, look->frame.height, look->fps, static_cast<std::int32_t>(threads)};
  auto parameter_sets = SegmentEncoder::parameter_sets(settings);
  if (!parameter_sets) return error_of(parameter_sets);
  // A part past the scene's end is an empty file.
  if (look->part.frame_count > 0)
    if (auto rendered = render(*look, settings, context); !rendered) return error_of(rendered);
  return json::Object{{"frame_count", look->part.frame_count}, {"parameter_sets", *parameter_sets}};
}

}  // namespace atelier::media::picture
