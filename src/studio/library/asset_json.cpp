// Assets as the API tells of them (src/api/README.md).
#include <fmt/format.h>

#include "base/file_name.hpp"
#include "base/text.hpp"
#include "studio/library/library.hpp"

namespace atelier::studio {
namespace {

// Where it is, if there is such a thing of it. What is under such an address never changes: if we come to make it in
// another way, the number does.
json::Value preview_url(const store::Asset& asset, std::string_view name, std::string_view path) {
  constexpr int kRecipe = 1;
  if (!has_preview(asset, name)) return nullptr;
  return json::Value(fmt::format("/api/assets/{}/{}?v={}", asset.id.to_string(), path, kRecipe));
}

json::Value to_json(store::PreviewState state, const std::string& problem) {
  if (state == store::PreviewState::none) return nullptr;
  json::Object object{{"state", to_string(state)}};
  if (state == store::PreviewState::refused) object["problem"] = problem;
  return object;
}

json::Value fact_of(const store::Asset& asset, std::string_view name) {
  const json::Value* value = asset.facts.is_object() ? asset.facts.get_object().if_contains(name) : nullptr;
  return value ? *value : json::Value();
}

json::Value text_or_null(const std::string& text) { return text.empty() ? json::Value() : json::Value(text); }

json::Value time_or_null(UnixMs time_ms) { return time_ms == 0 ? json::Value() : json::Value(format_rfc3339(time_ms)); }

json::Value to_json(const store::AssetLineage& lineage, const std::vector<store::LineageSource>& sources) {
  constexpr double kPicodollars = 1e12;
  json::Array from;
  for (const store::LineageSource& source : sources)
    from.push_back(
        json::Object{{"asset_id", source.asset.to_string()}, {"role", source.role}, {"is_there", source.is_there}});
  return json::Object{
      {"provider", lineage.provider},
      {"model", lineage.model},
      {"prompt", lineage.prompt},
      {"parameters", lineage.parameters},
      {"seed", lineage.seed ? json::Value(*lineage.seed) : json::Value()},
      {"cost", lineage.cost_picodollars ? json::Value(static_cast<double>(*lineage.cost_picodollars) / kPicodollars)
                                        : json::Value()},
      {"run", text_or_null(lineage.run)},
      {"step", text_or_null(lineage.step)},
      {"created_at", format_rfc3339(lineage.created_ms)},
      {"sources", std::move(from)}};
}

}  // namespace

json::Value to_json(const store::Asset& asset) {
  const std::string id = asset.id.to_string();
  const auto prepared = prepared_of(asset);
  return json::Object{{"id", id},
                      {"name", asset.name},
                      {"kind", asset.kind},
                      {"media_type", asset.media_type},
                      {"size_bytes", asset.size_bytes},
                      {"width", fact_of(asset, "width")},
                      {"height", fact_of(asset, "height")},
                      {"duration_ms", fact_of(asset, "duration_ms")},
                      {"fps", fact_of(asset, "fps")},
                      {"codec", fact_of(asset, "codec")},
                      {"has_audio", fact_of(asset, "has_audio")},
                      {"channels", fact_of(asset, "channels")},
                      {"sample_rate", fact_of(asset, "sample_rate")},
                      {"created_at", format_rfc3339(asset.created_ms)},
                      {"content_url", fmt::format("/api/assets/{}/content", id)},
                      {"poster_url", preview_url(asset, kPosterName, "poster")},
                      {"preview_url", preview_url(asset, "320.webp", "preview")},
                      {"cover_url", preview_url(asset, kCoverName, "cover")},
                      {"loop_url", preview_url(asset, kLoopName, "loop")},
                      {"peaks_url", preview_url(asset, kPeaksName, "peaks")},
                      {"previews", to_json(asset.preview_state, asset.preview_problem)},
                      {"prepared", prepared ? to_json(*prepared) : json::Value()},
                      {"origin", asset.origin},
                      {"origin_id", text_or_null(asset.origin_id)},
                      {"folder", text_or_null(asset.folder)},
                      {"trashed_at", time_or_null(asset.trashed_ms)}};
}

json::Value to_json(const Library::Details& details) {
  json::Object object = to_json(details.asset).as_object();
  object["tags"] = json::Array(details.tags.begin(), details.tags.end());
  const store::AssetLineages::Found& found = details.lineage;
  object["lineage"] = found.lineage ? to_json(*found.lineage, found.sources) : json::Value();
  json::Array made;
  for (const store::Asset& asset : found.made) made.push_back(to_row_json(asset));
  object["made"] = std::move(made);
  object["uses"] = json::Object{{"threads", details.uses.threads}, {"productions", details.uses.productions}};
  return object;
}

json::Value to_row_json(const store::Asset& asset) {
  return json::Object{{"id", asset.id.to_string()},
                      {"name", asset.name},
                      {"kind", asset.kind},
                      {"width", fact_of(asset, "width")},
                      {"height", fact_of(asset, "height")},
                      {"duration_ms", fact_of(asset, "duration_ms")},
                      {"size_bytes", asset.size_bytes},
                      {"created_at", format_rfc3339(asset.created_ms)},
                      {"preview_url", preview_url(asset, "320.webp", "preview")},
                      {"preview_state", store::to_string(asset.preview_state)}};
}

std::string asset_name_of(std::string_view name) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
    name = name.substr(slash + 1);
  std::string shown = printable(trim(without_unseen(name)), kAssetNameBytesMax);
  return shown.empty() ? "untitled" : shown;
}

}  // namespace atelier::studio
