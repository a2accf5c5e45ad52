#include "media/worker/process/tasks.hpp"

#include <span>

#include "media/worker/container/libraries.hpp"
#include "media/worker/container/tasks.hpp"
#if __has_include("media/worker/sound/tasks.hpp")
#include "media/worker/sound/tasks.hpp"
#define ATELIER_HAS_SOUND
#endif
#if __has_include("media/worker/caption/tasks.hpp")
#include "media/worker/caption/tasks.hpp"
#define ATELIER_HAS_CAPTION
#endif
#if __has_include("media/worker/picture/tasks.hpp")
#include "media/worker/picture/tasks.hpp"
#define ATELIER_HAS_PICTURE
#endif

namespace atelier::media {
namespace sound {}
namespace caption {}
namespace picture {}
}  // namespace atelier::media

namespace atelier::media::process {

using namespace atelier::media::sound;
using namespace atelier::media::caption;
using namespace atelier::media::picture;

std::vector<TaskType> all_tasks() {
  std::vector<TaskType> all;
  const auto add = [&](std::span<const TaskType> tasks) { all.insert(all.end(), tasks.begin(), tasks.end()); };
#ifdef ATELIER_HAS_SOUND
  add(sound_tasks());
#endif
#ifdef ATELIER_HAS_CAPTION
  add(caption_tasks());
#endif
#ifdef ATELIER_HAS_PICTURE
  add(picture_tasks());
#endif
  add(container::container_tasks());
  return all;
}

Result<> start_libraries(const Options&) { return container::start_media_libraries(); }

std::vector<std::string> read_only_paths() {
#ifdef ATELIER_HAS_SOUND
  const auto paths = sound_read_only_paths();
  return {paths.begin(), paths.end()};
#else
  return {};
#endif
}

}  // namespace atelier::media::process
