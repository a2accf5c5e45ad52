#include <gtest/gtest.h>

#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"
#include "tests/model/random_openai.hpp"

// What an adapter writes the face of its protocol reads, and the other way round.
namespace atelier::model {
namespace {

using testing::describe;
using testing::RandomOpenai;

constexpr unsigned kRounds = 400;
const AnswerHead kHead{.id = "ours", .model = "asked-for", .created_s = 1};

class OpenaiRoundTrip : public ::testing::TestWithParam<Protocol> {
 protected:
  const ChatAdapter& adapter() const { return adapter_for(GetParam()); }
  const ChatFace& face() const {
    return GetParam() == Protocol::openai_chat ? openai_chat_face() : openai_responses_face();
  }
  RandomOpenai random(unsigned seed) const { return {seed, GetParam()}; }
  std::string stream_of(const std::vector<ChatEvent>& events, const ChatRequest& request = {}) const {
    const auto writer = face().make_writer(request, kHead);
    std::string out;
    for (const ChatEvent& event : events) out += writer->write(event);
    return out;
  }
  // A server that takes all there is.
  static Target generous(std::string model) {
    return {.base_url = "http://p/v1",
            .model = std::move(model),
            .quirks = {.takes_reasoning_back = true,
                       .has_top_k = true,
                       .has_reasoning_object = true,
                       .takes_cache_control = true}};
  }
};

TEST_P(OpenaiRoundTrip, ARequestArrivesAsItWas) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatRequest request = random(seed).request();
    const auto wire = adapter().request(request, generous(request.model));
    ASSERT_TRUE(wire) << wire.error().describe();
    const auto read = face().read_request(json::parse(wire->body).value());
    ASSERT_TRUE(read) << read.error().describe() << wire->body;
    ASSERT_EQ(describe(*read), describe(request)) << seed << wire->body;
  }
}

TEST_P(OpenaiRoundTrip, AWholeAnswerArrivesAsItWas) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatAnswer answer = random(seed).answer();
    const std::string body = face().write_answer(answer, {}, kHead);
    const auto read = adapter().read_answer({.status = 200, .headers = {}}, body, {});
    ASSERT_TRUE(read) << read.error().message << body;
    ASSERT_EQ(describe(*read), describe(answer)) << seed << body;
    ASSERT_EQ(adapter().glance(200, body, {}).value(), answer.usage);
  }
}

TEST_P(OpenaiRoundTrip, AStreamTellsWhatTheWholeAnswerTells) {
  ChatRequest asked;
  asked.wants_usage = true;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatAnswer answer = random(seed).answer();
    const std::string stream = stream_of(events_of(answer), asked);
    const auto told = testing::feed_whole(adapter(), stream);
    ASSERT_TRUE(told.has_ended) << stream;
    ASSERT_EQ(told.skipped, 0U) << stream;
    ASSERT_EQ(describe(told.answer), describe(answer)) << seed << stream;
  }
  for (unsigned seed = 0; seed < 20; ++seed)
    testing::feed(adapter(), stream_of(events_of(random(seed).answer()), asked));
}

TEST_P(OpenaiRoundTrip, ToolCallsMayInterleave) {
  ChatRequest asked;
  asked.wants_usage = true;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    RandomOpenai source = random(seed);
    ChatAnswer answer = source.answer();
    answer.choices.resize(1);
    const std::string stream = stream_of(testing::interleaved(answer, source.random()), asked);
    const auto told = testing::feed_whole(adapter(), stream);
    ASSERT_TRUE(told.has_ended);
    ASSERT_EQ(told.skipped, 0U) << stream;
    ASSERT_EQ(describe(told.answer), describe(answer)) << seed << stream;
  }
}

// A watch sees of a relayed stream what a reader reads.
TEST_P(OpenaiRoundTrip, AWatchSeesTheSame) {
  ChatRequest asked;
  asked.wants_usage = true;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatAnswer answer = random(seed).answer();
    std::string stream = stream_of(events_of(answer), asked);
    const auto watch = adapter().make_watch(asked, {});
    std::size_t finishes = 0;
    bool is_terminal = false;
    for (std::string_view rest = stream; !rest.empty();) {
      const std::size_t end = rest.find("\n\n");
      const std::string_view event = rest.substr(0, end);
      rest.remove_prefix(end + 2);
      const std::size_t data = event.starts_with("data: ") ? 0 : event.find("\ndata: ") + 1;
      const auto seen = watch->take(data == 0 ? "" : event.substr(7, data - 8), event.substr(data + 6));
      ASSERT_FALSE(seen.is_unreadable) << event;
      finishes += seen.is_finish;
      is_terminal = is_terminal || seen.is_terminal;
    }
    ASSERT_EQ(finishes, answer.choices.size());
    ASSERT_TRUE(is_terminal);
    ASSERT_EQ(watch->usage(), answer.usage);
  }
}

TEST_P(OpenaiRoundTrip, BrokenBytesNeverCrash) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomOpenai source = random(seed);
    std::string stream = stream_of(events_of(source.answer()));
    std::string body = adapter().request(source.request(), generous("m"))->body;
    std::string whole = face().write_answer(source.answer(), {}, kHead);
    for (std::string* text : {&stream, &body, &whole}) {
      for (std::size_t i = 1 + source.random().below(5); i > 0; --i) {
        const std::size_t at = source.random().below(text->size());
        switch (source.random().below(3)) {
          case 0:
            (*text)[at] = static_cast<char>(source.random().below(256));
            break;
          case 1:
            text->erase(at, source.random().below(40));
            break;
          default:
            text->insert(at, text->substr(source.random().below(text->size()), source.random().below(40)));
        }
      }
    }
    testing::feed_whole(adapter(), stream);
    adapter().make_watch({}, {})->take({}, stream.substr(0, 200));
    if (const auto parsed = json::parse(body)) (void)face().read_request(*parsed);
    (void)adapter().relay(body, {}, generous("m"));
    (void)adapter().read_answer({.status = 200, .headers = {}}, whole, {});
    (void)adapter().glance(200, whole, {});
  }
}

INSTANTIATE_TEST_SUITE_P(Both, OpenaiRoundTrip, ::testing::Values(Protocol::openai_chat, Protocol::openai_responses),
                         [](const auto& one) { return std::string(to_string(one.param)); });

// A stream's last event repeats the whole answer, byte for byte.
TEST(OpenaiResponsesRoundTrip, AStreamEndsWithTheWholeAnswer) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    const ChatAnswer answer = RandomOpenai(seed, Protocol::openai_responses).answer();
    const auto writer = openai_responses_face().make_writer({}, kHead);
    std::string out;
    for (const ChatEvent& event : events_of(answer)) out = writer->write(event);
    const json::Value last = json::parse(std::string_view(out).substr(out.find("\ndata: ") + 7)).value();
    ASSERT_EQ(json::write(last.at("response")), openai_responses_face().write_answer(answer, {}, kHead)) << seed;
  }
}

}  // namespace
}  // namespace atelier::model
