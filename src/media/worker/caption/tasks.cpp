#include "media/worker/caption/tasks.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "media/protocol/catalog.hpp"
#include "media/worker/caption/subtitle_files.hpp"
#include "media/worker/caption/timeline.hpp"

namespace atelier::media::caption {
namespace {

constexpr std::int64_t kFrameMax = std::int64_t{60} * 60 * 60 * 24;
constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;

const Fonts* g_fonts = nullptr;

Result<const Fonts*> fonts_or_error() {
  if (!g_fonts) return fail(ErrorCode::unavailable, "this worker was started without fonts for captions");
  return g_fonts;
}

// What both tasks are told about the picture.
struct Look {
  std::string style, language;
  int width = 0, height = 0, fps = 0;
};
Look read_look(json::ObjectReader& reader) {
  constexpr std::int64_t kSideMin = 64, kSideMax = 8192;
  Look look;
  look.style = reader.required_string("style", {.bytes_max = 64});
  look.language = reader.required_string("language", {.bytes_max = 64});
  look.width = static_cast<int>(reader.required_integer("width", kSideMin, kSideMax));
  look.height = static_cast<int>(reader.required_integer("height", kSideMin, kSideMax));
  look.fps = static_cast<int>(reader.required_integer("fps", 1, 240));
  if (!find_caption_style(look.style)) reader.complain("style", fmt::format("'{}' is no caption style", look.style));
  bool is_rate = false;
  for (const std::int32_t rate : frame_rates()) is_rate = is_rate || rate == look.fps;
  if (!is_rate) reader.complain("fps", fmt::format("{} is none of the frame rates", look.fps));
  return look;
}

Result<json::Value> run_timeline(TaskContext& context) {
  const auto fonts = fonts_or_error();
  if (!fonts) return error_of(fonts);
  json::ObjectReader reader(context.parameters());
  Look look = read_look(reader);
  TimelineRequest request{.text = reader.required_string("text", {.bytes_max = kTextBytesMax}),
                          .style = std::move(look.style),
                          .language = std::move(look.language),
                          .width = look.width,
                          .height = look.height,
                          .fps = look.fps,
                          .part_frames = 0,
                          .part_count = 0,
                          .speech = {}};
  request.part_frames = reader.required_integer("part_frames", 1, kFrameMax);
  request.part_count = reader.required_integer("part_count", 1, 10'000);
  const json::Value* speech = reader.required_value("speech");
  if (auto done = reader.finish(); !done) return error_of(done);
  auto read = read_speech(*speech, "/speech", request.text);
  if (!read) return error_of(read);
  request.speech = std::move(*read);

  const auto timeline = make_timeline(request, **fonts);
  if (!timeline) return error_of(timeline);
  const auto count = static_cast<std::int64_t>(timeline->cues.size());
  if (!context.progress(count, count)) return fail(ErrorCode::cancelled, "the task was stopped");
  json::Array parts;
  for (const Part& part : timeline->parts) parts.push_back(to_json(part));
  return json::Value(json::Object{{"frame_count", timeline->frame_count},
                                  {"cues", to_json(std::span<const Cue>(timeline->cues))},
                                  {"parts", std::move(parts)}});
}

Result<Subtitles::Passage> read_passage(const json::Value& value, const std::string& where) {
  json::ObjectReader reader(value, where);
  Subtitles::Passage passage;
  passage.first_frame = reader.required_integer("first_frame", 0, kFrameMax);
  passage.frame_count = reader.required_integer("frame_count", 0, kFrameMax);
  const json::Value* cues = reader.required_value("cues");
  if (auto done = reader.finish(); !done) return error_of(done);
  auto read = read_cues(*cues, where + "/cues");
  if (!read) return error_of(read);
  passage.cues = std::move(*read);
  if (!passage.cues.empty() && passage.cues.back().end_frame > passage.frame_count)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the last cue ends at frame {}, after the scene's {} frames", passage.cues.back().end_frame,
                            passage.frame_count),
                {.reason = {}, .where = where + "/cues"});
  return passage;
}

Result<Subtitles> read_subtitles(const json::Value& parameters) {
  json::ObjectReader reader(parameters);
  Look look = read_look(reader);
  Subtitles subtitles{.title = reader.required_string("title", {.bytes_max = 4096}),
                      .style = std::move(look.style),
                      .language = std::move(look.language),
                      .width = look.width,
                      .height = look.height,
                      .fps = look.fps,
                      .passages = {}};
  const json::Array* scenes = reader.required_array("scenes", 10'000);
  if (auto done = reader.finish(); !done) return error_of(done);
  std::int64_t free_from = 0;
  for (std::size_t i = 0; i < scenes->size(); ++i) {
    const std::string where = fmt::format("/scenes/{}", i);
    auto passage = read_passage((*scenes)[i], where);
    if (!passage) return error_of(passage);
    if (passage->first_frame < free_from)
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("starts at frame {}, before the scene before it ends at {}", passage->first_frame, free_from),
          {.reason = {}, .where = where + "/first_frame"});
    free_from = passage->first_frame + passage->frame_count;
    subtitles.passages.push_back(std::move(*passage));
  }
  return subtitles;
}

Result<> write_output(TaskContext& context, std::string_view name, std::string_view text) {
  const int fd = context.output(name);
  if (fd < 0) return {};
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = pwrite(fd, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      return fail_errno(written < 0 ? errno : ENOSPC, fmt::format("cannot write the {} captions", name));
    at += static_cast<std::size_t>(written);
  }
  return {};
}

Result<json::Value> run_captions(TaskContext& context) {
  const auto fonts = fonts_or_error();
  if (!fonts) return error_of(fonts);
  const auto subtitles = read_subtitles(context.parameters());
  if (!subtitles) return error_of(subtitles);
  const auto ass = write_ass(*subtitles, **fonts);
  if (!ass) return error_of(ass);
  if (auto done = write_output(context, "srt", write_srt(*subtitles)); !done) return error_of(done);
  if (auto done = write_output(context, "vtt", write_vtt(*subtitles)); !done) return error_of(done);
  if (auto done = write_output(context, "ass", *ass); !done) return error_of(done);
  std::int64_t count = 0;
  for (const auto& passage : subtitles->passages) count += static_cast<std::int64_t>(passage.cues.size());
  if (!context.progress(count, count)) return fail(ErrorCode::cancelled, "the task was stopped");
  return json::Value(json::Object{{"cue_count", count}});
}

constexpr TaskType kTasks[] = {
    {"timeline", 1, "cues", run_timeline},
    {"captions", 1, "cues", run_captions},
};

}  // namespace

std::span<const TaskType> caption_tasks() { return kTasks; }
void use_fonts(const Fonts& fonts) { g_fonts = &fonts; }
const Fonts* process_fonts() noexcept { return g_fonts; }

}  // namespace atelier::media::caption
