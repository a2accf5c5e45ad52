// Exports of LibreChat.
#include "tests/studio/chat_exchange.hpp"

namespace atelier::studio {
namespace {

TEST(ChatExchange, LibreChatIsReadNestedAndFlat) {
  const Import nested = imported(file_bytes("librechat-tree.json"));
  ASSERT_EQ(nested.threads.size(), 1U);
  const ImportedThread& thread = nested.threads[0];
  EXPECT_EQ(thread.title, "A shell question");
  EXPECT_EQ(thread.system, "You know shells.");
  EXPECT_EQ(thread.model, "claude-sonnet-4-5");
  EXPECT_EQ(in_words(thread),
            (Words{"1<0 user: text([image: terminal.png]) text(Where is python?)",
                   "2<1 assistant: reasoning(Look it up.) call(toolu_1 run {\"command\":\"which python3\"}) "
                   "result(toolu_1 run /usr/bin/python3) text(It is at `/usr/bin/python3`.)",
                   "3<2 user: text(thanks)", "4<1 assistant interrupted: reasoning(Short one.) text(Try `which`.)"}));
  EXPECT_EQ(thread.head, 4) << "the latest, where the export does not say which was shown";
  EXPECT_EQ(thread.messages[0].created_ms, 1'777'653'311'530);
  EXPECT_EQ(thread.created_ms, thread.messages[0].created_ms);

  const Import flat = imported(file_bytes("librechat-flat.json"));
  ASSERT_EQ(flat.threads.size(), 1U);
  EXPECT_EQ(in_words(flat.threads[0]), (Words{"1<0 user: text(One?)", "2<1 assistant: text(One.)",
                                              "3<1 assistant failed: failure(The service is overloaded)"}));
  EXPECT_TRUE(nested.skipped.empty() && flat.skipped.empty());
  expect_sound(thread);
  expect_sound(flat.threads[0]);
}

std::string nested_librechat(std::size_t depth) {
  std::string bytes = R"({"conversationId":"c","messagesTree":[)";
  for (std::size_t level = 0; level < depth; ++level)
    bytes += fmt::format(R"({{"messageId":"{}","text":"t","isCreatedByUser":true,"children":[)", level);
  for (std::size_t level = 0; level < depth; ++level) bytes += "]}";
  return bytes + "]}";
}

TEST(ChatExchange, DeepNestingIsReadAsFarAsTheStackAllows) {
  const Import import = imported(nested_librechat(4'000));
  ASSERT_EQ(import.threads.size(), 1U);
  EXPECT_EQ(import.threads[0].head, 4'000);
  EXPECT_EQ(refused(nested_librechat(100'000)).reason, "export_invalid");
}

}  // namespace
}  // namespace atelier::studio
