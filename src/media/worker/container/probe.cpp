#include "media/worker/container/probe.hpp"

#include "base/text.hpp"
#include "media/worker/container/image_header.hpp"
#include "media/worker/container/source.hpp"
#include "media/worker/container/stream_header.hpp"

namespace atelier::media::container {
namespace {

json::Value describe(const FileFormat& format, const ImageHeader& header) {
  return {{"kind", "image"},       {"media_type", format.media_type},
          {"width", header.width}, {"height", header.height},
          {"duration_ms", 0},      {"fps", 0.0},
          {"has_audio", false},    {"codec", format.media_type.substr(std::string_view("image/").size())}};
}

json::Value describe(const FileFormat& format) { return {{"kind", "document"}, {"media_type", format.media_type}}; }

json::Value describe(const FileFormat& format, const StreamHeader& header) {
  json::Object facts{{"kind", header.has_video ? "video" : "audio"},
                     {"media_type", header.has_video ? format.media_type : format.media_type_audio},
                     {"width", header.width},
                     {"height", header.height},
                     {"duration_ms", header.duration_ms},
                     {"fps", header.fps},
                     {"has_audio", header.has_audio},
                     {"codec", header.codec}};
  if (header.has_audio) {
    facts["channels"] = header.channels;
    facts["sample_rate"] = header.sample_rate;
  }
  return facts;
}

}  // namespace

Result<json::Value> probe(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const std::string name = printable(reader.required_string("name", {.bytes_min = 1, .bytes_max = 1'024}));
  if (auto done = reader.finish(); !done) return error_of(done);
  const auto source = open_source(context.input("file"), name, Documents::wanted);
  if (!source) return error_of(source);
  if (source->format.family == Family::document) return describe(source->format);
  if (source->format.family == Family::image) {
    const auto header = read_image_header(source->file, source->format, name);
    if (!header) return error_of(header);
    return describe(source->format, *header);
  }
  const auto stream = open_stream(context.input("file"), source->format, name);
  if (!stream) return error_of(stream);
  return describe(source->format, stream->header);
}

}  // namespace atelier::media::container
