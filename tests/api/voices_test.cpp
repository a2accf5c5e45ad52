// Who speaks, and how each sounds: listed by the provider, fetched from it, or made once by the model.
#include <gmock/gmock.h>

#include "tests/api/generations_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;

class VoicesTest : public GenerationsTest {
 protected:
  static constexpr const char* kModel = "elevenlabs/eleven_flash_v2_5";
  void add(const std::string& name) { add_provider(name, name, "/" + name); }
  json::Value voices(const std::string& model) {
    const Answer answer = call(net::Method::get, "/api/voices?model=" + model);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  json::Value voice(const std::string& model, const std::string& id) {
    const json::Value list = voices(model);
    for (const json::Value& one : list.at("items").as_array())
      if (text(one, "id") == id) return one;
    ADD_FAILURE() << id << " is not in " << json::write(list);
    return json::Object();
  }
  Answer sample(const std::string& model, const std::string& id) {
    return call(net::Method::get, "/api/voices/sample?model=" + model + "&voice=" + id);
  }
  Answer make(const std::string& model, const std::string& id, Headers headers = {}) {
    return call(net::Method::post, "/api/voices/sample", json::write(json::Object{{"model", model}, {"voice", id}}),
                std::move(headers));
  }
  std::size_t asked(std::string_view method, std::string_view path) const {
    std::size_t count = 0;
    for (const doubles::Seen& seen : double_.requests())
      if (seen.method == method && seen.path.find(path) != std::string::npos) ++count;
    return count;
  }
};

TEST_F(VoicesTest, AreThoseOfTheAccountWithWhatItSaysOfThem) {
  add("elevenlabs");
  const json::Value list = voices(kModel);
  EXPECT_EQ(text(list, "model"), kModel);
  EXPECT_EQ(text(list, "problem"), "");
  ASSERT_EQ(list.at("items").as_array().size(), 3U);
  const json::Value& first = list.at("items").at(0);
  EXPECT_EQ(text(first, "name"), "Double");
  EXPECT_EQ(text(first, "language"), "en");
  EXPECT_EQ(text(first, "gender"), "female");
  EXPECT_EQ(text(first, "style"), "british, young, social media");
  EXPECT_EQ(text(first, "sample"), "provided");
  EXPECT_EQ(text(list.at("items").at(2), "sample"), "makeable");
  EXPECT_TRUE(list.at("sample_cost_picodollars").is_null()) << "no price is known";
  EXPECT_EQ(json::write(list).find("http://"), std::string::npos) << "a provider's links stay here";
  (void)voices(kModel);
  EXPECT_EQ(asked("GET", "/v2/voices"), 1U) << "it is not asked for every look";
}

TEST_F(VoicesTest, AProvidersSampleIsFetchedOnceAndKept) {
  add("elevenlabs");
  const Answer heard = sample(kModel, "voice-double");
  ASSERT_EQ(heard.status, 200) << heard.body;
  EXPECT_EQ(heard.headers.find("content-type"), "audio/wav");
  EXPECT_EQ(heard.body.substr(0, 4), "RIFF");
  EXPECT_EQ(text(voice(kModel, "voice-double"), "sample"), "kept");
  EXPECT_EQ(sample(kModel, "voice-double").body, heard.body);
  EXPECT_EQ(asked("GET", "/v1/samples/"), 1U);
  open({});
  listen();
  EXPECT_EQ(sample(kModel, "voice-double").status, 200);
  EXPECT_EQ(asked("GET", "/v1/samples/"), 1U) << "it outlives a restart";
}

TEST_F(VoicesTest, ALinkIntoOurOwnNetworkIsNotFollowed) {
  add("elevenlabs");
  const Answer refused = sample(kModel, "voice-inside");
  EXPECT_GE(refused.status, 400);
  EXPECT_EQ(text(voice(kModel, "voice-inside"), "sample"), "provided") << "nothing is kept of it";
}

TEST_F(VoicesTest, WhatIsNoSoundIsNotKept) {
  add("elevenlabs");
  ASSERT_TRUE(double_.add_rule({.fault = "as-html", .path = "/v1/samples/"}));
  const Answer refused = sample(kModel, "voice-double");
  EXPECT_GE(refused.status, 400) << refused.body;
  EXPECT_EQ(text(voice(kModel, "voice-double"), "sample"), "provided");
}

TEST_F(VoicesTest, AVoiceWithoutASampleIsMadeToSpeakOnce) {
  add("elevenlabs");
  const Answer none = sample(kModel, "voice-silent");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(text(none.json(), "code"), "sample_not_made");
  EXPECT_EQ(asked("POST", "/v1/text-to-speech/"), 0U) << "nothing is paid for a look";
  ASSERT_EQ(make(kModel, "voice-silent").status, 204);
  EXPECT_EQ(make(kModel, "voice-silent").status, 204);
  EXPECT_EQ(asked("POST", "/v1/text-to-speech/voice-silent"), 1U);
  EXPECT_THAT(last_call().body, HasSubstr("Die Lampe brennt")) << "in its own language";
  const Answer heard = sample(kModel, "voice-silent");
  EXPECT_EQ(heard.status, 200);
  EXPECT_THAT(std::string(heard.headers.find("content-type").value_or("")), testing::StartsWith("audio/"));
  EXPECT_EQ(text(voice(kModel, "voice-silent"), "sample"), "kept");
}

TEST_F(VoicesTest, WhatTheProviderRefusesIsSaidAndNotKept) {
  add("elevenlabs");
  ASSERT_TRUE(double_.add_rule({.fault = "401", .path = "/v1/text-to-speech/"}));
  const Answer refused = make(kModel, "voice-silent");
  EXPECT_GE(refused.status, 400) << refused.body;
  EXPECT_EQ(sample(kModel, "voice-silent").status, 404);
  double_.clear_rules();
  EXPECT_EQ(call(net::Method::del, std::string("/api/breakers/") + kModel).status, 204);
  EXPECT_EQ(make(kModel, "voice-silent").status, 204);
}

TEST_F(VoicesTest, AListThatCannotBeReadLeavesThoseThatAreKnown) {
  add("elevenlabs");
  ASSERT_TRUE(double_.add_rule({.fault = "503", .path = "/v2/voices"}));
  const json::Value list = voices(kModel);
  EXPECT_NE(text(list, "problem"), "");
  ASSERT_EQ(list.at("items").as_array().size(), 4U);
  EXPECT_EQ(text(list.at("items").at(0), "name"), "George");
  double_.clear_rules();
  EXPECT_EQ(voices(kModel).at("items").as_array().size(), 3U) << "it is asked again";
}

TEST_F(VoicesTest, NamesOfKokorosVoicesTellWhoTheyAre) {
  add("kokoro");
  const json::Value emma = voice("kokoro/kokoro", "bm_george");
  EXPECT_EQ(text(emma, "name"), "George");
  EXPECT_EQ(text(emma, "language"), "en-GB");
  EXPECT_EQ(text(emma, "gender"), "male");
}

TEST_F(VoicesTest, WhatASampleCostsIsSaidBeforeItIsMade) {
  add_provider("openai", "openai", "/openai/v1");
  const json::Value list = voices("openai/tts-1");
  EXPECT_EQ(text(list.at("items").at(0), "name"), "alloy");
  EXPECT_EQ(text(list.at("items").at(0), "sample"), "makeable");
  // 41 characters of 15 millionths of a dollar.
  EXPECT_EQ(list.at("sample_cost_picodollars"), 615'000'000);
}

TEST_F(VoicesTest, OfThisMachineSpeakForNothing) {
  const json::Value list = voices("local/espeak-ng");
  EXPECT_EQ(list.at("sample_cost_picodollars"), 0);
  ASSERT_FALSE(list.at("items").as_array().empty());
  const std::string id = text(list.at("items").at(0), "id");
  EXPECT_EQ(make("local/espeak-ng", id).status, 204);
  EXPECT_EQ(sample("local/espeak-ng", id).status, 200);
}

TEST_F(VoicesTest, AreRefusedByTheField) {
  EXPECT_EQ(text(call(net::Method::get, "/api/voices").json(), "where"), "model");
  EXPECT_EQ(call(net::Method::get, "/api/voices?model=local/procedural").status, 400);
  EXPECT_EQ(call(net::Method::get, "/api/voices?model=nobody").status, 404);
  EXPECT_EQ(text(call(net::Method::get, "/api/voices/sample?model=local/flite").json(), "where"), "voice");
  const Answer none = make("local/procedural", "x");
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(text(none.json(), "where"), "/model");
}

TEST_F(VoicesTest, AKeyWithoutLeaveForTheModelMakesNothing) {
  ask_for_keys();
  add("elevenlabs");
  const Headers member = make_key(R"({"name":"one","models":["openai/*"]})");
  const Answer refused = make(kModel, "voice-silent", member);
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(asked("POST", "/v1/text-to-speech/"), 0U);
}

}  // namespace
}  // namespace atelier::app
