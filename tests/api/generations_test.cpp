// Pictures, sound and clips through the API: what is refused before anything is paid, what becomes of the rest.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/generations_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(GenerationsTest, DrawPicturesHereWithoutAKeyOrANetwork) {
  const json::Value done = made(
      R"({"kind":"image","model":"local/procedural","prompt":"aurora over a lake","width":256,"height":128,"count":2,"seed":7})");
  EXPECT_EQ(text(done, "state"), "succeeded") << json::write(done);
  const json::Array& results = done.at("results").as_array();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].at("width").as_int64(), 256);
  EXPECT_EQ(results[0].at("height").as_int64(), 128);
  EXPECT_NE(results[0].at("digest"), results[1].at("digest")) << "each has a seed of its own";
  EXPECT_EQ(done.at("cost_picodollars").as_int64(), 0) << json::write(done);
  EXPECT_EQ(done.at("seed").as_int64(), 7);

  const std::string asset = text(results[0], "asset");
  const Answer content = call(net::Method::get, "/api/assets/" + asset + "/content");
  EXPECT_THAT(content.body, StartsWith("\xff\xd8\xff"));
  const json::Value row = call(net::Method::get, "/api/assets/" + asset).json();
  ASSERT_TRUE(row.as_object().contains("lineage")) << json::write(row);
  EXPECT_EQ(text(row, "name"), "aurora over a lake 1.jpeg");
  EXPECT_EQ(text(row.at("lineage"), "model"), "procedural") << json::write(row);
  EXPECT_EQ(text(row.at("lineage"), "prompt"), "aurora over a lake");

  // The same seed gives the same bytes, and another asset.
  const json::Value again = made(
      R"({"kind":"image","model":"local/procedural","prompt":"aurora over a lake","width":256,"height":128,"seed":7})");
  EXPECT_EQ(again.at("results").as_array()[0].at("digest"), results[0].at("digest"));
  EXPECT_NE(again.at("results").as_array()[0].at("asset"), results[0].at("asset"));
}

TEST_F(GenerationsTest, SpeakHereWithTheTimesOfTheWords) {
  const json::Value done = made(R"({"kind":"speech","model":"local/flite","prompt":"One two three."})");
  ASSERT_EQ(text(done, "state"), "succeeded") << json::write(done);
  EXPECT_EQ(text(done.at("results").as_array()[0], "media_type"), "audio/wav");
  const json::Array& words = done.at("text").at("words").as_array();
  ASSERT_EQ(words.size(), 3U);
  EXPECT_EQ(text(words[2], "text"), "three.");
  EXPECT_GT(words[2].at("start").to_number<double>(), words[0].at("start").to_number<double>());
}

TEST_F(GenerationsTest, AreRefusedByTheFieldBeforeAnythingIsBegun) {
  expect_refused(R"({"model":"local/procedural"})", "/kind");
  expect_refused(R"({"kind":"image"})", "/model");
  expect_refused(R"({"kind":"image","model":"local/procedural","negative":"rain"})", "/negative", "leave out");
  expect_refused(R"({"kind":"image","model":"local/procedural","width":255,"height":128})", "/width", "steps of 2");
  expect_refused(R"({"kind":"image","model":"local/procedural","width":256})", "/height");
  expect_refused(R"({"kind":"image","model":"local/procedural","ratio":"5:4"})", "/ratio");
  expect_refused(R"({"kind":"image","model":"local/procedural","count":11})", "/count");
  expect_refused(R"({"kind":"speech","model":"local/flite","prompt":""})", "/prompt");
  expect_refused(R"({"kind":"speech","model":"local/flite","prompt":"x","voice":"nobody"})", "/voice");
  expect_refused(R"({"kind":"video","model":"local/procedural","prompt":"x"})", "/model", "makes no video");
  expect_refused(R"({"kind":"image","model":"local/procedural","inputs":[{"role":"reference","asset":"nothing"}]})",
                 "/inputs/0/asset");
  expect_refused(R"({"kind":"image","model":"local/procedural","colour":"red"})", "/colour");
  EXPECT_THAT(call(net::Method::get, "/api/generations").json().at("items").as_array(), IsEmpty());
}

