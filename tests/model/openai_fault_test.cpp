#include <gmock/gmock.h>

#include "model/provider/adapter.hpp"

namespace atelier::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct FaultCase {
  int status;
  std::string_view body, kind;
};

Fault fault_of(int status, std::string_view body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return openai_chat_adapter().read_fault({.status = status, .headers = std::move(headers)}, body);
}

TEST(OpenaiFault, IsSortedForRouting) {
  const FaultCase kCases[] = {
      {400,
       R"({"error":{"message":"Invalid value: 'x'","type":"invalid_request_error","param":"messages[0].role","code":"invalid_value"}})",
       "request_refused"},
      {400,
       R"({"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
       "context_length_exceeded"},
      {401,
       R"({"error":{"message":"Incorrect API key provided: sk-12345678901234567890.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}})",
       "provider_key_refused"},
      {403,
       R"({"error":{"message":"Country, region, or territory not supported","type":"request_forbidden","code":"unsupported_country_region_territory"}})",
       "provider_permission"},
      {404,
       R"({"error":{"message":"The model `x` does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}})",
       "model_not_found"},
      {429, R"({"error":{"message":"Rate limit reached","type":"tokens","param":null,"code":"rate_limit_exceeded"}})",
       "provider_rate_limit"},
      {429, R"({"error":{"message":"slow","type":"rate_limit_error","code":"slow_down"}})", "provider_rate_limit"},
      {429,
       R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})",
       "provider_billing"},
      {429, R"({"error":{"message":"x","type":"insufficient_quota","code":"credit_balance_exhausted"}})",
       "provider_billing"},
      {500, R"({"error":{"message":"x","type":"server_error","param":null,"code":null}})", "provider_error"},
      {503, R"({"error":{"message":"x","type":"service_unavailable_error","code":"server_is_overloaded"}})",
       "provider_overloaded"},
      {409, R"({"error":{"message":"x","type":"conflict"}})", "provider_error"},
      // Azure.
      {400,
       R"({"error":{"message":"The response was filtered","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
       "content_refused"},
      {404, R"({"error":{"code":"DeploymentNotFound","message":"x"}})", "model_not_found"},
      // OpenRouter: numbers for codes, and another's error in a string.
      {402, R"({"error":{"code":402,"message":"This request requires more credits"},"user_id":"u"})",
       "provider_billing"},
      {502,
       R"({"error":{"code":502,"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"prompt is too long\",\"type\":\"invalid_request_error\"}}","provider_name":"Anthropic"}}})",
       "context_length_exceeded"},
      {429,
       R"({"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"busy, try later","provider_name":"X"}}})",
       "provider_rate_limit"},
      {403,
       R"({"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"],"flagged_input":"x","provider_name":"OpenAI"}}})",
       "content_refused"},
      {529, R"({"error":{"code":529,"message":"x","metadata":{"error_type":"provider_overloaded"}}})",
       "provider_overloaded"},
      {524, R"({"error":{"code":524,"message":"x"}})", "provider_timeout"},
      // Mistral: flat, and FastAPI's details.
      {401, R"({"object":"error","message":"Unauthorized","type":"x","param":null,"code":"3000"})",
       "provider_key_refused"},
      {422, R"({"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"}]})", "request_refused"},
      {422, R"({"object":"error","message":{"detail":[{"loc":["body"],"msg":"bad"}]},"type":"invalid_request_error"})",
       "request_refused"},
      // xAI, Groq, DeepSeek, Together, llama.cpp.
      {400, R"({"code":"invalid-argument","error":"Incorrect API key provided: xa***12."})", "provider_key_refused"},
      {404, R"({"error":"The model grok-9 does not exist"})", "model_not_found"},
      {498, R"({"error":{"message":"over capacity","type":"capacity"}})", "provider_overloaded"},
      {402,
       R"({"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}})",
       "provider_billing"},
      {400,
       R"({"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_ctx":4096}})",
       "context_length_exceeded"},
      {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", "provider_overloaded"},
      // Proxies.
      {502, "<html><head><title>502 Bad Gateway</title></head></html>", "provider_error"},
      {504, "upstream request timeout", "provider_timeout"},
      {400, "", "request_refused"},
  };
  for (const FaultCase& one : kCases) {
    const Fault fault = fault_of(one.status, one.body);
    EXPECT_EQ(to_string(fault.kind), one.kind) << one.body;
    EXPECT_FALSE(fault.message.empty()) << one.body;
    // The other protocol's errors are the same.
    EXPECT_EQ(openai_responses_adapter().read_fault({.status = one.status, .headers = {}}, one.body).kind, fault.kind);
  }
}

TEST(OpenaiFault, KeepsItsOwnWordsButNoKey) {
  const Fault fault = fault_of(
      401,
      R"({"error":{"message":"Incorrect API key provided: sk-proj-1234567890abcdef. Find yours at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":"p","code":"invalid_api_key"}})");
  EXPECT_EQ(fault.message,
            "Incorrect API key provided: [key] Find yours at https://platform.openai.com/account/api-keys.");
  EXPECT_EQ(fault.type, "invalid_request_error");
  EXPECT_EQ(fault.code, "invalid_api_key");
  EXPECT_EQ(fault.param, "p");
  EXPECT_EQ(fault.status, 401);
  EXPECT_TRUE(fault.is_model_independent);
  EXPECT_THAT(
      fault_of(401, R"({"error":{"message":"Your api key: ****4a1b is invalid","type":"authentication_error"}})")
          .message,
      Not(HasSubstr("4a1b")));
  EXPECT_EQ(fault_of(502, "<html><head><title>502 Bad Gateway</title></head></html>").message, "502 Bad Gateway");
  EXPECT_EQ(fault_of(422, R"({"detail":[{"loc":["body","messages",0],"msg":"field required"}]})").message,
            "/body/messages/0: field required");
  EXPECT_EQ(
      fault_of(
          502,
          R"({"error":{"code":502,"message":"Provider returned error","metadata":{"raw":"it broke","provider_name":"X"}}})")
          .message,
      "X: it broke");
  EXPECT_LE(fault_of(500, R"({"error":{"message":")" + std::string(10'000, 'x') + "\"}}").message.size(), 2000U);
}

TEST(OpenaiFault, SaysWhenToComeBack) {
  const std::string body =
      R"({"error":{"message":"Rate limit reached. Please try again in 6m0.5s.","type":"tokens","code":"rate_limit_exceeded"}})";
  EXPECT_EQ(fault_of(429, body).retry_after_ms, 360'500);
  EXPECT_EQ(fault_of(429, body, {{"retry-after", "20"}}).retry_after_ms, 20'000);
  EXPECT_EQ(fault_of(429, body, {{"retry-after", "20"}, {"retry-after-ms", "1500"}}).retry_after_ms, 1500);
  EXPECT_FALSE(fault_of(400, R"({"error":{"message":"x"}})").retry_after_ms);
}

TEST(OpenaiFault, WordsThatAreNoTextAreShortAllTheSame) {
  const std::string bytes = std::string(1'900, '\1') + "\xff";
  for (const Protocol protocol :
       {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic, Protocol::gemini, Protocol::ollama}) {
    const Fault fault = adapter_for(protocol).read_fault({.status = 500, .headers = {}}, bytes);
    EXPECT_FALSE(fault.message.empty());
    EXPECT_LE(fault.message.size(), 2'000U);
  }
}

}  // namespace
}  // namespace atelier::model
