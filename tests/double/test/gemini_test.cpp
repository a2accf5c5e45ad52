#include "tests/double/test/wire_test.hpp"

namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class Gemini : public WireTest {
 protected:
  static std::string body_of(std::string_view contents, std::string_view more = "") {
    return fmt::format(R"({{"contents":[{}]{}}})", contents, more);
  }
  static std::string user(std::string_view text) {
    return fmt::format(R"({{"role":"user","parts":[{{"text":"{}"}}]}})", text);
  }
  Reply send(std::string_view contents, std::string_view more = "", std::string_view model = "gemini-3-double") const {
    return gemini(model, body_of(contents, more));
  }
  std::string refused(const Reply& reply) const {
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_EQ(text_at(reply.json(), "/error/status"), "INVALID_ARGUMENT");
    EXPECT_EQ(text_at(reply.json(), "/error/code"), "400");
    return text_at(reply.json(), "/error/message");
  }
  static constexpr std::string_view kTools =
      R"(,"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"city":{"type":"STRING"}}}},{"name":"g"}]}])";
};

TEST_F(Gemini, StreamsAsEventsOrAsOneArray) {
  const Reply sse = gemini("gemini-3-double", body_of(user("hello there")), ":streamGenerateContent?alt=sse");
  EXPECT_THAT(sse.body, HasSubstr("\r\n\r\n"));
  const Heard heard = doubles::hear(Wire::gemini, Delivery::streamed, sse.body);
  EXPECT_TRUE(heard.is_whole()) << heard.describe();
  EXPECT_EQ(heard.text, "Echo: hello there");
  EXPECT_EQ(heard.output_tokens, 3);
  const Reply array = gemini("gemini-3-double", body_of(user("hello there")), ":streamGenerateContent");
  EXPECT_EQ(array.json().as_array().size(), events_of(sse.body).size());
}

TEST_F(Gemini, TheFirstCallOfAStepIsSignedAndMustComeBackSo) {
  const Reply reply = send(user("call f and g"), kTools);
  const json::Value parts = at(reply.json(), "/candidates/0/content/parts");
  ASSERT_EQ(parts.as_array().size(), 2U) << reply.body;
  EXPECT_EQ(text_at(parts, "/0/functionCall/args/city"), "some city");
  EXPECT_TRUE(at(parts, "/0/thoughtSignature").is_string());
  EXPECT_TRUE(at(parts, "/1/thoughtSignature").is_null());
  const auto answered_with = [&](const json::Value& model_parts, std::string_view results) {
    return send(fmt::format(R"({},{{"role":"model","parts":{}}},{{"role":"user","parts":[{}]}})", user("call f and g"),
                            json::write(model_parts), results),
                kTools);
  };
  constexpr std::string_view kResults =
      R"({"functionResponse":{"name":"f","response":{"output":"sunny"}}},{"functionResponse":{"name":"g","response":{"error":"no"}}})";
  EXPECT_EQ(text_at(answered_with(parts, kResults).json(), "/candidates/0/content/parts/0/text"),
            "Results: f=sunny; g failed=no");
  json::Value unsigned_parts = parts;
  unsigned_parts.as_array()[0].as_object().erase("thoughtSignature");
  EXPECT_THAT(refused(answered_with(unsigned_parts, kResults)), HasSubstr("thought_signature"));
  EXPECT_THAT(refused(answered_with(parts, R"({"functionResponse":{"name":"f","response":{}}})")),
              HasSubstr("equal to the number of function call parts"));
}

TEST_F(Gemini, OlderModelsSignNothing) {
  const json::Value parts = at(send(user("call f"), kTools, "gemini-2.0-flash").json(), "/candidates/0/content/parts");
  EXPECT_TRUE(at(parts, "/0/thoughtSignature").is_null());
  EXPECT_TRUE(at(parts, "/0/functionCall/id").is_null());
}

TEST_F(Gemini, ThoughtsAreShownIfAskedFor) {
  const json::Value body =
      send(user("hi [think 3]"), R"(,"generationConfig":{"thinkingConfig":{"includeThoughts":true}})").json();
  EXPECT_EQ(text_at(body, "/candidates/0/content/parts/0/thought"), "true");
  EXPECT_EQ(text_at(body, "/usageMetadata/thoughtsTokenCount"), "3");
  EXPECT_EQ(text_at(body, "/usageMetadata/candidatesTokenCount"), "4") << "without the thoughts";
}

