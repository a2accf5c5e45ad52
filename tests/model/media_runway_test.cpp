#include <gtest/gtest.h>

#include "tests/model/media_asking.hpp"

// Runway's tasks, on answers as its references show them.
namespace atelier::model {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return runway_adapter(); }
Target at(std::string_view model) { return target_at("https://api.dev.runwayml.com/v1", std::string(model)); }

TEST(Runway, MakesAClipFromAPicture) {
  MediaRequest request = request_for(MediaKind::video, "slow push in");
  request.ratio = "16:9";
  request.duration = 5;
  request.seed = 7;
  request.inputs = {input_of(Role::first_frame)};
  ASSERT_EQ(refused_field(adapter(), request, "gen4_turbo"), "");
  const WireRequest wire = submission(adapter(), request, at("gen4_turbo"));
  EXPECT_EQ(wire.url, "https://api.dev.runwayml.com/v1/image_to_video");
  EXPECT_EQ(header_of(wire, "authorization"), "Bearer secret-key");
  EXPECT_EQ(header_of(wire, "x-runway-version"), "2024-11-06");
  EXPECT_EQ(parsed(wire.body),
            parsed(R"({"model":"gen4_turbo","promptImage":"data:image/png;base64,UE5H","promptText":"slow push in",
                            "ratio":"1280:720","duration":5,"seed":7})"));
}

TEST(Runway, SaysWhatMustBeSaid) {
  const json::Object body = body_of(submission(adapter(), request_for(MediaKind::video), at("gen4.5")));
  EXPECT_EQ(body.at("ratio"), "1280:720");
  EXPECT_EQ(body.at("duration"), 5);
  MediaRequest both = request_for(MediaKind::video);
  both.inputs = {input_of(Role::first_frame, "A"), input_of(Role::last_frame, "B")};
  EXPECT_EQ(body_of(submission(adapter(), both, at("veo3.1")))["promptImage"],
            parsed(R"([{"uri":"data:image/png;base64,QQ==","position":"first"},
                            {"uri":"data:image/png;base64,Qg==","position":"last"}])"));
}

TEST(Runway, HasAnAddressForEachKindOfWork) {
  const auto path_of = [](const MediaRequest& request, std::string_view model) {
    return submission(adapter(), request, at(model)).url.substr(at(model).base_url.size());
  };
  EXPECT_EQ(path_of(request_for(MediaKind::image), "gen4_image"), "/text_to_image");
  EXPECT_EQ(path_of(request_for(MediaKind::video), "veo3.1"), "/text_to_video");
  EXPECT_EQ(path_of(request_for(MediaKind::sound), "eleven_text_to_sound_v2"), "/sound_effect");
  MediaRequest upscale = request_for(MediaKind::upscale, "");
  upscale.inputs = {input_of(Role::reference)};
  upscale.options = {{"scaleFactor", 4}};
  EXPECT_EQ(path_of(upscale, "magnific_precision_upscaler_v2"), "/image_upscale");
  MediaRequest speech = request_for(MediaKind::speech, "Hello");
  speech.voice = "Maya";
  EXPECT_EQ(body_of(submission(adapter(), speech, at("eleven_multilingual_v2")))["voice"],
            (json::Object{{"type", "runway-preset"}, {"presetId", "Maya"}}));
}

