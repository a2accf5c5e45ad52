// Which summary goes before what there is room for of a branch.
#include "studio/chat/summaries.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace atelier::studio {
namespace {

using testing::ElementsAre;

store::SummaryRow summary(std::int64_t upto, std::int64_t tokens = 10) {
  return {.upto = upto, .model = "m", .tokens = tokens, .text = "in short", .created_ms = 0};
}
// A branch's end: these messages, each following the one before it, the first following `parent`. A hundred tokens
// each.
std::vector<ThreadMessage> branch(std::int64_t parent, std::vector<std::int64_t> numbers) {
  std::vector<ThreadMessage> messages;
  for (const std::int64_t number : numbers) {
    ThreadMessage message;
    message.number = number;
    message.parent = parent;
    message.parts.emplace_back(part::Text{std::string(400, 'x')});
    parent = number;
    messages.push_back(std::move(message));
  }
  return messages;
}
std::vector<std::int64_t> numbers(const std::vector<ThreadMessage>& messages) {
  std::vector<std::int64_t> all;
  for (const ThreadMessage& one : messages) all.push_back(one.number);
  return all;
}

TEST(FittingSummary, EndsRightBeforeOrWithinWhatIsSent) {
  const auto cut = branch(6, {7, 9, 12});
  EXPECT_EQ(fitting_summary({summary(4), summary(6), summary(7)}, cut, 1'000)->upto, 6);
  EXPECT_EQ(fitting_summary({summary(4), summary(9)}, cut, 1'000)->upto, 9);
  EXPECT_FALSE(fitting_summary({summary(4)}, cut, 1'000)) << "turns would be missing";
  EXPECT_FALSE(fitting_summary({summary(8), summary(10)}, cut, 1'000)) << "of other branches";
  EXPECT_FALSE(fitting_summary({summary(12)}, cut, 1'000)) << "nothing would be asked";
  EXPECT_FALSE(fitting_summary({}, cut, 1'000));
}

TEST(FittingSummary, IsForNoBranchThatIsSentWhole) {
  EXPECT_FALSE(fitting_summary({summary(1), summary(2)}, branch(0, {1, 2, 3}), 1'000));
  EXPECT_FALSE(fitting_summary({summary(1)}, {}, 1'000));
}

TEST(FittingSummary, HasRoomBesideTheRest) {
  const auto cut = branch(6, {7, 9, 12});
  std::int64_t all = 0;
  for (const ThreadMessage& one : cut) all += estimate_tokens(one.parts);
  EXPECT_EQ(fitting_summary({summary(6, 50), summary(7, 50)}, cut, all + 50)->upto, 6);
  EXPECT_EQ(fitting_summary({summary(6, 50), summary(7, 50)}, cut, all + 49)->upto, 7);
  EXPECT_FALSE(fitting_summary({summary(6, all)}, cut, all));
}

TEST(FittingSummary, StandsInPlaceOfWhatItTellsOf) {
  auto messages = branch(6, {7, 9, 12});
  put_summary(summary(9), messages);
  EXPECT_THAT(numbers(messages), ElementsAre(0, 12));
  EXPECT_EQ(messages.front().role, MessageRole::system);
  EXPECT_NE(text_of(messages.front()).find("in short"), std::string::npos);
  messages = branch(6, {7, 9});
  put_summary(summary(6), messages);
  EXPECT_THAT(numbers(messages), ElementsAre(0, 7, 9));
}

// In any tree: what it tells of and what is sent are the whole branch, each message once.
TEST(FittingSummary, IsOfExactlyTheBranchsBeginning) {
  std::mt19937 random(1);
  const auto below = [&](std::int64_t end) { return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random); };
  int used = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::vector<std::int64_t> parents{0};
    for (std::int64_t number = 1; number < 20; ++number) parents.push_back(below(4) == 0 ? below(number) : number - 1);
    std::vector<std::int64_t> whole;
    for (std::int64_t at = 1 + below(19); at != 0; at = parents[static_cast<std::size_t>(at)])
      whole.insert(whole.begin(), at);
    const auto kept = static_cast<std::ptrdiff_t>(1 + below(static_cast<std::int64_t>(whole.size())));
    const std::vector<std::int64_t> end(whole.end() - kept, whole.end());
    auto messages = branch(parents[static_cast<std::size_t>(end.front())], end);
    std::vector<store::SummaryRow> all;
    for (std::int64_t number = 1; number < 20; ++number)
      if (below(3) == 0) all.push_back(summary(number));
    const auto chosen = fitting_summary(all, messages, 100'000);
    if (!chosen) continue;
    ++used;
    put_summary(*chosen, messages);
    const auto told = std::ranges::find(whole, chosen->upto);
    ASSERT_NE(told, whole.end()) << "it is of another branch";
    std::vector<std::int64_t> rest(told + 1, whole.end());
    rest.insert(rest.begin(), 0);
    ASSERT_EQ(numbers(messages), rest);
  }
  EXPECT_GT(used, 500);
}

}  // namespace
}  // namespace atelier::studio
