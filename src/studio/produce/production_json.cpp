// Productions as the API shows them (api/README.md).
#include <fmt/format.h>

#include "graph/view_json.hpp"
#include "media/protocol/catalog.hpp"
#include "studio/produce/productions.hpp"

namespace atelier::studio {
namespace {

struct PublishedFile {
  const char* port;
  const char* name;
};
constexpr PublishedFile kPublishedFiles[] = {{"video", "video.mp4"},  {"poster", "poster.jpg"},
                                             {"srt", "captions.srt"}, {"vtt", "captions.vtt"},
                                             {"ass", "captions.ass"}, {"timeline", "timeline.json"}};

const json::Value* at(const json::Value& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

json::Value copy_of(const json::Value* value) { return value ? *value : json::Value(); }

json::Value video_to_json(const ProductionView& view) {
  if (!view.published || !view.published->result) return nullptr;
  const json::Value& result = *view.published->result;
  const json::Value* files = at(result, "files");
  const json::Value* film = at(result, "film");
  const json::Value* sound = at(result, "sound");
  if (!files || !film || !sound) return nullptr;
  // The run's id in the address makes a new render a new address, so that no player shows the old video.
  const auto url = [&](const char* name) {
    return fmt::format("/api/productions/{}/files/{}?run={}", view.row.id.to_string(), name,
                       view.published->run.to_string());
  };
  json::Array list;
  for (const PublishedFile& file : kPublishedFiles)
    if (const json::Value* entry = at(*files, file.port))
      list.push_back(json::Object{
          {"name", file.name}, {"url", url(file.name)}, {"size_bytes", copy_of(at(*entry, "size_bytes"))}});
  const auto* size = media::find_frame_size(view.published_document->settings.size);
  const json::Value* video = at(*files, "video");
  return json::Object{{"duration_ms", copy_of(at(*film, "duration_ms"))},
                      {"width", size ? size->width : 0},
                      {"height", size ? size->height : 0},
                      {"size_bytes", video ? copy_of(at(*video, "size_bytes")) : json::Value()},
                      {"loudness_lufs", copy_of(at(*sound, "integrated_lufs"))},
                      {"true_peak_dbtp", copy_of(at(*sound, "true_peak_dbtp"))},
                      {"url", url("video.mp4")},
                      {"poster_url", url("poster.jpg")},
                      {"captions_url", url("captions.vtt")},
                      {"files", std::move(list)}};
}

const Scene* find_scene(const std::optional<ProductionDocument>& document, const std::string& id) {
  if (!document) return nullptr;
  for (const Scene& scene : document->scenes)
    if (scene.id == id) return &scene;
  return nullptr;
}

json::Value scene_to_json(const ProductionView& view, std::size_t index) {
  const Scene& scene = view.document.scenes[index];
  const Scene* published = find_scene(view.published_document, scene.id);
  const bool is_rendered =
      published && *published == scene && view.published_document->settings == view.document.settings;
  json::Object object{{"id", scene.id},     {"index", index},     {"heading", scene.heading},
                      {"text", scene.text}, {"seed", scene.seed}, {"is_rendered", is_rendered}};
  object["background"] = scene.background ? to_json(*scene.background) : json::Value();
  object["voice"] = scene.voice ? json::Value(*scene.voice) : json::Value();
  object["duration_ms"] = nullptr;
  if (is_rendered)
    if (const json::Value* lengths = at(*view.published->result, "scene_frames"); lengths && lengths->is_array()) {
      const auto position = static_cast<std::size_t>(published - view.published_document->scenes.data());
      const json::Array& frames = lengths->get_array();
      if (position < frames.size() && frames[position].is_int64())
        object["duration_ms"] = frames[position].get_int64() * 1000 / view.published_document->settings.fps;
    }
  return object;
}

json::Object base_of(const ProductionView& view) {
  json::Object object{{"id", view.row.id.to_string()},
                      {"title", view.row.title},
                      {"revision", view.row.revision},
                      {"state", view.state()},
                      {"created_at", format_rfc3339(view.row.created_ms)},
                      {"updated_at", format_rfc3339(view.row.updated_ms)}};
  object["run"] = view.run ? graph::to_json(*view.run, false) : json::Value();
  object["video"] = video_to_json(view);
  return object;
}

}  // namespace

json::Value summary_to_json(const ProductionView& view) {
  json::Object object = base_of(view);
  object["scene_count"] = view.document.scenes.size();
  return object;
}

json::Value to_json(const ProductionView& view) {
  json::Object object = base_of(view);
  object["story"] = write_story(view.document);
  object["settings"] = to_json(view.document.settings);
  json::Array scenes;
  for (std::size_t i = 0; i < view.document.scenes.size(); ++i) scenes.push_back(scene_to_json(view, i));
  object["scenes"] = std::move(scenes);
  return object;
}

}  // namespace atelier::studio
