#include "model/guide/guide.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>

#include "base/json.hpp"
#include "model/guide/guide_server.hpp"
#include "model/guide/guide_upstream.hpp"
#include "model/guide/words.hpp"

namespace atelier::model {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

GuideAnswer ask(std::vector<std::string> questions) { return studio_guide().answer(questions); }

struct Expected {
  std::string question;
  std::vector<std::string> sections;  // any of them; empty: it must be said that nothing is known
};

std::vector<Expected> read_questions(const std::string& name) {
  std::ifstream file(std::string(ATELIER_SOURCE_DIR) + "/tests/data/guide/" + name);
  std::vector<Expected> all;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t bar = line.find(" | ");
    Expected one{.question = line.substr(0, bar), .sections = {}};
    for (std::size_t from = bar; from != std::string::npos; from = line.find(" or ", from + 1)) {
      const std::size_t begin = line.find('/', from);
      one.sections.push_back(line.substr(begin, line.find(' ', begin) - begin));
    }
    all.push_back(std::move(one));
  }
  return all;
}

// What a section of the manual says, quoted line by line.
bool stands_in_the_manual(std::string_view quoted) {
  for (const ManualPage& page : manual())
    for (const ManualSection& section : page.sections)
      if (section.text.find(quoted) != std::string::npos) return true;
  return false;
}

TEST(Guide, CitesTheSectionThatAnswers) {
  const auto questions = read_questions("known.txt");
  ASSERT_GE(questions.size(), 40U);
  for (const Expected& one : questions) {
    const GuideAnswer answer = ask({one.question});
    EXPECT_LE(answer.cited.size(), 2U) << one.question;
    EXPECT_TRUE(std::ranges::any_of(
        answer.cited,
        [&](const std::string& cited) { return std::ranges::find(one.sections, cited) != one.sections.end(); }))
        << one.question << "\n"
        << testing::PrintToString(answer.cited);
  }
}

TEST(Guide, SaysWhenItDoesNotKnow) {
  const auto questions = read_questions("unknown.txt");
  ASSERT_GE(questions.size(), 15U);
  for (const Expected& one : questions) {
    const GuideAnswer answer = ask({one.question});
    EXPECT_THAT(answer.cited, IsEmpty()) << one.question << "\n" << answer.text;
    EXPECT_THAT(answer.text, HasSubstr("I do not know")) << one.question;
    EXPECT_THAT(answer.text, HasSubstr("not a language model")) << one.question;
  }
}

TEST(Guide, QuotesTheManualAsItStands) {
  for (const Expected& one : read_questions("known.txt")) {
    const GuideAnswer answer = ask({one.question});
    std::istringstream lines(answer.text);
    std::size_t quoted_count = 0;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("> ")) continue;
      ++quoted_count;
      EXPECT_TRUE(stands_in_the_manual(std::string_view(line).substr(2))) << line;
    }
    EXPECT_GT(quoted_count, 0U) << one.question;
    for (const std::string& address : answer.cited) EXPECT_THAT(answer.text, HasSubstr("](" + address + ")"));
    EXPECT_LT(answer.text.size(), 12'000U) << one.question;
  }
}

TEST(Guide, AnswersTheSameTheSameWay) {
  EXPECT_EQ(ask({"How do I set up https?"}).text, ask({"How do I set up https?"}).text);
  EXPECT_EQ(ask({"HOW DO I SET UP HTTPS"}).text, ask({"How do I set up https?"}).text);
}

TEST(Guide, TakesAShortFollowUpTogetherWithTheQuestionBefore) {
  EXPECT_THAT(ask({"and for Open WebUI?"}).cited, Contains("/help/chat#bringing-threads-along"));
  EXPECT_THAT(ask({"How do I set up https with a certificate?", "and when it changes?"}).cited,
              Contains("/help/command-line#https"));
  EXPECT_THAT(ask({"How do I invite somebody?", "For how long?"}).cited, Contains("/help/people#inviting"));
  EXPECT_THAT(ask({"How do I set up https?", "What about certificates?"}).cited, Contains("/help/command-line#https"));
  EXPECT_THAT(ask({"How do I rotate the sealing key?", "Where does it lie?"}).cited,
              Contains("/help/gateway#providers"));
  // A question that stands by itself is not mixed with what was before.
  EXPECT_EQ(ask({"How do I invite somebody?", "How do I rotate the sealing key?"}).text,
            ask({"How do I rotate the sealing key?"}).text);
  EXPECT_THAT(ask({"How do I invite somebody?", "What is the capital of France?"}).cited, IsEmpty());
}

TEST(Guide, TellsWhatItIsWhenNothingIsAsked) {
  for (const char* nothing : {"", "hi", "Hello!", "who are you?", "what can you do", "🎨"}) {
    const GuideAnswer answer = ask({nothing});
    EXPECT_THAT(answer.cited, IsEmpty()) << nothing;
    EXPECT_THAT(answer.text, HasSubstr("](/help/chat)")) << nothing;
    EXPECT_THAT(answer.text, HasSubstr("not a language model")) << nothing;
  }
  EXPECT_THAT(ask({}).text, HasSubstr("not a language model"));
  EXPECT_THAT(ask({"How do I set up https?", "Thanks!"}).cited, IsEmpty());
}

