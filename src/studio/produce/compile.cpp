#include "studio/produce/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "graph/node/story.hpp"
#include "media/protocol/catalog.hpp"

namespace atelier::studio {
namespace {

using graph::Edge;
using graph::GivenInput;
using graph::Graph;
using graph::Node;

// Among ready steps the heaviest runs first. Speech opens the way for everything; the soundtrack is the longest single
// step and waits for no picture; parts are short and fill the cores behind them.
constexpr std::int64_t kSpeechWeight = 4000, kStillWeight = 3000, kTimelineWeight = 3500, kSoundtrackWeight = 2000;

// More characters are spoken per second in an alphabet than in Han or Kana; an estimate only bounds how many parts a
// scene may have, so it is generous: parts past the end cost nothing.
double seconds_at_most(std::string_view text, double speed) {
  double seconds = 1.0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80) continue;
    seconds += byte >= 0xe3 && byte <= 0xed ? 0.35 : 0.11;
  }
  return seconds / speed;
}

std::size_t part_count_of(const Scene& scene, double speed) {
  const double parts = seconds_at_most(scene.text, speed) / media::kPartSeconds;
  return std::clamp<std::size_t>(static_cast<std::size_t>(parts) + 1, 1, graph::kStoryPartsMax);
}

graph::PortValue blob_of(const store::Asset& asset) {
  return graph::BlobRef{.digest = asset.digest, .size_bytes = asset.size_bytes, .media_type = asset.media_type};
}

class Compiler {
 public:
  Compiler(const ProductionDocument& document, std::string title, const AssetsById& assets)
      : document_(document),
        settings_(document.settings),
        title_(std::move(title)),
        assets_(assets),
        size_(*media::find_frame_size(settings_.size)) {}

  Result<Graph> compile_preview(std::size_t scene, std::int32_t width) {
    auto background = add_source(scene);
    if (!background) return error_of(background);
    const std::string timeline = document_.scenes[scene].id + "/timeline";
    Node frame = drawn_node("preview", "story.frame", document_.scenes[scene], *background);
    frame.parameters.as_object()["preview_width"] = width;
    frame.label = "Preview";
    add(std::move(frame));
    connect(timeline, std::string(graph::story_part_port(0)), "preview", "part");
    connect_background("preview", document_.scenes[scene], *background);
    return std::move(graph_);
  }

  Result<Graph> compile() {
    for (std::size_t i = 0; i < document_.scenes.size(); ++i)
      if (auto done = add_scene(i); !done) return error_of(done);
    if (auto done = add_soundtrack(); !done) return error_of(done);
    add_film();
    return std::move(graph_);
  }

 private:
  void add(Node node) { graph_.nodes.push_back(std::move(node)); }
  void connect(std::string from_node, std::string from_port, std::string to_node, std::string to_port) {
    graph_.edges.push_back({std::move(from_node), std::move(from_port), std::move(to_node), std::move(to_port)});
  }

