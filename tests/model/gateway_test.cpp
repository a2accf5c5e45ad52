#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/face/glance.hpp"
#include "net/server.hpp"

namespace atelier::model {
namespace {

using testing::HasSubstr;
using testing::Not;

// What one provider answers once. An empty piece list with `failure` is a connection that never was.
struct Script {
  int status = 200;
  std::string content_type = "text/event-stream";
  std::vector<std::string> pieces = {};
  std::optional<Error> failure = {};  // instead of the head, or after the pieces
  bool fails_before_head = false;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

class FakeAnswer final : public UpstreamAnswer {
 public:
  FakeAnswer(Script script, int* open) : script_(std::move(script)), open_(open) {
    ++*open_;
    head_.status = script_.status;
    head_.headers = script_.headers;
    head_.headers.emplace_back("content-type", script_.content_type);
  }
  ~FakeAnswer() override { --*open_; }
  int status() const noexcept override { return script_.status; }
  std::optional<std::string_view> header(std::string_view name) const override { return head_.find(name); }
  HttpHead head() const override { return head_; }
  Task<> leave() override { co_return; }
  Task<Result<std::optional<std::string_view>>> next() override {
    if (at_ < script_.pieces.size()) co_return std::optional<std::string_view>(script_.pieces[at_++]);
    if (script_.failure) co_return std::unexpected(*script_.failure);
    co_return std::nullopt;
  }

 private:
  const Script script_;
  int* const open_;
  HttpHead head_;
  std::size_t at_ = 0;
};

class FakeUpstream final : public Upstream {
 public:
  std::map<std::string, std::deque<Script>> scripts;       // by provider; the last one stays
  std::vector<std::pair<std::string, std::string>> asked;  // provider, body
  int open_count = 0;

  Task<Result<std::unique_ptr<UpstreamAnswer>>> send(std::shared_ptr<const Provider> provider, WireRequest request,
                                                     std::chrono::steady_clock::time_point) override {
    asked.emplace_back(provider->name, request.body);
    auto& queue = scripts[provider->name];
    ensure(!queue.empty(), "a script for every provider");
    Script script = queue.front();
    if (queue.size() > 1) queue.pop_front();
    if (script.fails_before_head) co_return std::unexpected(*script.failure);
    co_return std::make_unique<FakeAnswer>(std::move(script), &open_count);
  }
};

Error network_error() {
  return Error{.code = ErrorCode::unavailable,
               .message = "connection reset",
               .reason = "connection_reset",
               .where = {},
               .retry_after_ms = {},
               .source = {}};
}

std::string sse(std::string_view type, std::string_view data) {
  return "event: " + std::string(type) + "\ndata: " + std::string(data) + "\n\n";
}

// Anthropic's stream, one string for each event.
std::vector<std::string> stream_of(const std::vector<std::string>& words, bool is_whole = true) {
  std::vector<std::string> pieces;
  pieces.push_back(sse(
      "message_start",
      R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}})"));
  pieces.push_back(sse("content_block_start",
                       R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"));
  pieces.push_back(sse("ping", R"({"type":"ping"})"));
  for (const std::string& word : words)
    pieces.push_back(
        sse("content_block_delta",
            R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" + word + "\"}}"));
  if (!is_whole) return pieces;
  pieces.push_back(sse("content_block_stop", R"({"type":"content_block_stop","index":0})"));
  pieces.push_back(sse(
      "message_delta",
      R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":12,"output_tokens":30}})"));
  pieces.push_back(sse("message_stop", R"({"type":"message_stop"})"));
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string whole;
  for (const std::string& piece : pieces) whole += piece;
  return whole;
}

constexpr std::string_view kWhole =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":29}})";

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() {
    std::vector<Provider> providers;
    for (const char* name : {"a", "b"})
      providers.push_back({.name = name, .protocol = Protocol::anthropic, .base_url = "http://127.0.0.1:1"});
    providers.push_back({.name = "o", .protocol = Protocol::ollama, .base_url = "http://127.0.0.1:2"});
    providers.push_back({.name = "g", .protocol = Protocol::gemini, .base_url = "http://127.0.0.1:3"});
    Route route{.name = "r", .targets = {{"a", "m"}, {"b", "m"}}};
    Route mixed{.name = "mixed", .targets = {{"a", "m"}, {"o", "m"}}};
    models.configure(std::move(providers), {route, mixed});
  }
  ~GatewayTest() override { loops.stop(); }

  ChatCall call(std::string_view model, bool is_streamed) {
    ChatCall made{.face = &anthropic_face(),
                  .body = {},
                  .request = {.model = {}, .messages = {}},
                  .request_id = "req1",
                  .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20)};
    made.body = R"({"model":")" + std::string(model) +
                R"(","max_tokens":100,"messages":[{"role":"user","content":"Hi"}],"stream":)" +
                (is_streamed ? "true}" : "false}");
    made.request = *glance(Protocol::anthropic, made.body);
    return made;
  }
  WholeAnswer answer(std::string_view model) {
    return run_blocking(loops.executor(0), gateway.answer(call(model, false)));
  }

