// What goes to a candidate: the caller's bytes or a translation, and what the caller's protocol says beside the body.
#include <gmock/gmock.h>

#include "model/call/exchange.hpp"
#include "model/face/glance.hpp"
#include "model/provider/presets.hpp"

namespace atelier::model {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

ChatCall call_of(const ChatFace& face, std::string body) {
  ChatCall call{.face = &face,
                .body = std::move(body),
                .request = {.model = {}, .messages = {}},
                .request_id = "req1",
                .deadline = {}};
  call.request = *glance(face.protocol(), call.body);
  return call;
}

// By the way that is taken.
std::expected<WireRequest, Fault> request_for(ChatCall& call, const Candidate& candidate) {
  auto way = way_to(call, candidate, false);
  if (!way) return std::unexpected(way.error());
  return wire_request(call, candidate, *way);
}

Candidate candidate_of(Provider provider) {
  return {std::make_shared<const Provider>(std::move(provider)), "m", BreakerPolicy()};
}

Provider anthropic_provider() {
  return {.name = "a", .protocol = Protocol::anthropic, .base_url = "http://127.0.0.1:1"};
}
Provider ollama_provider() { return {.name = "o", .protocol = Protocol::ollama, .base_url = "http://127.0.0.1:1"}; }

ChatCall with_beta() {
  ChatCall call =
      call_of(anthropic_face(),
              R"({"model":"x","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"later_field":[1.50]})");
  call.headers = {{"anthropic-beta", "later-2030-01-01"}};
  return call;
}

TEST(WireRequest, ABetaTravelsWithTheFieldsThatNeedIt) {
  ChatCall call = with_beta();
  const auto request = request_for(call, candidate_of(anthropic_provider()));
  ASSERT_TRUE(request);
  EXPECT_THAT(request->headers, Contains(Pair("anthropic-beta", "later-2030-01-01")));
  EXPECT_THAT(request->body, HasSubstr(R"("later_field":[1.50])"));
}

TEST(WireRequest, ABetaOfOneProtocolIsNotSaidInAnother) {
  ChatCall call = with_beta();
  const auto request = request_for(call, candidate_of(ollama_provider()));
  ASSERT_TRUE(request);
  EXPECT_THAT(request->headers, Not(Contains(Pair("anthropic-beta", testing::_))));
  EXPECT_THAT(request->body, Not(HasSubstr("later_field")));
}

TEST(WireRequest, TheOperatorsBetasStand) {
  ChatCall call = with_beta();
  Provider provider = anthropic_provider();
  provider.headers = {{"anthropic-beta", "operators-own"}};
  const auto request = request_for(call, candidate_of(std::move(provider)));
  ASSERT_TRUE(request);
  EXPECT_THAT(request->headers, Contains(Pair("anthropic-beta", "operators-own")));
  EXPECT_THAT(request->headers, Not(Contains(Pair("anthropic-beta", "later-2030-01-01"))));
}

TEST(WireRequest, WhereAnswersDifferFromTheProtocolNothingIsRelayed) {
  ChatCall call = call_of(openai_chat_face(), R"({"model":"x","messages":[{"role":"user","content":"Hi"}]})");
  for (const Preset& preset : presets()) {
    if (preset.protocol != Protocol::openai_chat) continue;
    const bool differs = preset.name == "mistral" || preset.name == "xai";
    const auto way = way_to(
        call,
        candidate_of({.name = std::string(preset.name), .base_url = "http://127.0.0.1:1", .quirks = quirks_of(preset)}),
        false);
    ASSERT_TRUE(way);
    EXPECT_EQ(way->is_relayed, !differs) << preset.name;
  }
}

Provider openai_provider() {
  return {.name = "openai", .base_url = "http://127.0.0.1:1", .quirks = quirks_of(*find_preset("openai"))};
}

TEST(WireRequest, CallersOfResponsesAreRelayedWhereTheProviderHasThem) {
  ChatCall call = call_of(openai_responses_face(), R"({"model":"x","input":"Hi","later_field":1})");
  const Candidate candidate = candidate_of(openai_provider());
  auto request = request_for(call, candidate);
  ASSERT_TRUE(request);
  EXPECT_THAT(request->url, testing::EndsWith("/responses"));
  EXPECT_THAT(request->body, HasSubstr(R"("later_field":1)"));
  EXPECT_FALSE(call.is_read);
}

TEST(WireRequest, AServerThatTurnedOutToHaveChatAloneIsAskedThere) {
  ChatCall call = call_of(openai_responses_face(), R"({"model":"x","input":"Hi"})");
  Candidate candidate = candidate_of(openai_provider());
  candidate.lacks_responses = true;
  const auto request = request_for(call, candidate);
  ASSERT_TRUE(request);
  EXPECT_THAT(request->url, testing::EndsWith("/chat/completions"));
}

TEST(WireRequest, ThoughtsOfOtherProtocolsCallersAreAskedForWhereTheyComeBack) {
  const auto url_of = [](std::string_view more) {
    ChatCall call =
        call_of(anthropic_face(), R"({"model":"x","max_tokens":9000,"messages":[{"role":"user","content":"Hi"}])" +
                                      std::string(more) + "}");
    return request_for(call, candidate_of(openai_provider()))->url;
  };
  constexpr std::string_view kThinking = R"(,"thinking":{"type":"enabled","budget_tokens":2000})";
  EXPECT_THAT(url_of(""), testing::EndsWith("/chat/completions"));
  EXPECT_THAT(url_of(kThinking), testing::EndsWith("/responses"));
  EXPECT_THAT(url_of(std::string(kThinking) + R"(,"stop_sequences":["x"])"), testing::EndsWith("/chat/completions"))
      << "Responses has no word for it";
}

TEST(WireRequest, WhatAProtocolCannotSayIsTheCallersFaultOfThisCandidateOnly) {
  ChatCall call = call_of(openai_chat_face(), R"({"model":"x","n":2,"messages":[{"role":"user","content":"Hi"}]})");
  const auto request = request_for(call, candidate_of(ollama_provider()));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().kind, Fault::Kind::unsupported);
  EXPECT_EQ(remedy_for(request.error()), Remedy::elsewhere);
  const Error error = to_error(request.error(), "o");
  EXPECT_THAT(error.message, Not(HasSubstr("o: "))) << "the provider said nothing";
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_EQ(error.where, "/n");
}

}  // namespace
}  // namespace atelier::model
