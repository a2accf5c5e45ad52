#include <gtest/gtest.h>

#include "tests/model/media_asking.hpp"

// Luma's generations, on answers as its references show them.
namespace atelier::model {
namespace {

using namespace testing;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return luma_adapter(); }
Target at(std::string_view model = "uni-1") { return target_at("https://agents.lumalabs.ai/v1", std::string(model)); }

TEST(Luma, MakesPicturesAndChangesThem) {
  MediaRequest request = request_for(MediaKind::image);
  request.ratio = "16:9";
  request.format = "png";
  request.options = {{"style", "manga"}};
  ASSERT_EQ(refused_field(adapter(), request, "uni-1"), "");
  WireRequest wire = submission(adapter(), request, at());
  EXPECT_EQ(wire.url, "https://agents.lumalabs.ai/v1/generations");
  EXPECT_EQ(header_of(wire, "authorization"), "Bearer secret-key");
  EXPECT_EQ(parsed(wire.body), parsed(R"({"prompt":"a red boat","model":"uni-1","aspect_ratio":"16:9",
      "type":"image","output_format":"png","style":"manga"})"));
  request.inputs = {input_of(Role::reference, "A"), input_of(Role::reference, "B")};
  json::Object body = body_of(submission(adapter(), request, at()));
  EXPECT_EQ(body["type"], "image_edit");
  EXPECT_EQ(body["source"], (json::Object{{"data", "QQ=="}, {"media_type", "image/png"}}));
  EXPECT_EQ(body["image_ref"].get_array().size(), 1U);
}

TEST(Luma, MakesClips) {
  MediaRequest request = request_for(MediaKind::video);
  request.duration = 5;
  request.quality = "720p";
  request.inputs = {input_of(Role::first_frame, "A"), input_of(Role::last_frame, "B")};
  ASSERT_EQ(refused_field(adapter(), request, "ray-3.2"), "");
  EXPECT_EQ(json::Value(body_of(submission(adapter(), request, at("ray-3.2")))["video"]),
            parsed(R"({"duration":"5s","resolution":"720p",
                            "start_frame":{"data":"QQ==","media_type":"image/png"},
                            "end_frame":{"data":"Qg==","media_type":"image/png"}})"));
}

TEST(Luma, IsAskedForTheGeneration) {
  const MediaRequest request = request_for(MediaKind::image);
  const MediaJob job =
      expect_job(adapter().read_submit(head_of(200), R"({"id":"182bd5e5","type":"image","state":"queued"})", request));
  EXPECT_EQ(adapter().poll(job, at())->url, "https://agents.lumalabs.ai/v1/generations/182bd5e5");
  EXPECT_FALSE(adapter().cancel(job, at()));
  EXPECT_FALSE(adapter().has_webhooks());
  expect_news<MediaPending>(news_of(adapter(), R"({"id":"1","state":"queued"})", at(), request));
  expect_news<MediaPending>(news_of(adapter(), R"({"id":"1","state":"processing"})", at(), request));
  const auto done = expect_news<MediaDone>(
      news_of(adapter(),
              R"({"id":"1","state":"completed","output":[{"type":"image","url":"https://cdn.example/a.png?sig=1"}],
                  "failure_code":null})",
              at(), request));
  ASSERT_EQ(done.files.size(), 1U);
  EXPECT_EQ(done.files[0].url, "https://cdn.example/a.png?sig=1");
  EXPECT_TRUE(done.files[0].headers.empty());
  EXPECT_FALSE(adapter().read_submit(head_of(200), R"({"id":"../credits"})", request));
  EXPECT_FALSE(news_of(adapter(), R"({"id":"1","state":"dreaming"})", at(), request)) << "a word of the old API";
}

TEST(Luma, ThatFailedSaysWhy) {
  const auto failed = [](std::string_view code) {
    const json::Object answer{
        {"id", "1"}, {"state", "failed"}, {"failure_code", code}, {"failure_reason", "So it was."}};
    return expect_news<MediaFailed>(news_of(adapter(), json::write(answer), at(), request_for(MediaKind::image))).fault;
  };
  EXPECT_EQ(failed("content_moderated").kind, Fault::Kind::content);
  EXPECT_EQ(failed("content_moderated").message, "So it was.");
  EXPECT_EQ(failed("generation_failed").kind, Fault::Kind::server);
  EXPECT_EQ(failed("budget_exhausted").kind, Fault::Kind::billing);
  EXPECT_EQ(failed("corrupt_input").kind, Fault::Kind::caller);
  EXPECT_EQ(failed("rate_limited").kind, Fault::Kind::rate_limit);
  EXPECT_EQ(failed("output_not_found").code, "result_expired");
  EXPECT_TRUE(failed("output_not_found").may_be_paid);
  EXPECT_EQ(failed("something_new").kind, Fault::Kind::server);
  const auto empty = expect_news<MediaFailed>(
      news_of(adapter(), R"({"id":"1","state":"completed","output":[]})", at(), request_for(MediaKind::image)));
  EXPECT_EQ(empty.fault.kind, Fault::Kind::broken);
  auto at_once = adapter().read_submit(head_of(200), R"({"id":"1","state":"failed","failure_code":"invalid_request"})",
                                       request_for(MediaKind::image));
  ASSERT_FALSE(at_once);
  EXPECT_EQ(at_once.error().kind, Fault::Kind::caller);
}

TEST(Luma, FaultsAreRead) {
  const auto fault = [](int status, std::string_view body) { return adapter().read_fault(head_of(status), body); };
  EXPECT_EQ(fault(401, R"({"detail":"Invalid key"})").kind, Fault::Kind::authentication);
  EXPECT_EQ(fault(402, R"({"detail":"Pay"})").kind, Fault::Kind::billing);
  EXPECT_EQ(fault(400, R"({"detail":"Insufficient credits"})").kind, Fault::Kind::billing);
  EXPECT_EQ(fault(400, R"({"detail":"The prompt was moderated"})").kind, Fault::Kind::content);
  EXPECT_EQ(fault(422, R"({"detail":[{"loc":["body","prompt"],"msg":"Field required"}]})").message,
            "prompt: Field required");
  EXPECT_EQ(fault(429, R"({"detail":"slow"})").kind, Fault::Kind::rate_limit);
  EXPECT_EQ(fault(503, "").kind, Fault::Kind::overloaded);
}

TEST(Luma, WhatAModelCannotDoIsRefusedByItsField) {
  const auto refused = [](MediaKind kind, auto change) {
    MediaRequest request = request_for(kind);
    change(request);
    return refused_field(adapter(), request, kind == MediaKind::image ? "uni-1" : "ray-3.2");
  };
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.seed = 1; }), "/seed");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.negative = "x"; }), "/negative");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.count = 2; }), "/count");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.ratio = "5:4"; }), "/ratio");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.format = "webp"; }), "/format");
  EXPECT_EQ(refused(MediaKind::image, [](auto& r) { r.inputs.assign(10, input_of(Role::reference)); }), "/inputs");
  EXPECT_EQ(refused(MediaKind::video, [](auto& r) { r.duration = 9; }), "/duration");
  EXPECT_EQ(refused(MediaKind::video, [](auto& r) { r.quality = "4k"; }), "/quality");
  EXPECT_EQ(refused(MediaKind::video, [](auto& r) { r.inputs = {input_of(Role::reference)}; }), "/inputs");
  EXPECT_FALSE(adapter().ability("uni-1", MediaKind::video));
  EXPECT_FALSE(adapter().ability("photon-1", MediaKind::image)) << "of the old API";
}

}  // namespace
}  // namespace atelier::model
