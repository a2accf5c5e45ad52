#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/hash.hpp"
#include "tests/double/picture.hpp"
#include "tests/double/seal.hpp"
#include "tests/double/test/form_body.hpp"
#include "tests/double/test/raw_client.hpp"

// Images of OpenAI, made and edited.
namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class OpenAiImages : public DoubleTest {
 protected:
  Reply make(std::string_view more, std::string_view model = "gpt-image-2") const {
    return ask("POST", "/openai/v1/images/generations", fmt::format(R"({{"model":"{}"{}}})", model, more), kBearer);
  }
  Reply edit(const FormBody& form) const { return send_form(provider_, "/openai/v1/images/edits", form); }
  static std::string picture_at(const json::Value& value, std::string_view pointer) {
    return base64_decode(text_at(value, pointer)).value_or("");
  }
  // The field that a refusal names.
  static std::string refused(const Reply& reply) {
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_EQ(text_at(reply.json(), "/error/type"), "invalid_request_error") << reply.body;
    return text_at(reply.json(), "/error/param");
  }
  FormBody edit_form(std::string_view name = "image") const {
    return FormBody()
        .field("model", "gpt-image-2")
        .field("prompt", "a hat")
        .file(name, "cat.png", "image/png", png_of({.width = 32, .height = 16, .seed = 7}));
  }
};

TEST_F(OpenAiImages, AreAsLargeAsAskedAndOthersForAnotherPrompt) {
  const json::Value body = make(R"(,"prompt":"a red fox","size":"64x32","n":2,"quality":"low")").json();
  const auto facts = picture_facts(picture_at(body, "/data/0/b64_json"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->type, "image/png");
  EXPECT_EQ(facts->width, 64);
  EXPECT_EQ(facts->height, 32);
  EXPECT_EQ(at(body, "/data").as_array().size(), 2U);
  EXPECT_NE(at(body, "/data/0/b64_json"), at(body, "/data/1/b64_json"));
  EXPECT_EQ(text_at(body, "/size"), "64x32");
  EXPECT_EQ(text_at(body, "/quality"), "low");
  EXPECT_EQ(text_at(body, "/usage/input_tokens_details/text_tokens"), "3");
  EXPECT_EQ(at(body, "/data/0"), at(make(R"(,"prompt":"a red fox","size":"64x32")").json(), "/data/0"));
  EXPECT_NE(at(body, "/data/0"), at(make(R"(,"prompt":"a grey fox","size":"64x32")").json(), "/data/0"));
}

TEST_F(OpenAiImages, ComeInTheFormatAsked) {
  for (const std::string_view format : {"png", "jpeg", "webp"}) {
    const Reply reply = make(fmt::format(R"(,"prompt":"p","size":"48x48","output_format":"{}")", format));
    const auto facts = picture_facts(picture_at(reply.json(), "/data/0/b64_json"));
    ASSERT_TRUE(facts) << format;
    EXPECT_EQ(facts->type, fmt::format("image/{}", format));
    EXPECT_EQ(text_at(reply.json(), "/output_format"), format);
  }
}

TEST_F(OpenAiImages, StreamPartialImagesAndThenTheWhole) {
  const Reply reply = make(R"(,"prompt":"p","size":"64x64","stream":true,"partial_images":2)");
  const auto events = events_of(reply.body);
  ASSERT_EQ(events.size(), 3U) << "no [DONE]";
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(events[i].type, "image_generation.partial_image");
    EXPECT_EQ(text_at(events[i].json(), "/type"), events[i].type);
    EXPECT_EQ(at(events[i].json(), "/partial_image_index"), static_cast<int>(i));
    EXPECT_EQ(picture_facts(picture_at(events[i].json(), "/b64_json"))->width, 64);
  }
  EXPECT_EQ(events[2].type, "image_generation.completed");
  EXPECT_EQ(at(events[2].json(), "/b64_json"), at(make(R"(,"prompt":"p","size":"64x64")").json(), "/data/0/b64_json"));
  EXPECT_TRUE(at(events[2].json(), "/usage/total_tokens").is_int64());
}

