// Exports of Open WebUI.
#include "tests/studio/chat_exchange.hpp"

namespace atelier::studio {
namespace {

TEST(ChatExchange, OpenWebUiChatsKeepTheirTree) {
  const Import import = imported(file_bytes("open-webui.json"));
  ASSERT_EQ(import.threads.size(), 3U);
  const ImportedThread& thread = import.threads[0];
  EXPECT_EQ(thread.title, "Fifteen times seventeen");
  EXPECT_EQ(thread.system, "Be brief.");
  EXPECT_EQ(thread.model, "qwen3:8b");
  EXPECT_EQ(thread.tags, (Words{"school", "sums"}));
  EXPECT_TRUE(thread.is_pinned);
  EXPECT_FALSE(thread.is_archived);
  EXPECT_EQ(thread.created_ms, 1'751'000'000'000);
  EXPECT_EQ(thread.head, 4);
  EXPECT_EQ(in_words(thread),
            (Words{"1<0 user: text([image: sum.png]) text(What is 15 × 17?)",
                   "2<1 assistant: reasoning(15 × 17 < 300\nIt is 255.) call(call_9 multiply {\"a\": 15, \"b\": 17}) "
                   "result(call_9 multiply 255) text(It is **255**.) citation(Tables https://sums.example/tables)",
                   "3<2 user: text(And in <details> of steps?)",
                   "4<3 assistant failed: failure(model requires more system memory)",
                   "5<1 assistant interrupted: text(I thi)"}));
  EXPECT_EQ(thread.messages[1].model, "qwen3:8b");
  ASSERT_TRUE(thread.messages[1].report.usage.has_value());
  EXPECT_EQ(thread.messages[1].report.usage->input, 21);
  EXPECT_EQ(thread.messages[1].report.usage->output, 60);
  EXPECT_EQ(in_words(import.threads[1]),
            (Words{"1<0 user: text(Rain in Porto?)",
                   "2<1 assistant: reasoning(Ask the service.) call(c1 get_weather {\"city\":\"Porto\"}) "
                   "result(c1  rain, 14 °C) text(Yes, at 14 °C.)"}));
  EXPECT_EQ(in_words(import.threads[2]), (Words{"1<0 user: text(Hello)", "2<1 assistant: text(Hello yourself.)"}));
  EXPECT_EQ(in_words(import.skipped), Words());
  for (const ImportedThread& each : import.threads) expect_sound(each);
}

TEST(ChatExchange, BlocksWithoutAnEndAreText) {
  const auto answer = [](std::string_view content) {
    return in_words(
        imported(json::write(json::Object{
                     {"chat", json::Object{{"messages",
                                            json::Array{json::Object{{"role", "assistant"}, {"content", content}}}}}}}))
            .threads.at(0));
  };
  EXPECT_EQ(answer("a <details type=\"reasoning\">\nb"),
            (Words{"1<0 assistant: text(a <details type=\"reasoning\">\nb)"}));
  EXPECT_EQ(answer("a <details><summary>s</summary>b</details> c"),
            (Words{"1<0 assistant: text(a <details><summary>s</summary>b</details> c)"}));
  EXPECT_EQ(answer("<details type=\"reasoning\">a <details>b</details> c</details>d"),
            (Words{"1<0 assistant: reasoning(a <details>b</details> c) text(d)"}));
  EXPECT_EQ(answer("x <details a=\"<details type=\"reasoning\" done=\"true\">y</details>z"),
            (Words{"1<0 assistant: text(x <details a=\") reasoning(y) text(z)"}));
}

}  // namespace
}  // namespace atelier::studio
