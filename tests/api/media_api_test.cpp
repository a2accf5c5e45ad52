// Pictures and sound over HTTP, as programs ask for them: through routes, limits and the log, like conversations.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;

constexpr const char* kImage = R"({{"model":"{}","prompt":"a lamp"{}}})";

class MediaApi : public GatewayHouseTest {
 protected:
  void start() {
    listen();
    add_provider("lab", "openai", "/openai/v1");
  }
  Answer image(std::string_view model, std::string_view more = {}) {
    return call(net::Method::post, "/v1/images/generations", fmt::format(fmt::runtime(kImage), model, more));
  }
  Answer speak(std::string_view model, std::string_view text = "hello there", Headers headers = {}) {
    return call(net::Method::post, "/v1/audio/speech",
                fmt::format(R"({{"model":"{}","input":"{}","voice":"alloy","response_format":"wav"}})", model, text),
                std::move(headers));
  }
  Answer transcribe(std::string_view model, Headers headers = {{"authorization", "Bearer any"}}) {
    headers.emplace_back("content-type", "multipart/form-data; boundary=b");
    return call(
        net::Method::post, "/v1/audio/transcriptions",
        fmt::format(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: "
            "audio/wav\r\n\r\n{}\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{}\r\n--b--\r\n",
            speak("lab/tts-1").body, model),
        std::move(headers));
  }
  std::int64_t media_tokens(std::size_t count) {
    return calls(count).as_array().front().at("usage").at("other_media").as_int64();
  }
};

TEST_F(MediaApi, PicturesComeWholeOrAsEvents) {
  start();
  const Answer whole = image("lab/gpt-image-2", R"(,"n":2,"size":"1024x1024","quality":"low")");
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.headers.find("content-type"), "application/json");
  EXPECT_EQ(whole.headers.find("x-atelier-candidate"), "lab/gpt-image-2");
  EXPECT_EQ(whole.json().at("data").as_array().size(), 2U);
  const std::int64_t told = whole.json().at("usage").at("output_tokens").as_int64();
  EXPECT_EQ(media_tokens(1), told);
  const Answer events = image("lab/gpt-image-2", R"(,"stream":true,"partial_images":2,"quality":"low")");
  ASSERT_EQ(events.status, 200) << events.body;
  EXPECT_THAT(std::string(events.headers.find("content-type").value_or("")), HasSubstr("text/event-stream"));
  EXPECT_THAT(events.body, HasSubstr("image_generation.completed"));
  const std::size_t at = events.body.find("\"output_tokens\":");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(media_tokens(2), std::stoll(events.body.substr(at + 16)));
}

TEST_F(MediaApi, SoundStreamsAndFormsAreSentOn) {
  start();
  const Answer sound = speak("lab/tts-1");
  ASSERT_EQ(sound.status, 200) << sound.body;
  EXPECT_EQ(sound.headers.find("content-type"), "audio/wav");
  EXPECT_TRUE(sound.body.starts_with("RIFF"));
  const Answer text = transcribe("lab/whisper-1");
  ASSERT_EQ(text.status, 200) << text.body;
  EXPECT_FALSE(text.json().at("text").as_string().empty());
}

TEST_F(MediaApi, AnotherCandidateTakesOverBeforeTheFirstByte) {
  start();
  add_provider("spare", "openai", "/openai/v1");
  add_route(
      R"({"name":"draw","strategy":"ordered","targets":[{"provider":"lab","model":"gpt-image-2@503"},{"provider":"spare","model":"gpt-image-2"}]})");
  add_route(
      R"({"name":"say","strategy":"ordered","targets":[{"provider":"lab","model":"tts-1@429"},{"provider":"spare","model":"tts-1"}]})");
  const Answer drawn = image("draw");
  EXPECT_EQ(drawn.status, 200) << drawn.body;
  EXPECT_EQ(drawn.headers.find("x-atelier-candidate"), "spare/gpt-image-2");
  const Answer said = speak("say");
  EXPECT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(said.headers.find("x-atelier-candidate"), "spare/tts-1");
}

TEST_F(MediaApi, SoundThatBreaksOffIsNotTakenForWhole) {
  start();
  EXPECT_THROW((void)speak("lab/tts-1@cut-mid", "a text that is long enough to be sent in several pieces, one by one"),
               std::runtime_error);
  const json::Value record = calls(1).as_array().front();
  EXPECT_NE(record.at("fault").as_string(), "");
}

TEST_F(MediaApi, PagesAndHalfAnswersAreNone) {
  start();
  for (const char* model : {"lab/gpt-image-2@as-html", "lab/tts-1@as-html"}) {
    const Answer page = std::string_view(model).contains("tts") ? speak(model) : image(model);
    EXPECT_GE(page.status, 500) << model << page.body;
  }
  const Answer cut = image("lab/gpt-image-2@cut-mid=clean", R"(,"stream":true,"partial_images":3)");
  EXPECT_THAT(cut.body, HasSubstr("\"error\""));
  EXPECT_NE(calls(3).as_array().front().at("fault").as_string(), "");
}

TEST_F(MediaApi, AnAllowanceHoldsForWhatIsPaidByTheCharacter) {
  const std::string prices = folder_.string() + ".prices.json";
  std::ofstream(prices) << R"({"tts-1":{"litellm_provider":"openai","input_cost_per_character":0.001}})";
  ask_for_keys({{"models.price_files", prices}});
  add_provider("lab", "openai", "/openai/v1");
  const Headers rich = make_key(R"({"name":"r","day_allowance":"1"})");
  EXPECT_EQ(speak("lab/tts-1", "hello there", rich).status, 200);
  EXPECT_EQ(text(calls(1).as_array().front(), "cost"), "0.011");
  const Headers poor = make_key(R"({"name":"p","day_allowance":"0.01"})");
  EXPECT_EQ(speak("lab/tts-1", "hello there", poor).status, 429) << "eleven characters cost more";
  EXPECT_EQ(speak("lab/tts-1", "hello", poor).status, 200);
  EXPECT_EQ(speak("lab/a-voice-of-their-own", "hello", rich).status, 403) << "nobody knows what it costs";
  fs::remove(prices);
}

TEST_F(MediaApi, WhatIsWrongIsNamed) {
  start();
  const auto param = [](const Answer& answer) {
    return std::string(answer.json().at("error").at("param").as_string());
  };
  const Answer refused = image("lab/gpt-image-2", R"(,"n":99)");
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(param(refused), "n") << "in the provider's own words";
  const Answer nameless = call(net::Method::post, "/v1/images/generations", R"({"prompt":"x"})");
  EXPECT_EQ(nameless.status, 400);
  EXPECT_EQ(param(nameless), "model");
  EXPECT_EQ(image("lab/missing").status, 404);
  add_provider("anthropic", "anthropic", "/anthropic");
  EXPECT_EQ(image("anthropic/double").status, 400) << "it serves no pictures";
  const Answer json = call(net::Method::post, "/v1/audio/transcriptions", R"({"provider":"lab","model":"whisper-1"})");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(param(json), "content-type");
  const Answer form = call(net::Method::post, "/v1/audio/speech", "--b--",
                           {{"authorization", "Bearer any"}, {"content-type", "multipart/form-data; boundary=b"}});
  EXPECT_EQ(form.status, 400) << form.body;
  EXPECT_EQ(transcribe("lab/whisper-1", {}).status, 415) << "a page of another site could send this";
  EXPECT_EQ(transcribe("lab/whisper-1", {{"authorization", "Basic YTpi"}}).status, 415);
}

}  // namespace
}  // namespace atelier::app
