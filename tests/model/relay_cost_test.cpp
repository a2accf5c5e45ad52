// What a relayed call asks of the heap, from the gateway's door to its end, with a key, its limits and allowance,
// prices, breaker and log: counted, so that nobody makes it dearer without knowing.
#include <gtest/gtest.h>

#include "model/call/chat_gateway.hpp"
#include "model/face/glance.hpp"
#include "tests/model/allocation_count.hpp"
#include "tests/model/books.hpp"

namespace atelier::model {
namespace {

// Measured, and a seventh more; docs/performance.md has them.
constexpr double kWholeAllocationsMax = 50, kWholeBytesMax = 7'600;
constexpr double kEventAllocationsMax = 1.15, kEventBytesMax = 210;

// Of what users run: other compilers, sanitizers and builds for debugging make other frames of the same coroutines.
#if defined(__OPTIMIZE__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kHasCeilings = true;
#else
constexpr bool kHasCeilings = false;
#endif

constexpr int kWarmUp = 50, kMeasured = 200;
constexpr std::size_t kBodyBytes = 1'024;

// The same pieces for every call, which are there at once and cost nothing to give.
class SteadyUpstream final : public Upstream {
 public:
  std::vector<std::string> pieces;
  std::string content_type = "application/json";

  Task<Result<std::unique_ptr<UpstreamAnswer>>> send(std::shared_ptr<const Provider>, WireRequest,
                                                     std::chrono::steady_clock::time_point) override {
    std::unique_ptr<UpstreamAnswer> answer = std::make_unique<Answer>(*this);
    co_return answer;
  }

 private:
  class Answer final : public UpstreamAnswer {
   public:
    explicit Answer(const SteadyUpstream& upstream) : upstream_(upstream) {}
    int status() const noexcept override { return 200; }
    std::optional<std::string_view> header(std::string_view name) const override {
      return name == "content-type" ? std::optional<std::string_view>(upstream_.content_type) : std::nullopt;
    }
    HttpHead head() const override { return {.status = 200, .headers = {{"content-type", upstream_.content_type}}}; }
    Task<> leave() override { co_return; }
    Task<Result<std::optional<std::string_view>>> next() override {
      std::optional<std::string_view> piece;
      if (at_ < upstream_.pieces.size()) piece = upstream_.pieces[at_++];
      co_return piece;
    }

   private:
    const SteadyUpstream& upstream_;
    std::size_t at_ = 0;
  };
};

struct Cost {
  double allocations = 0, bytes = 0;
};

// Of what happened since, one of `count`.
class Meter {
 public:
  Cost since(int count) const {
    return {.allocations = static_cast<double>(testing::allocation_count() - allocations_) / count,
            .bytes = static_cast<double>(testing::allocated_bytes() - bytes_) / count};
  }

 private:
  const std::size_t allocations_ = testing::allocation_count(), bytes_ = testing::allocated_bytes();
};

class RelayCost : public BooksTest {
 protected:
  RelayCost() {
    models_.configure({Provider{.name = "p", .protocol = Protocol::openai_chat, .base_url = "http://127.0.0.1:1/v1"}},
                      {});
  }

