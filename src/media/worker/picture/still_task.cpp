#include "media/worker/picture/file_mapping.hpp"
#include "media/worker/picture/image_loading.hpp"
#include "media/worker/picture/still_file.hpp"
#include "media/worker/picture/task_runs.hpp"

namespace atelier::media::picture {

Result<json::Value> run_still(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const Extent frame{static_cast<std::int32_t>(reader.required_integer("width", kFrameSideMin, kFrameSideMax)),
                     static_cast<std::int32_t>(reader.required_integer("height", kFrameSideMin, kFrameSideMax))};
  if (frame.width % 2 != 0) reader.complain("width", "must be even");
  if (frame.height % 2 != 0) reader.complain("height", "must be even");
  if (auto done = reader.finish(); !done) return error_of(done);

  auto file = FileMapping::open(context.input("image"), "image", kImageBytesMax);
  if (!file) return error_of(file);
  if (!context.progress(0, 1)) return fail(ErrorCode::cancelled, "stopped");
  const Extent still = still_extent(frame.width, frame.height);
  auto image = load_cover(file->bytes(), still);
  if (!image) return error_of(image);
  if (auto written = write_still(context.output("frame"), image->samples, frame); !written) return error_of(written);
  (void)context.progress(1, 1);
  return json::Object{{"width", still.width}, {"height", still.height}};
}

}  // namespace atelier::media::picture
