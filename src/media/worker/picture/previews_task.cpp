#include <fmt/format.h>

#include "media/protocol/limits.hpp"
#include "media/worker/container/source.hpp"
#include "media/worker/picture/file_mapping.hpp"
#include "media/worker/picture/image_loading.hpp"
#include "media/worker/picture/renditions.hpp"
#include "media/worker/picture/task_runs.hpp"
#include "media/worker/picture/telling_frame.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::size_t kPicturesMax = 16;
constexpr std::int64_t kPreviewSideMin = 16, kPreviewSideMax = 2'048;

struct Wanted {
  std::vector<std::string> outputs;
  std::vector<RenditionOrder> orders;
};

Encoding encoding_of(std::string_view media_type) {
  return media_type == "image/jpeg" ? Encoding::jpeg : (media_type == "image/avif" ? Encoding::avif : Encoding::webp);
}

Result<Wanted> read_wanted(const TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const json::Array* pictures = reader.required_array("pictures", kPicturesMax);
  if (auto done = reader.finish(); !done) return error_of(done);
  Wanted wanted;
  for (std::size_t i = 0; i < pictures->size(); ++i) {
    json::ObjectReader one((*pictures)[i], fmt::format("/pictures/{}", i));
    const std::string output = one.required_string("output", {.bytes_min = 1, .bytes_max = kFileNameBytesMax});
    const auto fit = one.optional_choice("fit", {"inside", "cover"});
    const auto media_type = one.optional_choice("media_type", {"image/webp", "image/avif", "image/jpeg"});
    RenditionOrder order{
        .fit = fit.value_or("inside") == "cover" ? RenditionOrder::Fit::cover : RenditionOrder::Fit::inside,
        .width = static_cast<std::int32_t>(one.required_integer("width", kPreviewSideMin, kPreviewSideMax)),
        .height = static_cast<std::int32_t>(one.required_integer("height", kPreviewSideMin, kPreviewSideMax)),
        .encoding = encoding_of(media_type.value_or("image/webp"))};
    if (context.output(output) < 0) one.complain("output", "is not among the files that were given");
    if (auto done = one.finish(); !done) return error_of(done);
    wanted.outputs.push_back(output);
    wanted.orders.push_back(order);
  }
  if (wanted.orders.empty())
    return fail(ErrorCode::invalid_argument, "pictures is empty: nothing is wanted", {"previews_empty", "/pictures"});
  return wanted;
}

Result<std::vector<Rendition>> render_video(TaskContext& context, const container::Source& source,
                                            std::span<const RenditionOrder> orders) {
  auto stream = container::open_stream(context.input("file"), source.format, "the file");
  if (!stream) return error_of(stream);
  if (!stream->header.has_video)
    return fail(ErrorCode::invalid_argument, "sound has no picture", {"media_unsupported", ""});
  auto frame = find_telling_frame(*stream, static_cast<int>(kPreviewSideMax));
  if (!frame) return error_of(frame);
  return render_all(std::move(frame->picture), orders);
}

}  // namespace

Result<json::Value> run_previews(TaskContext& context) {
  const auto wanted = read_wanted(context);
  if (!wanted) return error_of(wanted);
  const auto source = container::open_source(context.input("file"), "the file");
  if (!source) return error_of(source);
  if (!context.progress(0, 1)) return fail(ErrorCode::cancelled, "stopped");
  const bool is_image = source->format.family == container::Family::image;
  const auto made =
      is_image ? render_all(source->file.bytes(), wanted->orders) : render_video(context, *source, wanted->orders);
  if (!made) return error_of(made);
  json::Object pictures;
  for (std::size_t i = 0; i < made->size(); ++i) {
    const Rendition& one = (*made)[i];
    if (auto written = write_whole(context.output(wanted->outputs[i]), one.bytes); !written) return error_of(written);
    pictures[wanted->outputs[i]] = {{"width", one.width}, {"height", one.height}, {"size_bytes", one.bytes.size()}};
  }
  (void)context.progress(1, 1);
  return json::Object{{"pictures", std::move(pictures)}};
}

}  // namespace atelier::media::picture
