#include "media/worker/picture/background.hpp"

#include <fmt/format.h>

#include "media/worker/picture/scenery.hpp"

namespace atelier::media::picture {

Result<std::unique_ptr<Background>> make_background(const BackgroundChoice& choice, Extent frame, std::int32_t fps) {
  if (choice.kind == "still") return make_still_background(choice.fd, frame, fps, choice.seed);
  if (choice.kind == "clip") return make_clip_background(choice.fd, frame, fps);
  if (auto scenery = make_scenery(choice.kind, frame, fps, choice.seed)) return scenery;
  return fail(ErrorCode::invalid_argument, fmt::format("there is no background called \"{}\"", choice.kind),
              {"unknown_background", "/background/kind"});
}

}  // namespace atelier::media::picture
