#include <gtest/gtest.h>

#include "tests/model/media_asking.hpp"

// fal's queue, on answers as its reference shows them.
namespace atelier::model {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return fal_adapter(); }
Target at(std::string_view model = "fal-ai/flux/dev") { return target_at("https://queue.fal.run", std::string(model)); }

constexpr std::string_view kTaken = R"({"status":"IN_QUEUE","request_id":"024ca5b1","queue_position":0,
  "response_url":"https://queue.fal.run/fal-ai/flux/requests/024ca5b1",
  "status_url":"https://queue.fal.run/fal-ai/flux/requests/024ca5b1/status",
  "cancel_url":"https://queue.fal.run/fal-ai/flux/requests/024ca5b1/cancel"})";

TEST(Fal, PutsWorkIntoTheQueueOfAnApp) {
  MediaRequest request = request_for(MediaKind::image);
  request.ratio = "16:9";
  request.count = 2;
  request.seed = 7;
  request.options = {{"guidance_scale", 3.5}};
  ASSERT_EQ(refused_field(adapter(), request, "fal-ai/flux/dev"), "");
  const WireRequest wire = submission(adapter(), request, at(), {.webhook_url = "https://we.example/hook?a=1"});
  EXPECT_EQ(wire.url, "https://queue.fal.run/fal-ai/flux/dev?fal_webhook=https%3A%2F%2Fwe.example%2Fhook%3Fa%3D1");
  EXPECT_EQ(header_of(wire, "authorization"), "Key secret-key");
  EXPECT_EQ(parsed(wire.body), parsed(R"({"prompt":"a red boat","image_size":"landscape_16_9",
      "num_images":2,"seed":7,"guidance_scale":3.5})"));
}

TEST(Fal, SpellsWhatWeSayAsTheAppDoes) {
  MediaRequest sized = request_for(MediaKind::image);
  sized.width = 1024;
  sized.height = 768;
  EXPECT_EQ(body_of(submission(adapter(), sized, at()))["image_size"],
            (json::Object{{"width", 1024}, {"height", 768}}));

  MediaRequest clip = request_for(MediaKind::video);
  clip.ratio = "9:16";
  clip.duration = 8;
  clip.quality = "1080p";
  json::Object body = body_of(submission(adapter(), clip, at("fal-ai/veo3.1")));
  EXPECT_EQ(body["duration"], "8s");
  EXPECT_EQ(body["resolution"], "1080p");
  EXPECT_EQ(body["aspect_ratio"], "9:16");

  clip.inputs = {input_of(Role::first_frame)};
  clip.duration = 5;
  body = body_of(submission(adapter(), clip, at("fal-ai/kling-video/v2.1/standard/image-to-video")));
  EXPECT_EQ(body["duration"], "5");
  EXPECT_EQ(body["image_url"], "data:image/png;base64,UE5H");

  MediaRequest speech = request_for(MediaKind::speech, "Hello");
  speech.voice = "Wise_Woman";
  speech.speed = 1.5;
  body = body_of(submission(adapter(), speech, at("fal-ai/minimax/speech-02-hd")));
  EXPECT_EQ(body["text"], "Hello");
  EXPECT_EQ(body["voice_setting"], (json::Object{{"voice_id", "Wise_Woman"}, {"speed", 1.5}}));
}

TEST(Fal, IsAskedWhereItsAnswerSaid) {
  const MediaJob job = expect_job(adapter().read_submit(head_of(200), kTaken, request_for(MediaKind::image)));
  EXPECT_EQ(job.id, "024ca5b1");
  auto asked = adapter().poll(job, at());
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->url, "https://queue.fal.run/fal-ai/flux/requests/024ca5b1/status");
  EXPECT_EQ(header_of(*asked, "authorization"), "Key secret-key");
  const auto cancel = adapter().cancel(job, at());
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->method, WireRequest::Method::put);
  EXPECT_EQ(cancel->url, "https://queue.fal.run/fal-ai/flux/requests/024ca5b1/cancel");
}

TEST(Fal, SendsItsKeyToNoOtherPlace) {
  MediaJob job{.id = "r1",
               .more = {{"status_url", "https://evil.example/status"},
                        {"response_url", "https://evil.example/"},
                        {"cancel_url", "http://queue.fal.run/cancel"}}};
  EXPECT_EQ(adapter().poll(job, at())->url, "https://queue.fal.run/fal-ai/flux/requests/r1/status");
  EXPECT_EQ(adapter().cancel(job, at())->url, "https://queue.fal.run/fal-ai/flux/requests/r1/cancel");
  const auto ask = expect_news<MediaAsk>(
      news_of(adapter(), R"({"status":"COMPLETED","request_id":"r1"})", at(), request_for(MediaKind::image), job));
  EXPECT_EQ(ask.request.url, "https://queue.fal.run/fal-ai/flux/requests/r1");
  job.more = {};
  EXPECT_EQ(adapter().poll(job, at("workflows/me/flow/part"))->url,
            "https://queue.fal.run/workflows/me/flow/requests/r1/status")
      << "two namespaces have a segment more";
}

