#include "studio/produce/production.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "media/protocol/catalog.hpp"

namespace atelier::studio {
namespace {

template <class Table>
std::vector<std::string_view> ids_of(const Table& table) {
  std::vector<std::string_view> ids;
  for (const auto& row : table) ids.push_back(row.id);
  return ids;
}

std::vector<std::string_view> background_kinds_and_auto() {
  auto kinds = ids_of(media::background_kinds());
  kinds.insert(kinds.begin(), "auto");
  return kinds;
}

std::unexpected<Error> refuse(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "field_invalid", .where = std::move(where)});
}

Result<AssetId> asset_of(const std::string& text, const std::string& where) {
  auto id = AssetId::parse(text);
  if (!id) return refuse(where, "is not the id of an asset");
  return *id;
}

Result<std::optional<Music>> music_from_json(const json::Value& value, const std::string& where) {
  if (value.is_null()) return std::optional<Music>();
  json::ObjectReader reader(value, where);
  const std::string asset = reader.required_string("asset_id", {.bytes_min = 1, .bytes_max = 64});
  const double gain_db = reader.optional_number("gain_db", -60, 6).value_or(Music{}.gain_db);
  if (auto done = reader.finish(); !done) return error_of(done);
  auto id = asset_of(asset, where + "/asset_id");
  if (!id) return error_of(id);
  return std::optional<Music>(Music{.asset = *id, .gain_db = gain_db});
}

// From the scene's place and first words alone: a story read afresh after a later sentence was edited (as `atelier
// make` does) keeps its pictures, and with them the parts that are drawn already.
std::uint32_t seed_of(std::string_view text, std::size_t index) {
  constexpr std::size_t kFirstWordsBytes = 32;
  return static_cast<std::uint32_t>(quick_hash(fmt::format("{}\n{}", index, truncate_utf8(text, kFirstWordsBytes))) &
                                    0x7fffffff);
}

Result<Background> background_of(const MediaLink& link) {
  if (!link.is_asset())
    return fail(ErrorCode::invalid_argument,
                fmt::format("\"{}\" is a file name; upload the file and link it as asset:<id>", link.target),
                {.reason = "story_link_not_asset", .where = fmt::format("{}:{}", link.where.line, link.where.column)});
  auto id = AssetId::parse(std::string_view(link.target).substr(6));
  if (!id)
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is not the id of an asset", link.target),
                {.reason = "story_link_not_asset", .where = fmt::format("{}:{}", link.where.line, link.where.column)});
  return Background{.kind = "asset", .asset = *id};
}

std::string make_scene_id(const std::set<std::string>& taken) {
  for (std::size_t number = taken.size() + 1;; ++number)
    if (std::string id = fmt::format("s{}", number); !taken.contains(id)) return id;
}

}  // namespace

json::Value to_json(const Background& background) {
  json::Object object{{"kind", background.kind}};
  if (background.asset) object["asset_id"] = background.asset->to_string();
  return object;
}

json::Value to_json(const ProductionSettings& settings) {
  json::Object object{{"size", settings.size},
                      {"fps", settings.fps},
                      {"language", settings.language},
                      {"voice", settings.voice},
                      {"speed", settings.speed},
                      {"caption_style", settings.caption_style},
                      {"background", to_json(settings.background)},
                      {"music", nullptr}};
  if (settings.music)
    object["music"] =
        json::Object{{"asset_id", settings.music->asset.to_string()}, {"gain_db", settings.music->gain_db}};
  return object;
}

json::Value to_json(const ProductionDocument& document) {
  json::Array scenes;
  for (const Scene& scene : document.scenes) {
    json::Object object{{"id", scene.id}, {"heading", scene.heading}, {"text", scene.text}, {"seed", scene.seed}};
    object["background"] = scene.background ? to_json(*scene.background) : json::Value();
    object["voice"] = scene.voice ? json::Value(*scene.voice) : json::Value();
    scenes.push_back(std::move(object));
  }
  return json::Object{{"settings", to_json(document.settings)}, {"scenes", std::move(scenes)}};
}

