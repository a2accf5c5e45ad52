#include <gmock/gmock.h>

#include <random>

#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"

namespace atelier::model {
namespace {

using testing::data_events;
using testing::describe;
using testing::feed;
using testing::Told;

// One piece: its parts, and what else the candidate has.
std::string piece(std::string_view parts, std::string_view more = "",
                  std::string_view usage = R"({"promptTokenCount":9,"totalTokenCount":9})") {
  return R"({"candidates":[{"content":{"role":"model","parts":[)" + std::string(parts) + "]}" + std::string(more) +
         R"(}],"usageMetadata":)" + std::string(usage) + R"(,"modelVersion":"gemini-x","responseId":"r1"})";
}
const std::string kStop = R"(,"finishReason":"STOP","index":0)";
const std::string kUsage =
    R"({"promptTokenCount":109,"candidatesTokenCount":28,"thoughtsTokenCount":244,"totalTokenCount":391,"cachedContentTokenCount":50,"toolUsePromptTokenCount":10})";

std::vector<std::string> sample() {
  return {
      piece(R"({"text":"Let me ","thought":true})"),
      piece(R"({"text":"think","thought":true})"),
      piece(R"({"text":"Hel"})"),
      piece(R"({"text":"lo"})"),
      piece(
          R"({"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"Sig+/="},{"functionCall":{"name":"g"}})"),
      piece(R"({"text":""})", kStop, kUsage)};
}

TEST(GeminiStream, ReadsThoughtTextAndCalls) {
  const Told told = feed(gemini_adapter(), data_events(sample()));
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 0U);
  EXPECT_EQ(told.answer.id, "r1");
  EXPECT_EQ(told.answer.model, "gemini-x");
  ASSERT_EQ(told.answer.choices.size(), 1U);
  const auto& parts = told.answer.choices[0].parts;
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(std::get<Reasoning>(parts[0]).text, "Let me think");
  EXPECT_EQ(std::get<Text>(parts[1]).text, "Hello");
  const auto& first = std::get<ToolCall>(parts[2]);
  EXPECT_EQ(first.arguments, R"({"a":1})");
  EXPECT_EQ(first.signature, "Sig+/=");
  const auto& second = std::get<ToolCall>(parts[3]);
  EXPECT_EQ(second.arguments, "{}");
  EXPECT_FALSE(first.id.empty());
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::tool_calls);
  // The cached part is inside the prompt, thoughts are outside the candidates.
  EXPECT_EQ(told.answer.usage, (Usage{.input = 69, .cached_read = 50, .output = 28, .reasoning = 244}));
}

TEST(GeminiStream, TellsWhatAWholeAnswerTells) {
  const auto whole = gemini_adapter().read_answer(
      {},
      piece(
          R"({"text":"Let me think","thought":true},{"text":"Hello"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"Sig+/="},{"functionCall":{"name":"g"}})",
          kStop, kUsage),
      {});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(describe(feed(gemini_adapter(), data_events(sample())).answer), describe(*whole));
}

TEST(GeminiStream, KeepsSignaturesWhereTheyCame) {
  const Told told =
      feed(gemini_adapter(),
           data_events({piece(R"({"text":"one"})"), piece(R"({"text":" two","thoughtSignature":"A+/="})"),
                        piece(R"({"text":"three"})"), piece(R"({"text":"","thoughtSignature":"B=="})", kStop)}));
  std::vector<Part> parts;
  parts.emplace_back(Text{.text = "one two", .signature = "A+/="});
  parts.emplace_back(Text{.text = "three"});
  parts.emplace_back(Reasoning{.signature = "B==", .origin = Protocol::gemini});
  EXPECT_EQ(describe(told.answer.choices.at(0).parts), describe(parts));
}

