#include <gtest/gtest.h>

#include "tests/model/media_asking.hpp"

// Replicate's predictions, on answers as its reference shows them.
namespace atelier::model {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using Role = MediaInput::Role;

constexpr std::string_view kSchnell = "black-forest-labs/flux-schnell";
const MediaAdapter& adapter() { return replicate_adapter(); }
Target at(std::string_view model = kSchnell) { return target_at("https://api.replicate.com/v1", std::string(model)); }
std::string prediction(std::string_view status, std::string_view more) {
  return R"({"id":"gm3qorzdhgbfurvjtvhg6dckhu","model":"a/b","version":"hidden","input":{},"logs":"","status":")" +
         std::string(status) + "\"" + std::string(more) + "}";
}

TEST(Replicate, MakesAPredictionOfAModel) {
  MediaRequest request = request_for(MediaKind::image);
  request.ratio = "16:9";
  request.count = 2;
  request.seed = 7;
  request.format = "jpeg";
  request.options = {{"go_fast", true}};
  ASSERT_EQ(refused_field(adapter(), request, kSchnell), "");
  const WireRequest wire = submission(adapter(), request, at(), {.webhook_url = "https://we.example/hook"});
  EXPECT_EQ(wire.url, "https://api.replicate.com/v1/models/black-forest-labs/flux-schnell/predictions");
  EXPECT_EQ(header_of(wire, "authorization"), "Bearer secret-key");
  EXPECT_EQ(parsed(wire.body), parsed(R"({"input":{"prompt":"a red boat","aspect_ratio":"16:9",
      "num_outputs":2,"seed":7,"output_format":"jpg","go_fast":true},
      "webhook":"https://we.example/hook","webhook_events_filter":["completed"]})"));
}

TEST(Replicate, MakesAPredictionOfAVersion) {
  const MediaRequest request = request_for(MediaKind::music);
  const WireRequest wire = submission(adapter(), request, at("meta/musicgen:671ac645"));
  EXPECT_EQ(wire.url, "https://api.replicate.com/v1/predictions");
  EXPECT_EQ(body_of(wire)["version"], "671ac645");
}

TEST(Replicate, SpellsWhatWeSayAsTheModelDoes) {
  MediaRequest clip = request_for(MediaKind::video);
  clip.duration = 5;
  clip.quality = "pro";
  clip.inputs = {input_of(Role::first_frame)};
  json::Object input = body_of(submission(adapter(), clip, at("kwaivgi/kling-v2.1")))["input"].get_object();
  EXPECT_EQ(input["start_image"], "data:image/png;base64,UE5H");
  EXPECT_EQ(input["mode"], "pro");
  EXPECT_TRUE(input["duration"].is_int64()) << "an integer is asked for";

  MediaRequest picture = request_for(MediaKind::image);
  picture.width = 1024;
  picture.height = 768;
  input = body_of(submission(adapter(), picture, at("black-forest-labs/flux-1.1-pro")))["input"].get_object();
  EXPECT_EQ(input["aspect_ratio"], "custom") << "else the size is not looked at";
  EXPECT_EQ(input["width"], 1024);

  MediaRequest speech = request_for(MediaKind::speech, "Hello");
  speech.voice = "Wise_Woman";
  input = body_of(submission(adapter(), speech, at("minimax/speech-02-hd")))["input"].get_object();
  EXPECT_EQ(input["text"], "Hello");
  EXPECT_EQ(input["voice_id"], "Wise_Woman");
}

