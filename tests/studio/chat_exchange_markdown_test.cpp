// Threads for reading.
#include "tests/studio/chat_exchange.hpp"

namespace atelier::studio {
namespace {

TEST(ChatExchange, MarkdownShowsTheShownBranch) {
  const Import import = imported(file_bytes("chatgpt.json"));
  EXPECT_EQ(to_markdown(import.threads[0]), R"md(# Sourdough in a cold kitchen

- Model: gpt-5-thinking
- Begun: 2025-08-25 05:33:20 UTC

## System prompt

I bake at home.

Metric units, please.

## User · 2025-08-25 05:33:21 UTC

[image]

My dough does not rise at 16 °C. How long should it stand?

[file: log.csv]

## Assistant · gpt-5-thinking · 2025-08-25 05:33:22 UTC

<details>
<summary>Reasoning</summary>

**Looking at the log**

Temperature halves the speed.

</details>

**Call of python**

```json
{"input":"print(4 * 2)"}
```

**Result of python**

```
8
```

<details>
<summary>Reasoning</summary>

Thought for 4s

</details>

About eight hours. ([Dough times](https://bread.example/times))

```text
16 °C: 8 h
```

- [Dough times](<https://bread.example/times>)

## User · 2025-08-25 06:33:20 UTC

Thank you!
)md");
  ;
}

TEST(ChatExchange, MarkdownKeepsCodeAndClosesWhatWasCutOff) {
  ImportedThread thread{.title = "# A *title*\nof two lines", .head = 1};
  thread.messages.push_back({.number = 1,
                             .role = MessageRole::assistant,
                             .state = MessageState::failed,
                             .parts = {part::Reasoning{.text = "</details> no end"}, part::Text{"````c\n```\nint a;"},
                                       part::ToolResult{.id = "1", .name = "cat", .text = "```\n", .is_error = true},
                                       part::Citation{.title = "a](b", .url = "https://e.org/a b>c"},
                                       part::Failure{.code = "overloaded", .message = "try\nlater"}}});
  EXPECT_EQ(to_markdown(thread), R"md(# \# A \*title\* of two lines

## Assistant

<details>
<summary>Reasoning</summary>

&lt;/details> no end

</details>

````c
```
int a;
````

**Error of cat**

````
```
````

- [a\](b](<https://e.org/a%20b%3Ec>)

> **Error** (overloaded): try later

*It ended with an error.*
)md");
  ;
}

}  // namespace
}  // namespace atelier::studio
