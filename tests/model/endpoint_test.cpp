#include "model/provider/endpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/provider/form_data.hpp"

namespace atelier::model {
namespace {

const Target kTarget{.base_url = "https://p.example/v1", .model = "m-2", .credential = {.key = "k"}};
constexpr std::string_view kFormType = "multipart/form-data; boundary=b";
constexpr std::string_view kForm =
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: "
    "audio/wav\r\n\r\nRIFF\r\n"
    "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nroute-1\r\n--b--\r\n";

std::string header(const WireRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}
std::expected<Usage, Fault> read(Endpoint endpoint, std::string_view body, int status = 200) {
  return read_endpoint_answer(endpoint, {.status = status, .headers = {}}, body, Protocol::openai_chat, {});
}

TEST(Endpoint, TakesTheModelFromJsonAndForms) {
  EXPECT_EQ(asked_model(Endpoint::speech, {.bytes = R"({"input":"x","model":"tts-1"})"}).value(), "tts-1");
  EXPECT_EQ(asked_model(Endpoint::transcriptions, {.bytes = kForm, .content_type = kFormType}).value(), "route-1");
  for (const std::string_view body : {R"({})", R"({"model":1})", R"({"model":""})"}) {
    const auto model = asked_model(Endpoint::image_generations, {.bytes = body});
    ASSERT_FALSE(model) << body;
    EXPECT_EQ(model.error().where, "/model");
  }
  const auto none = asked_model(
      Endpoint::transcriptions,
      {.bytes = "--b\r\nContent-Disposition: form-data; name=file\r\n\r\n1\r\n--b--", .content_type = kFormType});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().where, "/model");
}

TEST(Endpoint, SendsFormsOnAsTheyCame) {
  const auto sent = endpoint_request(Endpoint::transcriptions, {.bytes = kForm, .content_type = kFormType},
                                     Protocol::openai_chat, kTarget);
  ASSERT_TRUE(sent) << sent.error().describe();
  EXPECT_EQ(sent->url, "https://p.example/v1/audio/transcriptions");
  EXPECT_EQ(header(*sent, "content-type"), kFormType);
  EXPECT_EQ(header(*sent, "authorization"), "Bearer k");
  std::string expected(kForm);
  expected.replace(expected.find("route-1"), 7, "m-2");
  EXPECT_EQ(sent->body, expected);
  EXPECT_GE(sent->first_byte_at_least, std::chrono::minutes(5)) << "large pictures take their time";
}

TEST(Endpoint, SendsJsonOnAsItCame) {
  const auto sent =
      endpoint_request(Endpoint::image_generations, {.bytes = R"({"prompt":"a 1.50 lamp","model":"r","x":1.50})"},
                       Protocol::openai_chat, kTarget);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->url, "https://p.example/v1/images/generations");
  EXPECT_EQ(header(*sent, "content-type"), "application/json");
  EXPECT_EQ(sent->body, R"({"prompt":"a 1.50 lamp","model":"m-2","x":1.50})");
}

TEST(Endpoint, IsServedByThoseWhoSpeakOpenAi) {
  EXPECT_TRUE(serves(Protocol::openai_chat, Endpoint::speech));
  EXPECT_TRUE(serves(Protocol::openai_responses, Endpoint::image_edits));
  EXPECT_FALSE(serves(Protocol::anthropic, Endpoint::speech));
  EXPECT_FALSE(serves(Protocol::gemini, Endpoint::image_generations));
  EXPECT_TRUE(serves(Protocol::gemini, Endpoint::embeddings));
}

TEST(Endpoint, CountsPicturesAndTheirTokens) {
  const auto used = read(Endpoint::image_generations,
                         R"({"created":1,"data":[{"b64_json":"AA"},{"b64_json":"BB"}],"usage":{"total_tokens":1100,
"input_tokens":30,"output_tokens":1070,"input_tokens_details":{"text_tokens":20,"image_tokens":10}}})");
  ASSERT_TRUE(used);
  EXPECT_EQ(used->images, 2);
  EXPECT_EQ(used->input, 20);
  EXPECT_EQ(used->input_image, 10);
  EXPECT_EQ(used->output_image, 1070) << "what comes out is pictures";
  EXPECT_EQ(used->output, 0);
}

TEST(Endpoint, CountsSecondsOfSound) {
  EXPECT_EQ(read(Endpoint::transcriptions, R"({"text":"x","usage":{"type":"duration","seconds":9}})")->audio_seconds,
            9);
  EXPECT_EQ(read(Endpoint::transcriptions, R"({"text":"x","duration":8.47})")->audio_seconds, 9);
  const auto tokens = read(
      Endpoint::transcriptions,
      R"({"text":"x","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":45,"total_tokens":59}})");
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->input_audio, 10);
  EXPECT_EQ(tokens->input, 4);
  EXPECT_EQ(tokens->output, 45);
  EXPECT_EQ(asked_usage(Endpoint::speech, {.bytes = R"({"input":"Grüße \ud83d\ude00"})"}).characters, 7);
}

