#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "tests/model/media_asking.hpp"

// Google's pictures and Veo's clips, on answers as its references show them.
namespace atelier::model {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using Role = MediaInput::Role;

constexpr std::string_view kBase = "https://generativelanguage.googleapis.com/v1beta";
constexpr std::string_view kPictures = "gemini-3.1-flash-image", kClips = "veo-3.1-generate-preview";

Target pictures() { return target_at(std::string(kBase), std::string(kPictures)); }
Target clips() { return target_at(std::string(kBase), std::string(kClips)); }
const MediaAdapter& adapter() { return *media_adapter_for(MediaWire::gemini); }

std::expected<MediaSubmitted, Fault> drawn(std::string_view body) {
  return adapter().read_submit(head_of(200), body, request_for(MediaKind::image));
}

TEST(GeminiPictures, AreAskedForWithinAnAnswer) {
  MediaRequest request = request_for(MediaKind::image);
  request.ratio = "16:9";
  request.quality = "2K";
  request.inputs = {input_of(Role::reference)};
  ASSERT_EQ(refused_field(adapter(), request, kPictures), "");
  const WireRequest wire = submission(adapter(), request, pictures());
  EXPECT_EQ(wire.url, std::string(kBase) + "/models/gemini-3.1-flash-image:generateContent");
  EXPECT_EQ(header_of(wire, "x-goog-api-key"), "secret-key");
  EXPECT_EQ(header_of(wire, "authorization"), "");
  EXPECT_EQ(parsed(wire.body), parsed(R"({"contents":[{"role":"user","parts":[
      {"inlineData":{"mimeType":"image/png","data":"UE5H"}},{"text":"a red boat"}]}],
      "generationConfig":{"responseModalities":["TEXT","IMAGE"],
                          "imageConfig":{"aspectRatio":"16:9","imageSize":"2K"}}})"));
}

TEST(GeminiPictures, AreThoseThatAreNoThoughts) {
  auto made = drawn(R"({"candidates":[{"content":{"parts":[
      {"thought":true,"inlineData":{"mimeType":"image/png","data":"RFJBRlQ="}},
      {"text":"Here it is."},
      {"inlineData":{"mimeType":"image/png","data":"UE5H"},"thoughtSignature":"xyz"}]},"finishReason":"STOP"}],
      "usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":1290,
                       "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}})");
  ASSERT_TRUE(made);
  const auto* done = std::get_if<MediaDone>(&*made);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->files.size(), 1U);
  EXPECT_EQ(done->files[0].bytes, "PNG");
  EXPECT_EQ(done->files[0].media_type, "image/png");
  EXPECT_EQ(done->usage.input, 7);
  EXPECT_EQ(done->usage.output_image, 1290);
  EXPECT_EQ(done->usage.images, 1);
}

TEST(GeminiPictures, ThatAreWithheldAreRefusals) {
  const struct {
    std::string_view body, code, words;
    bool may_be_paid;
  } cases[] = {
      {R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}})", "PROHIBITED_CONTENT", "prompt was refused", false},
      {R"({"candidates":[{"finishReason":"IMAGE_SAFETY"}]})", "IMAGE_SAFETY", "withheld", false},
      {R"({"candidates":[{"content":{"parts":[{"text":"I cannot draw that."}]},"finishReason":"STOP"}]})", "STOP",
       "I cannot draw that.", true},
      {R"({"candidates":[{"finishReason":"NO_IMAGE"}]})", "NO_IMAGE", "made no picture", true},
  };
  for (const auto& one : cases) {
    auto made = drawn(one.body);
    ASSERT_FALSE(made) << one.body;
    EXPECT_EQ(made.error().kind, Fault::Kind::content) << one.body;
    EXPECT_EQ(made.error().code, one.code);
    EXPECT_THAT(made.error().message, HasSubstr(one.words));
    EXPECT_EQ(made.error().may_be_paid, one.may_be_paid);
  }
}

TEST(GeminiPictures, ThatCannotBeReadAreBroken) {
  for (const std::string_view body :
       {"{}", "<html>", R"({"candidates":[{"content":{"parts":[{"inlineData":{"data":"***"}}]}}]})"}) {
    auto made = drawn(body);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, Fault::Kind::broken) << body;
  }
}