TEST(Runway, IsAskedForTheTask) {
  const MediaRequest request = request_for(MediaKind::video);
  const MediaJob job = expect_job(adapter().read_submit(head_of(200), R"({"id":"d2e3d1f4"})", request));
  auto asked = adapter().poll(job, at("veo3.1"));
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->url, "https://api.dev.runwayml.com/v1/tasks/d2e3d1f4");
  EXPECT_EQ(header_of(*asked, "x-runway-version"), "2024-11-06") << "without it every call is refused";
  const auto cancel = adapter().cancel(job, at("veo3.1"));
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->method, WireRequest::Method::del);
  EXPECT_FALSE(adapter().has_webhooks());

  const auto news = [&](std::string_view body) { return news_of(adapter(), body, at("veo3.1"), request); };
  expect_news<MediaPending>(news(R"({"id":"1","status":"PENDING"})"));
  EXPECT_THAT(expect_news<MediaPending>(news(R"({"id":"1","status":"THROTTLED"})")).words, HasSubstr("waits"));
  EXPECT_EQ(expect_news<MediaPending>(news(R"({"id":"1","status":"RUNNING","progress":0.25})")).fraction, 0.25);
  const auto done = expect_news<MediaDone>(
      news(R"({"id":"1","status":"SUCCEEDED","output":["https://dnznrvs05pmza.cloudfront.net/o.mp4?_jwt=x"]})"));
  ASSERT_EQ(done.files.size(), 1U);
  EXPECT_EQ(done.files[0].url, "https://dnznrvs05pmza.cloudfront.net/o.mp4?_jwt=x") << "its query opens it";
  EXPECT_EQ(done.usage.video_seconds, 5);
  EXPECT_FALSE(news(R"({"id":"1","status":"CANCELED"})")) << "two l";
}

TEST(Runway, ThatFailedSaysWhy) {
  const auto failed = [](std::string_view body) {
    return expect_news<MediaFailed>(news_of(adapter(), body, at("veo3.1"), request_for(MediaKind::video))).fault;
  };
  const Fault input = failed(R"({"status":"FAILED","failure":"Not allowed.","failureCode":"SAFETY.INPUT.TEXT"})");
  EXPECT_EQ(input.kind, Fault::Kind::content);
  EXPECT_EQ(input.message, "Not allowed.");
  EXPECT_FALSE(input.may_be_paid);
  EXPECT_TRUE(failed(R"({"status":"FAILED","failureCode":"SAFETY.OUTPUT.VIDEO"})").may_be_paid);
  EXPECT_EQ(failed(R"({"status":"FAILED","failureCode":"INPUT_PREPROCESSING.SAFETY.TEXT"})").kind,
            Fault::Kind::content);
  EXPECT_EQ(failed(R"({"status":"FAILED","failureCode":"ASSET.INVALID"})").kind, Fault::Kind::caller);
  EXPECT_EQ(failed(R"({"status":"FAILED","failureCode":"THIRD_PARTY.UNAVAILABLE"})").kind, Fault::Kind::overloaded);
  EXPECT_EQ(failed(R"({"status":"FAILED","failureCode":"INTERNAL.BAD_OUTPUT.CODE01"})").kind, Fault::Kind::server);
  EXPECT_TRUE(failed(R"({"status":"CANCELLED"})").may_be_paid);
  EXPECT_EQ(failed(R"({"status":"SUCCEEDED","output":[]})").kind, Fault::Kind::broken);
}

TEST(Runway, FaultsAreRead) {
  const auto fault = [](int status, std::string_view body) { return adapter().read_fault(head_of(status), body); };
  const Fault poor = fault(400, R"({"error":"You do not have enough credits to run this task."})");
  EXPECT_EQ(poor.kind, Fault::Kind::billing);
  EXPECT_TRUE(poor.is_model_independent);
  const Fault wrong = fault(
      400, R"({"error":"Validation of body failed","issues":[{"code":"x","path":["ratio"],"message":"Bad ratio"}]})");
  EXPECT_EQ(wrong.kind, Fault::Kind::caller);
  EXPECT_EQ(wrong.message, "Validation of body failed; Bad ratio");
  EXPECT_EQ(fault(401, R"({"error":"Unauthorized"})").kind, Fault::Kind::authentication);
  EXPECT_EQ(fault(404, "{}").kind, Fault::Kind::model_missing);
  EXPECT_EQ(fault(429, R"({"error":"slow"})").kind, Fault::Kind::rate_limit);
  EXPECT_EQ(fault(504, "").kind, Fault::Kind::timeout);
}

TEST(Runway, WhatAModelCannotDoIsRefusedByItsField) {
  const auto refused = [](MediaKind kind, std::string_view model, auto change) {
    MediaRequest request = request_for(kind);
    change(request);
    return refused_field(adapter(), request, model);
  };
  EXPECT_EQ(refused(MediaKind::video, "gen4_turbo", [](auto&) {}), "/inputs");
  EXPECT_EQ(refused(MediaKind::video, "gen4.5", [](auto& r) { r.duration = 11; }), "/duration");
  EXPECT_EQ(refused(MediaKind::video, "gen4.5", [](auto& r) { r.ratio = "1:1"; }), "/ratio") << "from words alone";
  EXPECT_EQ(refused(MediaKind::video, "gen4.5",
                    [](auto& r) {
                      r.ratio = "1:1";
                      r.inputs = {input_of(Role::first_frame)};
                    }),
            "");
  EXPECT_EQ(refused(MediaKind::video, "veo3.1", [](auto& r) { r.seed = 1; }), "/seed");
  EXPECT_EQ(refused(MediaKind::video, "veo3.1",
                    [](auto& r) {
                      r.width = 640;
                      r.height = 360;
                    }),
            "/width");
  EXPECT_EQ(refused(MediaKind::video, "veo3.1", [](auto& r) { r.inputs = {input_of(Role::last_frame)}; }), "/inputs");
  EXPECT_EQ(refused(MediaKind::image, "gen4_image", [](auto& r) { r.count = 2; }), "/count");
  EXPECT_EQ(refused(MediaKind::image, "gen4_image_turbo", [](auto&) {}), "/inputs");
  EXPECT_EQ(refused(MediaKind::image, "gen4_image",
                    [](auto& r) {
                      r.prompt.clear();
                      for (int i = 0; i < 501; ++i) r.prompt += "\U0001F600";
                    }),
            "/prompt")
      << "a smiling face counts twice";
  EXPECT_EQ(refused(MediaKind::speech, "eleven_multilingual_v2", [](auto&) {}), "/voice");
  EXPECT_EQ(refused(MediaKind::sound, "eleven_text_to_sound_v2", [](auto& r) { r.duration = 31; }), "/duration");
  EXPECT_FALSE(adapter().ability("unheard_of", MediaKind::video));
}

TEST(Runway, KnowsWhichShapesItsSizesHave) {
  const auto ability = adapter().ability("gen4_turbo", MediaKind::video);
  ASSERT_TRUE(ability);
  EXPECT_THAT(ability->ratios, ::testing::UnorderedElementsAre("16:9", "9:16", "1:1", "4:3", "3:4", "21:9"));
  const auto veo = adapter().ability("veo3.1", MediaKind::video);
  ASSERT_TRUE(veo);
  EXPECT_THAT(veo->ratios, ::testing::UnorderedElementsAre("16:9", "9:16"));
}

}  // namespace
}  // namespace atelier::model
