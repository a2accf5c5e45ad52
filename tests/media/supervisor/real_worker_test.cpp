// The real atelier-media does one of each task in its real sandbox: what a library needs of the system shows here
// first.
#include <gtest/gtest.h>
#include <seccomp.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "tests/media/process/running_workers.hpp"
#include "tests/media/test_pdf.hpp"

namespace atelier::media {
namespace {

WorkersSettings real_worker() {
  WorkersSettings settings;
  settings.executable = std::filesystem::path(ATELIER_BIN_DIR) / "atelier-media";
  settings.worker_count_max = 1;
  return settings;
}

class RealWorker : public testing::Test {
 protected:
  using Files = std::map<std::string, const UniqueFd*>;

  // The result, with what was written to the outputs kept in files_.
  json::Value done(std::string type, json::Value parameters, const Files& inputs,
                   const std::vector<std::string>& outputs) {
    TaskRequest request = task(type, std::move(parameters));
    for (const auto& [name, fd] : inputs) request.inputs.push_back({name, fd->duplicate()});
    for (const std::string& name : outputs) {
      files_[name] = file_with("");
      request.outputs.push_back({name, files_[name].duplicate()});
    }
    auto result = workers_.run(std::move(request));
    EXPECT_TRUE(result) << type << ": " << result.error().describe();
    return result ? *std::move(result) : json::Value();
  }

  json::Value speak(std::string_view voice, std::string_view text) {
    return done("speech", {{"text", text}, {"voice", voice}, {"speed", 1.0}}, {}, {"audio"});
  }

  RunningWorkers workers_{"unused", real_worker()};
  std::map<std::string, UniqueFd> files_;
};

constexpr std::string_view kText = "The sea was calm. Nobody spoke.";

json::Value scene_parameters(json::Value part, std::string_view kind) {
  return {{"width", 320},           {"height", 568},    {"fps", 30},
          {"style", "spotlight"},   {"language", "en"}, {"background", {{"kind", kind}, {"seed", 7}}},
          {"part", std::move(part)}};
}

TEST_F(RealWorker, SpeaksWithBothEngines) {
  EXPECT_GT(speak("local/flite/slt", kText).at("sample_count").as_int64(), 48'000);
  EXPECT_GT(speak("local/espeak-ng/de", "Das Meer war ruhig.").at("words").as_array().size(), 3U);
  EXPECT_GT(speak("local/espeak-ng/es", "El mar en calma.").at("words").as_array().size(), 2U);
  EXPECT_EQ(workers_.report().started_count, 1U);
}

// As in a container that does not let it through, or where it was turned off at boot. For this process and its
// children.
void hide_landlock() {
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  for (const int call :
       {SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule), SCMP_SYS(landlock_restrict_self)})
    if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0) != 0) std::abort();
  if (seccomp_load(filter) != 0) std::abort();
  seccomp_release(filter);
}

// 0: as it should be.
int speak_without_landlock() {
  hide_landlock();
  RunningWorkers workers{"unused", real_worker()};
  const auto speak = [&](std::string_view voice) {
    TaskRequest request = task("speech", {{"text", kText}, {"voice", voice}, {"speed", 1.0}});
    request.outputs.push_back({"audio", file_with("")});
    return workers.run(std::move(request));
  };
  if (!speak("local/flite/slt")) return 1;
  const auto refused = speak("local/espeak-ng/de");
  if (refused) return 2;
  std::fprintf(stderr, "%s\n", refused.error().message.c_str());
  return speak("local/flite/slt") ? 0 : 3;
}

TEST(RealWorkerWithoutLandlock, OpensNoFilesAndDoesWhatNeedsNone) {
  EXPECT_EXIT(std::_Exit(speak_without_landlock()), testing::ExitedWithCode(0), "voice data");
}

json::Value with(json::Value value, std::string_view name, json::Value field) {
  value.as_object()[name] = std::move(field);
  return value;
}

