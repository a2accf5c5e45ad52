#include <gtest/gtest.h>

#include "tests/model/media_asking.hpp"

// Black Forest Labs' tasks, on answers as its references show them.
namespace atelier::model {
namespace {

using namespace testing;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return bfl_adapter(); }
Target at(std::string_view model = "flux-2-pro") { return target_at("https://api.bfl.ai/v1", std::string(model)); }

TEST(Bfl, SubmitsATaskOfAModel) {
  MediaRequest request = request_for(MediaKind::image);
  request.width = 1024;
  request.height = 768;
  request.seed = 7;
  request.format = "png";
  request.inputs = {input_of(Role::reference, "A"), input_of(Role::reference, "B")};
  request.options = {{"safety_tolerance", 1}};
  ASSERT_EQ(refused_field(adapter(), request, "flux-2-pro"), "");
  const WireRequest wire = submission(adapter(), request, at(), {.webhook_url = "https://we.example/hook"});
  EXPECT_EQ(wire.url, "https://api.bfl.ai/v1/flux-2-pro");
  EXPECT_EQ(header_of(wire, "x-key"), "secret-key");
  EXPECT_EQ(header_of(wire, "authorization"), "");
  EXPECT_EQ(parsed(wire.body), parsed(R"({"prompt":"a red boat","width":1024,"height":768,"seed":7,
      "output_format":"png","input_image":"QQ==","input_image_2":"Qg==","safety_tolerance":1})"))
      << "bare base64, and no webhook: it would take the polling address away";
  EXPECT_FALSE(adapter().has_webhooks());
}

TEST(Bfl, SpellsPicturesAsTheModelDoes) {
  MediaRequest ultra = request_for(MediaKind::image);
  ultra.inputs = {input_of(Role::reference)};
  ultra.strength = 0.75;
  json::Object body = body_of(submission(adapter(), ultra, at("flux-pro-1.1-ultra")));
  EXPECT_EQ(body["image_prompt"], "UE5H");
  EXPECT_EQ(body["image_prompt_strength"], 0.25) << "theirs is how near";
  MediaRequest fill = request_for(MediaKind::image);
  fill.inputs = {input_of(Role::reference, "A"), input_of(Role::mask, "B")};
  body = body_of(submission(adapter(), fill, at("flux-pro-1.0-fill")));
  EXPECT_EQ(body["image"], "QQ==");
  EXPECT_EQ(body["mask"], "Qg==");
  MediaRequest clip = request_for(MediaKind::video);
  clip.duration = 6;
  clip.quality = "hd";
  EXPECT_EQ(json::Value(body_of(submission(adapter(), clip, at("flux-3-video")))),
            parsed(R"({"prompt":"a red boat","mode":"t2v","duration":6,"resolution":"hd"})"));
}

TEST(Bfl, IsAskedAtTheClusterThatTookIt) {
  const MediaJob job = expect_job(adapter().read_submit(
      head_of(200),
      R"({"id":"t1","polling_url":"https://api.us1.bfl.ai/v1/get_result?id=t1","cost":3.0,"output_mp":1.05})",
      request_for(MediaKind::image)));
  auto asked = adapter().poll(job, at());
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->url, "https://api.us1.bfl.ai/v1/get_result?id=t1");
  EXPECT_EQ(header_of(*asked, "x-key"), "secret-key");
  EXPECT_TRUE(asked->is_foreign);
  EXPECT_FALSE(adapter().cancel(job, at()));
}

TEST(Bfl, SendsItsKeyToNoOtherPlace) {
  for (const std::string_view url :
       {"https://evil.example/get_result?id=t1", "http://api.us1.bfl.ai/v1/get_result?id=t1",
        "https://evilbfl.ai/v1/get_result?id=t1", "https://api.bfl.ai.evil.example/v1/get_result?id=t1",
        "no address"}) {
    const MediaJob job{.id = "t1", .more = {{"polling_url", url}}};
    auto asked = adapter().poll(job, at());
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->url, "https://api.bfl.ai/v1/get_result?id=t1") << url;
    EXPECT_FALSE(asked->is_foreign);
  }
  const MediaJob job{.id = "t&1", .more = {{"polling_url", "https://api.us1.bfl.ai/v1/get_result?id=t1"}}};
  auto own = adapter().poll(job, target_at("http://127.0.0.1:9/v1", "flux-2-pro"));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->url, "http://127.0.0.1:9/v1/get_result?id=t%261") << "the operator's own address is no cluster's kin";
}

TEST(Bfl, TellsHowFarItIs) {
  const MediaRequest request = request_for(MediaKind::image);
  const MediaJob job{.id = "t1", .more = {{"cost", 3.0}}};
  const auto news = [&](std::string_view body) { return news_of(adapter(), body, at(), request, job); };
  expect_news<MediaPending>(news(R"({"id":"t1","status":"Pending","result":null})"));
  EXPECT_EQ(expect_news<MediaPending>(news(R"({"id":"t1","status":"Pending","progress":0.5})")).fraction, 0.5);
  const auto done = expect_news<MediaDone>(news(R"({"id":"t1","status":"Ready","result":{
      "sample":"https://delivery-eu1.bfl.ai/a.jpeg?sig=1","prompt":"a red boat at sea","seed":42}})"));
  ASSERT_EQ(done.files.size(), 1U);
  EXPECT_EQ(done.files[0].url, "https://delivery-eu1.bfl.ai/a.jpeg?sig=1");
  EXPECT_TRUE(done.files[0].headers.empty());
  EXPECT_EQ(done.seed, 42);
  EXPECT_EQ(done.revised_prompt, "a red boat at sea");
  EXPECT_EQ(done.usage.images, 1);
  EXPECT_EQ(done.usage.cost_picodollars, 30'000'000'000) << "three cents";
}