  Result<const store::Asset*> asset_for(AssetId id, std::vector<std::string_view> kinds,
                                        const std::string& where) const {
    const auto found = assets_.find(id);
    if (found == assets_.end())
      return fail(ErrorCode::invalid_argument,
                  fmt::format("the asset {} is not in the library any more", id.to_string()),
                  {.reason = "asset_missing", .where = where});
    if (std::find(kinds.begin(), kinds.end(), found->second.kind) == kinds.end())
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" is {}, not {}", found->second.name, found->second.kind, fmt::join(kinds, " or ")),
                  {.reason = "asset_kind", .where = where});
    return &found->second;
  }

  // What a scene's frames are drawn over: "still", "clip" or a kind of the catalog.
  struct DrawnBackground {
    std::string kind;
    const store::Asset* clip = nullptr;
  };

  // Speech, timeline and, over a picture, its preparation.
  Result<DrawnBackground> add_source(std::size_t index) {
    const Scene& scene = document_.scenes[index];
    const auto voice = voice_of(settings_, scene);
    if (!voice) return error_of(voice);
    const std::string label = fmt::format("Scene {}", index + 1);
    const std::string speech = scene.id + "/speech", timeline = scene.id + "/timeline";
    add({.name = speech,
         .type = "story.speech",
         .parameters = json::Object{{"text", scene.text}, {"voice", *voice}, {"speed", settings_.speed}},
         .weight = kSpeechWeight,
         .label = label + ": speech"});
    add({.name = timeline,
         .type = "story.timeline",
         .parameters = json::Object{{"text", scene.text},
                                    {"style", settings_.caption_style},
                                    {"language", settings_.language},
                                    {"width", size_.width},
                                    {"height", size_.height},
                                    {"fps", settings_.fps},
                                    {"part_frames", settings_.fps * media::kPartSeconds},
                                    {"part_count", part_count_of(scene, settings_.speed)}},
         .weight = kTimelineWeight,
         .label = label + ": captions"});
    connect(speech, "words", timeline, "speech");

    const Background background = background_in_force(document_, scene);
    if (!background.asset) return DrawnBackground{.kind = background.kind};
    auto asset = asset_for(*background.asset, {"image", "video"}, fmt::format("/scenes/{}/background", index));
    if (!asset) return error_of(asset);
    if ((*asset)->kind == "video") return DrawnBackground{.kind = "clip", .clip = *asset};
    add({.name = scene.id + "/still",
         .type = "story.still",
         .parameters = json::Object{{"width", size_.width}, {"height", size_.height}},
         .weight = kStillWeight,
         .label = label + ": picture"});
    graph_.given.push_back({scene.id + "/still", "image", blob_of(**asset)});
    return DrawnBackground{.kind = "still"};
  }

  Node drawn_node(std::string name, std::string type, const Scene& scene, const DrawnBackground& background) const {
    return {.name = std::move(name),
            .type = std::move(type),
            .parameters = json::Object{{"width", size_.width},
                                       {"height", size_.height},
                                       {"fps", settings_.fps},
                                       {"style", settings_.caption_style},
                                       {"language", settings_.language},
                                       {"background", json::Object{{"kind", background.kind}, {"seed", scene.seed}}}},
            .weight = 0,
            .label = {}};
  }

  void connect_background(const std::string& node, const Scene& scene, const DrawnBackground& background) {
    if (background.clip)
      graph_.given.push_back({node, "clip", blob_of(*background.clip)});
    else if (background.kind == "still")
      connect(scene.id + "/still", "frame", node, "frame");
  }

  Result<> add_scene(std::size_t index) {
    const Scene& scene = document_.scenes[index];
    auto background = add_source(index);
    if (!background) return error_of(background);
    const std::size_t part_count = part_count_of(scene, settings_.speed);
    for (std::size_t part = 0; part < part_count; ++part) {
      Node segment = drawn_node(fmt::format("{}/part{}", scene.id, part), "story.segment", scene, *background);
      segment.label = part_count == 1 ? fmt::format("Scene {}: frames", index + 1)
                                      : fmt::format("Scene {}: frames, part {}", index + 1, part + 1);
      connect(scene.id + "/timeline", std::string(graph::story_part_port(part)), segment.name, "part");
      connect_background(segment.name, scene, *background);
      segments_.push_back(segment.name);
      add(std::move(segment));
    }
    speeches_.push_back(scene.id + "/speech");
    timelines_.push_back(scene.id + "/timeline");
    return {};
  }

  Result<> add_soundtrack() {
    json::Value music;
    if (settings_.music) {
      auto asset = asset_for(settings_.music->asset, {"audio", "video"}, "/settings/music");
      if (!asset) return error_of(asset);
      // Ducked by 12 dB under speech: 10 dB is the least that keeps words clear, and a hair more survives the limiter.
      music = json::Object{{"input", "music"}, {"gain_db", settings_.music->gain_db}, {"duck_db", 12.0}};
      graph_.given.push_back({"soundtrack", "music", blob_of(**asset)});
    }
    add({.name = "soundtrack",
         .type = "story.soundtrack",
         .parameters = json::Object{{"fps", settings_.fps},
                                    {"music", std::move(music)},
                                    {"loudness_lufs", -14.0},
                                    {"true_peak_dbtp", -1.5}},
         .weight = kSoundtrackWeight,
         .label = "Soundtrack"});
    for (const std::string& speech : speeches_) connect(speech, "audio", "soundtrack", "audio");
    for (const std::string& timeline : timelines_) connect(timeline, "length", "soundtrack", "length");
    return {};
  }

  void add_film() {
    add({.name = "captions",
         .type = "story.captions",
         .parameters = json::Object{{"title", title_},
                                    {"style", settings_.caption_style},
                                    {"language", settings_.language},
                                    {"width", size_.width},
                                    {"height", size_.height},
                                    {"fps", settings_.fps}},
         .weight = 0,
         .label = "Caption files"});
    for (const std::string& timeline : timelines_) connect(timeline, "cues", "captions", "cues");

    add({.name = "assemble",
         .type = "story.assemble",
         .parameters =
             json::Object{{"title", title_}, {"width", size_.width}, {"height", size_.height}, {"fps", settings_.fps}},
         .weight = 0,
         .label = "Assembly"});
    for (const std::string& segment : segments_) connect(segment, "video", "assemble", "segments");
    for (const std::string& timeline : timelines_) connect(timeline, "length", "assemble", "length");
    connect("soundtrack", "audio", "assemble", "soundtrack");

    add({.name = "poster",
         .type = "story.poster",
         .parameters = json::Object{{"width", 540}, {"at_frame", settings_.fps}},
         .weight = 0,
         .label = "Poster"});
    connect("assemble", "video", "poster", "video");

    add({.name = "publish",
         .type = "story.publish",
         .parameters = json::Object{{"title", title_}},
         .weight = 0,
         .label = "Into the library"});
    connect("assemble", "video", "publish", "video");
    connect("assemble", "info", "publish", "info");
    for (const std::string& timeline : timelines_) connect(timeline, "length", "publish", "length");
    connect("soundtrack", "info", "publish", "sound");
    connect("poster", "image", "publish", "poster");
    for (const char* file : {"srt", "vtt", "ass", "timeline"}) connect("captions", file, "publish", file);
  }

  const ProductionDocument& document_;
  const ProductionSettings& settings_;
  std::string title_;
  const AssetsById& assets_;
  const media::FrameSize& size_;
  Graph graph_;
  std::vector<std::string> segments_, speeches_, timelines_;
};

}  // namespace

