#pragma once

#include <map>
#include <string>

#include "graph/graph.hpp"
#include "store/assets.hpp"
#include "studio/produce/production.hpp"

namespace atelier::studio {

// The assets a document names, by id.
using AssetsById = std::map<AssetId, store::Asset>;

// Every asset the document names.
std::vector<AssetId> assets_of(const ProductionDocument& document);

// A production's graph: speech and timeline per scene, its background, its parts, then soundtrack, captions, assembly,
// poster and publication. Node names hold the scene's id ("s3/speech"), so that an edited scene's steps are the only
// ones with new parameters. Fails when an asset is missing or of the wrong kind, naming the scene.
Result<graph::Graph> compile(const ProductionDocument& document, const std::string& title, const AssetsById& assets);

// The graph that draws one frame of the scene with that index: node "preview", port "image".
Result<graph::Graph> compile_preview(const ProductionDocument& document, std::size_t scene, std::int32_t width,
                                     const AssetsById& assets);

// The background a scene is drawn with, after the production's default and the seed's choice.
Background background_in_force(const ProductionDocument& document, const Scene& scene);

}  // namespace atelier::studio