TEST(GeminiStream, KeepsTheModelsOwnIds) {
  const Told told =
      feed(gemini_adapter(), data_events({piece(R"({"functionCall":{"id":"fc1","name":"f","args":{}}})", kStop)}));
  EXPECT_EQ(std::get<ToolCall>(told.answer.choices.at(0).parts.at(0)).id, "fc1");
}

TEST(GeminiStream, ReadsPicturesCodeAndSources) {
  const Told told = feed(
      gemini_adapter(),
      data_events(
          {piece(R"({"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"P"})"),
           piece(
               R"({"executableCode":{"language":"PYTHON","code":"1"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}})"),
           piece(R"({"text":"so"})", R"(,"groundingMetadata":{"webSearchQueries":["q"]},"finishReason":"STOP")")}));
  const auto& parts = told.answer.choices.at(0).parts;
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(std::get<Media>(parts[0]).base64, "AAAA");
  EXPECT_EQ(std::get<Media>(parts[0]).extra.at("thoughtSignature").get_string(), "P");
  EXPECT_EQ(json::write(std::get<Foreign>(parts[1]).block), R"({"executableCode":{"language":"PYTHON","code":"1"}})");
  EXPECT_TRUE(std::get<Text>(parts[3]).extra.contains("groundingMetadata"));
}

TEST(GeminiStream, CountsPicturesAndSoundApart) {
  const Told told = feed(
      gemini_adapter(),
      data_events({piece(
          R"({"text":"x"})", kStop,
          R"({"promptTokenCount":100,"cachedContentTokenCount":30,"candidatesTokenCount":50,)"
          R"("promptTokensDetails":[{"modality":"TEXT","tokenCount":40},{"modality":"AUDIO","tokenCount":35},{"modality":"IMAGE","tokenCount":25}],)"
          R"("cacheTokensDetails":[{"modality":"AUDIO","tokenCount":30}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":45}]})")}));
  EXPECT_EQ(
      told.answer.usage,
      (Usage{.input = 40, .cached_read = 30, .output = 5, .input_audio = 5, .input_image = 25, .output_image = 45}));
  EXPECT_EQ(told.answer.usage.input_total(), 100);
  EXPECT_EQ(told.answer.usage.output_total(), 50);
}

TEST(GeminiStream, MapsEveryReasonToStop) {
  const std::pair<std::string_view, StopReason> kReasons[] = {{"STOP", StopReason::stop},
                                                              {"MAX_TOKENS", StopReason::length},
                                                              {"SAFETY", StopReason::content_filter},
                                                              {"RECITATION", StopReason::content_filter},
                                                              {"PROHIBITED_CONTENT", StopReason::content_filter},
                                                              {"SPII", StopReason::content_filter},
                                                              {"OTHER", StopReason::stop}};
  for (const auto& [name, reason] : kReasons)
    EXPECT_EQ(feed(gemini_adapter(),
                   data_events({piece(R"({"text":"x"})", R"(,"finishReason":")" + std::string(name) + "\"")}))
                  .answer.choices.at(0)
                  .stop,
              reason)
        << name;
}

TEST(GeminiStream, ABlockedAnswerIsFiltered) {
  for (const std::string& body :
       {std::string(R"({"candidates":[{"finishReason":"SAFETY","index":0}],"usageMetadata":{"promptTokenCount":9}})"),
        std::string(R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":9}})"),
        std::string(R"({"promptFeedback":{"blockReason":"OTHER"},"usageMetadata":{"promptTokenCount":9}})")}) {
    const Told told = feed(gemini_adapter(), data_events({body}));
    EXPECT_TRUE(told.has_ended) << body;
    ASSERT_EQ(told.answer.choices.size(), 1U) << body;
    EXPECT_EQ(told.answer.choices[0].stop, StopReason::content_filter);
    EXPECT_EQ(told.answer.usage.input, 9);
    const auto whole = gemini_adapter().read_answer({}, body, {});
    ASSERT_TRUE(whole);
    EXPECT_EQ(describe(*whole), describe(told.answer));
  }
}

