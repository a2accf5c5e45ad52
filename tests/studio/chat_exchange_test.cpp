// What holds of exports of any product: what is taken, what is refused, and what is told of the rest.
#include "tests/studio/chat_exchange.hpp"

#include <random>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

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

TEST(ChatExchange, HalvesOfCharactersAreMendedAndWholeOnesKept) {
  const Import import = imported(
      R"({"conversationId":"c","messages":[{"text":"\ud83d\ude00 \\ud83d \ud83d cut \ude00","isCreatedByUser":true}]})");
  EXPECT_EQ(in_words(import.threads[0]),
            (Words{"1<0 user: text(\xf0\x9f\x98\x80 \\ud83d \xef\xbf\xbd cut \xef\xbf\xbd)"}));
  EXPECT_EQ(in_words(import.skipped), (Words{": 2 halves of characters were replaced by U+FFFD"}));
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

}  // namespace
}  // namespace atelier::studio
