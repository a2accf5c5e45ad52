// What people keep to say again.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "store/chat/prompts.hpp"
#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Prompts : public ChatHouseTest {
 protected:
  Answer keep(std::string name, std::string words, json::Object more = {}) {
    more["name"] = std::move(name);
    more["text"] = std::move(words);
    return call(net::Method::post, "/api/prompts", json::write(more));
  }
  json::Value kept(std::string name, std::string words, json::Object more = {}) {
    const Answer made = keep(std::move(name), std::move(words), std::move(more));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json();
  }
  Answer change(const json::Value& prompt, std::string body, std::int64_t revision) {
    return call(net::Method::patch, "/api/prompts/" + text(prompt, "id"), std::move(body),
                {{"if-match", fmt::format("\"{}\"", revision)}});
  }
  std::vector<std::string> names(std::string query = {}) {
    const Answer got = call(net::Method::get, "/api/prompts" + query);
    EXPECT_EQ(got.status, 200) << got.body;
    std::vector<std::string> all;
    const json::Value page = got.json();
    for (const json::Value& one : page.at("items").as_array()) all.push_back(text(one, "name"));
    return all;
  }
  void expect_refused(const Answer& answer, int status, const char* code, const char* where) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(text(answer.json(), "code"), code) << answer.body;
    const json::Value problem = answer.json();
    const json::Value* told = problem.as_object().if_contains("where");
    EXPECT_EQ(told == nullptr ? "" : std::string(told->as_string()), where) << answer.body;
  }
};

TEST_F(Prompts, AreKeptChangedAndDeleted) {
  listen();
  const json::Value made = kept(" Translate ", "Translate to {{language}}: {{text}}",
                                {{"folder", "work"}, {"tags", json::Array{"words", "words", "short"}}});
  EXPECT_EQ(text(made, "name"), "Translate");
  EXPECT_EQ(made.at("tags").as_array().size(), 2U);
  EXPECT_EQ(number(made, "revision"), 1);
  const std::string path = "/api/prompts/" + text(made, "id");
  EXPECT_EQ(call(net::Method::get, path).json(), made);

  const Answer changed = change(made, R"({"name":"translate","text":"Now: {{text}}","folder":""})", 1);
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(text(changed.json(), "name"), "translate");
  EXPECT_EQ(text(changed.json(), "folder"), "");
  EXPECT_EQ(changed.json().at("tags"), made.at("tags"));
  EXPECT_EQ(number(changed.json(), "revision"), 2);
  expect_refused(change(made, R"({"text":"late"})", 1), 409, "revision_conflict", "");
  EXPECT_EQ(text(call(net::Method::get, path).json(), "text"), "Now: {{text}}");

  EXPECT_EQ(call(net::Method::del, path).status, 204);
  EXPECT_EQ(call(net::Method::del, path).status, 404);
  EXPECT_EQ(call(net::Method::get, path).status, 404);
  EXPECT_EQ(change(made, R"({"text":"gone"})", 2).status, 404);
}

TEST_F(Prompts, AreListedByNameAndFoundByWhatTheySay) {
  listen();
  kept("beta", "Say 50 % of it");
  kept("Alpha", "One_Two", {{"tags", json::Array{"Letters"}}});
  kept("gamma", "one two");
  EXPECT_THAT(names(), ElementsAre("Alpha", "beta", "gamma"));
  EXPECT_THAT(names("?q=ALPH"), ElementsAre("Alpha"));
  EXPECT_THAT(names("?q=letters"), ElementsAre("Alpha"));
  EXPECT_THAT(names("?q=One_t"), ElementsAre("Alpha")) << "what stands for anything elsewhere stands for itself";
  EXPECT_THAT(names("?q=%25"), ElementsAre("beta"));
  EXPECT_THAT(names("?q=nothing"), IsEmpty());
  const Answer first = call(net::Method::get, "/api/prompts?limit=2");
  EXPECT_EQ(text(first.json(), "next"), "beta");
  EXPECT_THAT(names("?limit=2&after=beta"), ElementsAre("gamma"));
  const std::string tag(first.headers.find("etag").value_or(""));
  ASSERT_FALSE(tag.empty());
  EXPECT_EQ(call(net::Method::get, "/api/prompts?limit=2", {}, {{"if-none-match", tag}}).status, 304);
  kept("Aaa", "new");
  EXPECT_EQ(call(net::Method::get, "/api/prompts?limit=2", {}, {{"if-none-match", tag}}).status, 200);
}

TEST_F(Prompts, AreRefusedWithTheFieldNamed) {
  listen();
  const json::Value one = kept("one", "text");
  kept("two", "text");
  expect_refused(keep("ONE", "again"), 409, "name_taken", "/name");
  expect_refused(change(one, R"({"name":"Two"})", 1), 409, "name_taken", "/name");
  expect_refused(keep("  ", "x"), 400, "field_invalid", "/name");
  expect_refused(keep("a\nb", "x"), 400, "field_invalid", "/name");
  expect_refused(keep(std::string(101, 'n'), "x"), 400, "field_invalid", "/name");
  expect_refused(keep("empty", ""), 400, "field_invalid", "/text");
  expect_refused(keep("long", std::string(64 * 1024 + 1, 'x')), 400, "field_invalid", "/text");
  expect_refused(keep("tags", "x", {{"tags", json::Array{""}}}), 400, "field_invalid", "/tags/0");
  EXPECT_EQ(keep("more", "x", {{"colour", "red"}}).status, 400);
  EXPECT_EQ(call(net::Method::get, "/api/prompts?q=" + std::string(101, 'q')).status, 400);
  EXPECT_EQ(call(net::Method::patch, "/api/prompts/" + text(one, "id"), R"({"text":"x"})").status, 400)
      << "it does not say what it was based on";
  EXPECT_THAT(names(), ElementsAre("one", "two"));
}

TEST_F(Prompts, ComeInManyAtOnceOrNotAtAll) {
  listen();
  kept("one", "old");
  const auto import = [&](json::Array prompts) {
    return call(net::Method::post, "/api/prompts/import", json::write(json::Object{{"prompts", std::move(prompts)}}));
  };
  const auto prompt = [](std::string name, std::string words) {
    return json::Object{{"name", std::move(name)}, {"text", std::move(words)}};
  };
  const Answer done = import({prompt("One", "new"), prompt("two", "first"), prompt("TWO", "second")});
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(number(done.json(), "added"), 1);
  EXPECT_EQ(number(done.json(), "replaced"), 1);
  EXPECT_THAT(names(), ElementsAre("One", "TWO"));
  expect_refused(import({prompt("three", "x"), prompt("four", "")}), 400, "field_invalid", "/prompts/1/text");
  EXPECT_THAT(names(), ElementsAre("One", "TWO"));

  json::Array many;
  for (int i = 0; i < 999; ++i) many.push_back(prompt(fmt::format("p{:04}", i), "x"));
  expect_refused(import(many), 413, "too_many_prompts", "");
  many.resize(998);
  ASSERT_EQ(import(many).status, 200);
  expect_refused(keep("one too many", "x"), 413, "too_many_prompts", "");
  many.resize(1'001, prompt("x", "x"));
  EXPECT_EQ(import(many).status, 400);
}

}  // namespace
}  // namespace atelier::app