TEST_F(GenerationsTest, OfOneKeyAreBegunOnce) {
  const std::string body = R"({"kind":"image","model":"local/procedural","prompt":"x","width":64,"height":64})";
  const Answer first = post(body, {{"idempotency-key", "a"}});
  const Answer second = post(body, {{"idempotency-key", "a"}});
  EXPECT_EQ(first.status, 202) << first.body;
  ASSERT_EQ(second.status, 202) << second.body;
  EXPECT_EQ(text(first.json(), "id"), text(second.json(), "id"));
  await_end(text(first.json(), "id"));
  EXPECT_EQ(call(net::Method::get, "/api/generations?kind=image").json().at("items").as_array().size(), 1U);
  EXPECT_THAT(call(net::Method::get, "/api/generations?kind=video").json().at("items").as_array(), IsEmpty());
}

TEST_F(GenerationsTest, AtAProviderThatAnswersAtOnceAreKeptAsAssets) {
  add_provider("openai", "openai", "/v1");
  const json::Value done = made(
      R"({"kind":"image","model":"openai/gpt-image-1","prompt":"a lamp","width":1024,"height":1024,"format":"png"})");
  ASSERT_EQ(text(done, "state"), "succeeded") << json::write(done);
  EXPECT_EQ(text(done, "candidate"), "openai/gpt-image-1");
  const json::Value& result = done.at("results").as_array()[0];
  EXPECT_EQ(text(result, "media_type"), "image/png");
  EXPECT_EQ(text(done.at("job"), "state"), "done");

  const json::Value spoken =
      made(R"({"kind":"speech","model":"openai/tts-1","prompt":"Hello there","voice":"alloy","format":"wav"})");
  ASSERT_EQ(text(spoken, "state"), "succeeded") << json::write(spoken);
  const std::string sound = text(spoken.at("results").as_array()[0], "asset");

  const json::Value heard = made(fmt::format(
      R"({{"kind":"transcription","model":"openai/whisper-1","inputs":[{{"role":"recording","asset":"{}"}}]}})",
      sound));
  ASSERT_EQ(text(heard, "state"), "succeeded") << json::write(heard);
  EXPECT_FALSE(text(heard.at("text"), "text").empty());
  EXPECT_FALSE(heard.at("text").at("words").as_array().empty());

  // An edit of the picture: what it was made of is told.
  const json::Value edited = made(fmt::format(
      R"({{"kind":"image","model":"openai/gpt-image-1","prompt":"at night","inputs":[{{"role":"reference","asset":"{}"}}]}})",
      text(result, "asset")));
  ASSERT_EQ(text(edited, "state"), "succeeded") << json::write(edited);
  EXPECT_EQ(edited.at("inputs").as_array().size(), 1U);
}

TEST_F(GenerationsTest, HaveInListsTheBeginningAloneOfWhatWasHeard) {
  add_provider("openai", "openai", "/v1");
  const json::Value spoken =
      made(R"({"kind":"speech","model":"openai/tts-1","prompt":"Hello there","voice":"alloy","format":"wav"})");
  const auto hear = [&](const char* said) {
    const json::Value heard = made(fmt::format(
        R"({{"kind":"transcription","model":"openai/whisper-1","prompt":"{}","inputs":[{{"role":"recording","asset":"{}"}}]}})",
        said, text(spoken.at("results").as_array()[0], "asset")));
    EXPECT_EQ(text(heard, "state"), "succeeded") << json::write(heard);
    return heard;
  };
  const json::Value whole = hear("[say 300]");
  EXPECT_EQ(whole.at("text").at("words").as_array().size(), 300U);
  EXPECT_FALSE(whole.at("text").as_object().contains("is_excerpt"));
  const auto newest = [&] {
    const json::Value list = call(net::Method::get, "/api/generations?limit=1").json();
    return list.at("items").as_array().front().at("text");
  };
  const json::Value excerpt = newest();
  EXPECT_TRUE(excerpt.at("is_excerpt").as_bool());
  EXPECT_FALSE(excerpt.as_object().contains("words"));
  EXPECT_LE(text(excerpt, "text").size(), 400U);
  EXPECT_TRUE(text(whole.at("text"), "text").starts_with(text(excerpt, "text")));
  EXPECT_GT(text(excerpt, "text").size(), 300U);
}