TEST_F(RealWorker, MakesAFilmFromAText) {
  const json::Value speech = speak("local/flite/slt", kText);
  const json::Value timeline = done("timeline",
                                    {{"text", kText},
                                     {"style", "spotlight"},
                                     {"language", "en"},
                                     {"width", 320},
                                     {"height", 568},
                                     {"fps", 30},
                                     {"part_frames", 300},
                                     {"part_count", 1},
                                     {"speech", speech}},
                                    {}, {});
  const json::Value part = timeline.at("parts").at(0);
  const json::Value frame_count = part.at("frame_count");
  const json::Value segment = done("segment", scene_parameters(part, "aurora"), {}, {"video"});
  EXPECT_EQ(segment.at("frame_count"), frame_count);
  done("frame", with(with(scene_parameters(part, "dunes"), "frame", 10), "preview_width", 160), {}, {"image"});
  const json::Value facts = done("probe", {{"name", "frame.jpg"}}, {{"file", &files_["image"]}}, {});
  EXPECT_EQ(facts.at("media_type").as_string(), "image/jpeg");
  done("still", {{"width", 320}, {"height", 568}}, {{"image", &files_["image"]}}, {"frame"});
  const UniqueFd pictures = std::move(files_["video"]);
  done("segment", scene_parameters(part, "still"), {{"background", &files_["frame"]}}, {"video"});

  json::Array scenes;
  scenes.push_back({{"first_frame", 0}, {"frame_count", timeline.at("frame_count")}, {"cues", timeline.at("cues")}});
  done("captions",
       {{"title", "Sea"},
        {"style", "spotlight"},
        {"language", "en"},
        {"width", 320},
        {"height", 568},
        {"fps", 30},
        {"scenes", scenes}},
       {}, {"srt", "vtt", "ass"});
  EXPECT_NE(text_of(files_["srt"].get()).find("-->"), std::string::npos);

  json::Array spoken;
  spoken.push_back({{"input", "scene0"}, {"first_frame", 0}});
  const UniqueFd voice = std::move(files_["audio"]);
  done("soundtrack",
       {{"fps", 30},
        {"frame_count", frame_count},
        {"scenes", spoken},
        {"music", nullptr},
        {"loudness_lufs", -14.0},
        {"true_peak_dbtp", -1.5}},
       {{"scene0", &voice}}, {"audio"});
  done("assemble",
       {{"width", 320},
        {"height", 568},
        {"fps", 30},
        {"frame_count", frame_count},
        {"title", "Sea"},
        {"segment_count", 1}},
       {{"segment0", &pictures}, {"soundtrack", &files_["audio"]}}, {"video"});
  const json::Value film = done("probe", {{"name", "film.mp4"}}, {{"file", &files_["video"]}}, {});
  EXPECT_EQ(film.at("width").as_int64(), 320);
  EXPECT_EQ(film.at("codec").as_string(), "h264");
  EXPECT_TRUE(film.at("has_audio").as_bool());
  // A clip as a background is decoded in the same sandbox.
  const UniqueFd clip = std::move(files_["video"]);
  done("segment", scene_parameters(part, "clip"), {{"background", &clip}}, {"video"});
  done("poster", {{"width", 160}, {"at_frame", 5}}, {{"file", &clip}}, {"image"});
  const json::Value loop =
      done("loop", {{"side_max", 320}, {"duration_ms_max", 1'000}}, {{"file", &clip}}, {"loop.mp4"});
  EXPECT_EQ(loop.at("width").as_int64(), 180);
  EXPECT_EQ(loop.at("frame_count").as_int64(), 15);
  EXPECT_GT(done("peaks", json::Object(), {{"file", &clip}}, {"peaks.dat"}).at("length").as_int64(), 100);
  EXPECT_EQ(workers_.report().started_count, 1U);
}

TEST_F(RealWorker, MakesReadyWhatGoesToAModel) {
  const std::vector<std::string> pages = {"The lamp was lit.", "Nobody saw it."};
  const UniqueFd document = file_with(pdf_with_pages(pages));
  const json::Value facts = done("probe", {{"name", "lamp.pdf"}}, {{"file", &document}}, {});
  EXPECT_EQ(facts.at("kind").as_string(), "document");
  EXPECT_EQ(facts.at("media_type").as_string(), "application/pdf");
  EXPECT_EQ(done("document_text", json::Object(), {{"file", &document}}, {"text"}).at("page_count").as_int64(), 2);
  EXPECT_EQ(text_of(files_["text"].get()), "[page 1]\nThe lamp was lit.\n\n[page 2]\nNobody saw it.");

  const json::Value part{{"first_frame", 0}, {"frame_count", 20}, {"cues", json::Array()}};
  done("frame", with(with(scene_parameters(part, "dunes"), "frame", 10), "preview_width", 320), {}, {"image"});
  const UniqueFd picture = std::move(files_["image"]);
  const json::Value shrunk = done("shrink", {{"side_max", 100}}, {{"file", &picture}}, {"image"});
  EXPECT_EQ(shrunk.at("height").as_int64(), 100);
  EXPECT_EQ(shrunk.at("media_type").as_string(), "image/jpeg");
  json::Array wanted;
  for (const char* media_type : {"image/webp", "image/avif", "image/jpeg"})
    wanted.push_back(json::Object{
        {"output", media_type}, {"fit", "inside"}, {"width", 100}, {"height", 100}, {"media_type", media_type}});
  const json::Value previews = done("previews", {{"pictures", std::move(wanted)}}, {{"file", &picture}},
                                    {"image/webp", "image/avif", "image/jpeg"});
  for (const char* media_type : {"image/webp", "image/avif", "image/jpeg"})
    EXPECT_EQ(previews.at("pictures").at(media_type).at("height").as_int64(), 100) << media_type;
  EXPECT_EQ(workers_.report().started_count, 1U);
}

}  // namespace
}  // namespace atelier::media