TEST(Fal, TellsItsPlaceInTheQueue) {
  const MediaRequest request = request_for(MediaKind::image);
  const auto waits =
      expect_news<MediaPending>(news_of(adapter(), R"({"status":"IN_QUEUE","request_id":"r","queue_position":3})", at(),
                                        request, {.id = "r"}, head_of(202)));
  EXPECT_EQ(waits.words, "3 before it in the queue");
  expect_news<MediaPending>(news_of(adapter(), R"({"status":"IN_PROGRESS","request_id":"r","logs":[]})", at(), request,
                                    {.id = "r"}, head_of(202)));
  expect_news<MediaPending>(
      news_of(adapter(), R"({"detail":"Request is still in progress"})", at(), request, {.id = "r"}, head_of(400)));
}

TEST(Fal, GivesItsResultAtAnotherAddress) {
  MediaRequest request = request_for(MediaKind::image);
  const MediaJob job = expect_job(adapter().read_submit(head_of(200), kTaken, request));
  const auto ask = expect_news<MediaAsk>(
      news_of(adapter(), R"({"status":"COMPLETED","request_id":"024ca5b1","metrics":{}})", at(), request, job));
  EXPECT_TRUE(ask.request.is_get());
  EXPECT_EQ(ask.request.url, "https://queue.fal.run/fal-ai/flux/requests/024ca5b1");
  EXPECT_EQ(header_of(ask.request, "authorization"), "Key secret-key");
  const auto done = expect_news<MediaDone>(news_of(adapter(), R"({"images":[
      {"url":"https://v3.fal.media/a.png","content_type":"image/png","width":1024,"height":768},
      {"url":"data:image/png;base64,UE5H"}],"seed":42,"has_nsfw_concepts":[false,true],"prompt":"a red boat"})",
                                                   at(), request, job));
  ASSERT_EQ(done.files.size(), 2U);
  EXPECT_EQ(done.files[0].url, "https://v3.fal.media/a.png");
  EXPECT_EQ(done.files[0].media_type, "image/png");
  EXPECT_TRUE(done.files[0].headers.empty());
  EXPECT_EQ(done.files[1].bytes, "PNG") << "sync_mode gives the bytes themselves";
  EXPECT_EQ(done.seed, 42);
  EXPECT_EQ(done.revised_prompt, "");
}

TEST(Fal, TakesWhatWasMadeAndNotWhatWasGiven) {
  const auto clip = expect_news<MediaDone>(news_of(
      adapter(), R"({"image":{"url":"https://v3.fal.media/in.png"},"video":{"url":"https://v3.fal.media/out.mp4"}})",
      at("fal-ai/veo3.1"), request_for(MediaKind::video)));
  ASSERT_EQ(clip.files.size(), 1U);
  EXPECT_EQ(clip.files[0].url, "https://v3.fal.media/out.mp4");
  const auto sound = expect_news<MediaDone>(news_of(adapter(), R"({"audio_file":{"url":"https://v3.fal.media/a.wav"}})",
                                                    at("fal-ai/x"), request_for(MediaKind::sound)));
  EXPECT_EQ(sound.files.size(), 1U);
  const auto heard = expect_news<MediaDone>(
      news_of(adapter(), R"({"text":" so it is","chunks":[{"timestamp":[0.0,1.5],"text":" so it is"}]})",
              at("fal-ai/wizper"), request_for(MediaKind::transcription, "")));
  EXPECT_EQ(json::Value(heard.text),
            parsed(R"({"text":"so it is","segments":[{"text":"so it is","start":0.0,"end":1.5}]})"));
}