Result<Background> background_from_json(const json::Value& value, const std::string& where) {
  json::ObjectReader reader(value, where);
  auto allowed = background_kinds_and_auto();
  allowed.push_back("asset");
  const auto kind = reader.optional_choice("kind", allowed);
  const auto asset = reader.optional_string("asset_id", {.bytes_min = 1, .bytes_max = 64});
  if (!kind) reader.complain("kind", "is required");
  if (kind && (*kind == "asset") != asset.has_value())
    reader.complain("asset_id", asset ? "goes only with the kind \"asset\"" : "is required for the kind \"asset\"");
  if (auto done = reader.finish(); !done) return error_of(done);
  Background background{.kind = *kind, .asset = {}};
  if (asset) {
    auto id = asset_of(*asset, where + "/asset_id");
    if (!id) return error_of(id);
    background.asset = *id;
  }
  return background;
}

Result<> merge_settings(const json::Value& patch, const std::string& where, ProductionSettings& settings) {
  json::ObjectReader reader(patch, where);
  const auto size = reader.optional_choice("size", ids_of(media::frame_sizes()));
  const auto fps = reader.optional_integer("fps", 1, 60);
  const auto language = reader.optional_string("language", {.bytes_min = 2, .bytes_max = 32});
  const auto voice = reader.optional_choice("voice", ids_of(media::voices()));
  const auto speed = reader.optional_number("speed", 0.5, 2);
  const auto style = reader.optional_choice("caption_style", ids_of(media::caption_styles()));
  const json::Value* background = reader.optional_value("background");
  const json::Value* music = reader.has("music") ? &patch.get_object().at("music") : nullptr;
  if (music) (void)reader.optional_value("music");
  const auto rates = media::frame_rates();
  if (fps && std::find(rates.begin(), rates.end(), *fps) == rates.end())
    reader.complain("fps", fmt::format("is {}, not one of {}", *fps, fmt::join(rates, ", ")));
  if (language && !media::spoken_language(*language))
    reader.complain("language", "is a language there is no voice for");
  if (auto done = reader.finish(); !done) return done;

  ProductionSettings merged = settings;
  if (size) merged.size = *size;
  if (fps) merged.fps = static_cast<std::int32_t>(*fps);
  if (language) merged.language = *language;
  if (speed) merged.speed = *speed;
  if (style) merged.caption_style = *style;
  // A voice brings its language, and a language its voice, unless both are given.
  if (voice) {
    merged.voice = *voice;
    if (!language) merged.language = std::string(media::find_voice(*voice)->language);
  } else if (language) {
    const media::Voice* current = media::find_voice(merged.voice);
    if (!current || current->language != *media::spoken_language(*language))
      merged.voice = std::string(media::default_voice(*language)->id);
  }
  if (background) {
    auto read = background_from_json(*background, where + "/background");
    if (!read) return error_of(read);
    merged.background = *read;
  }
  if (music) {
    auto read = music_from_json(*music, where + "/music");
    if (!read) return error_of(read);
    merged.music = *read;
  }
  settings = std::move(merged);
  return {};
}

Result<ProductionDocument> document_from_json(const json::Value& value) {
  ProductionDocument document;
  json::ObjectReader reader(value);
  const json::Value* settings = reader.required_value("settings");
  const json::Array* scenes = reader.required_array("scenes", kScenesMax);
  if (auto done = reader.finish(); !done) return error_of(done);
  if (auto done = merge_settings(*settings, "/settings", document.settings); !done) return error_of(done);
  for (std::size_t i = 0; i < scenes->size(); ++i) {
    const std::string where = fmt::format("/scenes/{}", i);
    json::ObjectReader entry((*scenes)[i], where);
    Scene scene;
    scene.id = entry.required_string("id");
    scene.heading = entry.required_string("heading");
    scene.text = entry.required_string("text");
    scene.seed = static_cast<std::uint32_t>(entry.required_integer("seed", 0, 0x7fffffff));
    scene.voice = entry.optional_string("voice");
    const json::Value* background = entry.optional_value("background");
    if (auto done = entry.finish(); !done) return error_of(done);
    if (background) {
      auto read = background_from_json(*background, where + "/background");
      if (!read) return error_of(read);
      scene.background = *read;
    }
    document.scenes.push_back(std::move(scene));
  }
  return document;
}

