#include <gmock/gmock.h>

#include "tests/model/media_form.hpp"

// ComfyUI, with workflows of one's own and with the plain one.
namespace atelier::model {
namespace {

using testing::body_of;
using ::testing::Contains;
using testing::expect_fault;
using testing::expect_job;
using testing::expect_news;
using testing::form_of;
using ::testing::HasSubstr;
using testing::head_of;
using testing::input_of;
using testing::news_of;
using ::testing::Pair;
using testing::refused_field;
using testing::request_for;
using testing::submission;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return comfyui_adapter(); }
Target at(std::string model) {
  Target target = testing::target_at("http://127.0.0.1:8188", std::move(model));
  target.credential.key.clear();
  return target;
}
const MediaJob kJob{.id = "p-1"};

json::Object workflow_of(const MediaRequest& request, std::string model, std::string key = "k1") {
  const WireRequest wire = submission(adapter(), request, at(std::move(model)), {.idempotency_key = std::move(key)});
  EXPECT_EQ(wire.url, "http://127.0.0.1:8188/prompt");
  return body_of(wire).at("prompt").get_object();
}
json::Object parse(std::string_view text) { return json::parse(text).value().get_object(); }

TEST(ComfyUi, APlainWorkflowMakesAPictureFromWords) {
  MediaRequest request = request_for(MediaKind::image);
  request.negative = "people";
  request.ratio = "16:9";
  request.count = 2;
  request.seed = 7;
  request.options["steps"] = 12;
  const json::Object workflow = workflow_of(request, "sd_xl_base_1.0.safetensors");
  EXPECT_EQ(workflow.at("1").at("inputs").at("ckpt_name"), "sd_xl_base_1.0.safetensors");
  EXPECT_EQ(workflow.at("2").at("inputs").at("text"), "a red boat");
  EXPECT_EQ(workflow.at("3").at("inputs").at("text"), "people");
  const auto& sampler = workflow.at("4").at("inputs");
  EXPECT_EQ(sampler.at("seed"), 7);
  EXPECT_EQ(sampler.at("steps"), 12);
  EXPECT_EQ(sampler.at("denoise"), 1.0);
  const auto& latent = workflow.at("5");
  EXPECT_EQ(latent.at("class_type"), "EmptyLatentImage");
  EXPECT_EQ(latent.at("inputs").at("width"), 1344);
  EXPECT_EQ(latent.at("inputs").at("height"), 768);
  EXPECT_EQ(latent.at("inputs").at("batch_size"), 2);
}

TEST(ComfyUi, TheSameWorkHasTheSameSeedAndOtherWorkAnother) {
  const MediaRequest request = request_for(MediaKind::image);
  const auto seed = [&](std::string key) {
    return workflow_of(request, "a.safetensors", std::move(key))
        .at("4")
        .at("inputs")
        .at("seed")
        .to_number<std::int64_t>();
  };
  EXPECT_EQ(seed("one"), seed("one"));
  EXPECT_NE(seed("one"), seed("two"));
  EXPECT_GE(seed("one"), 0);
}

TEST(ComfyUi, PicturesAreSentBeforeAndCalledWhatTheServerCallsThem) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs = {input_of(Role::reference), input_of(Role::mask)};
  request.strength = 0.5;
  const auto uploads = adapter().uploads(request, at("a.safetensors"));
  ASSERT_EQ(uploads.size(), 2U);
  ASSERT_TRUE(uploads[0]);
  EXPECT_EQ(uploads[0]->url, "http://127.0.0.1:8188/upload/image");
  EXPECT_THAT(form_of(*uploads[0]), Contains(Pair("image", "PNG")));
  EXPECT_EQ(adapter().read_upload(head_of(200), R"({"name":"a (1).png","subfolder":"x","type":"input"})"),
            "x/a (1).png");
  EXPECT_FALSE(adapter().read_upload(head_of(200), "{}"));

  const std::vector<std::string> names = {"a (1).png", "b.png"};
  const auto wire = adapter().submit(request, at("a.safetensors"), {}, names);
  ASSERT_TRUE(wire);
  const json::Object workflow = body_of(*wire).at("prompt").get_object();
  EXPECT_EQ(workflow.at("10").at("inputs").at("image"), "a (1).png");
  EXPECT_EQ(workflow.at("13").at("inputs").at("image"), "b.png");
  EXPECT_EQ(workflow.at("14").at("class_type"), "SetLatentNoiseMask");
  EXPECT_EQ(workflow.at("5").at("class_type"), "RepeatLatentBatch");
  EXPECT_EQ(workflow.at("4").at("inputs").at("denoise"), 0.5);
}

