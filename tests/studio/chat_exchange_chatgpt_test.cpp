// Exports of ChatGPT.
#include "tests/studio/chat_exchange.hpp"

namespace atelier::studio {
namespace {

TEST(ChatExchange, ChatGptConversationsKeepTheirTree) {
  const Import import = imported(file_bytes("chatgpt.json"));
  ASSERT_EQ(import.threads.size(), 2U);
  const ImportedThread& thread = import.threads[0];
  EXPECT_EQ(thread.title, "Sourdough in a cold kitchen");
  EXPECT_EQ(thread.system, "I bake at home.\n\nMetric units, please.");
  EXPECT_EQ(thread.model, "gpt-5-thinking");
  EXPECT_TRUE(thread.is_pinned);
  EXPECT_TRUE(thread.is_archived);
  EXPECT_EQ(thread.created_ms, 1'756'100'000'250);
  EXPECT_EQ(thread.used_ms, 1'756'103'600'500);
  EXPECT_EQ(thread.head, 3);
  EXPECT_EQ(in_words(thread),
            (Words{"1<0 user: text([image]) text(My dough does not rise at 16 °C. How long should it stand?) "
                   "text([file: log.csv])",
                   "2<1 assistant: reasoning(**Looking at the log**\n\nTemperature halves the speed.) "
                   "call(call python {\"input\":\"print(4 * 2)\"}) result(call python 8) reasoning(Thought for 4s) "
                   "text(About eight hours. ([Dough times](https://bread.example/times))\n\n```text\n16 °C: 8 h\n```) "
                   "citation(Dough times https://bread.example/times)",
                   "3<2 user: text(Thank you!)", "4<1 assistant stopped: text(About a day, if)"}));
  EXPECT_EQ(thread.messages[1].model, "gpt-5-thinking");
  EXPECT_EQ(thread.messages[1].created_ms, 1'756'100'002'500);
  EXPECT_EQ(thread.messages[1].report.finish, "stop");
  EXPECT_EQ(thread.messages[3].model, "gpt-5-mini");
  for (const ImportedThread& each : import.threads) expect_sound(each);
}

TEST(ChatExchange, WhatChatGptSaysThatIsNotKnownIsTold) {
  const Import import = imported(file_bytes("chatgpt.json"));
  EXPECT_EQ(in_words(import.threads[1]),
            (Words{"1<0 user: text(Paint a lighthouse.)",
                   "2<1 assistant: call(d dalle.text2im {}) result(d dalle.text2im Shown to the user.) "
                   "text([image: A lighthouse in oil])"}));
  EXPECT_EQ(import.threads[1].head, 2);
  EXPECT_EQ(in_words(import.skipped),
            (Words{"/1/mapping: must be an object of messages",
                   "/2/mapping/x/message: content of the unknown type \"hologram\" is left out"}));
}

TEST(ChatExchange, AnAnswerOfMoreThanAThousandPartsGoesOnInTheNextMessage) {
  json::Object mapping;
  for (int number = 0; number < 1'500; ++number)
    mapping[std::to_string(number)] = json::Object{
        {"parent", number == 0 ? "" : std::to_string(number - 1)},
        {"message",
         json::Object{{"author", json::Object{{"role", "assistant"}}},
                      {"content", json::Object{{"content_type", "text"}, {"parts", json::Array{"piece"}}}}}}};
  const Import import = imported(json::write(json::Array{json::Object{{"mapping", std::move(mapping)}}}));
  ASSERT_EQ(import.threads.size(), 1U);
  ASSERT_EQ(import.threads[0].messages.size(), 2U);
  EXPECT_EQ(import.threads[0].messages[0].parts.size(), 1'000U);
  EXPECT_EQ(import.threads[0].messages[1].parts.size(), 500U);
  expect_sound(import.threads[0]);
}

}  // namespace
}  // namespace atelier::studio
