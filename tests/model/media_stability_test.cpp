#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/model/media_form.hpp"

// Stability AI, v2beta.
namespace atelier::model {
namespace {

using ::testing::Contains;
using testing::expect_done;
using testing::expect_fault;
using testing::expect_job;
using testing::expect_news;
using testing::form_of;
using ::testing::HasSubstr;
using testing::head_of;
using testing::head_with;
using testing::header_of;
using testing::input_of;
using ::testing::Key;
using testing::news_of;
using ::testing::Not;
using ::testing::Pair;
using testing::refused_field;
using testing::request_for;
using testing::submission;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return stability_adapter(); }
Target at(std::string model) { return testing::target_at("https://api.stability.ai", std::move(model)); }
constexpr std::string_view kDone = R"({"image":"aGVsbG8=","finish_reason":"SUCCESS","seed":343940597})";

TEST(Stability, APictureIsAskedForAsAFormAndAnsweredAtOnce) {
  MediaRequest request = request_for(MediaKind::image);
  request.negative = "people";
  request.ratio = "16:9";
  request.seed = 7;
  request.format = "webp";
  request.options["style_preset"] = "anime";
  const WireRequest wire = submission(adapter(), request, at("stable-image-core"));
  EXPECT_EQ(wire.url, "https://api.stability.ai/v2beta/stable-image/generate/core");
  EXPECT_EQ(header_of(wire, "authorization"), "Bearer secret-key");
  EXPECT_EQ(header_of(wire, "accept"), "application/json");
  EXPECT_THAT(form_of(wire),
              ::testing::UnorderedElementsAre(Pair("prompt", "a red boat"), Pair("negative_prompt", "people"),
                                              Pair("seed", "7"), Pair("output_format", "webp"),
                                              Pair("aspect_ratio", "16:9"), Pair("style_preset", "anime")));

  const MediaDone done = expect_done(adapter().read_submit(head_of(200), kDone, request));
  ASSERT_EQ(done.files.size(), 1U);
  EXPECT_EQ(done.files[0].bytes, "hello");
  EXPECT_EQ(done.files[0].media_type, "image/webp");
  EXPECT_EQ(done.seed, 343940597);
}

TEST(Stability, FromAPictureTheStrengthIsSaidAndTheModeIsAnother) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs.push_back(input_of(Role::reference));
  auto form = form_of(submission(adapter(), request, at("sd3.5-large")));
  EXPECT_EQ(form["mode"], "image-to-image");
  EXPECT_EQ(form["strength"], "0.7");
  EXPECT_EQ(form["model"], "sd3.5-large");
  EXPECT_EQ(form["image"], "PNG");
  request.strength = 0.25;
  form = form_of(submission(adapter(), request, at("stable-image-ultra")));
  EXPECT_EQ(form["strength"], "0.25");
  EXPECT_THAT(form, Not(Contains(Key("mode"))));
  EXPECT_THAT(form, Not(Contains(Key("model"))));
}

TEST(Stability, WhatIsKeptOfASketchIsOurStrengthTheOtherWayRound) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs.push_back(input_of(Role::reference));
  request.strength = 0.25;
  EXPECT_EQ(form_of(submission(adapter(), request, at("stable-image-sketch")))["control_strength"], "0.75");
  EXPECT_EQ(form_of(submission(adapter(), request, at("stable-image-style")))["fidelity"], "0.75");
}

TEST(Stability, ACreativeEnlargementIsAJobThatIsAskedForSlowly) {
  MediaRequest request = request_for(MediaKind::upscale);
  request.inputs.push_back(input_of(Role::reference));
  const WireRequest wire = submission(adapter(), request, at("stable-upscale-creative"));
  EXPECT_EQ(wire.url, "https://api.stability.ai/v2beta/stable-image/upscale/creative");
  // 200 or 202: both were seen.
  const MediaJob job = expect_job(adapter().read_submit(head_of(200), R"({"id":"ab12"})", request));
  EXPECT_EQ(job.id, "ab12");
  const auto poll = adapter().poll(job, at("stable-upscale-creative"));
  ASSERT_TRUE(poll);
  EXPECT_EQ(poll->url, "https://api.stability.ai/v2beta/results/ab12");
  EXPECT_EQ(header_of(*poll, "accept"), "application/json");
  EXPECT_GE(adapter().first_poll(), std::chrono::seconds(10));

  const Target target = at("stable-upscale-creative");
  (void)expect_news<MediaPending>(
      news_of(adapter(), R"({"id":"ab12","status":"in-progress"})", target, request, job, head_of(202)));
  const auto done = expect_news<MediaDone>(news_of(adapter(), kDone, target, request, job));
  EXPECT_EQ(done.files.at(0).bytes, "hello");
  const auto gone =
      news_of(adapter(), R"({"id":"1","name":"not_found","errors":["gone"]})", target, request, job, head_of(404));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, Fault::Kind::model_missing);
  EXPECT_EQ(gone.error().code, "result_expired");
  EXPECT_TRUE(gone.error().may_be_paid);
}

TEST(Stability, ABlurredPictureIsARefusal) {
  const Fault fault = expect_fault(
      adapter().read_submit(head_of(200), R"({"image":"aGVsbG8=","finish_reason":"CONTENT_FILTERED","seed":1})",
                            request_for(MediaKind::image)));
  EXPECT_EQ(fault.kind, Fault::Kind::content);
  EXPECT_EQ(fault.code, "content_filtered");
}

