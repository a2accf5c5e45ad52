// Stability, ElevenLabs and the servers on one's own machine, through the whole house: what is asked of them is made,
// stored and told, and what goes wrong there ends once, with a reason.
#include <fmt/format.h>

#include "tests/api/generations_fixture.hpp"
#include "tests/double/picture.hpp"
#include "tests/double/sound.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;

class GenerationProvidersTest : public GenerationsTest {
 protected:
  // As the presets name them, each at its own root of the double.
  void add(const std::string& name) { add_provider(name, name, "/" + name); }
  json::Value succeeded(const std::string& body) {
    json::Value done = made(body);
    EXPECT_EQ(text(done, "state"), "succeeded") << json::write(done);
    return done;
  }
  // The code of why it failed.
  std::string failed(const std::string& body) {
    const json::Value done = made(body);
    EXPECT_EQ(text(done, "state"), "failed") << json::write(done);
    return text(done.at("error"), "code");
  }
  // The result's picture is of this type and size.
  void expect_picture(const json::Value& done, std::string_view type, int width, int height) {
    ASSERT_FALSE(done.at("results").as_array().empty()) << json::write(done);
    const json::Value& result = done.at("results").as_array()[0];
    EXPECT_EQ(text(result, "media_type"), type);
    EXPECT_EQ(result.at("width").as_int64(), width);
    EXPECT_EQ(result.at("height").as_int64(), height);
  }
  void expect_words(const json::Value& done, std::size_t count) {
    ASSERT_TRUE(done.at("text").is_object()) << json::write(done);
    const json::Array& words = done.at("text").at("words").as_array();
    ASSERT_EQ(words.size(), count) << json::write(done);
    EXPECT_LT(words.front().at("start").to_number<double>(), words.back().at("start").to_number<double>());
  }
  std::string picture(int width = 64, int height = 48) {
    return upload("a.png", doubles::png_of({.width = width, .height = height, .seed = 1}));
  }
  std::string mask(int width = 64, int height = 48) {
    return upload("m.png", doubles::png_of({.width = width, .height = height, .seed = 2, .is_transparent = true}));
  }
  // How often the double was asked with this in the path, but for lists.
  std::size_t asked(std::string_view path) const {
    std::size_t count = 0;
    for (const doubles::Seen& seen : double_.requests())
      if (seen.method == "POST" && seen.path.find(path) != std::string::npos) ++count;
    return count;
  }
  void strike_once(std::string fault, std::string path) {
    ASSERT_TRUE(double_.add_rule({.fault = std::move(fault), .path = std::move(path), .times = 1}));
  }
};

TEST_F(GenerationProvidersTest, StabilityDrawsAndPaintsInto) {
  add("stability");
  expect_picture(
      succeeded(R"({"kind":"image","model":"stability/stable-image-core","prompt":"a lamp","ratio":"16:9","seed":5})"),
      "image/png", 1024, 1024);
  // Its mask looks at brightness: the double refuses one with transparency.
  (void)succeeded(fmt::format(
      R"({{"kind":"image","model":"stability/stable-image-inpaint","prompt":"a dog","format":"jpeg","inputs":[{{"role":"reference","asset":"{}"}},{{"role":"mask","asset":"{}"}}]}})",
      picture(), mask()));
  const json::Value music = succeeded(
      R"({"kind":"music","model":"stability/stable-audio-2.5","prompt":"one two","duration":5,"format":"wav"})");
  EXPECT_EQ(text(music.at("results").as_array()[0], "media_type"), "audio/wav");
}