  struct Streamed {
    std::string bytes;
    std::optional<Error> error;  // before it began
    CallReport report;
    int told = 0;
  };
  static Task<Result<Streamed>> read_all(GatewayTest* test, ChatCall asked, std::size_t pieces_max) {
    Streamed got;
    auto opened = co_await test->gateway.open(std::move(asked));
    if (!opened.stream) {
      got.error = opened.stream.error();
      co_return got;
    }
    for (std::size_t i = 0; i < pieces_max; ++i) {
      auto bytes = co_await (*opened.stream)->next();
      if (!bytes) break;
      got.bytes += *bytes;
    }
    opened.stream->reset();
    co_return got;
  }
  Streamed stream(std::string_view model, std::size_t pieces_max = 1000) {
    told.clear();
    Streamed got = *run_blocking(loops.executor(0), read_all(this, call(model, true), pieces_max));
    got.told = static_cast<int>(told.size());
    if (!told.empty()) got.report = told.back();
    return got;
  }

  net::Loops loops{1};
  Models models{BreakerPolicy()};
  FakeUpstream upstream;
  std::vector<CallReport> told;
  ChatGateway gateway{
      models, upstream,
      CallBooks{.clock = system_clock(), .on_end = [this](const CallReport& report) { told.push_back(report); }},
      GatewayOptions()};
};

TEST_F(GatewayTest, AWholeAnswerIsRelayedByteForByte) {
  upstream.scripts["a"] = {{.content_type = "application/json", .pieces = {std::string(kWhole)}}};
  const WholeAnswer got = answer("r");
  ASSERT_TRUE(got.body) << got.body.error().message;
  EXPECT_EQ(*got.body, kWhole);
  EXPECT_EQ(got.report.candidate, "a/m");
  EXPECT_EQ(got.report.attempts.size(), 1U);
  EXPECT_EQ(got.report.usage, (Usage{.input = 12, .output = 29}));
  EXPECT_THAT(upstream.asked[0].second, HasSubstr(R"("model":"m")"));
}

TEST_F(GatewayTest, AStreamIsRelayedByteForByte) {
  const auto pieces = stream_of({"Hel", "lo"});
  upstream.scripts["a"] = {{.pieces = pieces}};
  const Streamed got = stream("r");
  EXPECT_EQ(got.bytes, joined(pieces));
  EXPECT_EQ(got.told, 1);
  EXPECT_EQ(got.report.usage, (Usage{.input = 12, .output = 30}));
  EXPECT_FALSE(got.report.is_aborted);
  EXPECT_EQ(upstream.open_count, 0);
}

TEST_F(GatewayTest, ATierThatOnlyAHeaderTellsIsTheUsages) {
  const std::string said =
      R"({"responseId":"r","candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":30,"totalTokenCount":42}})";
  upstream.scripts["g"] = {
      {.pieces = {"data: " + said + "\n\n"}, .headers = {{"x-gemini-service-tier", "flex"}}},
      {.content_type = "application/json", .pieces = {said}, .headers = {{"x-gemini-service-tier", "priority"}}}};
  EXPECT_EQ(stream("g/m").report.usage, (Usage{.input = 12, .output = 30, .tier = ServiceTier::flex}));
  EXPECT_EQ(answer("g/m").report.usage, (Usage{.input = 12, .output = 30, .tier = ServiceTier::priority}));
}