TEST(GeminiStream, AnEmptyOrCutStreamHasNoEnd) {
  EXPECT_FALSE(feed(gemini_adapter(), "").has_ended);
  EXPECT_FALSE(feed(gemini_adapter(), data_events({R"({"usageMetadata":{"promptTokenCount":9},"modelVersion":"m"})"}))
                   .has_ended);
  const Told cut = feed(gemini_adapter(), data_events({piece(R"({"text":"Hel"})")}));
  EXPECT_FALSE(cut.has_ended);
  EXPECT_FALSE(cut.is_finished);
  EXPECT_TRUE(std::holds_alternative<event::PartEnded>(cut.events.back()));
  const auto empty = gemini_adapter().read_answer({}, "{}", {});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().kind, Fault::Kind::broken);
}

TEST(GeminiStream, AnAnswerOfNothingButAMistakeFails) {
  const Told told = feed(gemini_adapter(),
                         data_events({R"({"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL"}]})"}));
  ASSERT_TRUE(told.fault);
  EXPECT_EQ(told.fault->kind, Fault::Kind::broken);
}

TEST(GeminiStream, AnErrorInTheStreamNeedsNoData) {
  const std::string error =
      "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is overloaded }\\\" {.\",\n    \"status\": "
      "\"UNAVAILABLE\"\n  }\n}\n";
  for (const std::string& stream :
       {data_events({piece(R"({"text":"Hel"})")}) + error, error,
        "data: " + json::write(json::parse(error).value()) + "\n\n", error.substr(0, error.size() - 1)}) {
    const Told told = feed(gemini_adapter(), stream);
    ASSERT_TRUE(told.fault) << stream;
    EXPECT_EQ(told.fault->kind, Fault::Kind::overloaded);
    EXPECT_EQ(told.fault->status, 503);
    EXPECT_EQ(told.fault->message, "The model is overloaded }\" {.");
    EXPECT_TRUE(std::holds_alternative<event::Failed>(told.events.back()));
  }
}

TEST(GeminiStream, AStreamedListIsUnderstoodToo) {
  std::string list = "[";
  const auto pieces = sample();
  for (std::size_t i = 0; i < pieces.size(); ++i) list += (i > 0 ? "\n,\r\n" : "") + pieces[i];
  const Told told = feed(gemini_adapter(), list + "]");
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(describe(told.answer), describe(feed(gemini_adapter(), data_events(sample())).answer));
}

TEST(GeminiStream, BrokenEventsAreSkippedAndCounted) {
  const auto pieces = sample();
  std::string stream = ": comment\n\n" + data_events({pieces[0], pieces[1]}) +
                       "data: {\"candidates\":[{\n\n{\"never\": \"ends\n" + data_events({"no json"}) +
                       data_events({pieces[2], pieces[3], pieces[4]}) +
                       "event: x\nid: 3\nretry: 7\ndata: " + pieces[5];  // its last line break is missing
  const Told told = feed(gemini_adapter(), stream);
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 2U);
  EXPECT_EQ(describe(told.answer), describe(feed(gemini_adapter(), data_events(sample())).answer));
}

TEST(GeminiStream, SeveralCandidatesKeepApart) {
  const Told told = feed(
      gemini_adapter(),
      data_events(
          {R"({"candidates":[{"content":{"parts":[{"text":"a"}]}},{"index":1,"content":{"parts":[{"text":"b"}]}},{"index":1000000,"content":{"parts":[{"text":"c"}]}}]})",
           R"({"candidates":[{"index":1,"finishReason":"STOP"},{"content":{"parts":[{"text":"A"}]},"finishReason":"MAX_TOKENS"}]})"}));
  EXPECT_TRUE(told.has_ended);
  ASSERT_EQ(told.answer.choices.size(), 2U);
  EXPECT_EQ(std::get<Text>(told.answer.choices[0].parts.at(0)).text, "aA");
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::length);
  EXPECT_EQ(std::get<Text>(told.answer.choices[1].parts.at(0)).text, "b");
}

