// Our own exports: what leaves comes back as it was.
#include "tests/studio/chat_exchange.hpp"

#include <random>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

class RandomThread {
 public:
  explicit RandomThread(std::uint32_t seed) : random_(seed) {}

  ImportedThread make() {
    ImportedThread thread{.title = words(),
                          .system = words(),
                          .model = words(),
                          .is_pinned = chance(2),
                          .is_archived = chance(2),
                          .created_ms = time(),
                          .used_ms = time()};
    for (int count = below(4); count > 0; --count) thread.tags.push_back(fmt::format("tag {}", count));
    for (int count = below(40), number = 1; number <= count; ++number) thread.messages.push_back(message(number));
    std::vector<bool> has_children(thread.messages.size() + 1);
    for (const ThreadMessage& one : thread.messages) has_children[static_cast<std::size_t>(one.parent)] = true;
    std::vector<std::int64_t> leaves;
    for (const ThreadMessage& one : thread.messages)
      if (!has_children[static_cast<std::size_t>(one.number)]) leaves.push_back(one.number);
    if (!leaves.empty()) thread.head = leaves[static_cast<std::size_t>(below(static_cast<int>(leaves.size())))];
    return thread;
  }

 private:
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }
  bool chance(int of) { return below(of) == 0; }
  UnixMs time() { return 1'600'000'000'000 + below(1'000'000'000); }
  std::string words() {
    constexpr std::string_view kWords[] = {"ember", "tide", "Łódź", "😀", "a\"b", "<b>", "`x`", "\\u0041", "li\nne"};
    std::string text = "w";
    for (int count = below(5); count > 0; --count) text += fmt::format(" {}", kWords[below(std::size(kWords))]);
    return text;
  }
  MessagePart part() {
    switch (below(8)) {
      case 0:
        return part::Reasoning{.text = words(), .signature = chance(2) ? words() : ""};
      case 1:
        return part::Image{.asset = AssetId::make()};
      case 2:
        return part::File{.asset = AssetId::make(), .name = words(), .media_type = "text/plain"};
      case 3:
        return part::ToolCall{.id = words(), .name = words(), .arguments = "{\"a\": 1}"};
      case 4:
        return part::ToolResult{.id = words(), .name = words(), .text = words(), .is_error = chance(2)};
      case 5:
        return part::Failure{.code = words(), .message = words()};
      case 6:
        return part::Citation{.title = words(), .url = "https://example.org/" + std::to_string(below(9))};
      default:
        return part::Text{words()};
    }
  }
  ThreadMessage message(int number) {
    constexpr MessageState kClosed[] = {MessageState::complete, MessageState::stopped, MessageState::interrupted,
                                        MessageState::failed};
    ThreadMessage made{.number = number,
                       .parent = below(number),
                       .role = static_cast<MessageRole>(below(3)),
                       .state = kClosed[below(4)],
                       .parts = {},
                       .model = chance(2) ? words() : "",
                       .created_ms = time()};
    for (int count = below(4); count > 0; --count) made.parts.push_back(part());
    if (made.state == MessageState::failed) made.parts.push_back(part::Failure{.code = "failed", .message = words()});
    if (made.role == MessageRole::assistant) {
      if (chance(2)) made.report = {.candidate = words(), .provider = words(), .model = words()};
      if (chance(2)) made.report.usage = model::Usage{.input = below(1'000), .output = below(1'000)};
      if (chance(2)) made.report.cost = below(1'000'000);
      if (chance(2)) made.report.first_token_ms = below(1'000);
      if (chance(2)) made.report.total_ms = below(100'000);
      if (chance(2)) made.report.finish = "length";
    }
    return made;
  }

  std::mt19937 random_;
};

TEST(ChatExchange, AnyTreeComesBackAsItLeft) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const ImportedThread thread = RandomThread(seed).make();
    const Import import = imported(json::write(to_export_json(thread)));
    EXPECT_EQ(in_words(import.skipped), Words());
    ASSERT_EQ(import.threads.size(), 1U);
    expect_same(import.threads[0], thread);
    expect_sound(import.threads[0]);
    EXPECT_TRUE(is_valid_utf8(to_markdown(thread)));
    if (HasFailure()) return;
  }
}

TEST(ChatExchange, WhatIsStillBeingAnsweredIsInterruptedElsewhere) {
  ImportedThread thread{.title = "t", .created_ms = 1, .used_ms = 1, .head = 1};
  thread.messages.push_back({.number = 1,
                             .role = MessageRole::assistant,
                             .state = MessageState::answering,
                             .parts = {part::Text{"so f"}},
                             .created_ms = 1});
  std::string bytes = json::write(to_export_json(thread));
  EXPECT_EQ(in_words(imported(bytes).threads[0]), (Words{"1<0 assistant interrupted: text(so f)"}));
  // Nor may a file say so.
  bytes.replace(bytes.find("interrupted"), std::string_view("interrupted").size(), "answering");
  EXPECT_EQ(in_words(imported(bytes).threads[0]), (Words{"1<0 assistant interrupted: text(so f)"}));
}

TEST(ChatExchange, OurOwnMessagesThatCannotBeReadAreToldByPlaceAndTheirChildrenKept) {
  const Import import = imported(R"({"format": "atelier-thread", "version": 1, "head": 9, "messages": [
    {"number": 2, "role": "user", "state": "complete", "parts": [{"type": "text", "text": "kept"}]},
    {"number": 4, "parent": 2, "role": "assistant", "state": "complete", "parts": [{"type": "text", "txt": "x"}]},
    {"number": 5, "parent": 4, "role": "user", "state": "complete", "parts": []},
    {"number": 5, "parent": 4, "role": "user", "state": "complete", "parts": []},
    {"number": 6, "parent": 7, "role": "user", "state": "complete", "parts": []},
    {"number": 7, "parent": 6, "role": "king", "state": "complete", "parts": []},
    {"number": 8, "parent": 6, "role": "assistant", "state": "failed", "parts": [],
     "report": {"usage": {"input": -9223372036854775807, "output": 9223372036854775807}, "total_ms": -1}}]})");
  ASSERT_EQ(import.threads.size(), 1U);
  EXPECT_EQ(in_words(import.threads[0]), (Words{"1<0 user: text(kept)", "2<1 user:", "3<0 user:",
                                                "4<3 assistant failed: failure(The answer ended with an error.)"}));
  EXPECT_EQ(import.threads[0].messages[3].report.usage->input, 0);
  EXPECT_EQ(import.threads[0].messages[3].report.total_ms, std::nullopt);
  ASSERT_EQ(import.skipped.size(), 4U);
  EXPECT_TRUE(import.skipped[0].where.starts_with("/messages/1/parts/0")) << import.skipped[0].where;
  EXPECT_EQ(import.skipped[1].where, "/messages/3");
  EXPECT_EQ(import.skipped[2].where, "/messages/4/parent");
  EXPECT_EQ(import.skipped[3].where, "/messages/5/role");
  EXPECT_EQ(in_words(imported(R"([{"format": "atelier-thread", "version": 2}])").skipped),
            (Words{"/0/version: only version 1 can be read"}));
}

}  // namespace
}  // namespace atelier::studio
