#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "graph/engine.hpp"
#include "graph/node/services.hpp"
#include "store/assets.hpp"
#include "store/productions.hpp"
#include "studio/create_key.hpp"
#include "studio/produce/compile.hpp"
#include "studio/produce/production.hpp"

namespace atelier::studio {

// The kind of the runs that render; their subject is the production.
inline constexpr std::string_view kRenderKind = "production.render";

// A production as its page shows it.
struct ProductionView {
  store::ProductionRow row;
  ProductionDocument document;
  std::optional<graph::RunView> run;          // the last render
  std::optional<store::RenderRow> published;  // the last finished one
  std::optional<ProductionDocument> published_document;
  // draft, rendering, ready, stale or failed
  std::string_view state() const noexcept;
};

struct RenderedFile {
  store::OpenBlob blob;
  std::string media_type;
  std::string download_name;  // "The Lighthouse.mp4"
};

// A story whose links are assets, and what it is made with.
struct NewProduction {
  std::string story;
  std::string title;            // "": the story's
  json::Value settings;         // may be null; weighs less than the story's front matter
  std::string idempotency_key;  // "" is none
};

// What people do with productions. Awaited from any loop.
class Productions {
 public:
  struct Parts {
    graph::Engine& engine;
    graph::NodeServices& services;
    const Clock& clock;
    // Awaited before anything is given to the engine.
    std::function<Task<Result<>>()> ready;
  };
  explicit Productions(Parts parts);

  // The same key gives, for a day, the production that the first call with it made, as it is now; for another story,
  // title or settings it is refused ("idempotency_key_reused"), as a render's is.
  Task<Result<ProductionView>> create(Principal principal, NewProduction wanted);
  Task<Result<ProductionView>> find(Principal principal, ProductionId id);
  struct Page {
    std::vector<ProductionView> items;
    std::string next;
  };
  Task<Result<Page>> list(Principal principal, std::string after, std::size_t count_max);

  // Edits. `revision` is the one the edit was based on; another stored one is ErrorCode::conflict.
  Task<Result<ProductionView>> change_settings(Principal principal, ProductionId id, std::int64_t revision,
                                               std::optional<std::string> title, json::Value settings);
  Task<Result<ProductionView>> change_story(Principal principal, ProductionId id, std::int64_t revision,
                                            std::string story);
  struct SceneChange {
    std::optional<std::string> text;
    std::optional<json::Value> background;            // JSON null takes the production's
    std::optional<std::optional<std::string>> voice;  // nullopt inside takes the production's
  };
  Task<Result<ProductionView>> change_scene(Principal principal, ProductionId id, std::int64_t revision,
                                            std::string scene, SceneChange change);
  Task<Result<>> remove(Principal principal, ProductionId id);

  // The same key ("" is none) for the same production gives the first call's run.
  Task<Result<RunId>> render(Principal principal, ProductionId id, std::string idempotency_key);
  // A run of the same graph again (graph::Engine::run_again); a render stays its production's last.
  Task<Result<RunId>> render_again(Principal principal, RunId run, std::string from_step);
  // A JPEG of the scene's picture as the renderer draws it, with its first words as caption.
  Task<Result<std::string>> preview(Principal principal, ProductionId id, std::string scene, std::int32_t width);
  // "video.mp4", "captions.srt", "captions.vtt", "captions.ass", "poster.jpg", "timeline.json" of the last finished
  // render.
  Task<Result<RenderedFile>> file(Principal principal, ProductionId id, std::string name);

 private:
  Task<Result<ProductionView>> view_of(Principal principal, store::ProductionRow row);
  Task<Result<ProductionView>> save(Principal principal, ProductionView view, ProductionDocument document,
                                    std::string title);
  Task<Result<ProductionView>> find_at(Principal principal, ProductionId id, std::int64_t revision);
  Task<Result<AssetsById>> assets_for(Principal principal, ProductionDocument document);
  // The statements and the event that tells of them, in one commit.
  Task<Result<>> write(Principal principal, std::vector<store::Statement> batch, ProductionView view);
  Task<Result<std::optional<ProductionView>>> find_created(Principal principal, CreateKey key);

  graph::Engine& engine_;
  graph::NodeServices& services_;
  const Clock& clock_;
  std::function<Task<Result<>>()> ready_;
  store::Productions rows_;
  store::Assets assets_;
};

// The shapes of api/README.md.
json::Value to_json(const ProductionView& view);
json::Value summary_to_json(const ProductionView& view);

}  // namespace atelier::studio