TEST(Replicate, SendsLargeFilesBefore) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs = {input_of(Role::reference, "small"), input_of(Role::mask, std::string(300'000, 'x'))};
  const auto uploads = adapter().uploads(request, at("a/b"));
  ASSERT_EQ(uploads.size(), 2U);
  EXPECT_FALSE(uploads[0]);
  ASSERT_TRUE(uploads[1]);
  EXPECT_EQ(uploads[1]->url, "https://api.replicate.com/v1/files");
  EXPECT_THAT(uploads[1]->body, HasSubstr("name=\"content\"; filename=\"a.png\""));
  auto name =
      adapter().read_upload(head_of(201), R"({"id":"f","urls":{"get":"https://api.replicate.com/v1/files/f"}})");
  ASSERT_TRUE(name);
  const std::vector<std::string> uploaded = {"", *name};
  auto wire = adapter().submit(request, at("a/b"), {}, uploaded);
  ASSERT_TRUE(wire);
  json::Object input = body_of(*wire)["input"].get_object();
  EXPECT_THAT(std::string(input["image"].get_string()), ::testing::StartsWith("data:image/png;base64,"));
  EXPECT_EQ(input["mask"], "https://api.replicate.com/v1/files/f");
  auto refused = adapter().read_upload(head_of(413), R"({"detail":"Files must be less than 100MB in size"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Fault::Kind::caller);
}

TEST(Replicate, IsAskedForThePrediction) {
  const MediaRequest request = request_for(MediaKind::image);
  const MediaJob job = expect_job(adapter().read_submit(head_of(201), prediction("starting", ""), request));
  EXPECT_EQ(job.id, "gm3qorzdhgbfurvjtvhg6dckhu");
  EXPECT_EQ(adapter().poll(job, at())->url, "https://api.replicate.com/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu");
  const auto cancel = adapter().cancel(job, at());
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->url, "https://api.replicate.com/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu/cancel");
  EXPECT_FALSE(adapter().read_submit(head_of(201), R"({"id":"../account"})", request));
  EXPECT_TRUE(adapter().has_webhooks());
  EXPECT_FALSE(adapter().is_idempotent());
}

TEST(Replicate, TellsHowFarItIs) {
  const MediaRequest request = request_for(MediaKind::image);
  expect_news<MediaPending>(news_of(adapter(), prediction("starting", ""), at(), request));
  expect_news<MediaPending>(news_of(adapter(), prediction("processing", ""), at(), request));
  const auto done = expect_news<MediaDone>(news_of(
      adapter(),
      prediction("succeeded", R"(,"output":["https://replicate.delivery/a.png","https://replicate.delivery/b.png"])"),
      at(), request));
  ASSERT_EQ(done.files.size(), 2U);
  EXPECT_EQ(done.files[1].url, "https://replicate.delivery/b.png");
  EXPECT_TRUE(done.files[0].headers.empty()) << "the delivery hosts get no key";
}

TEST(Replicate, GivesItsKeyToItsOwnFilesAlone) {
  const auto done = expect_news<MediaDone>(
      news_of(adapter(), prediction("succeeded", R"(,"output":{"video":"https://api.replicate.com/v1/files/f",
              "other":"https://api.replicate.com.evil.example/f"})"),
              at(), request_for(MediaKind::video)));
  ASSERT_EQ(done.files.size(), 2U);
  EXPECT_THAT(done.files[0].headers, ::testing::ElementsAre(::testing::Pair("authorization", "Bearer secret-key")));
  EXPECT_TRUE(done.files[1].headers.empty());
}

TEST(Replicate, ReadsTranscriptsInAnyForm) {
  const MediaRequest request = request_for(MediaKind::transcription, "");
  for (const std::string_view output :
       {R"("so it is")", R"(["so ","it is"])", R"({"text":"so it is"})", R"({"transcription":"so it is"})"}) {
    const auto done = expect_news<MediaDone>(
        news_of(adapter(), prediction("succeeded", ",\"output\":" + std::string(output)), at("a/whisper"), request));
    EXPECT_EQ(done.text, (json::Object{{"text", "so it is"}})) << output;
  }
}

TEST(Replicate, ThatFailedSaysWhy) {
  const auto failed = [&](std::string_view status, std::string_view more) {
    return expect_news<MediaFailed>(news_of(adapter(), prediction(status, more), at(), request_for(MediaKind::image)))
        .fault;
  };
  const Fault nsfw = failed("failed", R"(,"error":"NSFW content detected. Try running it again.")");
  EXPECT_EQ(nsfw.kind, Fault::Kind::content);
  EXPECT_FALSE(nsfw.may_be_paid);
  const Fault memory = failed("failed", R"(,"error":"CUDA out of memory")");
  EXPECT_EQ(memory.kind, Fault::Kind::server);
  EXPECT_EQ(memory.message, "CUDA out of memory");
  EXPECT_TRUE(memory.may_be_paid);
  EXPECT_EQ(failed("canceled", "").code, "canceled");
  EXPECT_FALSE(failed("aborted", "").may_be_paid) << "it never ran";
  const Fault gone = failed("succeeded", R"(,"output":null,"data_removed":true)");
  EXPECT_EQ(gone.code, "result_expired");
  EXPECT_TRUE(gone.may_be_paid);
  EXPECT_EQ(failed("succeeded", R"(,"output":null)").kind, Fault::Kind::broken);
}

TEST(Replicate, AQuestionThatFailedIsNoEnd) {
  auto unread = news_of(adapter(), prediction("dreaming", ""), at(), request_for(MediaKind::image));
  ASSERT_FALSE(unread);
  EXPECT_EQ(unread.error().kind, Fault::Kind::broken);
  auto gone =
      adapter().read_poll(head_of(404), R"({"detail":"not found"})", {.id = "x"}, at(), request_for(MediaKind::image));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, Fault::Kind::model_missing);
}

TEST(Replicate, FaultsAreRead) {
  const auto fault = [](int status, std::string_view body, auto... headers) {
    return adapter().read_fault(head_of(status, {headers...}), body);
  };
  const Fault busy = fault(429, R"({"detail":"Request was throttled. Your rate limit resets in ~30s."})");
  EXPECT_EQ(busy.kind, Fault::Kind::rate_limit);
  EXPECT_EQ(busy.retry_after_ms, 30'000);
  EXPECT_EQ(fault(429, "{}", std::pair<std::string, std::string>("retry-after", "2")).retry_after_ms, 2'000);
  const Fault wrong = fault(422, R"({"title":"Input validation failed","detail":"- prompt is required","status":422})");
  EXPECT_EQ(wrong.kind, Fault::Kind::caller);
  EXPECT_EQ(wrong.message, "- prompt is required");
  const Fault poor = fault(402, R"({"title":"Insufficient credit","detail":"You have insufficient credit."})");
  EXPECT_EQ(poor.kind, Fault::Kind::billing);
  EXPECT_TRUE(poor.is_model_independent);
  EXPECT_EQ(fault(401, R"({"title":"Unauthenticated"})").kind, Fault::Kind::authentication);
  EXPECT_EQ(fault(404, R"({"detail":"The requested resource could not be found."})").kind, Fault::Kind::model_missing);
  EXPECT_EQ(fault(502, "<html><title>Bad gateway</title></html>").kind, Fault::Kind::server);
}

TEST(Replicate, WhatAModelCannotDoIsRefusedByItsField) {
  const auto refused = [](MediaKind kind, auto change, std::string_view model) {
    MediaRequest request = request_for(kind);
    change(request);
    return refused_field(adapter(), request, model);
  };
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.negative = "rain"; }, kSchnell), "/negative");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.count = 5; }, kSchnell), "/count");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.width = r.height = 512; }, kSchnell), "/width");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.inputs = {input_of(Role::reference)}; }, kSchnell), "/inputs");
  EXPECT_EQ(refused(MediaKind::video, [](auto&) {}, "kwaivgi/kling-v2.1"), "/inputs");
  EXPECT_EQ(refused(MediaKind::video, [](auto& r) { r.duration = 13; }, "bytedance/seedance-1-lite"), "/duration");
  EXPECT_EQ(
      refused(MediaKind::upscale, [](auto& r) { r.prompt.clear(); }, "recraft-ai/recraft-crisp-upscale"), "/inputs");
  EXPECT_EQ(refused(
                MediaKind::image, [](auto& r) { r.negative = "rain"; }, "someone/whatever"),
            "")
      << "nobody knows its bounds";
  for (const std::string_view model : {"flux", "a/", "/b", "a/b/c", "a/..", "a b/c", "a/b:"})
    EXPECT_FALSE(adapter().ability(model, MediaKind::image)) << model;
  EXPECT_FALSE(adapter().ability(kSchnell, MediaKind::video));
}

}  // namespace
}  // namespace atelier::model
