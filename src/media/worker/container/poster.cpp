#include "media/worker/container/poster.hpp"

#include "media/protocol/memory_file.hpp"
#include "media/worker/container/image_header.hpp"
#include "media/worker/container/limits.hpp"
#include "media/worker/container/source.hpp"
#include "media/worker/container/stream_header.hpp"
#include "media/worker/container/video_frame.hpp"

namespace atelier::media::container {
namespace {

constexpr int kQuality = 85;

std::unexpected<Error> fail_vips(const std::string& doing) {
  return fail(ErrorCode::invalid_argument, doing + ": " + take_vips_message(), {"media_unreadable", ""});
}

// No wider than asked, never enlarged, turned as its EXIF says.
Result<ImagePtr> shrink(const MappedFile& file, int width) {
  VipsBlob* blob = vips_blob_new(nullptr, file.bytes().data(), file.bytes().size());
  VipsImage* image = nullptr;
  const int failed = vips_call("thumbnail_buffer", blob, &image, width, "height", static_cast<int>(kSideMax), "size",
                               VIPS_SIZE_DOWN, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  vips_area_unref(VIPS_AREA(blob));
  if (failed != 0) return fail_vips("the picture cannot be decoded");
  return ImagePtr(image);
}

Result<json::Value> write_jpeg(VipsImage* image, int fd) {
  // Transparency is shown on white, as browsers do.
  VipsImage* flat = nullptr;
  const double white[] = {255, 255, 255};
  VipsArrayDouble* background = vips_array_double_new(white, 3);
  const int flattened = vips_image_hasalpha(image) != 0 ? vips_flatten(image, &flat, "background", background, nullptr)
                                                        : vips_copy(image, &flat, nullptr);
  vips_area_unref(VIPS_AREA(background));
  if (flattened != 0) return fail_vips("the poster cannot be made");
  const ImagePtr owner(flat);
  void* bytes = nullptr;
  std::size_t size = 0;
  if (vips_jpegsave_buffer(flat, &bytes, &size, "Q", kQuality, "strip", TRUE, nullptr) != 0)
    return fail_vips("the poster cannot be written");
  const std::unique_ptr<void, decltype(&g_free)> jpeg(bytes, g_free);
  if (auto written = write_file(fd, {static_cast<const char*>(bytes), size}); !written) return error_of(written);
  return json::Value{{"width", vips_image_get_width(flat)}, {"height", vips_image_get_height(flat)}};
}

Result<ImagePtr> picture_of(TaskContext& context, const Source& source, int width, std::int64_t at_frame) {
  const std::string name = "the file";
  if (source.format.family == Family::image) {
    const auto header = read_image_header(source.file, source.format, name);
    if (!header) return error_of(header);
    return shrink(source.file, width);
  }
  auto stream = open_stream(context.input("file"), source.format, name);
  if (!stream) return error_of(stream);
  if (!stream->header.has_video)
    return fail(ErrorCode::invalid_argument, "sound has no picture to make a poster of", {"media_unsupported", ""});
  return decode_frame(*stream, at_frame, width);
}

}  // namespace

Result<json::Value> poster(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const auto width = static_cast<int>(reader.required_integer("width", 16, 4'096));
  const std::int64_t at_frame = reader.required_integer("at_frame", 0, 10'000'000);
  if (auto done = reader.finish(); !done) return error_of(done);
  const int output = context.output("image");
  if (output < 0) return fail(ErrorCode::invalid_argument, "no output called \"image\" was given");
  const auto source = open_source(context.input("file"), "the file");
  if (!source) return error_of(source);
  const auto picture = picture_of(context, *source, width, at_frame);
  if (!picture) return error_of(picture);
  return write_jpeg(picture->get(), output);
}

}  // namespace atelier::media::container