TEST_F(Gemini, SchemasGetJsonAndLimitsCut) {
  const json::Value fitting =
      send(
          user("hi"),
          R"(,"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"n":{"type":"INTEGER"}}}})")
          .json();
  EXPECT_EQ(text_at(fitting, "/candidates/0/content/parts/0/text"), R"({"n":1})");
  EXPECT_EQ(text_at(send(user("[say 9]"), R"(,"generationConfig":{"maxOutputTokens":2})").json(),
                    "/candidates/0/finishReason"),
            "MAX_TOKENS");
  EXPECT_EQ(at(send(user("hi"), R"(,"generationConfig":{"candidateCount":2})").json(), "/candidates").as_array().size(),
            2U);
}

TEST_F(Gemini, ABlockedPromptIs200WithoutCandidates) {
  const Reply reply = send(user("hi"), "", "m@filter-prompt");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(text_at(reply.json(), "/promptFeedback/blockReason"), "SAFETY");
  EXPECT_TRUE(at(reply.json(), "/candidates").is_null());
}

TEST_F(Gemini, ARateLimitTellsItsPauseInTheBody) {
  const Reply reply = send(user("hi"), "", "m@429,retry-after=7");
  EXPECT_EQ(text_at(reply.json(), "/error/details/0/retryDelay"), "7s");
  EXPECT_EQ(text_at(reply.json(), "/error/status"), "RESOURCE_EXHAUSTED");
}

struct RefusedContents {
  const char* name;
  const char* body;
  const char* message;
};
class GeminiRefuses : public Gemini, public testing::WithParamInterface<RefusedContents> {};
TEST_P(GeminiRefuses, WithTheFieldNamed) {
  EXPECT_THAT(refused(gemini("gemini-3-double", GetParam().body)), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    Requests, GeminiRefuses,
    testing::Values(
        RefusedContents{"NoContents", R"({})", "contents"},
        RefusedContents{"UnknownField", R"({"contents":[{"parts":[{"text":"x"}]}],"wibble":1})", "wibble"},
        RefusedContents{"Role", R"({"contents":[{"role":"robot","parts":[{"text":"x"}]}]})", "valid role"},
        RefusedContents{
            "TwoData", R"({"contents":[{"parts":[{"text":"x","inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]})",
            "oneof"},
        RefusedContents{"Base64", R"({"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"&&"}}]}]})",
                        "Base64"},
        RefusedContents{
            "SchemaWord",
            R"({"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","additionalProperties":false}}})",
            "additionalProperties"},
        RefusedContents{
            "TooManyStops",
            R"({"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"stopSequences":["1","2","3","4","5","6"]}})",
            "five"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(Gemini, KeysTokensEmbeddingsAndModels) {
  EXPECT_EQ(
      ask("POST", "/gemini/v1beta/models/m:generateContent", body_of(user("x")), "x-goog-api-key: sk-other\r\n").status,
      400);
  EXPECT_EQ(ask("POST", "/gemini/v1beta/models/m:generateContent", body_of(user("x"))).status, 403);
  EXPECT_EQ(ask("POST", "/gemini/v1beta/models/m:generateContent?key=sk-double", body_of(user("x"))).status, 200);
  EXPECT_EQ(text_at(gemini("m", body_of(user("one two three")), ":countTokens").json(), "/totalTokens"), "3");
  const json::Value embedding =
      gemini("m", R"({"content":{"parts":[{"text":"x"}]},"outputDimensionality":8})", ":embedContent").json();
  EXPECT_EQ(at(embedding, "/embedding/values").as_array().size(), 8U);
  const json::Value page = ask("GET", "/v1beta/models?pageSize=2", "", "x-goog-api-key: sk-double\r\n").json();
  EXPECT_EQ(at(page, "/models").as_array().size(), 2U);
  EXPECT_EQ(text_at(page, "/nextPageToken"), "2");
}

}  // namespace
}  // namespace atelier::doubles