TEST(Stability, SoundComesAsItIs) {
  MediaRequest request = request_for(MediaKind::music, "rain");
  request.duration = 30;
  request.format = "wav";
  const WireRequest wire = submission(adapter(), request, at("stable-audio-2.5"));
  EXPECT_EQ(wire.url, "https://api.stability.ai/v2beta/audio/stable-audio-2/text-to-audio");
  EXPECT_EQ(header_of(wire, "accept"), "audio/*");
  EXPECT_THAT(form_of(wire), Contains(Pair("duration", "30")));
  EXPECT_THAT(form_of(wire), Contains(Pair("model", "stable-audio-2.5")));
  MediaDone done;
  adapter().read_file_head(head_with(200, "audio/wav", {{"seed", "99"}}), done);
  EXPECT_EQ(done.seed, 99);
  EXPECT_TRUE(adapter().ability("stable-audio-2.5", MediaKind::sound));
}

TEST(Stability, WhatAModelCannotDoIsRefusedByItsField) {
  MediaRequest request = request_for(MediaKind::image);
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "");
  request.width = request.height = 512;
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "/width");
  request = request_for(MediaKind::image);
  request.ratio = "7:3";
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "/ratio");
  request = request_for(MediaKind::image);
  request.negative = "people";
  EXPECT_EQ(refused_field(adapter(), request, "sd3.5-large-turbo"), "/negative");
  request = request_for(MediaKind::image);
  request.inputs.push_back(input_of(Role::reference));
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "/inputs");
  request.ratio = "1:1";
  EXPECT_EQ(refused_field(adapter(), request, "sd3.5-large"), "/ratio");
  request = request_for(MediaKind::image);
  request.format = "webp";
  EXPECT_EQ(refused_field(adapter(), request, "sd3.5-medium"), "/format");
  request = request_for(MediaKind::image);
  request.seed = 4'294'967'295;
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "/seed");
  request = request_for(MediaKind::image);
  request.count = 2;
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "/count");
  request = request_for(MediaKind::image, "");
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "/prompt");
  request.prompt = std::string(10'001, 'a');
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-core"), "/prompt");
  EXPECT_FALSE(adapter().ability("stable-image-core", MediaKind::video));
  EXPECT_FALSE(adapter().ability("unheard-of", MediaKind::image));
}

TEST(Stability, EditsWantWhatTheyAreAbout) {
  MediaRequest request = request_for(MediaKind::image);
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-inpaint"), "/inputs");
  request.inputs.push_back(input_of(Role::reference));
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-inpaint"), "");
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-search-and-replace"), "/options/search_prompt");
  request.options["search_prompt"] = "the dog";
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-search-and-replace"), "");
  request.options.clear();
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-outpaint"), "/options/left");
  request.options["up"] = 200;
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-outpaint"), "");
  EXPECT_EQ(form_of(submission(adapter(), request, at("stable-image-outpaint")))["up"], "200");
  request.options.clear();
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-remove-background"), "/prompt");
  request.inputs.front().size_bytes = (10 << 20) + 1;
  EXPECT_EQ(refused_field(adapter(), request, "stable-image-inpaint"), "/inputs");
}

TEST(Stability, AMaskThatIsNoneIsRefusedBeforeItIsSent) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs = {input_of(Role::reference), input_of(Role::mask, "no PNG")};
  const std::vector<std::string> none(2);
  const auto wire = adapter().submit(request, at("stable-image-inpaint"), {}, none);
  ASSERT_FALSE(wire);
  EXPECT_EQ(wire.error().where, "/inputs");
}

TEST(Stability, OurOwnFieldsAreNoOptions) {
  MediaRequest request = request_for(MediaKind::image);
  request.options["seed"] = 3;
  const auto wire = adapter().submit(request, at("stable-image-core"), {}, {});
  ASSERT_FALSE(wire);
  EXPECT_EQ(wire.error().where, "/options/seed");
}

TEST(Stability, ErrorsAreTold) {
  struct Case {
    int status;
    std::string_view name;
    Fault::Kind kind;
  };
  for (const Case& each :
       {Case{400, "bad_request", Fault::Kind::caller}, Case{401, "unauthorized", Fault::Kind::authentication},
        Case{402, "payment_required", Fault::Kind::billing}, Case{403, "content_moderation", Fault::Kind::content},
        Case{413, "payload_too_large", Fault::Kind::caller}, Case{422, "invalid", Fault::Kind::caller},
        Case{429, "rate_limit_exceeded", Fault::Kind::rate_limit}, Case{500, "internal_error", Fault::Kind::server}}) {
    const Fault fault = expect_fault(adapter().read_submit(
        head_of(each.status), fmt::format(R"({{"id":"a","name":"{}","errors":["one: is wrong","two"]}})", each.name),
        request_for(MediaKind::image)));
    EXPECT_EQ(fault.kind, each.kind) << each.name;
    EXPECT_EQ(fault.message, "one: is wrong; two");
    EXPECT_EQ(fault.code, each.name);
    EXPECT_FALSE(fault.may_be_paid);
  }
  const Fault page = adapter().read_fault(head_with(502, "text/html"), "<html><title>Bad gateway</title></html>");
  EXPECT_EQ(page.kind, Fault::Kind::server);
  EXPECT_EQ(page.message, "Bad gateway");
}

TEST(Stability, AnAnswerThatIsNoneIsBroken) {
  for (const std::string_view body :
       {"", "[]", "{}", R"({"image":"%%%","finish_reason":"SUCCESS"})", R"({"image":""})", R"({"id":"../x"})"}) {
    const Fault fault = expect_fault(adapter().read_submit(head_of(200), body, request_for(MediaKind::image)));
    EXPECT_EQ(fault.kind, Fault::Kind::broken) << body;
  }
}

}  // namespace
}  // namespace atelier::model