TEST(Guide, LooksAtABoundedPartOfAQuestion) {
  std::string question = "What is the capital of France? ";
  question.append(Guide::kQuestionBytesMax, '.');
  EXPECT_EQ(ask({question + " How do I set up https with a certificate?"}).text, ask({question}).text);
  std::string many;
  for (int i = 0; many.size() < 1 << 20; ++i) many += "word" + std::to_string(i) + " ";
  EXPECT_THAT(ask({many}).cited, IsEmpty());
}

TEST(Guide, AnswersWithinMilliseconds) {
  (void)ask({"warm"});
  const auto questions = read_questions("known.txt");
  const auto begun = std::chrono::steady_clock::now();
  for (const Expected& one : questions) (void)ask({one.question});
  const auto each = (std::chrono::steady_clock::now() - begun) / questions.size();
  // It takes 0.2 ms; sanitizers and busy machines are slower.
  EXPECT_LT(each, std::chrono::milliseconds(20));
}

TEST(GuideWords, AreComparedWithoutTheirEndings) {
  const auto stems = [](std::string_view text) {
    std::vector<std::string> all;
    for (TextWord& word : words_of(text)) all.push_back(std::move(word.stem));
    return all;
  };
  EXPECT_EQ(stems("stop stops stopped stopping"), stems("stop stop stop stop"));
  EXPECT_EQ(stems("retry retries retried"), stems("retry retry retry"));
  EXPECT_EQ(stems("kept keeps"), stems("keep keep"));
  EXPECT_EQ(stems("Use `chat.title_model`, see [the gateway](gateway.md#x)!"),
            stems("use chat title model see the gateway"));
  EXPECT_EQ(stems("what’s “new”"), stems("what s new"));
  EXPECT_THAT(stems("…—"), IsEmpty());
}

constexpr ManualFile kFiles[] = {
    {"readme", "# House\n\nIntro, see [chat](docs/chat.md#two-words) and [why](docs/decisions/1.md).\n\n![A](a.jpg)\n"},
    {"chat",
     "# Chat\n\nFirst.\n\n## Two words\n\nPara one:\n\n- item a\n  goes on\n- item b\n\n```\n# no heading\n```\n\n"
     "| a | b |\n| --- | --- |\n| 1 | [up](../README.md) |\n\n## Two words\n\n[here](#two-words)\n"},
};

TEST(Manual, IsReadIntoSectionsAndPassages) {
  const auto pages = read_manual(kFiles);
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages[0].title, "House");
  EXPECT_EQ(pages[0].sections[0].text, "Intro, see [chat](/help/chat#two-words) and why.");
  const ManualPage& chat = pages[1];
  ASSERT_EQ(chat.sections.size(), 3U);
  EXPECT_EQ(manual_address(chat, chat.sections[0]), "/help/chat");
  EXPECT_EQ(manual_address(chat, chat.sections[1]), "/help/chat#two-words");
  EXPECT_EQ(manual_address(chat, chat.sections[2]), "/help/chat#two-words-1");
  EXPECT_EQ(chat.sections[2].text, "[here](/help/chat#two-words)");
  const auto& passages = chat.sections[1].passages;
  ASSERT_EQ(passages.size(), 5U);
  EXPECT_EQ(passages[0].text, "Para one:");
  EXPECT_EQ(passages[1].text, "- item a goes on");
  EXPECT_TRUE(passages[2].is_introduced);
  EXPECT_EQ(passages[3].kind, Passage::Kind::code);
  EXPECT_EQ(passages[4].kind, Passage::Kind::row);
  EXPECT_EQ(passages[4].head, "| a | b |\n| --- | --- |");
  EXPECT_EQ(passages[4].text, "| 1 | [up](/help/readme) |");
}

TEST(Manual, LinksOfItsPagesLeadSomewhere) {
  std::vector<std::string> addresses;
  for (const ManualPage& page : manual())
    for (const ManualSection& section : page.sections) addresses.push_back(manual_address(page, section));
  EXPECT_THAT(addresses, Contains("/help/chat#without-a-key"));
  for (const ManualPage& page : manual())
    for (const ManualSection& section : page.sections)
      for (std::size_t at = section.text.find("](/help/"); at != std::string::npos;
           at = section.text.find("](/help/", at + 1)) {
        const std::string address = section.text.substr(at + 2, section.text.find(')', at) - at - 2);
        EXPECT_THAT(addresses, Contains(address)) << page.name << ": " << section.title;
      }
}

