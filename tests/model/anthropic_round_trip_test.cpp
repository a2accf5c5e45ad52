#include <gtest/gtest.h>

#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"
#include "tests/model/random_chat.hpp"

namespace atelier::model {
namespace {

using testing::describe;
using testing::interleaved;
using testing::RandomChat;

constexpr unsigned kRounds = 400;
const AnswerHead kHead{.id = "ours", .model = "asked-for", .created_s = 1};

std::string stream_of(const std::vector<ChatEvent>& events) {
  const auto writer = anthropic_face().make_writer({}, kHead);
  std::string out;
  for (const ChatEvent& event : events) out += writer->write(event);
  return out;
}

TEST(AnthropicRoundTrip, ARequestWrittenIsReadAsItWas) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatRequest request = RandomChat(seed).request();
    const Target target{.base_url = "http://provider", .model = request.model};
    const auto wire = anthropic_adapter().request(request, target);
    ASSERT_TRUE(wire) << wire.error().describe();
    const auto body = json::parse(wire->body);
    ASSERT_TRUE(body);
    const auto read = anthropic_face().read_request(*body);
    ASSERT_TRUE(read) << read.error().describe() << wire->body;
    ASSERT_EQ(describe(*read), describe(request)) << seed;
  }
}

TEST(AnthropicRoundTrip, AnAnswerWrittenIsReadAsItWas) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatAnswer answer = RandomChat(seed).answer();
    const std::string body = anthropic_face().write_answer(answer, {}, kHead);
    const auto read = anthropic_adapter().read_answer({}, body, {});
    ASSERT_TRUE(read) << read.error().message << body;
    ASSERT_EQ(describe(*read), describe(answer)) << seed;
    const auto glanced = anthropic_adapter().glance(200, body, {});
    ASSERT_TRUE(glanced);
    ASSERT_EQ(*glanced, answer.usage);
  }
}

TEST(AnthropicRoundTrip, AStreamTellsWhatTheWholeAnswerTells) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatAnswer answer = RandomChat(seed).answer();
    const auto told = testing::feed_whole(anthropic_adapter(), stream_of(events_of(answer)));
    ASSERT_TRUE(told.has_ended);
    ASSERT_EQ(told.skipped, 0U);
    ASSERT_EQ(describe(told.answer), describe(answer)) << seed;
  }
  for (unsigned seed = 0; seed < 20; ++seed)
    testing::feed(anthropic_adapter(), stream_of(events_of(RandomChat(seed).answer())));
}

TEST(AnthropicRoundTrip, ToolCallsThatInterleaveBecomeBlocksThatDoNot) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    RandomChat random(seed);
    const ChatAnswer answer = random.answer();
    const std::string stream = stream_of(interleaved(answer, random));
    const auto told = testing::feed_whole(anthropic_adapter(), stream);
    ASSERT_TRUE(told.has_ended);
    ASSERT_EQ(told.skipped, 0U) << stream;
    ASSERT_EQ(describe(told.answer), describe(answer)) << seed << stream;
  }
}

TEST(AnthropicRoundTrip, BrokenBytesNeverCrash) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomChat random(seed);
    std::string stream = stream_of(events_of(random.answer()));
    std::string body = anthropic_adapter().request(random.request(), {.base_url = "http://p", .model = "m"})->body;
    std::string whole = anthropic_face().write_answer(random.answer(), {}, kHead);
    for (std::string* text : {&stream, &body, &whole}) {
      for (std::size_t i = 1 + random.below(5); i > 0; --i) {
        const std::size_t at = random.below(text->size());
        switch (random.below(3)) {
          case 0:
            (*text)[at] = static_cast<char>(random.below(256));
            break;
          case 1:
            text->erase(at, random.below(40));
            break;
          default:
            text->insert(at, text->substr(random.below(text->size()), random.below(40)));
        }
      }
    }
    testing::feed_whole(anthropic_adapter(), stream);
    const auto watch = anthropic_adapter().make_watch({}, {});
    watch->take({}, stream.substr(0, 200));
    if (const auto parsed = json::parse(body)) (void)anthropic_face().read_request(*parsed);
    (void)anthropic_adapter().read_answer({}, whole, {});
    (void)anthropic_adapter().glance(200, whole, {});
  }
}

}  // namespace
}  // namespace atelier::model