TEST(GeminiPictures, WhatAModelCannotDoIsRefusedByItsField) {
  const auto refused = [](auto change, std::string_view model = kPictures) {
    MediaRequest request = request_for(MediaKind::image);
    change(request);
    return refused_field(adapter(), request, model);
  };
  EXPECT_EQ(refused([](auto& r) { r.negative = "rain"; }), "/negative");
  EXPECT_EQ(refused([](auto& r) { r.seed = 1; }), "/seed");
  EXPECT_EQ(refused([](auto& r) { r.count = 2; }), "/count");
  EXPECT_EQ(refused([](auto& r) { r.width = r.height = 1024; }), "/width");
  EXPECT_EQ(refused([](auto& r) { r.ratio = "7:3"; }), "/ratio");
  EXPECT_EQ(refused([](auto& r) { r.quality = "8K"; }), "/quality");
  EXPECT_EQ(refused([](auto& r) { r.quality = "512"; }, "gemini-3-pro-image"), "/quality");
  EXPECT_EQ(refused([](auto& r) { r.format = "webp"; }), "/format");
  EXPECT_EQ(refused([](auto& r) { r.inputs = {input_of(Role::reference), input_of(Role::mask)}; }), "/inputs");
  EXPECT_EQ(refused([](auto& r) { r.inputs.assign(4, input_of(Role::reference)); }, "gemini-2.5-flash-image"),
            "/inputs");
  EXPECT_EQ(refused([](auto& r) {
              r.inputs.assign(2, input_of(Role::reference));
              for (auto& input : r.inputs) input.size_bytes = 8'000'000;
            }),
            "/inputs")
      << "all of them have to fit one request";
  EXPECT_FALSE(adapter().ability("gemini-2.5-pro", MediaKind::image)) << "answers in words";
  EXPECT_FALSE(adapter().ability(kPictures, MediaKind::video));
}

TEST(Veo, IsAskedForAJob) {
  MediaRequest request = request_for(MediaKind::video);
  request.ratio = "9:16";
  request.quality = "1080p";
  request.duration = 8;
  request.negative = "text";
  request.inputs = {input_of(Role::first_frame, "A"), input_of(Role::last_frame, "B")};
  request.options = {{"personGeneration", "allow_adult"}};
  ASSERT_EQ(refused_field(adapter(), request, kClips), "");
  const WireRequest wire = submission(adapter(), request, clips());
  EXPECT_EQ(wire.url, std::string(kBase) + "/models/veo-3.1-generate-preview:predictLongRunning");
  EXPECT_EQ(parsed(wire.body), parsed(R"({"instances":[{"prompt":"a red boat",
      "image":{"bytesBase64Encoded":"QQ==","mimeType":"image/png"},
      "lastFrame":{"bytesBase64Encoded":"Qg==","mimeType":"image/png"}}],
      "parameters":{"sampleCount":1,"durationSeconds":8,"aspectRatio":"9:16","resolution":"1080p",
                    "negativePrompt":"text","personGeneration":"allow_adult"}})"));
  EXPECT_THAT(wire.body, HasSubstr(R"("durationSeconds":8)")) << "a number, without a fraction";

  const MediaJob job =
      expect_job(adapter().read_submit(head_of(200), R"({"name":"models/veo-3.1/operations/abc123"})", request));
  auto asked = adapter().poll(job, clips());
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->is_get());
  EXPECT_EQ(asked->url, std::string(kBase) + "/models/veo-3.1/operations/abc123");
  EXPECT_EQ(header_of(*asked, "x-goog-api-key"), "secret-key");
  EXPECT_FALSE(adapter().cancel(job, clips())) << "Google cannot be told";
}

TEST(Veo, TakesNoNameThatWouldLeadElsewhere) {
  for (const std::string_view name : {"", "../../evil", "a/../b", "x?key=1", "a b", "https://evil.example/x"}) {
    json::Object answer{{"name", name}};
    auto job = adapter().read_submit(head_of(200), json::write(answer), request_for(MediaKind::video));
    ASSERT_FALSE(job) << name;
    EXPECT_EQ(job.error().kind, Fault::Kind::broken);
  }
}

TEST(Veo, IsPendingUntilItSaysDone) {
  const MediaRequest request = request_for(MediaKind::video);
  expect_news<MediaPending>(news_of(adapter(), R"({"name":"models/m/operations/abc"})", clips(), request));
  const auto done = expect_news<MediaDone>(news_of(adapter(), R"({"name":"models/m/operations/abc","done":true,
      "response":{"generateVideoResponse":{"generatedSamples":[{"video":{
      "uri":"https://generativelanguage.googleapis.com/v1beta/files/xyz:download?alt=media"}}]}}})",
                                                   clips(), request));
  ASSERT_EQ(done.files.size(), 1U);
  EXPECT_EQ(done.files[0].url, "https://generativelanguage.googleapis.com/v1beta/files/xyz:download?alt=media");
  EXPECT_THAT(done.files[0].headers, ::testing::ElementsAre(::testing::Pair("x-goog-api-key", "secret-key")));
  EXPECT_EQ(done.usage.video_seconds, 8) << "which it makes where nothing is said";
}

