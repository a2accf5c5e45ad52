// The steps of one scene: speech, timeline, still, segment.
#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "graph/node/media_task.hpp"
#include "graph/node/story.hpp"

namespace atelier::graph {
namespace {

using std::chrono::minutes;

// "part0" ... "part127", made once: ports are declared by views.
const std::vector<std::string>& part_names() {
  static const std::vector<std::string>* names = [] {
    auto* made = new std::vector<std::string>;
    for (std::size_t i = 0; i < kStoryPartsMax; ++i) made->push_back(fmt::format("part{}", i));
    return made;
  }();
  return *names;
}

std::span<const Port> timeline_outputs() {
  static const std::vector<Port>* ports = [] {
    auto* made = new std::vector<Port>{{"cues", PortType::json}, {"length", PortType::json}};
    for (const std::string& name : part_names()) made->push_back({name, PortType::json, false});
    return made;
  }();
  return *ports;
}

Task<Result<Outputs>> run_speech(NodeServices* services, StepRun step) {
  MediaTask task{.type = "speech",
                 .parameters = step.parameters,
                 .inputs = {},
                 .outputs = {{.name = "audio", .media_type = "audio/wav"}}};
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  co_return Outputs{{"audio", made->outputs.at("audio")}, {"words", std::move(made->result)}};
}

Task<Result<Outputs>> run_timeline(NodeServices* services, StepRun step) {
  json::Value parameters = step.parameters;
  parameters.as_object()["speech"] = json_input(step, "speech");
  MediaTask task{.type = "timeline", .parameters = std::move(parameters), .inputs = {}, .outputs = {}};
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  json::ObjectReader reader(made->result);
  const std::int64_t frame_count = reader.required_integer("frame_count", 1, std::int64_t{1} << 32);
  const json::Value* cues = reader.required_value("cues");
  const json::Array* parts = reader.required_array("parts", kStoryPartsMax);
  if (auto done = reader.finish_lenient(); !done) co_return error_of(done);
  Outputs outputs;
  outputs["cues"] = json::Value(json::Object{{"frame_count", frame_count}, {"cues", *cues}});
  outputs["length"] = json::Value(json::Object{{"frame_count", frame_count}});
  for (std::size_t i = 0; i < parts->size(); ++i) outputs[part_names()[i]] = (*parts)[i];
  co_return outputs;
}

Task<Result<Outputs>> run_still(NodeServices* services, StepRun step) {
  MediaTask task{
      .type = "still",
      .parameters = step.parameters,
      .inputs = {{.name = "image", .blob = blob_input(step, "image")}},
      .outputs = {
          {.name = "frame", .media_type = "application/x-atelier-frame", .size_bytes_max = std::uint64_t{256} << 20}}};
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  co_return Outputs{{"frame", made->outputs.at("frame")}};
}

Task<Result<Outputs>> run_segment(NodeServices* services, StepRun step) {
  const json::Value part = json_input(step, "part");
  json::Value parameters = step.parameters;
  parameters.as_object()["part"] = part;
  MediaTask task{.type = "segment",
                 .parameters = std::move(parameters),
                 .inputs = {},
                 .outputs = {{.name = "video", .media_type = "video/nut"}}};
  const json::Value* frame_count = part.is_object() ? part.get_object().if_contains("frame_count") : nullptr;
  if (frame_count && frame_count->is_int64() && frame_count->get_int64() == 0) {
    // A part past the scene's end: the scene turned out shorter than its text let us expect.
    auto empty = co_await services->blobs.put(store::BlobKind::derived, "");
    if (!empty) co_return error_of(empty);
    co_return Outputs{
        {"video", BlobRef{.digest = empty->digest, .size_bytes = 0, .media_type = "video/nut", .pin = empty->pin}}};
  }
  if (const BlobRef* background = optional_blob_input(step, "frame"))
    task.inputs.push_back({.name = "background", .blob = *background});
  if (const BlobRef* background = optional_blob_input(step, "clip"))
    task.inputs.push_back({.name = "background", .blob = *background});
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  co_return Outputs{{"video", made->outputs.at("video")}};
}

// The frame that shows a part best: the middle of its first caption, or of the part where nothing is said.
std::int64_t frame_to_show(const json::Value& part) {
  json::ObjectReader reader(part);
  const std::int64_t first = reader.required_integer("first_frame", 0, std::int64_t{1} << 32);
  const std::int64_t count = reader.required_integer("frame_count", 0, std::int64_t{1} << 32);
  if (const json::Array* cues = reader.optional_array("cues", 10'000); cues && !cues->empty()) {
    json::ObjectReader cue(cues->front());
    const std::int64_t start = cue.required_integer("start_frame", 0, std::int64_t{1} << 32);
    const std::int64_t end = cue.required_integer("end_frame", 0, std::int64_t{1} << 32);
    return std::clamp((start + end) / 2, first, first + std::max<std::int64_t>(count, 1) - 1);
  }
  return first + count / 2;
}

Task<Result<Outputs>> run_frame(NodeServices* services, StepRun step) {
  const json::Value part = json_input(step, "part");
  json::Value parameters = step.parameters;
  parameters.as_object()["frame"] = frame_to_show(part);
  parameters.as_object()["part"] = part;
  MediaTask task{.type = "frame",
                 .parameters = std::move(parameters),
                 .inputs = {},
                 .outputs = {{.name = "image", .media_type = "image/jpeg"}}};
  if (const BlobRef* background = optional_blob_input(step, "frame"))
    task.inputs.push_back({.name = "background", .blob = *background});
  if (const BlobRef* background = optional_blob_input(step, "clip"))
    task.inputs.push_back({.name = "background", .blob = *background});
  auto made = co_await run_media_task(services, std::move(step), std::move(task));
  if (!made) co_return error_of(made);
  co_return Outputs{{"image", made->outputs.at("image")}};
}

constexpr Port kFrameOutputs[] = {{"image", PortType::image}};
constexpr Port kSpeechOutputs[] = {{"audio", PortType::audio}, {"words", PortType::json}};
constexpr Port kTimelineInputs[] = {{"speech", PortType::json}};
constexpr Port kStillInputs[] = {{"image", PortType::image}};
constexpr Port kStillOutputs[] = {{"frame", PortType::image}};
constexpr Port kSegmentInputs[] = {
    {"part", PortType::json}, {"frame", PortType::image, false}, {"clip", PortType::video, false}};
constexpr Port kSegmentOutputs[] = {{"video", PortType::video}};

}  // namespace

std::string_view story_part_port(std::size_t index) { return part_names().at(index); }

const NodeType kStorySpeech = media_type({.name = "story.speech",
                                          .version = 1,
                                          .help = "Speaks a scene's text and says when each word is spoken",
                                          .outputs = kSpeechOutputs,
                                          .timeout = minutes(5),
                                          .run = run_speech});

const NodeType kStoryTimeline =
    media_type({.name = "story.timeline",
                .version = 1,
                .help = "Groups a scene's words into captions and cuts the scene into parts",
                .inputs = kTimelineInputs,
                .outputs = timeline_outputs(),
                .timeout = minutes(2),
                .run = run_timeline});

const NodeType kStoryStill = media_type({.name = "story.still",
                                         .version = 1,
                                         .help = "Prepares a picture for the camera to move over",
                                         .inputs = kStillInputs,
                                         .outputs = kStillOutputs,
                                         .timeout = minutes(2),
                                         .run = run_still});

const NodeType kStorySegment = media_type({.name = "story.segment",
                                           .version = 1,
                                           .help = "Draws and encodes a part of a scene",
                                           .inputs = kSegmentInputs,
                                           .outputs = kSegmentOutputs,
                                           .timeout = minutes(30),
                                           .run = run_segment});

const NodeType kStoryFrame = media_type({.name = "story.frame",
                                         .version = 1,
                                         .help = "Draws one frame of a part, small, as the encoder would get it",
                                         .inputs = kSegmentInputs,
                                         .outputs = kFrameOutputs,
                                         .timeout = minutes(1),
                                         .run = run_frame});

}  // namespace atelier::graph
