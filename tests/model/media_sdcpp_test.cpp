#include <gmock/gmock.h>

#include "tests/model/media_form.hpp"

// stable-diffusion.cpp's native jobs.
namespace atelier::model {
namespace {

using testing::body_of;
using testing::expect_fault;
using testing::expect_job;
using testing::expect_news;
using testing::head_of;
using testing::input_of;
using testing::news_of;
using testing::refused_field;
using testing::request_for;
using testing::submission;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return sdcpp_adapter(); }
const Target kTarget{.base_url = "http://127.0.0.1:1234", .model = "sd-cpp-local"};
const MediaJob kJob{.id = "job_1"};

TEST(SdCpp, APictureIsAJob) {
  MediaRequest request = request_for(MediaKind::image);
  request.negative = "people";
  request.width = 640;
  request.height = 384;
  request.count = 2;
  request.seed = 7;
  request.format = "jpeg";
  request.options["sample_params"] = json::Object{{"sample_steps", 12}};
  const WireRequest wire = submission(adapter(), request, kTarget);
  EXPECT_EQ(wire.url, "http://127.0.0.1:1234/sdcpp/v1/img_gen");
  EXPECT_EQ(json::write_canonical(body_of(wire)),
            R"({"batch_count":2,"height":384,"negative_prompt":"people","output_format":"jpeg","prompt":"a red boat",)"
            R"("sample_params":{"sample_steps":12},"seed":7,"width":640})");
  const MediaJob job = expect_job(adapter().read_submit(
      head_of(202),
      R"({"id":"job_1","kind":"img_gen","status":"queued","created":1,"poll_url":"/sdcpp/v1/jobs/job_1"})", request));
  EXPECT_EQ(adapter().poll(job, kTarget)->url, "http://127.0.0.1:1234/sdcpp/v1/jobs/job_1");
  EXPECT_EQ(adapter().cancel(job, kTarget)->url, "http://127.0.0.1:1234/sdcpp/v1/jobs/job_1/cancel");
}

TEST(SdCpp, OnePictureIsBegunWithAndSeveralAreLookedAt) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs = {input_of(Role::reference)};
  EXPECT_EQ(body_of(submission(adapter(), request, kTarget)).at("init_image"), "UE5H");
  request.inputs.push_back(input_of(Role::reference, "TWO"));
  EXPECT_EQ(json::write(body_of(submission(adapter(), request, kTarget)).at("ref_images")), R"(["UE5H","VFdP"])");
}

TEST(SdCpp, AClipHasItsFramesCounted) {
  MediaRequest request = request_for(MediaKind::video);
  request.duration = 2;
  request.inputs = {input_of(Role::first_frame, "ONE"), input_of(Role::last_frame, "TWO")};
  const Target target{.base_url = "http://127.0.0.1:1234", .model = "sd-cpp-video"};
  const WireRequest wire = submission(adapter(), request, target);
  EXPECT_EQ(wire.url, "http://127.0.0.1:1234/sdcpp/v1/vid_gen");
  const json::Object body = body_of(wire);
  EXPECT_EQ(body.at("video_frames"), 33);
  EXPECT_EQ(body.at("fps"), 16);
  EXPECT_EQ(body.at("init_image"), "T05F");
  EXPECT_EQ(body.at("end_image"), "VFdP");
}

TEST(SdCpp, AJobIsFollowedToItsEnd) {
  const MediaRequest request = request_for(MediaKind::image);
  const auto ask = [&](std::string_view body, int status = 200) {
    return news_of(adapter(), body, kTarget, request, kJob, head_of(status));
  };
  EXPECT_EQ(
      expect_news<MediaPending>(ask(R"({"id":"job_1","status":"queued","queue_position":2,"result":null})")).words,
      "2 before it in the queue");
  (void)expect_news<MediaPending>(ask(R"({"id":"job_1","status":"generating"})"));
  const auto done = expect_news<MediaDone>(ask(
      R"({"id":"job_1","status":"completed","result":{"output_format":"png","images":[{"index":0,"b64_json":"aGVsbG8="}]},"error":null})"));
  EXPECT_EQ(done.files.at(0).bytes, "hello");
  EXPECT_EQ(done.files.at(0).media_type, "image/png");
  const auto failed = expect_news<MediaFailed>(
      ask(R"({"id":"job_1","status":"failed","error":{"code":"generation_failed","message":"no memory"}})"));
  EXPECT_EQ(failed.fault.message, "no memory");
  EXPECT_EQ(failed.fault.code, "generation_failed");
  EXPECT_EQ(expect_news<MediaFailed>(ask(R"({"id":"job_1","status":"cancelled","error":null})")).fault.code,
            "cancelled");
  EXPECT_EQ(expect_news<MediaFailed>(ask("{}", 410)).fault.code, "result_expired");
  const auto unknown = ask(R"({"error":"not found"})", 404);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, Fault::Kind::model_missing);
  EXPECT_EQ(ask(R"({"status":"dreaming"})").error().kind, Fault::Kind::broken);
  EXPECT_EQ(expect_news<MediaFailed>(ask(R"({"status":"completed","result":{"images":[]}})")).fault.kind,
            Fault::Kind::broken);
}

TEST(SdCpp, AClipComesInOneContainer) {
  const MediaRequest request = request_for(MediaKind::video);
  const auto done = expect_news<MediaDone>(
      news_of(adapter(), R"({"status":"completed","result":{"output_format":"webm","b64_json":"aGVsbG8="}})", kTarget,
              request, kJob));
  EXPECT_EQ(done.files.at(0).media_type, "video/webm");
}

TEST(SdCpp, WhatItCannotDoIsRefusedByItsField) {
  MediaRequest request = request_for(MediaKind::image);
  request.count = 9;
  EXPECT_EQ(refused_field(adapter(), request, "sd-cpp-local"), "/count");
  request = request_for(MediaKind::image);
  request.inputs = {input_of(Role::reference), input_of(Role::reference)};
  request.strength = 0.5;
  EXPECT_EQ(refused_field(adapter(), request, "sd-cpp-local"), "/strength");
  request.strength.reset();
  request.inputs.push_back(input_of(Role::mask));
  EXPECT_EQ(refused_field(adapter(), request, "sd-cpp-local"), "/inputs");
  EXPECT_FALSE(adapter().ability("sd-cpp-local", MediaKind::video));
  EXPECT_FALSE(adapter().ability("sd-cpp-local", MediaKind::speech));
  EXPECT_EQ(expect_fault(adapter().read_submit(head_of(429), R"({"error":"queue is full"})", request)).kind,
            Fault::Kind::rate_limit);
  EXPECT_EQ(expect_fault(adapter().read_submit(head_of(400), R"({"error":"bad size"})", request)).message, "bad size");
}

}  // namespace
}  // namespace atelier::model
