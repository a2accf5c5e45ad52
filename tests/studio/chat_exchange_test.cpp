#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "base/text.hpp"
#include "studio/chat/exchange/imported_thread.hpp"
#include "studio/chat/thread.hpp"

namespace atelier::studio {
namespace {

std::string file_bytes(const std::string& name) {
  std::ifstream file(ATELIER_SOURCE_DIR "/tests/data/chat/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Import imported(std::string_view bytes) {
  auto import = read_export(bytes);
  if (!import) throw std::runtime_error(import.error().describe());
  return std::move(*import);
}

Error refused(std::string_view bytes) {
  auto import = read_export(bytes);
  if (import) throw std::runtime_error("the file was taken");
  return import.error();
}

struct PartInWords {
  std::string operator()(const part::Text& text) const { return fmt::format("text({})", text.text); }
  std::string operator()(const part::Reasoning& thought) const { return fmt::format("reasoning({})", thought.text); }
  std::string operator()(const part::Image& image) const { return fmt::format("image({})", image.asset.to_string()); }
  std::string operator()(const part::File& file) const { return fmt::format("file({})", file.name); }
  std::string operator()(const part::ToolCall& call) const {
    return fmt::format("call({} {} {})", call.id, call.name, call.arguments);
  }
  std::string operator()(const part::ToolResult& result) const {
    return fmt::format("result({} {} {}{})", result.id, result.name, result.text, result.is_error ? " error" : "");
  }
  std::string operator()(const part::Failure& failure) const { return fmt::format("failure({})", failure.message); }
  std::string operator()(const part::Citation& citation) const {
    return fmt::format("citation({} {})", citation.title, citation.url);
  }
};

// "2<1 assistant stopped: text(About a day)": number, parent, role, state where it is not complete, parts.
std::string in_words(const ThreadMessage& message) {
  std::string words = fmt::format("{}<{} {}", message.number, message.parent, to_string(message.role));
  if (message.state != MessageState::complete) words += fmt::format(" {}", to_string(message.state));
  words += ':';
  for (const MessagePart& one : message.parts) words += ' ' + std::visit(PartInWords(), one);
  return words;
}

std::vector<std::string> in_words(const ImportedThread& thread) {
  std::vector<std::string> words;
  for (const ThreadMessage& message : thread.messages) words.push_back(in_words(message));
  return words;
}

std::vector<std::string> in_words(const std::vector<Skipped>& skipped) {
  std::vector<std::string> words;
  for (const Skipped& one : skipped) words.push_back(fmt::format("{}: {}", one.where, one.reason));
  return words;
}

// What holds of every thread that is taken, whatever the file was.
void expect_sound(const ImportedThread& thread) {
  std::vector<bool> has_children(thread.messages.size() + 1);
  for (std::size_t index = 0; index < thread.messages.size(); ++index) {
    const ThreadMessage& message = thread.messages[index];
    ASSERT_EQ(message.number, static_cast<std::int64_t>(index) + 1);
    ASSERT_GE(message.parent, 0);
    ASSERT_LT(message.parent, message.number);
    has_children[static_cast<std::size_t>(message.parent)] = true;
    ASSERT_NE(message.state, MessageState::answering);
    ASSERT_NE(message.state, MessageState::queued);
    if (message.state == MessageState::failed) {
      ASSERT_TRUE(!message.parts.empty() && std::holds_alternative<part::Failure>(message.parts.back()));
    }
    // What is stored can be read again, and what a caller sends within its limits, too.
    const store::MessageRow row = to_row(message, ThreadId(), UserId());
    const auto parts = json::parse(row.parts);
    ASSERT_TRUE(parts.has_value());
    const auto read = parse_parts(parts->get_array(), "/parts", PartsFrom::import);
    ASSERT_TRUE(read.has_value()) << read.error().describe();
    ASSERT_TRUE(from_row(row).has_value());
  }
  ASSERT_EQ(thread.head > 0, !thread.messages.empty());
  ASSERT_LE(thread.head, std::ssize(thread.messages));
  if (thread.head > 0) {
    ASSERT_FALSE(has_children[static_cast<std::size_t>(thread.head)]) << "the head is a leaf";
  }
  ASSERT_LE(thread.title.size(), kThreadTitleBytesMax);
  ASSERT_LE(thread.system.size(), kSystemBytesMax);
  ASSERT_LE(thread.tags.size(), kThreadTagsMax);
}

void expect_same(const ImportedThread& left, const ImportedThread& right) {
  EXPECT_EQ(left.title, right.title);
  EXPECT_EQ(left.system, right.system);
  EXPECT_EQ(left.model, right.model);
  EXPECT_EQ(left.tags, right.tags);
  EXPECT_EQ(left.is_pinned, right.is_pinned);
  EXPECT_EQ(left.is_archived, right.is_archived);
  EXPECT_EQ(left.created_ms, right.created_ms);
  EXPECT_EQ(left.used_ms, right.used_ms);
  EXPECT_EQ(left.head, right.head);
  ASSERT_EQ(left.messages.size(), right.messages.size());
  for (std::size_t index = 0; index < left.messages.size(); ++index) {
    const store::MessageRow a = to_row(left.messages[index], ThreadId(), UserId());
    const store::MessageRow b = to_row(right.messages[index], ThreadId(), UserId());
    EXPECT_EQ(a.number, b.number);
    EXPECT_EQ(a.parent, b.parent);
    EXPECT_EQ(a.role, b.role);
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.model, b.model);
    EXPECT_EQ(a.created_ms, b.created_ms);
    EXPECT_EQ(a.parts, b.parts);
    EXPECT_EQ(a.report, b.report);
  }
}

using Words = std::vector<std::string>;

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

TEST(ChatExchange, AnExportMayHoldThreadsOfSeveralProducts) {
  const std::string both =
      fmt::format("\xef\xbb\xbf[{}, 7, {{\"a\": 1}}, {}]", file_bytes("librechat-flat.json"),
                  json::write(to_export_json(imported(file_bytes("librechat-tree.json")).threads[0])));
  const Import import = imported(both);
  EXPECT_EQ(import.threads.size(), 2U);
  EXPECT_EQ(in_words(import.skipped),
            (Words{"/1: is a thread of none of the known products", "/2: is a thread of none of the known products"}));
}

TEST(ChatExchange, WhatIsNoneOfTheProductsIsRefusedAndToldWhatWasLookedFor) {
  for (const std::string_view bytes : {"{}", "7", "[1, 2]", "[{\"messages\": []}]", "PK\x03\x04zip"}) {
    const Error error = refused(bytes);
    EXPECT_EQ(error.reason, "export_unknown") << bytes;
    for (const std::string_view name : {"ChatGPT", "Open WebUI", "LibreChat", "atelier-thread"})
      EXPECT_TRUE(error.message.contains(name)) << error.message;
  }
  EXPECT_TRUE(refused("PK\x03\x04zip").message.contains("unpack it"));
  for (const std::string_view bytes : {"", "{", "[] []", "[\"\xff\"]", "{\"a\":1,\"a\":2}"})
    EXPECT_EQ(refused(bytes).reason, "export_invalid") << bytes;
  EXPECT_TRUE(imported("[]").threads.empty());
}

TEST(ChatExchange, AFileOverTheLimitIsRefusedUnread) {
  const std::string bytes(kExportBytesMax + 1, ' ');
  EXPECT_EQ(refused(bytes).code, ErrorCode::too_large);
}

// An Open WebUI chat of these (id, parent) pairs; the last is shown.
std::string chat_of(const std::vector<std::pair<std::string, std::string>>& messages, std::string_view shown) {
  json::Object by_id;
  for (const auto& [id, parent] : messages)
    by_id[id] = json::Object{{"role", "user"}, {"content", id}, {"parentId", parent}, {"timestamp", 1'751'000'000}};
  return json::write(json::Object{
      {"chat", json::Object{{"history", json::Object{{"messages", std::move(by_id)}, {"currentId", shown}}}}}});
}

TEST(ChatExchange, CyclesAndOrphansBeginTheThreadAnew) {
  const Import import =
      imported(chat_of({{"a", "c"}, {"b", "a"}, {"c", "b"}, {"d", "c"}, {"lone", "nobody"}, {"self", "self"}}, "gone"));
  ASSERT_EQ(import.threads.size(), 1U);
  EXPECT_EQ(in_words(import.threads[0]), (Words{"1<0 user: text(a)", "2<1 user: text(b)", "3<2 user: text(c)",
                                                "4<3 user: text(d)", "5<0 user: text(lone)", "6<0 user: text(self)"}));
  const std::string messages = "/chat/history/messages";
  EXPECT_EQ(in_words(import.skipped),
            (Words{messages + "/lone: its parent \"nobody\" is not in the file: it begins the thread anew",
                   messages + "/a: follows itself: it begins the thread anew",
                   messages + "/self: follows itself: it begins the thread anew",
                   "/chat/history/currentId: names \"gone\", which is not in the file: the latest message is shown"}));
  expect_sound(import.threads[0]);
}

TEST(ChatExchange, TheShownMessageIsFollowedToItsNewestLeaf) {
  const Import import = imported(chat_of({{"a", ""}, {"b", "a"}, {"c", "a"}, {"d", "b"}, {"e", "b"}}, "b"));
  EXPECT_EQ(in_words(import.threads[0].messages[static_cast<std::size_t>(import.threads[0].head - 1)]),
            "4<2 user: text(e)");
}

TEST(ChatExchange, ALongChainIsReadInAnyOrder) {
  std::vector<std::pair<std::string, std::string>> chain;
  for (std::size_t number = kThreadMessagesMax; number > 0; --number)
    chain.emplace_back(std::to_string(number), number == 1 ? "" : std::to_string(number - 1));
  const Import import = imported(chat_of(chain, "1"));
  ASSERT_EQ(import.threads.size(), 1U);
  EXPECT_EQ(import.threads[0].head, static_cast<std::int64_t>(kThreadMessagesMax));
  EXPECT_EQ(text_of(import.threads[0].messages[41]), "42");
  chain.emplace_back("one more", "1");
  const Import over = imported(chat_of(chain, "1"));
  EXPECT_TRUE(over.threads.empty());
  EXPECT_EQ(in_words(over.skipped), (Words{": has 100001 messages, more than 100000"}));
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

TEST(ChatExchange, LongTextsAreSplitAndWhatIsTooMuchIsTold) {
  std::string text;
  while (text.size() <= kPartBytesMax) text += "ö";
  const auto file = [](std::string_view said) {
    return json::write(json::Object{
        {"conversationId", "c"},
        {"messages", json::Array{json::Object{{"messageId", "1"}, {"isCreatedByUser", true}, {"text", said}}}}});
  };
  const Import split = imported(file(text + "x"));
  ASSERT_EQ(split.threads[0].messages[0].parts.size(), 2U);
  EXPECT_EQ(text_of(split.threads[0].messages[0]).size(), text.size() + 2) << "nothing is lost but for a line's end";
  EXPECT_TRUE(split.skipped.empty());
  expect_sound(split.threads[0]);

  const Import cut = imported(file(text + text + text));
  expect_sound(cut.threads[0]);
  EXPECT_EQ(in_words(cut.skipped),
            (Words{"/messages/0: has more than 1000 parts or 8 MiB: the rest of it is left out"}));
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

TEST(ChatExchange, HalvesOfCharactersAreMendedAndWholeOnesKept) {
  const Import import = imported(
      R"({"conversationId":"c","messages":[{"text":"\ud83d\ude00 \\ud83d \ud83d cut \ude00","isCreatedByUser":true}]})");
  EXPECT_EQ(in_words(import.threads[0]),
            (Words{"1<0 user: text(\xf0\x9f\x98\x80 \\ud83d \xef\xbf\xbd cut \xef\xbf\xbd)"}));
  EXPECT_EQ(in_words(import.skipped), (Words{": 2 halves of characters were replaced by U+FFFD"}));
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

TEST(ChatExchange, MarkupFullOfBeginningsIsReadInOneGo) {
  std::string text;
  for (const std::string_view piece :
       {"<details ", "<details type=\"reasoning\">", "`", "&", "<details a=\"", "\xee\x88\x80"})
    for (std::size_t size = 0; size < 500'000; size += piece.size()) text += piece;
  const auto file = json::write(json::Array{
      json::Object{
          {"chat", json::Object{{"messages", json::Array{json::Object{{"role", "assistant"}, {"content", text}}}}}}},
      json::Object{
          {"mapping",
           json::Object{
               {"a", json::Object{{"message",
                                   json::Object{{"author", json::Object{{"role", "assistant"}}},
                                                {"content", json::Object{{"content_type", "code"}, {"text", text}}}}}}},
               {"b",
                json::Object{{"message", json::Object{{"author", json::Object{{"role", "user"}}},
                                                      {"content", json::Object{{"content_type", "text"},
                                                                               {"parts", json::Array{text}}}}}}}}}}}});
  const Import import = imported(file);
  ASSERT_EQ(import.threads.size(), 2U);
  EXPECT_EQ(text_of(import.threads[0].messages[0]), text);
  EXPECT_GT(to_markdown(import.threads[1]).size(), text.size());
}

TEST(ChatExchange, FactsAreCutToTheLimitsOfThreadsAndThenStaySo) {
  json::Array tags{" twice", "twice ", ""};
  for (std::size_t count = 0; count < kThreadTagsMax; ++count)
    tags.emplace_back(std::string(kTagBytesMax - 1, 'x') + fmt::format(" {}", count));
  const Import import = imported(json::write(json::Object{
      {"conversationId", "c"},
      {"title", " " + std::string(kThreadTitleBytesMax - 1, 't') + " t"},
      {"tags", std::move(tags)},
      {"options", json::Object{{"promptPrefix", std::string(kSystemBytesMax + 1, 's')}}},
      {"messages", json::Array{json::Object{{"text", "q"}, {"model", std::string(kModelNameBytesMax + 1, 'm')}}}}}));
  ASSERT_EQ(import.threads.size(), 1U);
  const ImportedThread& thread = import.threads[0];
  expect_sound(thread);
  EXPECT_EQ(thread.title, std::string(kThreadTitleBytesMax - 1, 't'));
  EXPECT_EQ(thread.tags, (Words{"twice", std::string(kTagBytesMax - 1, 'x')}));
  EXPECT_EQ(thread.messages[0].model.size(), kModelNameBytesMax);
  EXPECT_GT(import.skipped.size(), 4U);
  expect_same(imported(json::write(to_export_json(thread))).threads.at(0), thread);
}

TEST(ChatExchange, NoMoreComplaintsThanAnybodyReads) {
  json::Array threads;
  for (int index = 0; index < 2'000; ++index) threads.push_back(json::Object{{"mapping", index}});
  const Import import = imported(json::write(threads));
  ASSERT_EQ(import.skipped.size(), kSkippedMax + 1);
  EXPECT_EQ(import.skipped.back().reason, "1000 more are not listed");
}

// --- our own

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

// --- wrong types everywhere

// Puts something else in the place of one value in the tree.
void spoil(json::Value& value, std::mt19937& random) {
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  if (json::Object* object = value.if_object(); object && !object->empty() && below(8) != 0) {
    auto field = object->begin() + static_cast<std::ptrdiff_t>(below(object->size()));
    return spoil(field->value(), random);
  }
  if (json::Array* array = value.if_array(); array && !array->empty() && below(8) != 0)
    return spoil((*array)[below(array->size())], random);
  const json::Value others[] = {
      nullptr, true, -1, 1e300, "text", "", json::Array{}, json::Object{}, json::Array{7}, json::Object{{"id", 7}},
      "m1"};
  value = others[below(std::size(others))];
}

TEST(ChatExchange, FilesWithWrongTypesAnywhereGiveSoundThreadsOrAPlainRefusal) {
  for (const std::string name : {"chatgpt.json", "open-webui.json", "librechat-tree.json", "librechat-flat.json"}) {
    const std::string bytes = file_bytes(name);
    for (std::uint32_t seed = 0; seed < 400; ++seed) {
      SCOPED_TRACE(fmt::format("{} {}", name, seed));
      std::mt19937 random(seed);
      auto value = json::parse(bytes);
      ASSERT_TRUE(value.has_value());
      for (std::uint32_t times = 0; times <= seed % 12; ++times) spoil(*value, random);
      const auto import = read_export(json::write(*value));
      if (!import) {
        EXPECT_EQ(import.error().reason, "export_unknown");
        continue;
      }
      for (const ImportedThread& thread : import->threads) {
        expect_sound(thread);
        const Import again = imported(json::write(to_export_json(thread)));
        ASSERT_EQ(again.threads.size(), 1U);
        expect_same(again.threads[0], thread);
        EXPECT_TRUE(is_valid_utf8(to_markdown(thread)));
      }
      for (const Skipped& one : import->skipped) EXPECT_TRUE(is_valid_utf8(one.reason) && !one.reason.empty());
      if (HasFailure()) return;
    }
  }
}

// --- for people

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
