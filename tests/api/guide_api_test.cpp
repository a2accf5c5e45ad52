// The guide as programs, threads and the page meet it: a model among models, and the manual it cites.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kCitation = "(/help/command-line#https)";

class GuideApi : public ChatHouseTest {
 protected:
  static std::string question(std::string text, json::Object more = {}) {
    more["model"] = "local/guide";
    more["messages"] = json::Array{json::Object{{"role", "user"}, {"content", std::move(text)}}};
    return json::write(more);
  }
  Answer ask_chat(std::string text, json::Object more = {}, Headers headers = {}) {
    return call(net::Method::post, "/v1/chat/completions", question(std::move(text), std::move(more)),
                std::move(headers));
  }
  std::vector<std::string> ids(const char* target, Headers headers = {}) {
    std::vector<std::string> found;
    const Answer got = call(net::Method::get, target, {}, std::move(headers));
    EXPECT_EQ(got.status, 200) << got.body;
    const json::Value page = got.json();
    for (const json::Value& one : page.at("data").as_array()) found.push_back(text(one, "id"));
    return found;
  }
};

TEST_F(GuideApi, IsAModelBeforeAnythingIsConfigured) {
  listen();
  EXPECT_THAT(ids("/v1/models"), ElementsAre("local/guide"));
  EXPECT_THAT(ids("/v1/models", {{"anthropic-version", "2023-06-01"}}), ElementsAre("local/guide"));
  EXPECT_EQ(call(net::Method::get, "/v1/models/local/guide").status, 200);
  const json::Value page = call(net::Method::get, "/api/models").json();
  const json::Value& model = page.at("items").as_array().at(0);
  EXPECT_EQ(text(model, "name"), "local/guide");
  EXPECT_TRUE(model.at("is_built_in").as_bool());
  EXPECT_EQ(text(model, "input_price"), "0.00");
  EXPECT_TRUE(page.at("providers").as_array().at(0).at("is_built_in").as_bool());
  EXPECT_FALSE(page.at("providers").as_array().at(0).at("is_found").as_bool());
}

TEST_F(GuideApi, AnswersInEachProtocolWholeAndStreamed) {
  listen();
  const json::Value chat = ask_chat("How do I set up https?").json();
  const std::string said = text(chat.at("choices").at(0).at("message"), "content");
  EXPECT_THAT(said, HasSubstr(kCitation));
  EXPECT_GT(chat.at("usage").at("completion_tokens").as_int64(), 0);
  const Answer streamed = ask_chat("How do I set up https?", {{"stream", true}});
  EXPECT_THAT(streamed.body, AllOf(HasSubstr(kCitation), HasSubstr("data: [DONE]")));

  const Answer messages =
      call(net::Method::post, "/v1/messages", question("How do I set up https?", {{"max_tokens", 2000}}));
  EXPECT_EQ(text(messages.json().at("content").at(0), "text"), said) << messages.body;
  const Answer message_stream = call(net::Method::post, "/v1/messages",
                                     question("How do I set up https?", {{"max_tokens", 2000}, {"stream", true}}));
  EXPECT_THAT(message_stream.body, AllOf(HasSubstr(kCitation), HasSubstr("message_stop")));

  const char* body = R"({"model":"local/guide","input":"How do I set up https?"})";
  const Answer response = call(net::Method::post, "/v1/responses", body);
  EXPECT_THAT(response.body, HasSubstr(kCitation));
  EXPECT_EQ(response.headers.find("x-atelier-candidate"), "local/guide");
}

TEST_F(GuideApi, SaysWhenItDoesNotKnow) {
  listen();
  const std::string said =
      text(ask_chat("What is the capital of France?").json().at("choices").at(0).at("message"), "content");
  EXPECT_THAT(said, AllOf(HasSubstr("I do not know"), Not(HasSubstr("Paris")), Not(HasSubstr("\n> "))));
}

