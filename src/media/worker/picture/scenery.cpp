#include "media/worker/picture/scenery.hpp"

#include <array>

namespace atelier::media::picture {
namespace {

struct Kind {
  std::string_view id;
  std::unique_ptr<Background> (*make)(const SceneryRequest& request);
};
constexpr std::array kKinds = {
    Kind{"aurora", make_aurora}, Kind{"dunes", make_dunes}, Kind{"ink", make_ink},
    Kind{"bokeh", make_bokeh},   Kind{"waves", make_waves},
};

}  // namespace

std::unique_ptr<Background> make_scenery(std::string_view kind, Extent frame, std::int32_t fps, std::uint64_t seed) {
  for (const Kind& known : kKinds)
    if (known.id == kind) return known.make({frame, fps, seed});
  return nullptr;
}

}  // namespace atelier::media::picture