TEST(Endpoint, TellsFaultsOfWholeAnswersAndEvents) {
  const auto refused =
      read(Endpoint::image_generations,
           R"({"error":{"message":"no","type":"invalid_request_error","param":"size","code":null}})", 400);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Fault::Kind::caller);
  EXPECT_EQ(refused.error().param, "size");
  EXPECT_FALSE(read(Endpoint::image_generations, R"({"created":1})")) << "an answer without pictures";
  const auto said = read(Endpoint::transcriptions, R"({"error":"no 'file' field in the request"})");
  ASSERT_FALSE(said) << "200 with an error";
  EXPECT_EQ(said.error().message, "no 'file' field in the request");
  EXPECT_FALSE(read(Endpoint::transcriptions, "not JSON"));
  const Quirks plain;
  EXPECT_TRUE(read_endpoint_event(Endpoint::image_generations, "error", R"({"error":{"message":"x"}})", plain).fault);
  EXPECT_TRUE(read_endpoint_event(Endpoint::speech, "", R"({"type":"error","message":"x"})", plain).fault);
  const auto done = read_endpoint_event(
      Endpoint::image_generations, "image_generation.completed",
      R"({"type":"image_generation.completed","b64_json":"AA","usage":{"input_tokens":5,"output_tokens":7}})", plain);
  ASSERT_TRUE(done.usage);
  EXPECT_EQ(done.usage->images, 1);
  EXPECT_EQ(done.usage->output_image, 7);
  EXPECT_FALSE(done.fault);
  EXPECT_FALSE(read_endpoint_event(Endpoint::speech, "", R"({"type":"speech.audio.delta","audio":"AA"})", plain).usage);
}

TEST(Endpoint, AsksNoModelForWhatItRefuses) {
  const auto body = [](std::string_view model) {
    Target target = kTarget;
    target.model = model;
    return endpoint_request(Endpoint::image_generations,
                            {.bytes = R"({"model":"r","response_format":"b64_json","n":1})"}, Protocol::openai_chat,
                            target)
        ->body;
  };
  EXPECT_EQ(body("gpt-image-2"), R"({"model":"gpt-image-2","n":1})");
  EXPECT_EQ(body("sd-cpp-local"), R"({"model":"sd-cpp-local","response_format":"b64_json","n":1})");
}

TEST(Endpoint, KnowsAnAnswerByItsHead) {
  const auto form = [](Endpoint endpoint, std::string_view type, int status = 200) {
    return answer_form(endpoint, {.status = status, .headers = {{"content-type", std::string(type)}}});
  };
  EXPECT_EQ(form(Endpoint::speech, "audio/mpeg"), AnswerForm::file);
  EXPECT_EQ(form(Endpoint::speech, "text/html"), AnswerForm::json) << "a page, which is refused as one";
  EXPECT_EQ(form(Endpoint::speech, "audio/mpeg", 503), AnswerForm::json);
  EXPECT_EQ(answer_form(Endpoint::speech, {.status = 200, .headers = {}}), AnswerForm::file);
  EXPECT_EQ(form(Endpoint::image_generations, "text/plain"), AnswerForm::json);
  EXPECT_EQ(form(Endpoint::image_generations, "text/event-stream; charset=utf-8"), AnswerForm::events);
  EXPECT_EQ(form(Endpoint::transcriptions, "application/x-subrip"), AnswerForm::file);
  EXPECT_TRUE(may_be_file("RIFF"));
  EXPECT_TRUE(may_be_file(" <3 you"));
  EXPECT_FALSE(may_be_file("\n<!DOCTYPE html>"));
  EXPECT_FALSE(may_be_file("<HTML><body>"));
}

TEST(Endpoint, KnowsWhatMayBePaidAtMost) {
  const Usage pictures = media_at_most(Endpoint::image_generations, {.bytes = R"({"model":"m","n":3})"});
  EXPECT_EQ(pictures.images, 3);
  EXPECT_GE(pictures.output_image, 3 * 4160);
  EXPECT_EQ(
      media_at_most(Endpoint::image_edits, {.bytes = "--b\r\nContent-Disposition: form-data; name=n\r\n\r\n2\r\n--b--",
                                            .content_type = kFormType})
          .images,
      2);
  EXPECT_EQ(media_at_most(Endpoint::image_generations, {.bytes = R"({"n":"many"})"}).images, 1);
  EXPECT_EQ(media_at_most(Endpoint::speech, {.bytes = R"({"input":"four"})"}).characters, 4);
  EXPECT_EQ(media_at_most(Endpoint::transcriptions, {.bytes = std::string(40'000, 'x')}).audio_seconds, 11);
}

}  // namespace
}  // namespace atelier::model