TEST_F(GenerationProvidersTest, ElevenLabsSpeaksSingsAndHears) {
  add("elevenlabs");
  const json::Value spoken = succeeded(
      R"({"kind":"speech","model":"elevenlabs/eleven_flash_v2_5","prompt":"One two three.","voice":"v1","format":"wav"})");
  expect_words(spoken, 3);
  expect_refused(R"({"kind":"speech","model":"elevenlabs/eleven_flash_v2_5","prompt":"One"})", "/voice");
  (void)succeeded(R"({"kind":"sound","model":"elevenlabs/eleven_text_to_sound_v2","prompt":"a door","duration":2})");
  (void)succeeded(R"({"kind":"music","model":"elevenlabs/music_v2","prompt":"a march","duration":4})");
  const json::Value heard = succeeded(fmt::format(
      R"({{"kind":"transcription","model":"elevenlabs/scribe_v2","inputs":[{{"role":"recording","asset":"{}"}}]}})",
      text(spoken.at("results").as_array()[0], "asset")));
  EXPECT_THAT(text(heard.at("text"), "text"), HasSubstr("bytes of"));
}

TEST_F(GenerationProvidersTest, ComfyUiWorksOffItsQueue) {
  add("comfyui");
  const json::Value drawn = succeeded(
      R"({"kind":"image","model":"comfyui/double.safetensors","prompt":"a lamp","width":128,"height":64,"count":2})");
  EXPECT_EQ(drawn.at("results").as_array().size(), 2U);
  expect_picture(drawn, "image/png", 128, 64);
  EXPECT_TRUE(drawn.at("seed").is_int64()) << "told by the history";
  (void)succeeded(fmt::format(
      R"({{"kind":"image","model":"comfyui/double.safetensors","prompt":"at night","strength":0.5,"inputs":[{{"role":"reference","asset":"{}"}},{{"role":"mask","asset":"{}"}}]}})",
      picture(), mask()));
  (void)succeeded(
      R"({"kind":"image","model":"comfyui/workflow","prompt":"own","options":{"workflow":{"1":{"class_type":"EmptyLatentImage","inputs":{"width":64,"height":64,"batch_size":1}},"2":{"class_type":"CLIPTextEncode","inputs":{"text":"{{prompt}}"}},"7":{"class_type":"SaveImage","inputs":{"images":["1",0],"filename_prefix":"x"}}}}})");
  expect_refused(R"({"kind":"image","model":"comfyui/workflow","prompt":"own"})", "/options/workflow");
  EXPECT_EQ(failed(R"({"kind":"image","model":"comfyui/missing.safetensors","prompt":"a"})"), "model_not_found");
  EXPECT_THAT(
      json::write(made(R"({"kind":"image","model":"comfyui/double.safetensors","prompt":"a [fail no memory]"})")),
      HasSubstr("no memory"));
}

TEST_F(GenerationProvidersTest, TheWebUiDrawsAndEnlarges) {
  add("a1111");
  const json::Value drawn = succeeded(
      R"({"kind":"image","model":"a1111/default","prompt":"a lamp [grid]","width":128,"height":64,"count":2})");
  EXPECT_EQ(drawn.at("results").as_array().size(), 2U) << "the grid is none";
  (void)succeeded(fmt::format(
      R"({{"kind":"image","model":"a1111/dream","prompt":"at night","inputs":[{{"role":"reference","asset":"{}"}},{{"role":"mask","asset":"{}"}}]}})",
      picture(), mask()));
  expect_picture(
      succeeded(fmt::format(
          R"({{"kind":"upscale","model":"a1111/Lanczos","inputs":[{{"role":"reference","asset":"{}"}}]}})", picture())),
      "image/png", 256, 192);
}

TEST_F(GenerationProvidersTest, StableDiffusionCppWorksOffItsJobs) {
  add("sdcpp");
  expect_picture(
      succeeded(
          R"({"kind":"image","model":"sdcpp/sd-cpp-local","prompt":"a lamp","width":128,"height":64,"format":"jpeg"})"),
      "image/jpeg", 128, 64);
  (void)succeeded(fmt::format(
      R"({{"kind":"image","model":"sdcpp/sd-cpp-local","prompt":"at night","inputs":[{{"role":"reference","asset":"{}"}},{{"role":"mask","asset":"{}"}}]}})",
      picture(), mask()));
  const json::Value clip = succeeded(R"({"kind":"video","model":"sdcpp/sd-cpp-video","prompt":"waves","duration":1})");
  EXPECT_EQ(text(clip.at("results").as_array()[0], "media_type"), "video/mp4");
}