std::vector<AssetId> assets_of(const ProductionDocument& document) {
  std::set<AssetId> ids;
  if (document.settings.background.asset) ids.insert(*document.settings.background.asset);
  if (document.settings.music) ids.insert(document.settings.music->asset);
  for (const Scene& scene : document.scenes)
    if (scene.background && scene.background->asset) ids.insert(*scene.background->asset);
  return {ids.begin(), ids.end()};
}

Background background_in_force(const ProductionDocument& document, const Scene& scene) {
  Background background = scene.background ? *scene.background : document.settings.background;
  if (background.kind == "auto") {
    // One look for the whole short: the first scene's seed chooses, so that neighbours do not clash.
    const auto kinds = media::background_kinds();
    background.kind = std::string(kinds[document.scenes.front().seed % kinds.size()].id);
  }
  return background;
}

Result<Graph> compile(const ProductionDocument& document, const std::string& title, const AssetsById& assets) {
  if (auto done = check_document(document); !done) return error_of(done);
  return Compiler(document, title, assets).compile();
}

Result<Graph> compile_preview(const ProductionDocument& document, std::size_t scene, std::int32_t width,
                              const AssetsById& assets) {
  if (auto done = check_document(document); !done) return error_of(done);
  return Compiler(document, "", assets).compile_preview(scene, width);
}

}  // namespace atelier::studio
