#include "media/worker/process/tasks.hpp"

#include <filesystem>
#include <span>

#include "media/worker/container/libraries.hpp"
#include "media/worker/container/tasks.hpp"
#ifdef ATELIER_HAS_SOUND
#include "media/worker/sound/tasks.hpp"
#endif
#ifdef ATELIER_HAS_CAPTION
#include "media/worker/caption/tasks.hpp"
#endif
#ifdef ATELIER_HAS_PICTURE
#include "media/worker/picture/tasks.hpp"
#endif

namespace atelier::media::process {

std::vector<TaskType> all_tasks() {
  std::vector<TaskType> all;
  const auto add = [&](std::span<const TaskType> tasks) { all.insert(all.end(), tasks.begin(), tasks.end()); };
#ifdef ATELIER_HAS_SOUND
  add(sound::sound_tasks());
#endif
#ifdef ATELIER_HAS_CAPTION
  add(caption::caption_tasks());
#endif
#ifdef ATELIER_HAS_PICTURE
  add(picture::picture_tasks());
#endif
  add(container::container_tasks());
  return all;
}

struct Libraries::Parts {
#ifdef ATELIER_HAS_CAPTION
  std::unique_ptr<caption::Fonts> fonts;
#endif
};

Libraries::Libraries(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Libraries::~Libraries() = default;

Result<std::unique_ptr<Libraries>> Libraries::start([[maybe_unused]] const Options& options) {
  if (auto started = container::start_media_libraries(); !started) return error_of(started);
  auto parts = std::make_unique<Parts>();
#ifdef ATELIER_HAS_CAPTION
  const std::filesystem::path given = options.font_dir;
  auto fonts = options.font_dir.empty() ? caption::Fonts::open() : caption::Fonts::open(std::span(&given, 1));
  if (!fonts) return error_of(fonts);
  parts->fonts = *std::move(fonts);
  caption::use_fonts(*parts->fonts);
#endif
  return std::unique_ptr<Libraries>(new Libraries(std::move(parts)));
}

std::vector<std::string> Libraries::read_only_paths() const {
#ifdef ATELIER_HAS_SOUND
  const auto paths = sound::sound_read_only_paths();
  return {paths.begin(), paths.end()};
#else
  return {};
#endif
}

void Libraries::describe([[maybe_unused]] Hello& hello) const {
#ifdef ATELIER_HAS_CAPTION
  hello.fonts_digest = parts_->fonts->digest();
  hello.fonts_missing = parts_->fonts->missing_message();
#endif
}

}  // namespace atelier::media::process