TEST(GeminiStream, BrokenBytesNeverCrash) {
  std::mt19937 random(3);
  for (int round = 0; round < 1000; ++round) {
    std::string stream = data_events(sample());
    for (auto i = 1 + random() % 6; i > 0; --i) {
      const std::size_t at = random() % stream.size();
      if (random() % 2 == 0)
        stream[at] = static_cast<char>(random() % 256);
      else
        stream.erase(at, random() % 60);
    }
    testing::feed_whole(gemini_adapter(), stream);
    (void)gemini_adapter().read_answer({}, stream.substr(6), {});
    (void)gemini_adapter().read_fault({.status = 400, .headers = {}}, stream.substr(6));
  }
}

struct FaultCase {
  int status;
  std::string_view error, kind;
};

TEST(GeminiFault, IsSortedForRouting) {
  const FaultCase kCases[] = {
      {400, R"({"code":400,"message":"Invalid JSON payload","status":"INVALID_ARGUMENT"})", "request_refused"},
      {400,
       R"({"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]})",
       "provider_key_refused"},
      {400,
       R"({"code":400,"message":"The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"})",
       "context_length_exceeded"},
      {500,
       R"({"code":500,"message":"The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).","status":"INTERNAL"})",
       "context_length_exceeded"},
      {400,
       R"({"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"})",
       "provider_permission"},
      {400, R"({"code":400,"message":"Please enable billing on your project","status":"FAILED_PRECONDITION"})",
       "provider_billing"},
      {401, R"({"code":401,"message":"x","status":"UNAUTHENTICATED"})", "provider_key_refused"},
      {403, R"({"code":403,"message":"x","status":"PERMISSION_DENIED"})", "provider_permission"},
      {404, R"({"code":404,"message":"models/x is not found","status":"NOT_FOUND"})", "model_not_found"},
      {429,
       R"({"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"})",
       "provider_rate_limit"},
      {429,
       R"({"code":429,"message":"Quota exceeded for metric: x, limit: 0, model: y","status":"RESOURCE_EXHAUSTED"})",
       "provider_billing"},
      {500, R"({"code":500,"message":"x","status":"INTERNAL"})", "provider_error"},
      {501, R"({"code":501,"message":"x","status":"UNIMPLEMENTED"})", "request_refused"},
      {503, R"({"code":503,"message":"x","status":"UNAVAILABLE"})", "provider_overloaded"},
      {504, R"({"code":504,"message":"x","status":"DEADLINE_EXCEEDED"})", "provider_timeout"},
  };
  for (const FaultCase& one : kCases)
    for (const std::string& body :
         {R"({"error":)" + std::string(one.error) + "}", R"([{"error":)" + std::string(one.error) + "}]"}) {
      const Fault fault = gemini_adapter().read_fault(
          {.status = one.status, .headers = {{"content-type", "application/json; charset=UTF-8"}}}, body);
      EXPECT_EQ(to_string(fault.kind), one.kind) << body;
      EXPECT_EQ(fault.status, one.status);
    }
  EXPECT_EQ(gemini_adapter()
                .read_fault({.status = 502, .headers = {{"content-type", "text/html"}}},
                            "<html><title>Error 502</title></html>")
                .message,
            "Error 502");
}

TEST(GeminiFault, SaysHowLongToWait) {
  const std::string body = R"({"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[
    {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"q"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}})";
  EXPECT_EQ(gemini_adapter().read_fault({.status = 429, .headers = {}}, body).retry_after_ms, 34'400);
  EXPECT_EQ(gemini_adapter().read_fault({.status = 503, .headers = {{"retry-after", "2"}}}, "{}").retry_after_ms, 2000);
}

}  // namespace
}  // namespace atelier::model