WireRequest chat_request(json::Object more) {
  json::Object body{{"model", "guide"},
                    {"messages", json::Array{json::Object{{"role", "user"}, {"content", "How do I set up https?"}}}}};
  for (const auto& [name, value] : more) body[name] = value;
  return {.method = WireRequest::Method::post,
          .url = "atelier:guide/chat/completions",
          .headers = {},
          .body = json::write(body)};
}

std::string whole(const GuideReply& reply) {
  std::string all;
  for (const std::string& piece : reply.pieces) all += piece;
  return all;
}

TEST(GuideServer, AnswersAsAModelWould) {
  const GuideReply reply = reply_of_guide(chat_request({}), 1'000);
  EXPECT_EQ(reply.status, 200);
  const auto answer = openai_chat_adapter().read_answer({}, whole(reply), Quirks());
  ASSERT_TRUE(answer);
  EXPECT_THAT(std::get<Text>(answer->choices.at(0).parts.at(0)).text, HasSubstr("](/help/command-line#https)"));
  EXPECT_EQ(answer->choices[0].stop, StopReason::stop);
  EXPECT_GT(answer->usage.input, 0);
  EXPECT_GT(answer->usage.output, 0);
}

TEST(GuideServer, StreamsTheSameWords) {
  const auto plain = openai_chat_adapter().read_answer({}, whole(reply_of_guide(chat_request({}), 1'000)), Quirks());
  const GuideReply reply = reply_of_guide(
      chat_request({{"stream", true}, {"stream_options", json::Object{{"include_usage", true}}}}), 1'000);
  EXPECT_EQ(reply.content_type, "text/event-stream");
  EXPECT_GT(reply.pieces.size(), 4U);
  const auto reader = openai_chat_adapter().make_reader(Quirks());
  AnswerBuilder builder;
  for (const std::string& piece : reply.pieces) {
    EXPECT_THAT(piece, Not(IsEmpty()));
    for (const ChatEvent& one : reader->feed(piece)) builder.take(one);
  }
  for (const ChatEvent& one : reader->end()) builder.take(one);
  ASSERT_TRUE(builder.has_ended());
  EXPECT_EQ(std::get<Text>(builder.answer().choices.at(0).parts.at(0)).text,
            std::get<Text>(plain->choices.at(0).parts.at(0)).text);
  EXPECT_GT(builder.answer().usage.output, 0);
}

TEST(GuideServer, KeepsToTheLimitOfTheCaller) {
  const auto cut = openai_chat_adapter().read_answer(
      {}, whole(reply_of_guide(chat_request({{"max_completion_tokens", 10}}), 1'000)), Quirks());
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->choices.at(0).stop, StopReason::length);
  EXPECT_LE(std::get<Text>(cut->choices[0].parts.at(0)).text.size(), 40U);
  const auto stopped =
      openai_chat_adapter().read_answer({}, whole(reply_of_guide(chat_request({{"stop", "manual"}}), 1'000)), Quirks());
  ASSERT_TRUE(stopped);
  EXPECT_EQ(std::get<Text>(stopped->choices.at(0).parts.at(0)).text, "From the ");
}

TEST(GuideServer, RefusesWhatItCannotDoByTheFieldsName) {
  struct Case {
    json::Object more;
    int status;
    const char* named;
  };
  const Case cases[] = {
      {{{"n", 2}}, 400, R"("param":"n")"},
      {{{"response_format", json::Object{{"type", "json_object"}}}}, 400, R"("param":"response_format")"},
      {{{"tools", json::Array{json::Object{{"type", "function"}, {"function", json::Object{{"name", "f"}}}}}},
        {"tool_choice", "required"}},
       400,
       R"("param":"tool_choice")"},
      {{{"model", "other"}}, 404, "model_not_found"},
      {{{"messages", 3}}, 400, "messages"},
  };
  for (const Case& one : cases) {
    const GuideReply reply = reply_of_guide(chat_request(one.more), 1'000);
    EXPECT_EQ(reply.status, one.status) << one.named;
    EXPECT_THAT(whole(reply), HasSubstr(one.named));
  }
  WireRequest broken = chat_request({});
  broken.body = "{";
  EXPECT_EQ(reply_of_guide(broken, 1'000).status, 400);
  broken.body.assign(17 << 20, 'x');
  EXPECT_THAT(whole(reply_of_guide(broken, 1'000)), HasSubstr("context_length_exceeded"));
  EXPECT_EQ(reply_of_guide(
                {.method = WireRequest::Method::post, .url = "atelier:guide/embeddings", .headers = {}, .body = {}}, 1)
                .status,
            404);
}

TEST(GuideServer, ListsItself) {
  const auto models = openai_chat_adapter().read_models(whole(reply_of_guide(
      {.method = WireRequest::Method::get, .url = "atelier:guide/models", .headers = {}, .body = {}}, 1)));
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 1U);
  EXPECT_EQ(models->front().id, "guide");
  EXPECT_EQ(models->front().context_tokens, guide_provider().list.models.front().context_tokens);
}

}  // namespace
}  // namespace atelier::model
