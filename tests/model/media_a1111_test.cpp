#include <gmock/gmock.h>

#include "tests/model/media_form.hpp"

// AUTOMATIC1111's API.
namespace atelier::model {
namespace {

using testing::body_of;
using testing::expect_done;
using testing::expect_fault;
using testing::head_of;
using testing::head_with;
using testing::header_of;
using testing::input_of;
using testing::refused_field;
using testing::request_for;
using testing::submission;
using Role = MediaInput::Role;

const MediaAdapter& adapter() { return a1111_adapter(); }
Target at(std::string model) { return testing::target_at("http://127.0.0.1:7860", std::move(model)); }

TEST(A1111, FromWords) {
  MediaRequest request = request_for(MediaKind::image);
  request.negative = "people";
  request.width = 640;
  request.height = 384;
  request.count = 3;
  request.seed = 7;
  request.options["steps"] = 12;
  const WireRequest wire = submission(adapter(), request, at("dream.safetensors"));
  EXPECT_EQ(wire.url, "http://127.0.0.1:7860/sdapi/v1/txt2img");
  EXPECT_EQ(header_of(wire, "authorization"), "Basic c2VjcmV0LWtleQ==");
  const json::Object body = body_of(wire);
  EXPECT_EQ(body.at("prompt"), "a red boat");
  EXPECT_EQ(body.at("negative_prompt"), "people");
  EXPECT_EQ(body.at("width"), 640);
  EXPECT_EQ(body.at("height"), 384);
  EXPECT_EQ(body.at("n_iter"), 3);
  EXPECT_EQ(body.at("seed"), 7);
  EXPECT_EQ(body.at("steps"), 12);
  EXPECT_EQ(body.at("override_settings").at("sd_model_checkpoint"), "dream.safetensors");
  EXPECT_FALSE(body_of(submission(adapter(), request, at("default"))).contains("override_settings"));
}

TEST(A1111, FromAPictureWithAMask) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs = {input_of(Role::reference), input_of(Role::mask, "MASK")};
  request.strength = 0.4;
  const WireRequest wire = submission(adapter(), request, at("default"));
  EXPECT_EQ(wire.url, "http://127.0.0.1:7860/sdapi/v1/img2img");
  const json::Object body = body_of(wire);
  EXPECT_EQ(json::write(body.at("init_images")), R"(["UE5H"])");
  EXPECT_EQ(body.at("mask"), "TUFTSw==");
  EXPECT_EQ(body.at("inpainting_mask_invert"), 1);
  EXPECT_EQ(body.at("denoising_strength"), 0.4);
}

TEST(A1111, AnEnlargement) {
  MediaRequest request = request_for(MediaKind::upscale, "");
  request.inputs.push_back(input_of(Role::reference));
  const WireRequest wire = submission(adapter(), request, at("R-ESRGAN 4x+"));
  EXPECT_EQ(wire.url, "http://127.0.0.1:7860/sdapi/v1/extra-single-image");
  const json::Object body = body_of(wire);
  EXPECT_EQ(body.at("upscaler_1"), "R-ESRGAN 4x+");
  EXPECT_EQ(body.at("upscaling_resize"), 4);
  const MediaDone done =
      expect_done(adapter().read_submit(head_of(200), R"({"html_info":"","image":"aGVsbG8="})", request));
  EXPECT_EQ(done.files.at(0).bytes, "hello");
}

TEST(A1111, AGridBeforeThePicturesAndExtrasBehindThemAreLeftOut) {
  MediaRequest request = request_for(MediaKind::image);
  request.count = 2;
  const MediaDone done = expect_done(
      adapter().read_submit(head_of(200),
                            R"({"images":["R1JJRA==","T05F","data:image/png;base64,VFdP","RVhUUkE="],"parameters":{},)"
                            R"("info":"{\"seed\": 77, \"all_seeds\": [77, 78], \"index_of_first_image\": 1}"})",
                            request));
  ASSERT_EQ(done.files.size(), 2U);
  EXPECT_EQ(done.files[0].bytes, "ONE");
  EXPECT_EQ(done.files[1].bytes, "TWO");
  EXPECT_EQ(done.seed, 77);
  // stable-diffusion.cpp, which speaks this too, leaves the facts empty.
  EXPECT_EQ(expect_done(adapter().read_submit(head_of(200), R"({"images":["T05F"],"info":""})", request)).files.size(),
            1U);
}

TEST(A1111, WhatAModelCannotDoIsRefusedByItsField) {
  MediaRequest request = request_for(MediaKind::image);
  request.width = request.height = 500;
  EXPECT_EQ(refused_field(adapter(), request, "default"), "/width");
  request = request_for(MediaKind::image);
  request.format = "webp";
  EXPECT_EQ(refused_field(adapter(), request, "default"), "/format");
  request = request_for(MediaKind::image);
  request.seed = 4'294'967'296;
  EXPECT_EQ(refused_field(adapter(), request, "default"), "/seed");
  request = request_for(MediaKind::image);
  request.inputs = {input_of(Role::reference), input_of(Role::reference)};
  EXPECT_EQ(refused_field(adapter(), request, "default"), "/inputs");
  request = request_for(MediaKind::upscale, "larger");
  request.inputs = {input_of(Role::reference)};
  EXPECT_EQ(refused_field(adapter(), request, "Lanczos"), "/prompt");
  EXPECT_FALSE(adapter().ability("dream.safetensors", MediaKind::upscale));
  EXPECT_FALSE(adapter().ability("4x-UltraSharp", MediaKind::image));
  EXPECT_FALSE(adapter().ability("default", MediaKind::video));
}

TEST(A1111, TheCheckpointIsNoOption) {
  MediaRequest request = request_for(MediaKind::image);
  request.options["override_settings"] = json::Object{{"sd_model_checkpoint", "other"}};
  const auto wire = adapter().submit(request, at("dream.safetensors"), {}, {});
  ASSERT_FALSE(wire);
  EXPECT_EQ(wire.error().where, "/options/override_settings/sd_model_checkpoint");
}

TEST(A1111, ErrorsAreTold) {
  const MediaRequest request = request_for(MediaKind::image);
  const auto fault = [&](int status, std::string_view body) {
    return expect_fault(adapter().read_submit(head_of(status), body, request));
  };
  const Fault memory =
      fault(500, R"({"error":"OutOfMemoryError","detail":"","body":"","errors":"CUDA out of memory."})");
  EXPECT_EQ(memory.kind, Fault::Kind::overloaded);
  EXPECT_EQ(memory.message, "OutOfMemoryError: CUDA out of memory.");
  EXPECT_EQ(fault(422, R"({"detail":[{"loc":["body","steps"],"msg":"not an integer"}]})").message,
            "steps: not an integer");
  EXPECT_EQ(fault(404, R"({"detail":"Sampler not found"})").message, "Sampler not found");
  EXPECT_THAT(fault(404, R"({"detail":"Not Found"})").message, ::testing::HasSubstr("--api"));
  EXPECT_EQ(fault(401, R"({"detail":"Incorrect username or password"})").kind, Fault::Kind::authentication);
  EXPECT_EQ(fault(200, R"({"images":[]})").kind, Fault::Kind::broken);
  EXPECT_EQ(fault(200, R"({"images":["%%"]})").kind, Fault::Kind::broken);
  EXPECT_EQ(expect_fault(adapter().read_submit(head_with(200, "text/html"), "<html></html>", request)).kind,
            Fault::Kind::broken);
}

}  // namespace
}  // namespace atelier::model