TEST_F(GatewayTest, AnErrorStatusFallsOverAndTheCallerSeesOneWholeAnswer) {
  upstream.scripts["a"] = {
      {.status = 529,
       .content_type = "application/json",
       .pieces = {R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}}};
  upstream.scripts["b"] = {{.content_type = "application/json", .pieces = {std::string(kWhole)}}};
  const WholeAnswer got = answer("r");
  ASSERT_TRUE(got.body);
  EXPECT_EQ(got.report.candidate, "b/m");
  EXPECT_EQ(got.report.attempts.size(), 2U);
}

TEST_F(GatewayTest, AnErrorAsFirstEventOfAStreamFallsOverUnseen) {
  upstream.scripts["a"] = {
      {.pieces = {sse("error", R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})")}}};
  upstream.scripts["b"] = {{.pieces = stream_of({"Hello"})}};
  const Streamed got = stream("r");
  EXPECT_EQ(got.bytes, joined(stream_of({"Hello"})));
  EXPECT_THAT(got.bytes, Not(HasSubstr("overloaded")));
}

TEST_F(GatewayTest, StartUpEventsOfAnAttemptThatFailedAreNotSeen) {
  auto begun = stream_of({}, false);
  upstream.scripts["a"] = {{.pieces = begun, .failure = network_error()}};
  upstream.scripts["b"] = {{.pieces = stream_of({"Hello"})}};
  const Streamed got = stream("r");
  EXPECT_EQ(got.bytes, joined(stream_of({"Hello"})));
}

TEST_F(GatewayTest, AnEmptyStreamFallsOver) {
  upstream.scripts["a"] = {{.pieces = {}}};
  upstream.scripts["b"] = {{.pieces = stream_of({"Hello"})}};
  EXPECT_EQ(stream("r").bytes, joined(stream_of({"Hello"})));
}

TEST_F(GatewayTest, ACutInMidAnswerGoesOnWhereTheNextCandidateRepeatsIt) {
  upstream.scripts["a"] = {{.pieces = stream_of({"Hel", "lo "}, false), .failure = network_error()}};
  upstream.scripts["b"] = {{.pieces = stream_of({"He", "llo wor", "ld"})}};
  const Streamed got = stream("r");
  AnswerBuilder builder;
  const auto reader = anthropic_adapter().make_reader(Quirks());
  for (const ChatEvent& event : reader->feed(got.bytes)) builder.take(event);
  for (const ChatEvent& event : reader->end()) builder.take(event);
  ASSERT_EQ(builder.answer().choices.size(), 1U) << got.bytes;
  EXPECT_EQ(std::get<Text>(builder.answer().choices[0].parts[0]).text, "Hello world");
  EXPECT_TRUE(builder.has_ended());
  EXPECT_EQ(got.bytes.find("message_start"),
            got.bytes.rfind("\"message_start\"") - std::string("message_start\ndata: {\"type\":").size())
      << "one start alone";
  EXPECT_FALSE(got.report.error);
}

TEST_F(GatewayTest, ACutInMidAnswerThatNobodyRepeatsEndsWithOneHonestError) {
  upstream.scripts["a"] = {{.pieces = stream_of({"Hel", "lo "}, false), .failure = network_error()}};
  upstream.scripts["b"] = {{.pieces = stream_of({"Good day"})}};
  const Streamed got = stream("r");
  EXPECT_THAT(got.bytes, testing::StartsWith(joined(stream_of({"Hel", "lo "}, false))));
  EXPECT_THAT(got.bytes, HasSubstr("event: error"));
  EXPECT_THAT(got.bytes, Not(HasSubstr("message_stop")));
  EXPECT_THAT(got.bytes, Not(HasSubstr("Good day")));
  ASSERT_TRUE(got.report.error);
  EXPECT_EQ(got.told, 1);
  EXPECT_TRUE(got.report.usage.is_estimated);
  EXPECT_GT(got.report.usage.output, 0);
}

TEST_F(GatewayTest, OneUnreadableEventDoesNotEndAGoodStream) {
  auto pieces = stream_of({"Hel", "lo"});
  pieces.insert(pieces.begin() + 4, "event: content_block_delta\ndata: {\"type\":\"content_bl\n\n");
  upstream.scripts["a"] = {{.pieces = pieces}};
  EXPECT_EQ(stream("r").bytes, joined(stream_of({"Hel", "lo"})));
}

TEST_F(GatewayTest, TheCallersOwnFaultIsNotSentElsewhere) {
  upstream.scripts["a"] = {
      {.status = 400,
       .content_type = "application/json",
       .pieces = {R"({"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too large"}})"}}};
  const WholeAnswer got = answer("r");
  ASSERT_FALSE(got.body);
  EXPECT_EQ(got.body.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(got.body.error().message, HasSubstr("max_tokens: too large"));
  EXPECT_EQ(upstream.asked.size(), 1U);
}

TEST_F(GatewayTest, ACallerThatGoesAwayClosesTheUpstreamAndIsCharged) {
  upstream.scripts["a"] = {{.pieces = stream_of({"one ", "two ", "three ", "four "})}};
  const Streamed got = stream("r", 3);
  EXPECT_EQ(got.told, 1);
  EXPECT_TRUE(got.report.is_aborted);
  EXPECT_TRUE(got.report.usage.is_estimated);
  EXPECT_EQ(upstream.open_count, 0);
  EXPECT_EQ(upstream.asked.size(), 1U);
}

TEST_F(GatewayTest, AnotherProtocolIsTranslated) {
  const std::string lines =
      "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":"
      "\"Hel\"},\"done\":false}\n"
      "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"lo\"}"
      ",\"done\":false}\n"
      "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},"
      "\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":26,\"eval_count\":2}\n";
  upstream.scripts["a"] = {{.status = 503, .content_type = "text/html", .pieces = {"<html>busy</html>"}}};
  upstream.scripts["o"] = {{.content_type = "application/x-ndjson", .pieces = {lines.substr(0, 50), lines.substr(50)}}};
  const Streamed got = stream("mixed");
  ASSERT_FALSE(got.error) << got.error->message;
  AnswerBuilder builder;
  for (const ChatEvent& event : anthropic_adapter().make_reader(Quirks())->feed(got.bytes)) builder.take(event);
  EXPECT_EQ(std::get<Text>(builder.answer().choices.at(0).parts.at(0)).text, "Hello");
  EXPECT_EQ(got.report.candidate, "o/m");
  EXPECT_EQ(got.report.usage, (Usage{.input = 26, .output = 2}));
}

TEST_F(GatewayTest, AnUnknownModelIsToldSoWithoutAnAttempt) {
  const DirectoryPtr directory = models.directory();
  for (const auto& [name, provider] : directory->providers()) models.set_list(name, {.models = {}, .read_ms = 1});
  const WholeAnswer got = answer("nothing");
  ASSERT_FALSE(got.body);
  EXPECT_EQ(got.body.error().reason, "model_not_found");
  EXPECT_TRUE(upstream.asked.empty());
}

TEST_F(GatewayTest, ABadKeyOpensItsBreakerAndTheNextCallGoesElsewhereAtOnce) {
  upstream.scripts["a"] = {
      {.status = 401,
       .content_type = "application/json",
       .pieces = {R"({"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}})"}}};
  upstream.scripts["b"] = {{.content_type = "application/json", .pieces = {std::string(kWhole)}}};
  EXPECT_TRUE(answer("r").body);
  EXPECT_TRUE(answer("r").body);
  EXPECT_EQ(upstream.asked.size(), 3U);
  EXPECT_EQ(upstream.asked[2].first, "b");
}

}  // namespace
}  // namespace atelier::model
