#include "studio/chat/running_answer.hpp"

#include <gtest/gtest.h>

namespace atelier::studio {
namespace {

namespace event = model::event;

class RunningAnswerTest : public testing::Test {
 protected:
  void say(std::string text) { EXPECT_TRUE(answer_.take(event::Delta{.part = 0, .text = std::move(text)}, 1 << 20)); }
  static std::string text_of(const std::vector<MessagePart>& parts) {
    std::string all;
    for (const MessagePart& one : parts)
      if (const auto* text = std::get_if<part::Text>(&one)) all += text->text;
    return all;
  }
  // As a viewer does who reads and then hears: what it knows, and the number up to which.
  void hear(std::string& text, std::int64_t& seq) {
    const RunningAnswer::Telling telling = answer_.take_untold();
    if (telling.seq <= seq) return;
    for (const PartDelta& delta : telling.deltas) text += std::get<part::Text>(delta.piece).text;
    seq = telling.seq;
  }

  asio::io_context loop_;
  RunningAnswer answer_{loop_.get_executor(), Principal{}, ThreadId::make(), ThreadMessage{}};
};

TEST_F(RunningAnswerTest, WhoReadsItBetweenTwoTellingsHasEachWordOnce) {
  ASSERT_TRUE(answer_.take(event::PartStarted{.part = 0, .kind = event::PartKind::text}, 1 << 20));
  say("one ");
  EXPECT_EQ(text_of(answer_.look().parts), "") << "nobody was told of it yet";
  EXPECT_EQ(answer_.take_untold().seq, 1);
  say("two ");
  const ThreadMessage read = answer_.look();
  std::string text = text_of(read.parts);
  std::int64_t seq = read.seq;
  EXPECT_EQ(text, "one ");
  EXPECT_EQ(seq, 1);
  say("three ");
  hear(text, seq);
  EXPECT_EQ(text, "one two three ");
  EXPECT_EQ(seq, 2);
  EXPECT_EQ(text_of(answer_.look().parts), text);
}

TEST_F(RunningAnswerTest, ItsEndHasWhatNobodyWasToldOfAndThenWhatWentWrong) {
  ASSERT_TRUE(answer_.take(event::PartStarted{.part = 0, .kind = event::PartKind::text}, 1 << 20));
  say("one ");
  (void)answer_.take_untold();
  answer_.fail(atelier::fail(ErrorCode::unavailable, "it broke off").error());
  answer_.fail(atelier::fail(ErrorCode::unavailable, "and once more").error());
  say("two");
  const ThreadMessage ended = answer_.end(false);
  EXPECT_EQ(ended.state, MessageState::failed);
  EXPECT_EQ(text_of(ended.parts), "one two");
  ASSERT_EQ(ended.parts.size(), 2U);
  EXPECT_EQ(std::get<part::Failure>(ended.parts.back()).message, "it broke off");
}

}  // namespace
}  // namespace atelier::studio