constexpr std::string_view kOwn =
    R"({"3":{"class_type":"KSampler","inputs":{"seed":"{{seed}}","steps":"{{steps|20}}","sampler_name":"{{sampler|euler}}",)"
    R"("model":["4",0]}},"6":{"class_type":"CLIPTextEncode","inputs":{"text":"best quality, {{prompt}}"}},)"
    R"("9":{"class_type":"SaveImage","inputs":{"filename_prefix":"{{filename_prefix}}"}}})";

MediaRequest own_request() {
  MediaRequest request = request_for(MediaKind::image);
  request.options["workflow"] = parse(kOwn);
  return request;
}

TEST(ComfyUi, AWorkflowOfOnesOwnIsFilled) {
  MediaRequest request = own_request();
  request.prompt = "a {{seed}} boat";  // not looked at again
  request.seed = 7;
  request.options["steps"] = 30;
  const json::Object workflow = workflow_of(request, "workflow");
  EXPECT_EQ(json::write_canonical(workflow.at("3")),
            R"({"class_type":"KSampler","inputs":{"model":["4",0],"sampler_name":"euler","seed":7,"steps":30}})");
  EXPECT_EQ(workflow.at("6").at("inputs").at("text"), "best quality, a {{seed}} boat");
}

TEST(ComfyUi, WhatAWorkflowHasNoPlaceForIsRefusedByItsField) {
  MediaRequest request = own_request();
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "");
  request.width = request.height = 512;
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/height");
  request = own_request();
  request.inputs.push_back(input_of(Role::reference));
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/inputs");
  request = own_request();
  request.options["cfg"] = 3;
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/options/cfg");
  request = own_request();
  request.options["workflow"].get_object()["6"].get_object()["inputs"].get_object()["image"] = "{{reference}}";
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/inputs");
  request.inputs.push_back(input_of(Role::reference));
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "");
  request = own_request();
  request.options["workflow"] = json::Object{{"nodes", json::Array()}, {"links", json::Array()}};
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/options/workflow");
  request.options["workflow"] = json::Object{{"3", json::Object{{"inputs", json::Object()}}}};
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/options/workflow/3");
  request.options["workflow"] = "text";
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/options/workflow");
  request.options.clear();
  EXPECT_EQ(refused_field(adapter(), request, "workflow"), "/options/workflow");
  request.options["denoise"] = 1;
  EXPECT_EQ(refused_field(adapter(), request, "a.safetensors"), "/options/denoise");
  request.options.clear();
  request.width = 100;
  request.height = 512;
  EXPECT_EQ(refused_field(adapter(), request, "a.safetensors"), "/width");
  EXPECT_FALSE(adapter().ability("a.safetensors", MediaKind::video));
  EXPECT_TRUE(adapter().ability("workflow", MediaKind::video));
}

TEST(ComfyUi, TheQueueIsAskedFirstAndThenTheHistory) {
  const MediaRequest request = own_request();
  EXPECT_EQ(adapter().poll(kJob, at("workflow"))->url, "http://127.0.0.1:8188/queue");
  const auto ask = [&](std::string_view body) { return news_of(adapter(), body, at("workflow"), request, kJob); };
  // In no order: two have lower numbers, and one runs.
  EXPECT_EQ(
      expect_news<MediaPending>(
          ask(R"({"queue_running":[[1,"p-0",{},{},[]]],"queue_pending":[[9,"p-9"],[5,"p-1"],[3,"p-3"],[4,"p-4"]]})"))
          .words,
      "3 before it in the queue");
  EXPECT_EQ(expect_news<MediaPending>(ask(R"({"queue_running":[[1,"p-1",{},{},[]]],"queue_pending":[]})")).words, "");
  EXPECT_EQ(expect_news<MediaAsk>(ask(R"({"queue_running":[],"queue_pending":[]})")).request.url,
            "http://127.0.0.1:8188/history/p-1");
  const MediaFailed gone = expect_news<MediaFailed>(ask("{}"));
  EXPECT_EQ(gone.fault.code, "result_expired");
  EXPECT_FALSE(ask("[]"));
}

