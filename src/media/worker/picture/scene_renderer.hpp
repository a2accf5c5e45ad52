#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "media/worker/caption/cue.hpp"
#include "media/worker/caption/renderer.hpp"
#include "media/worker/picture/background.hpp"
#include "media/worker/picture/frame.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::picture {

// The parameters that `segment` and `frame` share.
struct SceneLook {
  Extent frame;
  std::int32_t fps;
  std::string style;
  std::string language;
  BackgroundChoice background;
  caption::Part part;
};

// Reads them; the caller reads its own and calls finish() on the reader. Wrong fields are kept by the reader, except
// those of `background` and `part`, which are returned.
Result<SceneLook> read_scene_look(json::ObjectReader& reader, const TaskContext& context);

// Draws a scene's frames: background, then captions. The video and its preview both come from here.
class SceneRenderer {
 public:
  static Result<SceneRenderer> make(const SceneLook& look);

  // By the frame's index in the scene. The frame stays this object's and is overwritten by the next call.
  Result<Frame*> draw(std::int64_t frame_index);

 private:
  SceneRenderer(Extent extent, std::unique_ptr<Background> background, std::unique_ptr<caption::Renderer> captions);

  Frame frame_;
  std::unique_ptr<Background> background_;
  std::unique_ptr<caption::Renderer> captions_;  // null when the part has no cues
};

}  // namespace atelier::media::picture