TEST(Fal, ThatFailedSaysWhy) {
  const MediaRequest request = request_for(MediaKind::image);
  const auto failed = [&](std::string_view body, int status = 200,
                          std::vector<std::pair<std::string, std::string>> headers = {}) {
    return expect_news<MediaFailed>(
               news_of(adapter(), body, at(), request, {.id = "r"}, head_of(status, std::move(headers))))
        .fault;
  };
  EXPECT_EQ(
      failed(R"({"status":"COMPLETED","request_id":"r","error":"Runner died","error_type":"internal_server_error"})")
          .kind,
      Fault::Kind::server);
  EXPECT_EQ(failed(R"({"status":"COMPLETED","request_id":"r","error":"Invalid status code: 422"})").kind,
            Fault::Kind::caller);
  const Fault refused = failed(
      R"({"detail":[{"loc":["body","prompt"],"msg":"The content could not be processed.","type":"content_policy_violation"}]})",
      422);
  EXPECT_EQ(refused.kind, Fault::Kind::content);
  EXPECT_EQ(refused.message, "prompt: The content could not be processed.");
  EXPECT_EQ(
      failed(R"({"detail":[{"loc":["body","prompt"],"msg":"field required","type":"value_error.missing"}]})", 422).kind,
      Fault::Kind::caller);
  EXPECT_EQ(failed(R"({"detail":"Downstream is down"})", 500,
                   {{"x-fal-retryable", "false"}, {"x-fal-error-type", "downstream_service_error"}})
                .kind,
            Fault::Kind::server);
  EXPECT_EQ(failed(R"({"detail":"gone"})", 410).code, "result_expired");
  const Fault withheld = failed(R"({"images":[{"url":"https://v3.fal.media/black.png"}],"has_nsfw_concepts":[true]})");
  EXPECT_EQ(withheld.kind, Fault::Kind::content);
  EXPECT_TRUE(withheld.may_be_paid) << "it was made before it was looked at";
  EXPECT_EQ(failed(R"({"images":[]})").kind, Fault::Kind::broken);
}

TEST(Fal, AQuestionThatFailedIsNoEnd) {
  for (const int status : {401, 403, 404, 429, 500, 502, 503, 504}) {
    auto news =
        news_of(adapter(), R"({"detail":"later"})", at(), request_for(MediaKind::image), {.id = "r"}, head_of(status));
    EXPECT_FALSE(news) << status;
  }
  auto page = news_of(adapter(), "<html>", at(), request_for(MediaKind::image));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, Fault::Kind::broken);
}

TEST(Fal, FaultsAreRead) {
  const auto fault = [](int status, std::string_view body) { return adapter().read_fault(head_of(status), body); };
  EXPECT_EQ(fault(401, R"({"detail":"Cannot access application"})").kind, Fault::Kind::authentication);
  const Fault poor = fault(403, R"({"detail":"User is locked. Reason: Exhausted balance. Top up at fal.ai."})");
  EXPECT_EQ(poor.kind, Fault::Kind::billing);
  EXPECT_TRUE(poor.is_model_independent);
  EXPECT_EQ(fault(403, R"({"detail":"no"})").kind, Fault::Kind::permission);
  EXPECT_EQ(fault(404, R"({"detail":"Application not found"})").kind, Fault::Kind::model_missing);
  EXPECT_EQ(
      fault(422, R"({"detail":[{"loc":["body","num_images"],"msg":"too many","type":"less_than_equal"}]})").message,
      "num_images: too many");
  EXPECT_EQ(fault(504, R"({"detail":"Start timeout"})").kind, Fault::Kind::timeout);
  EXPECT_FALSE(adapter().read_submit(head_of(200), R"({"status":"IN_QUEUE"})", request_for(MediaKind::image)));
}

TEST(Fal, WhatAnAppCannotDoIsRefusedByItsField) {
  const auto refused = [](MediaKind kind, auto change, std::string_view model) {
    MediaRequest request = request_for(kind);
    change(request);
    return refused_field(adapter(), request, model);
  };
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.negative = "rain"; }, "fal-ai/flux/dev"), "/negative");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.count = 5; }, "fal-ai/flux/dev"), "/count");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.ratio = "21:9"; }, "fal-ai/flux/dev"), "/ratio");
  EXPECT_EQ(refused(MediaKind::image, [](auto&) {}, "fal-ai/flux-pro/kontext"), "/inputs");
  EXPECT_EQ(refused(MediaKind::video, [](auto& r) { r.duration = 5; }, "fal-ai/veo3.1"), "/duration");
  EXPECT_EQ(refused(MediaKind::video, [](auto&) {}, "fal-ai/veo3.1/image-to-video"), "/inputs");
  EXPECT_EQ(
      refused(MediaKind::sound, [](auto& r) { r.duration = 30; }, "fal-ai/elevenlabs/sound-effects"), "/duration");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.negative = "rain"; }, "fal-ai/whatever"), "");
  for (const std::string_view model : {"flux", "fal-ai/", "fal-ai/../x", "fal-ai/x?y=1", "a b/c"})
    EXPECT_FALSE(adapter().ability(model, MediaKind::image)) << model;
}

}  // namespace
}  // namespace atelier::model