TEST(ComfyUi, ResultsAreWhateverHasAFileName) {
  const MediaRequest request = own_request();
  const auto body =
      R"({"p-1":{"prompt":[12,"p-1",{"3":{"class_type":"KSampler","inputs":{"seed":77}}},{},["9"]],"outputs":{)"
      R"("8":{"images":[{"filename":"tmp.png","subfolder":"","type":"temp"}]},)"
      R"("9":{"images":[{"filename":"out 1&.png","subfolder":"a/b","type":"output"}],"animated":[true],)"
      R"("gifs":[{"filename":"c.mp4","subfolder":"","type":"output"}]}},)"
      R"("status":{"status_str":"success","completed":true,"messages":[]}}})";
  const auto done = expect_news<MediaDone>(news_of(adapter(), body, at("workflow"), request, kJob));
  ASSERT_EQ(done.files.size(), 2U);
  EXPECT_EQ(done.files[0].url, "http://127.0.0.1:8188/view?filename=out%201%26.png&subfolder=a%2Fb&type=output");
  EXPECT_EQ(done.files[1].url, "http://127.0.0.1:8188/view?filename=c.mp4&subfolder=&type=output");
  EXPECT_EQ(done.seed, 77);
}

TEST(ComfyUi, AFailedWorkflowSaysWhichNodeFailed) {
  const auto body =
      R"({"p-1":{"outputs":{},"status":{"status_str":"error","completed":false,"messages":[["execution_start",{}],)"
      R"(["execution_error",{"node_id":"3","node_type":"KSampler","exception_type":"OutOfMemoryError","exception_message":"no memory"}]]}}})";
  const auto failed = expect_news<MediaFailed>(news_of(adapter(), body, at("workflow"), own_request(), kJob));
  EXPECT_EQ(failed.fault.message, "node 3 (KSampler): no memory");
  EXPECT_EQ(failed.fault.code, "OutOfMemoryError");
  EXPECT_FALSE(failed.fault.may_be_paid);
  const auto empty = expect_news<MediaFailed>(news_of(
      adapter(), R"({"p-1":{"outputs":{},"status":{"status_str":"success"}}})", at("workflow"), own_request(), kJob));
  EXPECT_THAT(empty.fault.message, HasSubstr("saved nothing"));
}

TEST(ComfyUi, CancellingLooksWhereTheJobIs) {
  const Target target = at("workflow");
  EXPECT_EQ(adapter().cancel(kJob, target)->url, "http://127.0.0.1:8188/queue");
  const auto next = [&](std::string_view body) { return adapter().cancel_more(head_of(200), body, kJob, target); };
  auto wire = next(R"({"queue_running":[[1,"p-1",{}]],"queue_pending":[]})");
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "http://127.0.0.1:8188/interrupt");
  EXPECT_EQ(wire->body, R"({"prompt_id":"p-1"})");
  wire = next(R"({"queue_running":[[1,"p-0",{}]],"queue_pending":[[2,"p-1",{}]]})");
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->url, "http://127.0.0.1:8188/queue");
  EXPECT_EQ(wire->body, R"({"delete":["p-1"]})");
  // Others' work is left alone, and so is what was said before.
  EXPECT_FALSE(next(R"({"queue_running":[[1,"p-0",{}]],"queue_pending":[]})"));
  EXPECT_FALSE(next(""));
}

TEST(ComfyUi, ErrorsAreTold) {
  EXPECT_EQ(expect_job(adapter().read_submit(head_of(200), R"({"prompt_id":"p-1","number":12,"node_errors":{}})",
                                             own_request()))
                .id,
            "p-1");
  const Fault missing = expect_fault(adapter().read_submit(
      head_of(400),
      R"({"error":{"type":"prompt_outputs_failed_validation","message":"Prompt outputs failed validation","details":"","extra_info":{}},)"
      R"("node_errors":{"1":{"errors":[{"type":"value_not_in_list","message":"Value not in list","details":"ckpt_name: 'x' not in []"}],)"
      R"("dependent_outputs":["7"],"class_type":"CheckpointLoaderSimple"}}})",
      own_request()));
  EXPECT_EQ(missing.kind, Fault::Kind::model_missing);
  EXPECT_THAT(missing.message,
              HasSubstr("node 1 (CheckpointLoaderSimple): Value not in list: ckpt_name: 'x' not in []"));
  const Fault wrong = adapter().read_fault(
      head_of(400), R"({"error":{"type":"no_prompt","message":"No prompt provided","details":"No prompt"}})");
  EXPECT_EQ(wrong.kind, Fault::Kind::caller);
  EXPECT_EQ(wrong.code, "no_prompt");
  EXPECT_EQ(expect_fault(adapter().read_submit(head_of(200), "{}", own_request())).kind, Fault::Kind::broken);
}

}  // namespace
}  // namespace atelier::model