TEST_F(OpenAiImages, AreRefusedAsTheProviderRefuses) {
  const auto refused_for = [&](std::string_view more, std::string_view model = "gpt-image-2") {
    return refused(make(R"(,"prompt":"p")" + std::string(more), model));
  };
  EXPECT_EQ(refused(make("")), "prompt");
  EXPECT_EQ(refused_for(R"(,"response_format":"b64_json")"), "response_format");
  EXPECT_EQ(refused_for(R"(,"style":"vivid")"), "style");
  EXPECT_EQ(refused_for(R"(,"seed":1)"), "seed");
  EXPECT_EQ(refused_for(R"(,"n":11)"), "n");
  EXPECT_EQ(refused_for(R"(,"n":0)"), "n");
  EXPECT_EQ(refused_for(R"(,"size":"64x60")"), "size");
  EXPECT_EQ(refused_for(R"(,"size":"64x256")"), "size");
  EXPECT_EQ(refused_for(R"(,"size":"large")"), "size");
  EXPECT_EQ(refused_for(R"(,"size":"512x512")", "gpt-image-1"), "size");
  EXPECT_EQ(refused_for(R"(,"quality":"hd")"), "quality");
  EXPECT_EQ(refused_for(R"(,"quality":"max")"), "quality");
  EXPECT_EQ(make(R"(,"prompt":"p","size":"64x64","quality":"max")", "gpt-image-2.6-flare").status, 200);
  EXPECT_EQ(refused_for(R"(,"background":"transparent","output_format":"jpeg")"), "background");
  EXPECT_EQ(refused_for(R"(,"output_compression":50)"), "output_compression");
  EXPECT_EQ(refused_for(R"(,"partial_images":2)"), "partial_images");
  EXPECT_EQ(refused_for(R"(,"stream":true,"partial_images":4)"), "partial_images");
  EXPECT_EQ(refused_for(R"(,"complexity":"low")"), "complexity");
  EXPECT_EQ(make(R"(,"prompt":"p")", "dall-e-3").status, 404);
  const Reply blocked = make(R"(,"prompt":"[filter]")");
  EXPECT_EQ(blocked.status, 400);
  EXPECT_EQ(text_at(blocked.json(), "/error/code"), "moderation_blocked");
}

TEST_F(OpenAiImages, FailAsToldByTheModelsName) {
  EXPECT_EQ(make(R"(,"prompt":"p")", "gpt-image-2@429,retry-after=3").header("retry-after"), "3");
  const Reply cut = make(R"(,"prompt":"p","size":"64x64","stream":true,"partial_images":3)", "gpt-image-2@cut-mid");
  EXPECT_EQ(cut.ending, Ending::closed);
  EXPECT_EQ(events_of(cut.body).size(), 1U);
  const Reply failed =
      make(R"(,"prompt":"p","size":"64x64","stream":true,"partial_images":2)", "gpt-image-2@error-mid");
  const auto events = events_of(failed.body);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].type, "error");
  EXPECT_FALSE(text_at(events[1].json(), "/error/message").empty());
}

TEST_F(OpenAiImages, AreEditedFromAForm) {
  const Reply one = edit(edit_form().field("size", "64x64").field("n", "2").field("input_fidelity", "high"));
  ASSERT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(at(one.json(), "/data").as_array().size(), 2U);
  EXPECT_EQ(picture_facts(picture_at(one.json(), "/data/0/b64_json"))->height, 64);
  EXPECT_EQ(text_at(one.json(), "/usage/input_tokens_details/image_tokens"), "85");
  const std::string mask = png_of({.width = 32, .height = 16, .is_transparent = true});
  const Reply several = edit(edit_form("image[]")
                                 .file("image[]", "dog.webp", "image/webp", webp_of({.width = 8, .height = 8}))
                                 .file("mask", "mask.png", "image/png", mask)
                                 .field("stream", "true")
                                 .field("partial_images", "1")
                                 .field("size", "64x64"));
  const auto events = events_of(several.body);
  ASSERT_EQ(events.size(), 2U) << several.body;
  EXPECT_EQ(events[0].type, "image_edit.partial_image");
  EXPECT_EQ(events[1].type, "image_edit.completed");
  EXPECT_EQ(text_at(events[1].json(), "/usage/input_tokens_details/image_tokens"), "170");
}

