#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "media/worker/picture/frame.hpp"
#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

// What lies under the captions. A frame depends on its index in the scene alone, never on which frames came before nor
// on how long the scene is; rising order is cheapest.
class Background {
 public:
  virtual ~Background() = default;
  // Draws all of `target`, which has the size the background was made for.
  virtual Result<> draw(std::int64_t frame_index, Frame& target) = 0;
};

struct BackgroundChoice {
  std::string kind;  // "still", "clip", or the id of a catalog BackgroundKind
  std::uint64_t seed = 0;
  int fd = -1;  // of still and clip; stays the caller's and open
};

Result<std::unique_ptr<Background>> make_background(const BackgroundChoice& choice, Extent frame, std::int32_t fps);

// One for each source of pictures; make_background chooses.
Result<std::unique_ptr<Background>> make_still_background(int fd, Extent frame, std::int32_t fps, std::uint64_t seed);
Result<std::unique_ptr<Background>> make_clip_background(int fd, Extent frame, std::int32_t fps);

}  // namespace atelier::media::picture