TEST(Bfl, ThatFailedSaysWhy) {
  const auto failed = [](std::string_view body) {
    return expect_news<MediaFailed>(news_of(adapter(), body, at(), request_for(MediaKind::image))).fault;
  };
  const Fault asked = failed(R"({"id":"t1","status":"Request Moderated","details":"Safety Filter"})");
  EXPECT_EQ(asked.kind, Fault::Kind::content);
  EXPECT_EQ(asked.message, "Safety Filter");
  EXPECT_FALSE(asked.may_be_paid);
  const Fault made = failed(
      R"({"id":"t1","status":"Content Moderated","details":{"Moderation Reasons":["Derivative Works Filter"]}})");
  EXPECT_EQ(made.kind, Fault::Kind::content);
  EXPECT_EQ(made.message, "Derivative Works Filter");
  EXPECT_TRUE(made.may_be_paid);
  EXPECT_EQ(failed(R"({"id":"t1","status":"Error"})").kind, Fault::Kind::server);
  EXPECT_EQ(failed(R"({"id":"t1","state":"Failed","details":{"error":"out of memory"}})").message, "out of memory");
  EXPECT_EQ(failed(R"({"id":"t1","status":"Ready","result":null})").kind, Fault::Kind::broken);
  auto gone = news_of(adapter(), R"({"id":"t1","status":"Task not found"})", at(), request_for(MediaKind::image));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, Fault::Kind::model_missing) << "another cluster says so too: it is asked again";
}

TEST(Bfl, FaultsAreRead) {
  const auto fault = [](int status, std::string_view body) { return adapter().read_fault(head_of(status), body); };
  EXPECT_EQ(fault(403, R"({"detail":"Not authenticated"})").kind, Fault::Kind::authentication);
  EXPECT_EQ(fault(402, R"({"detail":"Insufficient credits"})").kind, Fault::Kind::billing);
  EXPECT_TRUE(fault(402, "{}").is_model_independent);
  EXPECT_EQ(fault(422, R"({"detail":[{"loc":["body","width"],"msg":"must be a multiple of 16","type":"x"}]})").message,
            "width: must be a multiple of 16");
  EXPECT_EQ(fault(422, "{}").kind, Fault::Kind::caller);
  const Fault busy = fault(429, R"({"error":"rate_limit_exceeded","retry_after":5})");
  EXPECT_EQ(busy.kind, Fault::Kind::rate_limit);
  EXPECT_EQ(busy.retry_after_ms, 5'000);
  EXPECT_EQ(fault(500, "").kind, Fault::Kind::server);
  EXPECT_FALSE(adapter().read_submit(head_of(200), R"({"status":"Pending"})", request_for(MediaKind::image)));
}

TEST(Bfl, WhatAModelCannotDoIsRefusedByItsField) {
  const auto refused = [](std::string_view model, auto change, MediaKind kind = MediaKind::image) {
    MediaRequest request = request_for(kind);
    change(request);
    return refused_field(adapter(), request, model);
  };
  const auto sized = [](std::int32_t width, std::int32_t height) {
    return [=](MediaRequest& r) {
      r.width = width;
      r.height = height;
    };
  };
  EXPECT_EQ(refused("flux-2-pro", sized(1000, 1024)), "/width") << "no multiple of 16";
  EXPECT_EQ(refused("flux-2-pro", sized(2'048, 2'048)), "/width") << "over four million pixels";
  EXPECT_EQ(refused("flux-2-pro", sized(2'048, 1'024)), "");
  EXPECT_EQ(refused("flux-pro-1.1", sized(1'456, 1'024)), "/width");
  EXPECT_EQ(refused("flux-2-pro", [](auto& r) { r.ratio = "16:9"; }), "/ratio") << "it takes a size";
  EXPECT_EQ(refused("flux-kontext-pro", [](auto& r) { r.ratio = "16:9"; }), "");
  EXPECT_EQ(refused("flux-kontext-pro", sized(1'024, 1'024)), "/width");
  EXPECT_EQ(refused("flux-2-pro", [](auto& r) { r.negative = "rain"; }), "/negative");
  EXPECT_EQ(refused("flux-2-pro", [](auto& r) { r.count = 2; }), "/count");
  EXPECT_EQ(refused("flux-2-klein-4b", [](auto& r) { r.inputs.assign(5, input_of(Role::reference)); }), "/inputs");
  EXPECT_EQ(refused("flux-pro-1.0-fill", [](auto&) {}), "/inputs");
  EXPECT_EQ(refused("flux-3-video", [](auto& r) { r.duration = 4.5; }, MediaKind::video), "/duration");
  EXPECT_EQ(refused("flux-3-video", [](auto& r) { r.seed = 1; }, MediaKind::video), "/seed");
  EXPECT_FALSE(adapter().ability("flux-9", MediaKind::image));
  EXPECT_FALSE(adapter().ability("flux-2-../x", MediaKind::image));
}

}  // namespace
}  // namespace atelier::model