TEST_F(GenerationsTest, SayWhoCouldMakeThemAndWhatTheyMayCost) {
  add_provider("openai", "openai", "/v1");
  const Answer estimated = call(net::Method::post, "/api/generations/estimate",
                                R"({"kind":"speech","model":"openai/tts-1","prompt":"Hello there","voice":"alloy"})");
  ASSERT_EQ(estimated.status, 200) << estimated.body;
  const json::Value answer = estimated.json();
  const json::Value& first = answer.at("candidates").as_array()[0];
  EXPECT_EQ(text(first, "candidate"), "openai/tts-1");
  // 15 dollars a million characters: 11 of them, in picodollars.
  EXPECT_EQ(first.at("cost_picodollars").as_int64(), 11 * 15'000'000);
  const json::Value models = call(net::Method::get, "/api/generations/models?kind=speech").json();
  std::vector<std::string> ids;
  for (const json::Value& one : models.at("items").as_array()) ids.push_back(text(one, "id"));
  EXPECT_THAT(ids, testing::IsSupersetOf({"local/flite", "local/espeak-ng"}));
  EXPECT_EQ(call(net::Method::get, "/api/generations/models?kind=smell").status, 400);
}

// Programs that know OpenAI's endpoints reach every provider through them.
TEST_F(GenerationsTest, AnswerProgramsOfOpenAisFormToo) {
  const Answer drawn = call(net::Method::post, "/v1/images/generations",
                            R"({"model":"local/procedural","prompt":"ink","size":"128x64","n":2})");
  ASSERT_EQ(drawn.status, 200) << drawn.body;
  const json::Value pictures = drawn.json();
  ASSERT_EQ(pictures.at("data").as_array().size(), 2U);
  EXPECT_THAT(text(pictures.at("data").as_array()[0], "b64_json"), StartsWith("/9j/")) << "a JPEG";
  const Answer spoken = call(net::Method::post, "/v1/audio/speech", R"({"model":"local/flite","input":"Hello"})");
  ASSERT_EQ(spoken.status, 200) << spoken.body;
  EXPECT_EQ(std::string(spoken.headers.find("content-type").value_or("")), "audio/wav");
  EXPECT_THAT(spoken.body, StartsWith("RIFF"));
  // What is wrong is told by the name that they have for it.
  const auto wrong = [&](const std::string& path, const std::string& body) {
    const Answer refused = call(net::Method::post, path, body);
    EXPECT_EQ(refused.status, 400) << refused.body;
    return text(refused.json().at("error"), "param");
  };
  EXPECT_EQ(wrong("/v1/audio/speech", R"({"model":"local/flite","input":"x","response_format":"mp3"})"),
            "response_format");
  EXPECT_EQ(wrong("/v1/images/generations", R"({"model":"local/procedural","prompt":"x","size":"127x64"})"), "size");
  EXPECT_EQ(wrong("/v1/images/generations", R"({"model":"local/procedural","prompt":"x","n":11})"), "n");
  EXPECT_EQ(wrong("/v1/images/generations", R"({"model":"local/procedural","prompt":"x","stream":true})"), "stream");
  // Nothing of it is kept.
  EXPECT_THAT(call(net::Method::get, "/api/generations").json().at("items").as_array(), IsEmpty());
}

}  // namespace
}  // namespace atelier::app