TEST_F(OpenAiImages, AreEditedFromJson) {
  const auto put = [&](std::string_view images) {
    return ask("POST", "/openai/v1/images/edits",
               fmt::format(R"({{"model":"gpt-image-2","prompt":"a hat","size":"64x64","images":{}}})", images),
               kBearer);
  };
  const std::string url = "data:image/png;base64," + doubles::base64(png_of({.width = 8, .height = 8}));
  EXPECT_EQ(put(fmt::format(R"([{{"image_url":"{}"}},{{"file_id":"file-1"}}])", url)).status, 200);
  EXPECT_EQ(refused(put("[]")), "images");
  EXPECT_EQ(refused(put(R"([{}])")), "images[0]");
  EXPECT_EQ(refused(put(R"([{"image_url":"data:text/plain;base64,aGk="}])")), "images[0]");
}

TEST_F(OpenAiImages, EditsAreRefusedAsTheProviderRefuses) {
  const std::string png = png_of({.width = 32, .height = 16});
  const auto form = [] { return FormBody().field("model", "gpt-image-2").field("prompt", "p"); };
  EXPECT_EQ(refused(edit(form())), "image");
  EXPECT_EQ(refused(edit(form().file("image", "a.png", "application/octet-stream", png))), "image");
  EXPECT_EQ(refused(edit(form().file("image", "a.png", "", png))), "image");
  EXPECT_EQ(refused(edit(form().file("image", "a.png", "image/png", "no picture"))), "image");
  EXPECT_EQ(refused(edit(form().file("image", "a.png", "image/png", png).file("image", "b.png", "image/png", png))),
            "image");
  EXPECT_EQ(refused(edit(form()
                             .file("image", "a.png", "image/png", png)
                             .file("mask", "m.png", "image/png", png_of({.width = 16, .height = 16})))),
            "mask");
  EXPECT_EQ(refused(edit(form().file("image", "a.png", "image/png", png).file("sound", "s.wav", "audio/wav", "x"))),
            "sound");
  EXPECT_EQ(refused(edit(form().file("image", "a.png", "image/png", png).field("n", "many"))), "n");
  EXPECT_EQ(refused(edit(form().file("image", "a.png", "image/png", png).field("response_format", "url"))),
            "response_format");
  const Reply broken = edit(form().broken_off());
  EXPECT_EQ(broken.status, 400);
  EXPECT_THAT(broken.body, HasSubstr("multipart"));
}

TEST_F(OpenAiImages, WhatWasAskedIsRememberedWithoutTheBytes) {
  const std::string png = png_of({.width = 32, .height = 16, .seed = 7});
  (void)edit(edit_form().field("user", "[marker edits]"));
  ASSERT_TRUE(provider_.wait_for_end(1));
  const auto body = json::parse(provider_.requests()[0].body);
  ASSERT_TRUE(body);
  EXPECT_EQ(text_at(*body, "/fields/prompt"), "a hat");
  EXPECT_EQ(text_at(*body, "/files/0/name"), "image");
  EXPECT_EQ(text_at(*body, "/files/0/filename"), "cat.png");
  EXPECT_EQ(text_at(*body, "/files/0/type"), "image/png");
  EXPECT_EQ(at(*body, "/files/0/size_bytes"), png.size());
  EXPECT_EQ(text_at(*body, "/files/0/sha256"), sha256(png).hex());
  EXPECT_EQ(provider_.requests()[0].model, "gpt-image-2");
  EXPECT_EQ(provider_.marker("edits").answered, 1U);
}

}  // namespace
}  // namespace atelier::doubles
