#include <algorithm>
#include <limits>

#include "media/worker/picture/colour.hpp"
#include "media/worker/picture/file_mapping.hpp"
#include "media/worker/picture/image_loading.hpp"
#include "media/worker/picture/scene_renderer.hpp"
#include "media/worker/picture/task_runs.hpp"

namespace atelier::media::picture {
namespace {

constexpr int kJpegQuality = 85;

RgbImage to_rgb(const Frame& frame) {
  RgbImage image{frame.width(), frame.height(), {}};
  image.samples.resize(static_cast<std::size_t>(frame.width()) * static_cast<std::size_t>(frame.height()) * 3);
  yuv420_to_rgb(frame, image.samples.data());
  return image;
}

}  // namespace

Result<json::Value> run_frame(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  auto look = read_scene_look(reader, context);
  if (!look) return error_of(look);
  const std::int64_t index = reader.required_integer("frame", 0, std::numeric_limits<std::int32_t>::max());
  const auto preview_width = static_cast<std::int32_t>(reader.required_integer("preview_width", 16, kFrameSideMax));
  if (auto done = reader.finish(); !done) return error_of(done);
  if (!context.progress(0, 1)) return fail(ErrorCode::cancelled, "stopped");

  auto renderer = SceneRenderer::make(*look);
  if (!renderer) return error_of(renderer);
  auto frame = renderer->draw(index);
  if (!frame) return error_of(frame);
  const std::int32_t width = std::min(preview_width, look->frame.width);
  auto jpeg = encode_jpeg(to_rgb(**frame), width, kJpegQuality);
  if (!jpeg) return error_of(jpeg);
  if (auto written = write_whole(context.output("image"), jpeg->bytes); !written) return error_of(written);
  (void)context.progress(1, 1);
  return json::Object{{"width", jpeg->width}, {"height", jpeg->height}};
}

}  // namespace atelier::media::picture