Result<ProductionDocument> document_of(const Story& story, const ProductionSettings& defaults,
                                       const ProductionDocument* before) {
  ProductionDocument document{.settings = before ? before->settings : defaults, .scenes = {}};
  const StorySettings& given = story.settings;
  ProductionSettings& settings = document.settings;
  if (given.size) settings.size = *given.size;
  if (given.fps) settings.fps = *given.fps;
  if (given.speed) settings.speed = *given.speed;
  if (given.caption_style) settings.caption_style = *given.caption_style;
  if (given.language) {
    settings.language = *given.language;
    settings.voice = std::string(media::default_voice(*given.language)->id);
  }
  if (given.voice) {
    settings.voice = *given.voice;
    if (!given.language) settings.language = std::string(media::find_voice(*given.voice)->language);
  }
  if (given.background_kind) settings.background = Background{.kind = *given.background_kind, .asset = {}};
  if (given.background) {
    auto background = background_of(*given.background);
    if (!background) return error_of(background);
    settings.background = *background;
  }
  if (given.music) {
    auto music = background_of(*given.music);
    if (!music) return error_of(music);
    settings.music = Music{.asset = *music->asset};
  }

  // Scenes whose text stands keep what they are, in order; what is new gets an id nobody had.
  std::set<std::string> taken;
  if (before)
    for (const Scene& scene : before->scenes) taken.insert(scene.id);
  std::size_t next_before = 0;
  for (std::size_t i = 0; i < story.scenes.size(); ++i) {
    const StoryScene& written = story.scenes[i];
    Scene scene;
    const Scene* kept = nullptr;
    if (before)
      for (std::size_t k = next_before; k < before->scenes.size() && !kept; ++k)
        if (before->scenes[k].text == written.text) {
          kept = &before->scenes[k];
          next_before = k + 1;
        }
    if (kept) {
      scene = *kept;
      scene.background.reset();
    } else {
      scene.id = make_scene_id(taken);
      scene.seed = seed_of(written.text, i);
    }
    taken.insert(scene.id);
    scene.heading = written.heading;
    scene.text = written.text;
    if (written.background) {
      auto background = background_of(*written.background);
      if (!background) return error_of(background);
      scene.background = *background;
    } else if (kept && kept->background && kept->background->kind != "asset") {
      scene.background = kept->background;  // a kind chosen on the page has no link in the text
    }
    document.scenes.push_back(std::move(scene));
  }
  if (auto done = check_document(document); !done) return error_of(done);
  return document;
}

std::string write_story(const ProductionDocument& document) {
  std::string story;
  for (const Scene& scene : document.scenes) {
    if (!story.empty()) story += "\n\n";
    if (!scene.heading.empty()) story += "## " + scene.heading + "\n\n";
    if (scene.background && scene.background->asset)
      story += fmt::format("![](asset:{})\n", scene.background->asset->to_string());
    // Characters that Markdown would take for markup are escaped, so that reading it back gives the same text.
    for (std::size_t i = 0; i < scene.text.size(); ++i) {
      const char c = scene.text[i];
      const bool is_start = i == 0;
      const bool is_markup = c == '\\' || c == '*' || c == '_' || c == '`' || c == '[' || c == ']' || c == '<' ||
                             c == '&' || c == '!' ||
                             (is_start && (c == '#' || c == '-' || c == '+' || c == '>' || c == '=' || c == '~'));
      const bool ends_number =
          (c == '.' || c == ')') && i > 0 && i <= 9 && scene.text.find_first_not_of("0123456789") == i;
      if ((is_markup && (c != '!' || (i + 1 < scene.text.size() && scene.text[i + 1] == '['))) || ends_number)
        story += '\\';
      story += c;
    }
  }
  story += '\n';
  return story;
}

Result<std::string> voice_of(const ProductionSettings& settings, const Scene& scene) {
  const std::string& id = scene.voice ? *scene.voice : settings.voice;
  if (!media::find_voice(id)) return fail(ErrorCode::invalid_argument, fmt::format("there is no voice \"{}\"", id));
  return id;
}

Result<> check_document(const ProductionDocument& document) {
  if (document.scenes.empty())
    return fail(ErrorCode::invalid_argument, "a production needs a scene",
                {.reason = "story_empty", .where = "/scenes"});
  if (document.scenes.size() > kScenesMax) return refuse("/scenes", fmt::format("has more than {} scenes", kScenesMax));
  for (std::size_t i = 0; i < document.scenes.size(); ++i) {
    const Scene& scene = document.scenes[i];
    if (scene.text.empty()) return refuse(fmt::format("/scenes/{}/text", i), "must not be empty");
    if (scene.text.size() > kSceneBytesMax)
      return refuse(fmt::format("/scenes/{}/text", i), fmt::format("has more than {} bytes", kSceneBytesMax));
    if (auto voice = voice_of(document.settings, scene); !voice) return error_of(voice);
  }
  return {};
}

}  // namespace atelier::studio