TEST_F(GenerationProvidersTest, WhatSpeaksHereIsHeardHere) {
  for (const char* name : {"piper", "kokoro", "whispercpp"}) add(name);
  const json::Value spoken = succeeded(R"({"kind":"speech","model":"piper/default","prompt":"One two three four."})");
  const json::Value heard = succeeded(fmt::format(
      R"({{"kind":"transcription","model":"whispercpp/whisper","inputs":[{{"role":"recording","asset":"{}"}}],"prompt":"[answer extraordinary words]"}})",
      text(spoken.at("results").as_array()[0], "asset")));
  EXPECT_EQ(text(heard.at("text"), "text"), "extraordinary words");
  expect_words(heard, 2);
  expect_words(succeeded(R"({"kind":"speech","model":"kokoro/kokoro","prompt":"One, two.","voice":"af_heart"})"), 2);
  // Longer than is held: a file, and no times.
  std::string longer;
  while (longer.size() < 10'100) longer += "word ";
  const json::Value file =
      succeeded(fmt::format(R"({{"kind":"speech","model":"kokoro/kokoro","prompt":"{}","format":"mp3"}})", longer));
  EXPECT_EQ(text(file.at("results").as_array()[0], "media_type"), "audio/mpeg");
}

// One question to each, and where it is asked.
struct Maker {
  const char* name;
  const char* body;
  const char* path;
  bool is_paid;  // or the same again would wait a second time
  bool answers_at_once;
};
constexpr Maker kMakers[] = {
    {"stability", R"({"kind":"image","model":"stability/stable-image-core","prompt":"a lamp"})", "/v2beta/stable-image",
     true, true},
    {"elevenlabs", R"({"kind":"speech","model":"elevenlabs/eleven_v3","prompt":"One two","voice":"v"})",
     "/v1/text-to-speech", true, true},
    {"comfyui", R"({"kind":"image","model":"comfyui/a.safetensors","prompt":"a","width":64,"height":64})", "/prompt",
     true, false},
    {"sdcpp", R"({"kind":"image","model":"sdcpp/sd-cpp-local","prompt":"a","width":64,"height":64})",
     "/sdcpp/v1/img_gen", true, false},
    {"a1111", R"({"kind":"image","model":"a1111/default","prompt":"a","width":64,"height":64})", "/sdapi/v1/txt2img",
     false, true},
    {"piper", R"({"kind":"speech","model":"piper/default","prompt":"One two"})", "/synthesize", false, true},
    {"kokoro", R"({"kind":"speech","model":"kokoro/kokoro","prompt":"One two"})", "/dev/captioned_speech", false, true},
};

TEST_F(GenerationProvidersTest, WhatWasRefusedIsAskedForAgain) {
  for (const Maker& maker : kMakers) {
    add(maker.name);
    for (const char* fault : {"429,retry-after-ms=1", "503"}) {
      double_.reset();
      strike_once(fault, maker.path);
      (void)succeeded(maker.body);
      EXPECT_EQ(asked(maker.path), 2U) << maker.name << " " << fault;
    }
  }
}

TEST_F(GenerationProvidersTest, ALostAnswerIsNeverPaidForTwice) {
  for (const Maker& maker : kMakers) {
    add(maker.name);
    double_.reset();
    strike_once("cut-before-head", maker.path);
    const json::Value done = made(maker.body);
    EXPECT_EQ(text(done, "state"), maker.is_paid ? "unknown" : "succeeded") << maker.name << json::write(done);
    EXPECT_EQ(asked(maker.path), maker.is_paid ? 1U : 2U) << maker.name;
  }
}

TEST_F(GenerationProvidersTest, APageInsteadOfAnAnswerIsNoResult) {
  for (const Maker& maker : kMakers) {
    if (!maker.is_paid) continue;
    add(maker.name);
    double_.reset();
    strike_once("as-html", maker.path);
    EXPECT_EQ(text(made(maker.body), "state"), "unknown") << maker.name;
    EXPECT_EQ(asked(maker.path), 1U) << maker.name;
  }
}

TEST_F(GenerationProvidersTest, ContentThatIsRefusedIsSaidSo) {
  add("stability");
  add("elevenlabs");
  EXPECT_EQ(failed(R"({"kind":"image","model":"stability/stable-image-core","prompt":"[filter]"})"), "content_refused");
  EXPECT_EQ(failed(R"({"kind":"image","model":"stability/stable-image-core","prompt":"[blurred]"})"), "content_refused");
  EXPECT_EQ(failed(R"({"kind":"music","model":"elevenlabs/music_v1","prompt":"[filter]"})"), "content_refused");
}

TEST_F(GenerationProvidersTest, QuestionsThatFailAreAskedAgainAndJobsThatFailAreNot) {
  add("comfyui");
  add("sdcpp");
  ASSERT_TRUE(double_.add_rule({.fault = "503", .path = "/queue", .times = 2}));
  ASSERT_TRUE(double_.add_rule({.fault = "cut-mid", .path = "/history", .times = 1}));
  ASSERT_TRUE(double_.add_rule({.fault = "cut-mid", .path = "/view", .times = 1}));
  (void)succeeded(kMakers[2].body);
  ASSERT_TRUE(double_.add_rule({.fault = "503", .path = "/sdcpp/v1/jobs", .times = 2}));
  (void)succeeded(kMakers[3].body);
  EXPECT_EQ(asked("/prompt"), 1U);
  EXPECT_EQ(asked("/sdcpp/v1/img_gen"), 1U);
  (void)failed(R"({"kind":"image","model":"sdcpp/sd-cpp-local","prompt":"[fail no memory]"})");
  (void)failed(R"({"kind":"image","model":"comfyui/a.safetensors","prompt":"[result empty]","width":64,"height":64})");
  EXPECT_EQ(asked("/prompt"), 2U);
  EXPECT_EQ(asked("/sdcpp/v1/img_gen"), 2U);
}

TEST_F(GenerationProvidersTest, ResultsThatAreGoneOrWrongAreSaidSo) {
  add("comfyui");
  add("sdcpp");
  const auto comfy = [&](std::string_view words) {
    return failed(fmt::format(
        R"({{"kind":"image","model":"comfyui/a.safetensors","prompt":"{}","width":64,"height":64}})", words));
  };
  EXPECT_EQ(comfy("[result expired]"), "result_expired");
  EXPECT_NE(comfy("[result html]"), "");
  (void)failed(R"({"kind":"image","model":"sdcpp/sd-cpp-local","prompt":"[result expired]"})");
  (void)failed(R"({"kind":"image","model":"sdcpp/sd-cpp-local","prompt":"[result html]"})");
}

TEST_F(GenerationProvidersTest, WhatIsCancelledIsCancelledThere) {
  add("comfyui");
  add("sdcpp");
  const auto cancel = [&](const char* body, std::string_view path) {
    const Answer begun = post(body);
    ASSERT_EQ(begun.status, 202) << begun.body;
    const std::string id = text(begun.json(), "id");
    for (int i = 0; i < 3'000 && asked(path) == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const Answer cancelled = call(net::Method::post, "/api/generations/" + id + "/cancel", "{}");
    EXPECT_LT(cancelled.status, 300) << cancelled.body;
    EXPECT_EQ(text(await_end(id), "state"), "cancelled");
  };
  cancel(R"({"kind":"image","model":"comfyui/a.safetensors","prompt":"[takes 60000]","width":64,"height":64})",
         "/prompt");
  cancel(R"({"kind":"image","model":"sdcpp/sd-cpp-local","prompt":"[takes 60000]","width":64,"height":64})",
         "/img_gen");
  // It is told aside.
  const auto all_are = [&] {
    std::size_t count = 0;
    for (const doubles::Job& job : double_.jobs()) count += job.is_cancelled ? 1 : 0;
    return count == 2;
  };
  for (int i = 0; i < 3'000 && !all_are(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(all_are());
}

}  // namespace
}  // namespace atelier::app