TEST_F(GuideApi, RefusesWhatItCannotDoByTheFieldsName) {
  listen();
  const Answer refused = ask_chat("hi", {{"response_format", json::Object{{"type", "json_object"}}}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(text(refused.json().at("error"), "param"), "response_format") << refused.body;
}

TEST_F(GuideApi, IsLimitedPricedAndLoggedAsAnyModel) {
  ask_for_keys();
  const Headers bound = make_key(R"({"name":"bound","models":["openai/*"]})");
  EXPECT_EQ(ask_chat("hi", {}, bound).status, 403);
  EXPECT_THAT(ids("/v1/models", bound), Not(Contains("local/guide")));
  const Headers limited = make_key(R"({"name":"limited","requests_per_minute":1,"day_allowance":"0.01"})");
  EXPECT_EQ(ask_chat("How do I set up https?", {}, limited).status, 200);
  EXPECT_EQ(ask_chat("How do I set up https?", {}, limited).status, 429);
  const json::Value logged = calls(2);
  for (const json::Value& one : logged.as_array()) {
    if (one.at("status").as_int64() != 200) continue;
    EXPECT_EQ(text(one, "provider"), "local");
    EXPECT_EQ(text(one, "cost"), "0.00");
    EXPECT_GT(one.at("usage").at("output").as_int64(), 0);
  }
}

TEST_F(GuideApi, AnswersForNobodyElseAndKeepsItsName) {
  listen();
  const Answer missing = call(net::Method::post, "/v1/chat/completions",
                              R"({"model":"gpt-5","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("no provider is configured"));
  const Answer taken = post_provider("local", "openai_chat", "/openai/v1");
  EXPECT_EQ(taken.status, 400);
  EXPECT_EQ(text(taken.json(), "where"), "/name");
  add_provider("p", "openai_chat", "/openai/v1");
  add_route(R"({"name":"r","targets":[{"provider":"p","model":"double@500"}]})");
  const Answer failed = call(net::Method::post, "/v1/chat/completions",
                             R"({"model":"r","messages":[{"role":"user","content":"How do I set up https?"}]})");
  EXPECT_GE(failed.status, 500);
  EXPECT_THAT(failed.body, Not(HasSubstr("/help/")));
}

TEST_F(GuideApi, AnswersInThreads) {
  listen();
  const std::string thread = make_thread("local/guide");
  ASSERT_EQ(send(thread, said("How do I set up https?")).status, 201);
  const json::Value first = await_end(thread, 2);
  EXPECT_EQ(text(first, "state"), "complete");
  EXPECT_THAT(text_of(first), HasSubstr(kCitation));
  ASSERT_EQ(send(thread, said("and HTTP/2?")).status, 201);
  EXPECT_THAT(text_of(await_end(thread, 4)), HasSubstr("HTTP/2 to clients that offer it"));
}

TEST_F(GuideApi, TheManualIsReadAsItIsCited) {
  listen();
  const json::Value index = call(net::Method::get, "/api/manual").json();
  std::vector<std::string> names;
  for (const json::Value& page : index.at("items").as_array()) {
    names.push_back(text(page, "name"));
    const Answer whole = call(net::Method::get, "/api/manual/" + names.back());
    ASSERT_EQ(whole.status, 200);
    EXPECT_EQ(whole.json().at("sections").as_array().size(), page.at("sections").as_array().size());
  }
  EXPECT_THAT(names, Contains("chat"));
  const json::Value page = call(net::Method::get, "/api/manual/command-line").json();
  bool has_section = false;
  for (const json::Value& section : page.at("sections").as_array())
    if (text(section, "anchor") == "https") has_section = !text(section, "text").empty();
  EXPECT_TRUE(has_section);
  const Answer missing = call(net::Method::get, "/api/manual/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("nothing"));
}

TEST_F(GuideApi, TheManualIsForWhoMayUseTheStudio) {
  ask_for_keys();
  EXPECT_EQ(call(net::Method::get, "/api/manual").status, 401);
  EXPECT_EQ(call(net::Method::get, "/api/manual", {}, admin_).status, 200);
}

}  // namespace
}  // namespace atelier::app
