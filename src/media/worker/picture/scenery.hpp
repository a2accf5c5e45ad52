#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "media/worker/picture/background.hpp"
#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

// The moving backgrounds made from a seed alone (the catalog's BackgroundKinds). Null for a kind nobody draws.
std::unique_ptr<Background> make_scenery(std::string_view kind, Extent frame, std::int32_t fps, std::uint64_t seed);

// One per kind; each also takes what the others take, so that scenery.cpp can keep a table.
struct SceneryRequest {
  Extent frame;
  std::int32_t fps;
  std::uint64_t seed;
};
std::unique_ptr<Background> make_aurora(const SceneryRequest& request);
std::unique_ptr<Background> make_dunes(const SceneryRequest& request);
std::unique_ptr<Background> make_ink(const SceneryRequest& request);
std::unique_ptr<Background> make_bokeh(const SceneryRequest& request);
std::unique_ptr<Background> make_waves(const SceneryRequest& request);

}  // namespace atelier::media::picture
