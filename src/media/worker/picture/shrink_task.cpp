#include "media/worker/picture/file_mapping.hpp"
#include "media/worker/picture/image_loading.hpp"
#include "media/worker/picture/shrunk_image.hpp"
#include "media/worker/picture/task_runs.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::int32_t kSideMin = 16;

}  // namespace

Result<json::Value> run_shrink(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const auto side_max = static_cast<std::int32_t>(reader.required_integer("side_max", kSideMin, kImageSideMax));
  if (auto done = reader.finish(); !done) return error_of(done);
  auto file = FileMapping::open(context.input("file"), "image", kImageBytesMax);
  if (!file) return error_of(file);
  if (!context.progress(0, 1)) return fail(ErrorCode::cancelled, "stopped");
  const auto image = shrink_image(file->bytes(), side_max);
  if (!image) return error_of(image);
  if (auto written = write_whole(context.output("image"), image->bytes); !written) return error_of(written);
  (void)context.progress(1, 1);
  return json::Object{{"media_type", image->media_type}, {"width", image->width}, {"height", image->height}};
}

}  // namespace atelier::media::picture
