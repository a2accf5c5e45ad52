#include <algorithm>
#include <cmath>

#include "media/worker/container/source.hpp"
#include "media/worker/container/stream_header.hpp"
#include "media/worker/picture/background.hpp"
#include "media/worker/picture/segment_encoder.hpp"
#include "media/worker/picture/task_runs.hpp"
#include "media/worker/picture/telling_frame.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::int32_t kLoopFps = 15;
constexpr std::int32_t kLoopRateFactor = 29;  // looked at in passing
constexpr std::int32_t kLoopSideMin = 16;

// All of the picture, no larger than `side_max` and than it is, in even numbers.
Extent loop_extent(const container::StreamHeader& header, std::int32_t side_max) {
  const auto width = static_cast<double>(header.width), height = static_cast<double>(header.height);
  const double scale = std::min(1.0, side_max / std::max(width, height));
  const auto even = [&](double side) {
    return std::max(static_cast<std::int32_t>(std::lround(side * scale / 2)) * 2, kLoopSideMin);
  };
  return {even(width), even(height)};
}

}  // namespace

Result<json::Value> run_loop(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const auto side_max = static_cast<std::int32_t>(reader.required_integer("side_max", 64, 1'280));
  const std::int64_t duration_ms_max = reader.required_integer("duration_ms_max", 100, 10'000);
  if (auto done = reader.finish(); !done) return error_of(done);
  const int output = context.output("loop.mp4");
  if (output < 0) return fail(ErrorCode::invalid_argument, "no output called \"loop.mp4\" was given");
  const auto source = container::open_source(context.input("file"), "the file");
  if (!source) return error_of(source);
  if (source->format.family != container::Family::stream)
    return fail(ErrorCode::invalid_argument, "a picture does not move", {"media_unsupported", ""});
  // Closed before the frames are read: what it holds is not needed twice.
  container::StreamHeader header;
  {
    auto stream = container::open_stream(context.input("file"), source->format, "the file");
    if (!stream) return error_of(stream);
    header = std::move(stream->header);
  }
  if (!header.has_video)
    return fail(ErrorCode::invalid_argument, "sound has nothing to be seen", {"media_unsupported", ""});

  const Extent extent = loop_extent(header, side_max);
  auto clip = make_clip_background(context.input("file"), extent, kLoopFps);
  if (!clip) return error_of(clip);
  const std::int64_t whole_count = std::max<std::int64_t>(header.duration_ms * kLoopFps / 1'000, 1);
  const std::int64_t frame_count = std::min(duration_ms_max * kLoopFps / 1'000, whole_count);
  const auto first =
      std::min(static_cast<std::int64_t>(first_place_seconds(header) * kLoopFps), whole_count - frame_count);
  auto encoder = SegmentEncoder::open(output, {.width = extent.width,
                                               .height = extent.height,
                                               .fps = kLoopFps,
                                               .rate_factor = kLoopRateFactor,
                                               .mp4_frame_count = frame_count});
  if (!encoder) return error_of(encoder);
  Frame frame(extent.width, extent.height);
  for (std::int64_t i = 0; i < frame_count; ++i) {
    if (!context.progress(i, frame_count)) return fail(ErrorCode::cancelled, "stopped");
    if (auto drawn = (*clip)->draw(first + i, frame); !drawn) return error_of(drawn);
    if (auto pushed = (*encoder)->push(frame); !pushed) return error_of(pushed);
  }
  if (auto ended = (*encoder)->finish(); !ended) return error_of(ended);
  (void)context.progress(frame_count, frame_count);
  return json::Object{{"width", extent.width}, {"height", extent.height}, {"frame_count", frame_count}};
}

}  // namespace atelier::media::picture
