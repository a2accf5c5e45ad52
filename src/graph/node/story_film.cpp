// The steps of a whole production: soundtrack, captions, assembly, poster, publication.
#include <fmt/format.h>

#include "base/async.hpp"
#include "graph/node/media_task.hpp"
#include "graph/node/story.hpp"
#include "store/assets.hpp"
#include "store/productions.hpp"

namespace atelier::graph {
namespace {

using std::chrono::minutes;

const std::vector<PortValue>& list_input(const StepRun& step, std::string_view port) {
  static const std::vector<PortValue> empty;
  const auto found = step.inputs.find(port);
  return found == step.inputs.end() ? empty : found->second;
}

// The scenes' lengths, in order, as {"frame_count": n}.
Result<std::vector<std::int64_t>> lengths_of(const StepRun& step, std::string_view port) {
  std::vector<std::int64_t> lengths;
  for (const PortValue& value : list_input(step, port)) {
    json::ObjectReader reader(std::get<json::Value>(value));
    lengths.push_back(reader.required_integer("frame_count", 1, std::int64_t{1} << 32));
    if (auto done = reader.finish_lenient(); !done) return error_of(done);
  }
  return lengths;
}

std::int64_t sum_of(const std::vector<std::int64_t>& lengths) {
  std::int64_t sum = 0;
  for (const std::int64_t length : lengths) sum += length;
  return sum;
}

Task<Result<Outputs>> run_soundtrack(NodeServices* services, StepRun step) {
  auto lengths = lengths_of(step, "length");
  if (!lengths) co_return error_of(lengths);
  MediaTask task{.type = "soundtrack",
                 .parameters = step.parameters,
                 .inputs = {},
                 .outputs = {{.name = "audio", .media_type = "audio/nut"}}};
  json::Array scenes;
  std::int64_t first_frame = 0;
  const auto& sounds = list_input(step, "audio");
  for (std::size_t i = 0; i < sounds.size() && i < lengths->size(); ++i) {
    const std::string name = fmt::format("scene{}", i);
    scenes.push_back(json::Object{{"input", name}, {"first_frame", first_frame}});
    task.inputs.push_back({.name = name, .blob = std::get<BlobRef>(sounds[i])});
    first_frame += (*lengths)[i];
  }
  auto& parameters = task.parameters.as_object();
  parameters["scenes"] = std::move(scenes);
  parameters["frame_count"] = first_frame;
  if (const BlobRef* music = optional_blob_input(step, "music"))
    task.inputs.push_back({.name = "music", .blob = *music});
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  co_return Outputs{{"audio", made->outputs.at("audio")}, {"info", std::move(made->result)}};
}

Task<Result<Outputs>> run_captions(NodeServices* services, StepRun step) {
  json::Array scenes;
  std::int64_t first_frame = 0;
  for (const PortValue& value : list_input(step, "cues")) {
    json::Object scene = std::get<json::Value>(value).as_object();
    scene["first_frame"] = first_frame;
    first_frame += scene.at("frame_count").to_number<std::int64_t>();
    scenes.push_back(std::move(scene));
  }
  MediaTask task{.type = "captions",
                 .parameters = step.parameters,
                 .inputs = {},
                 .outputs = {{.name = "srt", .media_type = "application/x-subrip"},
                             {.name = "vtt", .media_type = "text/vtt"},
                             {.name = "ass", .media_type = "text/x-ssa"}}};
  task.parameters.as_object()["scenes"] = scenes;
  const json::Value timeline = json::Object{{"title", step.parameters.at("title")},
                                            {"fps", step.parameters.at("fps")},
                                            {"frame_count", first_frame},
                                            {"scenes", std::move(scenes)}};
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  auto stored = co_await services->blobs.put(store::BlobKind::derived, json::write(timeline));
  if (!stored) co_return error_of(stored);
  co_return Outputs{{"srt", made->outputs.at("srt")},
                    {"vtt", made->outputs.at("vtt")},
                    {"ass", made->outputs.at("ass")},
                    {"timeline", BlobRef{.digest = stored->digest,
                                         .size_bytes = stored->size_bytes,
                                         .media_type = "application/json",
                                         .pin = stored->pin}}};
}

Task<Result<Outputs>> run_assemble(NodeServices* services, StepRun step) {
  auto lengths = lengths_of(step, "length");
  if (!lengths) co_return error_of(lengths);
  MediaTask task{.type = "assemble",
                 .parameters = step.parameters,
                 .inputs = {},
                 .outputs = {{.name = "video", .media_type = "video/mp4", .size_bytes_max = std::uint64_t{16} << 30}}};
  std::int64_t segment_count = 0;
  for (const PortValue& value : list_input(step, "segments")) {
    const BlobRef& segment = std::get<BlobRef>(value);
    if (segment.size_bytes == 0) continue;
    task.inputs.push_back({.name = fmt::format("segment{}", segment_count++), .blob = segment});
  }
  task.inputs.push_back({.name = "soundtrack", .blob = blob_input(step, "soundtrack")});
  auto& parameters = task.parameters.as_object();
  parameters["segment_count"] = segment_count;
  parameters["frame_count"] = sum_of(*lengths);
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  co_return Outputs{{"video", made->outputs.at("video")}, {"info", std::move(made->result)}};
}

Task<Result<Outputs>> run_poster(NodeServices* services, StepRun step) {
  MediaTask task{.type = "poster",
                 .parameters = step.parameters,
                 .inputs = {{.name = "file", .blob = blob_input(step, "video")}},
                 .outputs = {{.name = "image", .media_type = "image/jpeg", .size_bytes_max = std::uint64_t{32} << 20}}};
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  co_return Outputs{{"image", made->outputs.at("image")}};
}

Task<Result<Outputs>> run_publish(NodeServices* services, StepRun step) {
  for (const auto& [port, values] : step.inputs)
    for (const PortValue& value : values)
      if (const auto* blob = std::get_if<BlobRef>(&value))
        if (auto kept = co_await services->blobs.keep(blob->digest); !kept) co_return error_of(kept);
  const BlobRef& video = blob_input(step, "video");
  const auto& title = step.parameters.at("title").as_string();
  // The asset's id is the run's: publishing again after a crash makes no second one.
  const store::Asset asset{.id = AssetId{step.run.value},
                           .owner = step.principal.owner,
                           .digest = video.digest,
                           .size_bytes = video.size_bytes,
                           .kind = "video",
                           .media_type = video.media_type,
                           .name = std::string(title.data(), title.size()),
                           .facts = json_input(step, "info"),
                           .created_ms = services->clock.wall_ms(),
                           .origin = "run",
                           .origin_id = step.run.to_string()};
  json::Object files;
  std::vector<Digest> digests;
  for (const char* port : {"video", "poster", "srt", "vtt", "ass", "timeline"}) {
    const BlobRef& blob = blob_input(step, port);
    digests.push_back(blob.digest);
    files[port] =
        json::Object{{"digest", blob.digest.hex()}, {"size_bytes", blob.size_bytes}, {"media_type", blob.media_type}};
  }
  auto lengths = lengths_of(step, "length");
  if (!lengths) co_return error_of(lengths);
  const json::Value result = json::Object{{"files", std::move(files)},
                                          {"scene_frames", json::Array(lengths->begin(), lengths->end())},
                                          {"film", json_input(step, "info")},
                                          {"sound", json_input(step, "sound")}};
  std::vector<store::Statement> batch;
  batch.push_back(store::Assets::insert(asset));
  for (store::Statement& statement : store::Productions::publish_render(step.principal, step.run, result, digests))
    batch.push_back(std::move(statement));
  auto written = co_await services->database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Outputs{{"asset", json::Value(json::Object{{"asset_id", asset.id.to_string()}})}};
}

constexpr Port kSoundtrackInputs[] = {
    {"audio", PortType::audio, true, true}, {"length", PortType::json, true, true}, {"music", PortType::audio, false}};
constexpr Port kSoundtrackOutputs[] = {{"audio", PortType::audio}, {"info", PortType::json}};
constexpr Port kCaptionsInputs[] = {{"cues", PortType::json, true, true}};
constexpr Port kCaptionsOutputs[] = {
    {"srt", PortType::text}, {"vtt", PortType::text}, {"ass", PortType::text}, {"timeline", PortType::json}};
constexpr Port kAssembleInputs[] = {
    {"segments", PortType::video, true, true}, {"length", PortType::json, true, true}, {"soundtrack", PortType::audio}};
constexpr Port kAssembleOutputs[] = {{"video", PortType::video}, {"info", PortType::json}};
constexpr Port kPosterInputs[] = {{"video", PortType::video}};
constexpr Port kPosterOutputs[] = {{"image", PortType::image}};
constexpr Port kPublishInputs[] = {{"length", PortType::json, true, true},
                                   {"video", PortType::video},
                                   {"info", PortType::json},
                                   {"sound", PortType::json},
                                   {"poster", PortType::image},
                                   {"srt", PortType::text},
                                   {"vtt", PortType::text},
                                   {"ass", PortType::text},
                                   {"timeline", PortType::json}};
constexpr Port kPublishOutputs[] = {{"asset", PortType::json}};

}  // namespace

const NodeType kStorySoundtrack =
    media_type({.name = "story.soundtrack",
                .version = 1,
                .help = "Mixes the scenes' speech and the music, sets the loudness and encodes it once",
                .inputs = kSoundtrackInputs,
                .outputs = kSoundtrackOutputs,
                .timeout = minutes(30),
                .run = run_soundtrack});

const NodeType kStoryCaptions = media_type({.name = "story.captions",
                                            .version = 1,
                                            .help = "Writes the captions as SRT, VTT and ASS, and all times as JSON",
                                            .inputs = kCaptionsInputs,
                                            .outputs = kCaptionsOutputs,
                                            .timeout = minutes(2),
                                            .run = run_captions});

const NodeType kStoryAssemble = media_type({.name = "story.assemble",
                                            .version = 1,
                                            .help = "Joins the parts and the soundtrack without encoding again",
                                            .inputs = kAssembleInputs,
                                            .outputs = kAssembleOutputs,
                                            .timeout = minutes(10),
                                            .run = run_assemble});

const NodeType kStoryPoster = media_type({.name = "story.poster",
                                          .version = 1,
                                          .help = "Takes a frame of the video as its picture",
                                          .inputs = kPosterInputs,
                                          .outputs = kPosterOutputs,
                                          .timeout = minutes(2),
                                          .run = run_poster});

const NodeType kStoryPublish{.name = "story.publish",
                             .version = 1,
                             .help = "Keeps the finished files and puts the video into the library",
                             .inputs = kPublishInputs,
                             .outputs = kPublishOutputs,
                             .node_class = NodeClass::light,
                             .timeout = minutes(1),
                             .is_cacheable = false,
                             .run = run_publish};

}  // namespace atelier::graph