  // A call of a kibibyte, as a face hands it over.
  ChatCall call(bool is_streamed) const {
    ChatCall made{.face = &openai_chat_face(),
                  .body = {},
                  .request = {.model = {}, .messages = {}},
                  .request_id = "01JD0000000000000000000000",
                  .deadline = clock_.now() + std::chrono::seconds(300)};
    made.body = std::string(R"({"model":"p/m","stream":)") + (is_streamed ? "true" : "false") +
                R"(,"messages":[{"role":"user","content":")";
    made.body += std::string(kBodyBytes - made.body.size() - 4, 'x') + R"("}]})";
    made.request = *glance(Protocol::openai_chat, made.body);
    made.key = key_;
    made.trace = make_trace(false);
    return made;
  }
  std::vector<ChatCall> calls(bool is_streamed, int count) const {
    std::vector<ChatCall> made;
    for (int i = 0; i < count; ++i) made.push_back(call(is_streamed));
    return made;
  }

  static Task<Cost> answer_all(ChatGateway* gateway, std::vector<ChatCall> warm_up, std::vector<ChatCall> measured) {
    for (ChatCall& one : warm_up) {
      const WholeAnswer whole = co_await gateway->answer(std::move(one));
      EXPECT_TRUE(whole.body.has_value());
    }
    const Meter meter;
    int answered = 0;
    for (ChatCall& one : measured) {
      const WholeAnswer whole = co_await gateway->answer(std::move(one));
      answered += whole.body.has_value() ? 1 : 0;
    }
    const Cost cost = meter.since(kMeasured);
    EXPECT_EQ(answered, kMeasured);
    co_return cost;
  }

  // Of an event in the middle of a stream.
  static Task<Cost> read_all(ChatGateway* gateway, ChatCall asked) {
    OpenedStream opened = co_await gateway->open(std::move(asked));
    EXPECT_TRUE(opened.stream.has_value());
    ChatStream& stream = **opened.stream;
    for (int i = 0; i < kWarmUp; ++i) {
      auto bytes = co_await stream.next();
      EXPECT_TRUE(bytes && !bytes->empty());
    }
    const Meter meter;
    int told = 0;
    for (int i = 0; i < kMeasured; ++i) {
      auto bytes = co_await stream.next();
      told += bytes && !bytes->empty() ? 1 : 0;
    }
    const Cost cost = meter.since(kMeasured);
    EXPECT_EQ(told, kMeasured) << "each event by itself";
    co_return cost;
  }

  void tell(const Cost& cost) {
    RecordProperty("allocations", std::to_string(cost.allocations));
    RecordProperty("bytes", std::to_string(cost.bytes));
    std::printf("%.2f allocations, %.0f bytes\n", cost.allocations, cost.bytes);
  }

  Models models_{BreakerPolicy()};
  SteadyUpstream upstream_;
  const KeyStatePtr key_ =
      make_key({.requests_per_minute = 1'000'000, .tokens_per_minute = 1'000'000'000, .concurrent_max = 8},
               {.day = 1'000 * kDollar});
  ChatGateway gateway_{models_, upstream_, books_, GatewayOptions()};
};

TEST_F(RelayCost, AWholeAnswerOfAKibibyteStaysUnderItsCeiling) {
  std::string answer =
      R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":")";
  answer +=
      std::string(700, 'y') +
      R"("},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":250,"completion_tokens":175,"total_tokens":425},"service_tier":"default","system_fingerprint":"fp"})";
  upstream_.pieces = {answer};
  const Cost cost = loop_.wait_for(answer_all(&gateway_, calls(false, kWarmUp), calls(false, kMeasured)));
  tell(cost);
  if (testing::kCountsAllocations) {
    EXPECT_GT(cost.allocations, 1) << "it does count";
  }
  if (!kHasCeilings) return;
  EXPECT_LE(cost.allocations, kWholeAllocationsMax);
  EXPECT_LE(cost.bytes, kWholeBytesMax);
}

TEST_F(RelayCost, AnEventOfAStreamStaysUnderItsCeiling) {
  upstream_.content_type = "text/event-stream";
  for (int i = 0; i < kWarmUp + kMeasured + 20; ++i)
    upstream_.pieces.push_back(
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word "},"logprobs":null,"finish_reason":null}]})"
        "\n\n");
  const Cost cost = loop_.wait_for(read_all(&gateway_, call(true)));
  tell(cost);
  if (!kHasCeilings) return;
  EXPECT_LE(cost.allocations, kEventAllocationsMax);
  EXPECT_LE(cost.bytes, kEventBytesMax);
}

}  // namespace
}  // namespace atelier::model
