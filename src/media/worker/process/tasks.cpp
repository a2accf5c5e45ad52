#include "media/worker/process/tasks.hpp"

#include <filesystem>
#include <span>

#include "media/worker/caption/tasks.hpp"
#include "media/worker/container/libraries.hpp"
#include "media/worker/container/tasks.hpp"
#include "media/worker/document/tasks.hpp"
#include "media/worker/picture/tasks.hpp"
#include "media/worker/sound/tasks.hpp"

namespace atelier::media::process {

std::vector<TaskType> all_tasks() {
  std::vector<TaskType> all;
  const auto add = [&](std::span<const TaskType> tasks) { all.insert(all.end(), tasks.begin(), tasks.end()); };
  add(sound::sound_tasks());
  add(caption::caption_tasks());
  add(picture::picture_tasks());
  add(container::container_tasks());
  add(document::document_tasks());
  return all;
}

struct Libraries::Parts {
  std::unique_ptr<caption::Fonts> fonts;
};

Libraries::Libraries(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Libraries::~Libraries() = default;

Result<std::unique_ptr<Libraries>> Libraries::start(const Options& options) {
  if (auto started = container::start_media_libraries(); !started) return error_of(started);
  if (auto started = document::start_document_libraries(); !started) return error_of(started);
  auto parts = std::make_unique<Parts>();
  const std::filesystem::path given = options.font_dir;
  auto fonts = options.font_dir.empty() ? caption::Fonts::open() : caption::Fonts::open(std::span(&given, 1));
  if (!fonts) return error_of(fonts);
  parts->fonts = *std::move(fonts);
  caption::use_fonts(*parts->fonts);
  return std::unique_ptr<Libraries>(new Libraries(std::move(parts)));
}

std::vector<std::string> Libraries::read_only_paths() const {
  const auto voices = sound::sound_read_only_paths();
  std::vector<std::string> paths(voices.begin(), voices.end());
  const auto tables = document::document_read_only_paths();
  paths.insert(paths.end(), tables.begin(), tables.end());
  return paths;
}

void Libraries::describe(Hello& hello) const {
  hello.fonts_digest = parts_->fonts->digest();
  hello.fonts_missing = parts_->fonts->missing_message();
}

}  // namespace atelier::media::process