TEST(Veo, SendsItsKeyToNoOtherPlace) {
  for (const std::string_view url : {"https://storage.example/v.mp4", "http://generativelanguage.googleapis.com/v.mp4",
                                     "https://generativelanguage.googleapis.com.evil.example/v.mp4"}) {
    json::Object answer{
        {"done", true},
        {"response",
         {{"generateVideoResponse", {{"generatedSamples", json::Array{json::Object{{"video", {{"uri", url}}}}}}}}}}};
    const auto done =
        expect_news<MediaDone>(news_of(adapter(), json::write(answer), clips(), request_for(MediaKind::video)));
    ASSERT_EQ(done.files.size(), 1U) << url;
    EXPECT_TRUE(done.files[0].headers.empty()) << url;
  }
}

TEST(Veo, ThatFailedSaysWhy) {
  const MediaRequest request = request_for(MediaKind::video);
  const auto failed = [&](std::string_view body) {
    return expect_news<MediaFailed>(news_of(adapter(), body, clips(), request)).fault;
  };
  const Fault filtered = failed(R"({"done":true,"response":{"generateVideoResponse":{"raiMediaFilteredCount":1,
      "raiMediaFilteredReasons":["It shows a celebrity."]}}})");
  EXPECT_EQ(filtered.kind, Fault::Kind::content);
  EXPECT_EQ(filtered.message, "It shows a celebrity.");
  EXPECT_FALSE(filtered.may_be_paid);
  EXPECT_EQ(failed(R"({"done":true,"error":{"code":13,"message":"Internal error."}})").kind, Fault::Kind::server);
  EXPECT_EQ(failed(R"({"done":true,"error":{"code":3,"message":"Bad image."}})").kind, Fault::Kind::caller);
  EXPECT_EQ(failed(R"({"done":true,"error":{"code":3,"message":"Violates the usage guidelines."}})").kind,
            Fault::Kind::content);
  EXPECT_EQ(failed(R"({"done":true,"response":{}})").kind, Fault::Kind::broken);
}

TEST(Veo, WhatAModelCannotDoIsRefusedByItsField) {
  const auto refused = [](auto change, std::string_view model = kClips) {
    MediaRequest request = request_for(MediaKind::video);
    change(request);
    return refused_field(adapter(), request, model);
  };
  EXPECT_EQ(refused([](auto& r) { r.seed = 1; }), "/seed");
  EXPECT_EQ(refused([](auto& r) { r.count = 2; }), "/count");
  EXPECT_EQ(refused([](auto& r) { r.ratio = "1:1"; }), "/ratio");
  EXPECT_EQ(refused([](auto& r) { r.duration = 5; }), "/duration");
  EXPECT_EQ(refused([](auto& r) {
              r.duration = 4;
              r.quality = "1080p";
            }),
            "/duration");
  EXPECT_EQ(refused([](auto& r) {
              r.duration = 6;
              r.inputs = {input_of(Role::reference)};
            }),
            "/duration");
  EXPECT_EQ(refused([](auto& r) { r.quality = "4k"; }, "veo-3.1-lite-generate-preview"), "/quality");
  EXPECT_EQ(refused([](auto& r) { r.inputs = {input_of(Role::last_frame)}; }), "/inputs");
  EXPECT_EQ(refused([](auto& r) { r.inputs = {input_of(Role::first_frame), input_of(Role::reference)}; }), "/inputs");
  EXPECT_EQ(refused([](auto& r) { r.inputs.assign(4, input_of(Role::reference)); }), "/inputs");
  EXPECT_EQ(refused([](auto& r) { r.prompt.clear(); }), "/prompt");
  EXPECT_EQ(refused([](auto& r) {
              r.prompt.clear();
              r.inputs = {input_of(Role::first_frame)};
            }),
            "");
}

TEST(GeminiMedia, FaultsAreRead) {
  const auto fault = [](int status, std::string_view body) { return adapter().read_fault(head_of(status), body); };
  const Fault busy = fault(429, R"({"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[
      {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}})");
  EXPECT_EQ(busy.kind, Fault::Kind::rate_limit);
  EXPECT_EQ(busy.retry_after_ms, 34'000);
  EXPECT_EQ(fault(400, R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}})").kind,
            Fault::Kind::authentication);
  EXPECT_EQ(fault(404, R"({"error":{"code":404,"message":"gone","status":"NOT_FOUND"}})").kind,
            Fault::Kind::model_missing);
  EXPECT_EQ(fault(503, R"({"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}})").kind,
            Fault::Kind::overloaded);
}

TEST(GeminiMedia, OptionsCannotTakeOurFields) {
  MediaRequest request = request_for(MediaKind::video);
  request.options = {{"sampleCount", 4}};
  auto wire = adapter().submit(request, clips(), {}, {});
  ASSERT_FALSE(wire);
  EXPECT_EQ(wire.error().where, "/options/sampleCount");
}

}  // namespace
}  // namespace atelier::model
