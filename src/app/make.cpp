#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/json_fields.hpp"
#include "app/make_progress.hpp"
#include "app/output_file.hpp"
#include "app/studio_client.hpp"
#include "base/text.hpp"
#include "media/protocol/catalog.hpp"
#include "studio/produce/front_matter.hpp"
#include "studio/produce/production.hpp"
#include "studio/produce/story.hpp"

namespace atelier::app {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> interrupted = false;  // set by the signal handler, read by everything that waits

void watch_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupted.store(true); };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

Result<std::string> read_story(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return fail_errno(errno, fmt::format("cannot open the story {}", path));
  struct stat facts{};
  if (::fstat(fd.get(), &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISFIFO(facts.st_mode) && !S_ISCHR(facts.st_mode))
    return fail(ErrorCode::invalid_argument, fmt::format("{} is no file", path));
  std::string text(studio::kStoryBytesMax + 1,
                   '\0');  // one byte more than allowed: parse_story says that it is too large
  std::size_t size_bytes = 0;
  while (size_bytes < text.size()) {
    const ssize_t count = ::read(fd.get(), text.data() + size_bytes, text.size() - size_bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("cannot read the story {}", path));
    if (count == 0) break;
    size_bytes += static_cast<std::size_t>(count);
  }
  text.resize(size_bytes);
  return text;
}

// Opens a file the story names, inside the story's folder and nowhere else: no "..", no absolute path, no symbolic link
// that leads out.
Result<UniqueFd> open_beneath(int folder, const studio::MediaLink& link, const std::string& story_name) {
  const auto where = studio::describe_position(story_name, link.where);
  struct open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, folder, link.target.c_str(), &how, sizeof how)));
  if (!fd.is_open()) {
    const int error_number = errno;
    if (error_number == EXDEV || error_number == ELOOP)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" leads out of the story's folder", printable(link.target, 120)),
                  {.reason = "story_link_outside", .where = where});
    if (error_number == ENOENT)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("there is no file \"{}\" beside the story", printable(link.target, 120)),
                  {.reason = "story_link_missing", .where = where});
    auto failure = fail_errno(error_number, fmt::format("cannot open \"{}\"", printable(link.target, 120)));
    failure.error().where = where;
    return failure;
  }
  struct stat facts{};
  if (::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no file", printable(link.target, 120)),
                {.reason = "story_link_missing", .where = where});
  return fd;
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// Uploads the files a story names, each once; gives their asset ids.
class StoryFiles {
 public:
  StoryFiles(StudioClient& studio, std::string story_path) : studio_(studio), name_(fs::path(story_path).filename()) {
    const fs::path parent = fs::path(story_path).parent_path();
    folder_.reset(::open(parent.empty() ? "." : parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  Result<json::Value> background_of(const studio::MediaLink& link) {
    auto id = asset_of(link);
    if (!id) return error_of(id);
    return json::Value(json::Object{{"kind", "asset"}, {"asset_id", *id}});
  }

  Result<std::string> asset_of(const studio::MediaLink& link) {
    if (link.is_asset()) return link.target.substr(6);
    if (const auto known = ids_.find(link.target); known != ids_.end()) return known->second;
    auto fd = open_beneath(folder_.get(), link, name_);
    if (!fd) return error_of(fd);
    struct stat facts{};
    if (::fstat(fd->get(), &facts) != 0) return fail_errno(errno, "cannot read a file's size");
    auto asset = studio_.upload("/api/assets?name=" + url_encode(link.target), fd->get(),
                                static_cast<std::uint64_t>(facts.st_size));
    if (!asset) {
      Error error = std::move(asset).error();
      error.where = studio::describe_position(name_, link.where);
      return std::unexpected(std::move(error));
    }
    return ids_[link.target] = text_at(*asset, "id");
  }

 private:
  StudioClient& studio_;
  std::string name_;
  UniqueFd folder_;
  std::map<std::string, std::string> ids_;
};

Result<json::Value> settings_from_flags(const Arguments& arguments) {
  json::Object settings;
  const auto take = [&](std::string_view flag, std::string_view field) {
    if (auto value = arguments.value(flag)) settings[field] = *value;
  };
  take("--size", "size");
  take("--style", "caption_style");
  take("--language", "language");
  if (auto voice = arguments.value("--voice")) {
    settings["voice"] = *voice;
    for (const media::Voice& each : media::voices())
      if (each.engine_voice == *voice || each.id.ends_with("/" + *voice)) {
        settings["voice"] = each.id;
        break;
      }
  }
  if (auto kind = arguments.value("--background")) settings["background"] = json::Object{{"kind", *kind}};
  for (const auto& [flag, field] : {std::pair{"--fps", "fps"}, std::pair{"--speed", "speed"}})
    if (auto text = arguments.value(flag)) {
      auto number = json::parse(*text);
      if (!number || !number->is_number())
        return fail(ErrorCode::invalid_argument, fmt::format("{} is \"{}\", not a number", flag, printable(*text, 40)),
                    {.reason = "usage", .where = {}});
      settings[field] = *number;
    }
  return json::Value(std::move(settings));
}

// The production of a story: its text and front matter as they are, its files as assets.
Result<json::Value> create_production(StudioClient& studio, const studio::Story& story, const std::string& path,
                                      const Arguments& arguments) {
  StoryFiles files(studio, path);
  studio::ProductionDocument document;
  json::Object settings;
  const studio::StorySettings& given = story.settings;
  if (given.size) settings["size"] = *given.size;
  if (given.fps) settings["fps"] = *given.fps;
  if (given.language) settings["language"] = *given.language;
  if (given.voice) settings["voice"] = *given.voice;
  if (given.speed) settings["speed"] = *given.speed;
  if (given.caption_style) settings["caption_style"] = *given.caption_style;
  if (given.background_kind) settings["background"] = json::Object{{"kind", *given.background_kind}};
  if (given.background) {
    auto background = files.background_of(*given.background);
    if (!background) return background;
    settings["background"] = std::move(*background);
  }
  if (given.music) {
    auto id = files.asset_of(*given.music);
    if (!id) return error_of(id);
    settings["music"] = json::Object{{"asset_id", *id}};
  }
  auto flags = settings_from_flags(arguments);
  if (!flags) return flags;
  for (const auto& field : flags->as_object()) settings[field.key()] = field.value();

  for (const studio::StoryScene& written : story.scenes) {
    studio::Scene scene;
    scene.heading = written.heading;
    scene.text = written.text;
    if (written.background) {
      auto id = files.asset_of(*written.background);
      if (!id) return error_of(id);
      auto asset = AssetId::parse(*id);
      if (!asset) return error_of(asset);
      scene.background = studio::Background{.kind = "asset", .asset = *asset};
    }
    document.scenes.push_back(std::move(scene));
  }
  json::Object body{{"story", studio::write_story(document)},
                    {"title", arguments.value("--title").value_or(studio::title_of(story))},
                    {"settings", std::move(settings)}};
  return studio.call("POST", "/api/productions", std::move(body));
}

// What the studio's own disk has no room for, or cannot take any more, told with the folder that lies on it.
Error in_data_folder(const StudioClient& studio, Error error) {
  if (error.code != ErrorCode::storage_full && error.code != ErrorCode::storage_failed) return error;
  error.message =
      error.code == ErrorCode::storage_full
          ? fmt::format("there is no room left on the disk of the data folder {}; make some and run this again",
                        studio.data_folder())
          : fmt::format("the disk of the data folder {} failed: {}", studio.data_folder(), error.message);
  error.where.clear();
  return error;
}

// As the API writes it: `code` is the finer one where there is one.
Error error_from_json(const json::Value& object) {
  Error error{.code = ErrorCode::internal,
              .message = text_at(object, "message"),
              .reason = text_at(object, "code"),
              .where = text_at(object, "where"),
              .retry_after_ms = {},
              .source = {}};
  if (const auto code = parse_error_code(error.reason))
    error.code = *code;
  else if (error.reason.starts_with("storage_"))
    error.code = ErrorCode::storage_failed;
  return error;
}

// Why a run's progress is not stored, if the disk is the reason: then waiting for it may take for ever.
std::optional<Error> disk_stall_of(const json::Value& run) {
  const json::Value* stalled = run.is_object() ? run.get_object().if_contains("stalled") : nullptr;
  if (!stalled || !stalled->is_object()) return std::nullopt;
  Error error = error_from_json(*stalled);
  if (error.code != ErrorCode::storage_full && error.code != ErrorCode::storage_failed) return std::nullopt;
  return error;
}

// Renders and follows until the end. The finished production.
Result<json::Value> render(StudioClient& studio, const std::string& production_id, MakeProgress& progress) {
  auto run = studio.call("POST", "/api/productions/" + production_id + "/render", nullptr);
  if (!run) return run;
  const std::string run_id = text_at(*run, "id");
  const auto cancel = [&] { (void)studio.call("POST", "/api/runs/" + run_id + "/cancel", nullptr); };
  auto now = studio.call("GET", "/api/runs/" + run_id, nullptr);
  if (!now) return now;
  progress.update(*now);
  if (text_at(*now, "state") == "running") {
    std::optional<Error> stall;
    auto followed = studio.follow(
        "run/" + run_id, "/api/runs/" + run_id,
        [&](std::string_view type, const json::Value& data) {
          stall = disk_stall_of(data);
          return !progress.take(type, data) && !stall;
        },
        [] { return interrupted.load(); });
    if (interrupted.load()) {
      cancel();
      return fail(ErrorCode::cancelled, "interrupted; nothing was written");
    }
    if (stall) {
      // A server would go on with what nobody waits for any more. In this process it ends with us, and the next one
      // takes it up.
      if (studio.is_remote()) cancel();
      return std::unexpected(std::move(*stall));
    }
    if (!followed) return error_of(followed);
  }
  auto ended = studio.call("GET", "/api/runs/" + run_id, nullptr);
  if (!ended) return ended;
  progress.update(*ended);
  if (text_at(*ended, "state") == "cancelled") return fail(ErrorCode::cancelled, "the run was cancelled");
  if (text_at(*ended, "state") != "succeeded") {
    return std::unexpected(error_from_json(ended->at("error")));
  }
  return studio.call("GET", "/api/productions/" + production_id, nullptr);
}

// The video and what belongs beside it. Everything is fetched under temporary names first, then put in place.
Result<std::string> save(StudioClient& studio, const std::string& production_id, const fs::path& output) {
  struct Wanted {
    const char* file;
    const char* ending;
  };
  static constexpr Wanted kWanted[] = {{"video.mp4", ""},        {"captions.srt", ".srt"}, {"captions.vtt", ".vtt"},
                                       {"captions.ass", ".ass"}, {"poster.jpg", ".jpg"},   {"timeline.json", ".json"}};
  std::vector<OutputFile> files;
  for (const Wanted& wanted : kWanted) {
    fs::path path = output;
    if (*wanted.ending) path.replace_extension(wanted.ending);
    auto file = OutputFile::create(path);
    if (!file) return error_of(file);
    if (auto done = studio.download("/api/productions/" + production_id + "/files/" + wanted.file, file->fd()); !done)
      return error_of(done);
    files.push_back(std::move(*file));
    if (interrupted.load()) return fail(ErrorCode::cancelled, "interrupted; nothing was written");
  }
  for (OutputFile& file : files)
    if (auto done = file.commit(); !done) return error_of(done);
  return output.string();
}

// The whole work, in a studio that is closed at the end: what that says on its way out stands before what we say last.
struct Made {
  std::string path;
  json::Value production;
};
Result<Made> make(const Arguments& arguments, const studio::Story& story, const fs::path& output,
                  MakeProgress& progress) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return error_of(studio);
  auto production = create_production(**studio, story, arguments.positional[0], arguments);
  if (!production) return std::unexpected(in_data_folder(**studio, production.error()));
  const std::string id = text_at(*production, "id");
  auto rendered = render(**studio, id, progress);
  if (!rendered) return std::unexpected(in_data_folder(**studio, rendered.error()));
  auto saved = save(**studio, id, output);
  if (!saved) return error_of(saved);
  return Made{.path = std::move(*saved), .production = std::move(*rendered)};
}

}  // namespace

int run_make(const Arguments& arguments) {
  const std::string& path = arguments.positional[0];
  auto text = read_story(path);
  if (!text) return complain(text.error());
  auto story = studio::parse_story(*text, fs::path(path).filename().string());
  if (!story) return complain(story.error());
  fs::path output = arguments.value("--output").value_or(fs::path(path).replace_extension(".mp4").string());
  if (output.extension().empty()) output.replace_extension(".mp4");
  if (auto writable = OutputFile::create(output); !writable) return complain(writable.error());

  watch_interrupts();
  MakeProgress progress(arguments.has("--json") ? MakeProgress::Style::json
                        : ::isatty(2)           ? MakeProgress::Style::bar
                                                : MakeProgress::Style::lines);
  auto made = make(arguments, *story, output, progress);
  if (made) {
    progress.finish(made->path, made->production);
    return kSuccess;
  }
  progress.fail(made.error());
  const int code = complain(made.error());
  return made.error().code == ErrorCode::storage_failed ? kUnavailable : code;
}

}  // namespace atelier::app
