#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "studio/produce/story.hpp"

namespace atelier::studio {

// What a scene stands before: a kind of the media catalog, "auto" (a kind chosen by the scene's seed), or an asset.
struct Background {
  std::string kind = "auto";  // "asset" when `asset` is set
  std::optional<AssetId> asset;
  friend bool operator==(const Background&, const Background&) = default;
};

struct Music {
  AssetId asset;
  double gain_db = -16;  // against the file's own level, in the gaps of the narration
  friend bool operator==(const Music&, const Music&) = default;
};

struct ProductionSettings {
  std::string size = "1080x1920";
  std::int32_t fps = 30;
  std::string language = "en";
  std::string voice = "local/flite/rms";  // the catalog's default for the language
  double speed = 1.0;
  std::string caption_style = "spotlight";
  Background background;
  std::optional<Music> music;
  friend bool operator==(const ProductionSettings&, const ProductionSettings&) = default;
};

struct Scene {
  std::string id;  // short, unique in its production, kept while the scene lives
  std::string heading;
  std::string text;
  std::optional<Background> background;  // none takes the production's
  std::optional<std::string> voice;      // none takes the production's
  // Chooses what nobody chose: the kind and look of a procedural background, the way the camera moves. Made from the
  // text when the scene is made and kept when the text is edited, so that an edit does not change the picture.
  std::uint32_t seed = 0;
  friend bool operator==(const Scene&, const Scene&) = default;
};

// A short in the making. Everything a render needs, but the assets' bytes.
struct ProductionDocument {
  ProductionSettings settings;
  std::vector<Scene> scenes;
  friend bool operator==(const ProductionDocument&, const ProductionDocument&) = default;
};

json::Value to_json(const Background& background);
json::Value to_json(const ProductionSettings& settings);
json::Value to_json(const ProductionDocument& document);
// For what we stored ourselves: anything wrong is an error of ours.
Result<ProductionDocument> document_from_json(const json::Value& value);

// Applies a request's fields over `settings`. Errors name the field under `where`.
Result<> merge_settings(const json::Value& patch, const std::string& where, ProductionSettings& settings);
Result<Background> background_from_json(const json::Value& value, const std::string& where);

// Makes a document of a story. Links must be assets by now (`asset:<id>`); a scene whose text and place in the order
// stand in `before` keeps its id, seed and voice.
Result<ProductionDocument> document_of(const Story& story, const ProductionSettings& defaults,
                                       const ProductionDocument* before);

// The story as a person would write it again: scenes in paragraphs, backgrounds as links. Reading it back gives the
// same scenes.
std::string write_story(const ProductionDocument& document);

// The voice that reads `scene`, after defaults. A language the chosen voice cannot speak is an error naming both.
Result<std::string> voice_of(const ProductionSettings& settings, const Scene& scene);
Result<> check_document(const ProductionDocument& document);

}  // namespace atelier::studio
