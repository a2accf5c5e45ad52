// Responses that are kept, as programs see them over HTTP: read, listed, gone on from, deleted; by their key alone.
#include <gmock/gmock.h>

#include <thread>

#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class ResponsesApi : public GatewayHouseTest {
 protected:
  void start(Flags flags = {}) {
    open(flags);
    listen();
    add_provider("chat", "openai_chat", "/openai/v1");
    add_provider("native", "openai", "/openai/v1");
    add_provider("claude", "anthropic", "/anthropic");
  }
  void restart(Flags flags = {}) {
    house_.reset();
    open(std::move(flags));
    listen();
  }
  Answer create(std::string input, std::string more = {}, std::string model = "chat/double", Headers headers = {}) {
    return call(net::Method::post, "/v1/responses", R"({"model":")" + model + R"(","input":)" + input + more + "}",
                std::move(headers));
  }
  std::string id_of(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.status == 200 ? text(answer.json(), "id") : "";
  }
  static std::string after(const std::string& id) { return R"(,"previous_response_id":")" + id + R"(")"; }
  Answer get(std::string id, std::string more = {}, Headers headers = {}) {
    return call(net::Method::get, "/v1/responses/" + id + more, {}, std::move(headers));
  }
  std::string code_of(const Answer& answer) { return text(answer.json().at("error"), "code"); }
  std::string last_asked() const { return last_call().body; }
};

TEST_F(ResponsesApi, AResponseIsReadAtOnceAndAfterARestart) {
  start();
  const Answer made = create(R"("hi")");
  const std::string id = id_of(made);
  EXPECT_TRUE(made.json().at("store").as_bool());
  const Answer read = get(id);
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, made.body);
  restart();
  EXPECT_EQ(get(id).body, made.body);
  const Answer next = create(R"("and now?")", after(id));
  EXPECT_EQ(text(next.json(), "previous_response_id"), id);
  EXPECT_THAT(last_asked(), HasSubstr("Echo: hi"));
}

TEST_F(ResponsesApi, AConversationGoesOnWithAnyProvider) {
  start();
  std::string id = id_of(create(R"("one")", R"(,"instructions":"be brief")", "native/double"));
  EXPECT_THAT(last_asked(), HasSubstr(R"("store":false)")) << "its state is here, not at the provider";
  for (const char* model : {"claude/double", "chat/double", "native/double"}) {
    const Answer next = create(R"("two")", after(id), model);
    ASSERT_EQ(next.status, 200) << model << next.body;
    const std::string asked = last_asked();
    EXPECT_THAT(asked, HasSubstr("Echo: one")) << model;
    EXPECT_THAT(asked, Not(HasSubstr("be brief"))) << model;
    EXPECT_THAT(asked, Not(HasSubstr("previous_response_id"))) << model;
    id = id_of(next);
  }
}

TEST_F(ResponsesApi, AStreamIsKeptAndCanBeHeardAgain) {
  start();
  for (const char* model : {"native/double", "chat/double"}) {
    const Answer streamed = create(R"("hi")", R"(,"stream":true)", model);
    ASSERT_EQ(streamed.status, 200) << streamed.body;
    const std::string name = "\"id\":\"resp_";
    const std::size_t at = streamed.body.find(name) + 6;
    const std::string id = streamed.body.substr(at, streamed.body.find('"', at) - at);
    const Answer read = get(id);
    ASSERT_EQ(read.status, 200) << read.body;
    EXPECT_EQ(text(read.json(), "status"), "completed");
    EXPECT_THAT(read.body, HasSubstr("Echo: hi"));
    const Answer again = get(id, "?stream=true");
    EXPECT_EQ(again.headers.find("content-type"), "text/event-stream; charset=utf-8");
    EXPECT_THAT(again.body, testing::StartsWith("event: response.created\n"));
    EXPECT_THAT(again.body, HasSubstr("event: response.output_text.delta\n"));
    const Answer rest = get(id, "?stream=true&starting_after=1");
    EXPECT_THAT(rest.body, testing::StartsWith("event: response.output_item.added\n"));
    EXPECT_THAT(again.body, testing::EndsWith(rest.body));
  }
}

TEST_F(ResponsesApi, InputIsListedWithAllThatCameBefore) {
  start();
  const std::string first = id_of(create(R"([{"role":"user","content":"one"}])"));
  const std::string second = id_of(create(R"("two")", after(first)));
  const auto ids = [&](std::string query) {
    const Answer page = get(second, "/input_items" + query);
    EXPECT_EQ(page.status, 200) << page.body;
    std::vector<std::string> all;
    const json::Value list = page.json();
    for (const json::Value& item : list.at("data").as_array()) all.push_back(text(item, "id"));
    return all;
  };
  const Answer page = get(second, "/input_items?order=asc");
  EXPECT_EQ(page.json().at("data").as_array().size(), 3U) << page.body;
  EXPECT_EQ(text(page.json().at("data").as_array()[0], "content"), "one");
  EXPECT_EQ(text(page.json().at("data").as_array()[1], "role"), "assistant");
  EXPECT_FALSE(page.json().at("has_more").as_bool());
  const std::vector<std::string> up = ids("?order=asc");
  std::vector<std::string> down = ids("");
  std::ranges::reverse(down);
  EXPECT_EQ(up, down);
  EXPECT_EQ(ids("?order=asc&limit=1&after=" + up[0]), std::vector<std::string>{up[1]});
  EXPECT_TRUE(get(second, "/input_items?limit=2").json().at("has_more").as_bool());
  EXPECT_EQ(get(second, "/input_items?after=nobody").status, 400);
  EXPECT_EQ(get(second, "/input_items?limit=0").status, 400);
  EXPECT_EQ(get(first, "/input_items").json().at("data").as_array().size(), 1U);
}

TEST_F(ResponsesApi, WhatIsDeletedIsGone) {
  start();
  const std::string first = id_of(create(R"("one")")), second = id_of(create(R"("two")", after(first)));
  const Answer deleted = call(net::Method::del, "/v1/responses/" + first);
  EXPECT_EQ(deleted.status, 200);
  EXPECT_TRUE(deleted.json().at("deleted").as_bool());
  const auto expect_gone = [&] {
    EXPECT_EQ(get(first).status, 404);
    EXPECT_EQ(call(net::Method::del, "/v1/responses/" + first).status, 404);
    EXPECT_EQ(get(second).status, 200);
    const Answer refused = create(R"("three")", after(second));
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(code_of(refused), "previous_response_not_found");
  };
  expect_gone();
  restart();
  expect_gone();
}

TEST_F(ResponsesApi, AKeySeesItsOwnAlone) {
  ask_for_keys();
  add_provider("chat", "openai_chat", "/openai/v1");
  const Headers mine = make_key(R"({"name":"mine"})"), other = make_key(R"({"name":"other"})");
  const Answer made = create(R"("secret")", {}, "chat/double", mine);
  const std::string id = id_of(made);
  for (const Headers& who : {other, admin_}) {
    EXPECT_EQ(get(id, {}, who).status, 404);
    EXPECT_EQ(get(id, "/input_items", who).status, 404);
    EXPECT_EQ(call(net::Method::del, "/v1/responses/" + id, {}, who).status, 404);
    const Answer refused = create(R"("and?")", after(id), "chat/double", who);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(code_of(refused), "previous_response_not_found");
    EXPECT_EQ(text(refused.json().at("error"), "param"), "previous_response_id");
    const std::string item = text(made.json().at("output").as_array()[0], "id");
    EXPECT_EQ(create(R"([{"type":"item_reference","id":")" + item + R"("}])", {}, "chat/double", who).status, 404);
  }
  EXPECT_EQ(get(id).status, 401);
  EXPECT_EQ(get(id, {}, mine).status, 200);
}

TEST_F(ResponsesApi, WhatIsNotToBeKeptIsNot) {
  start();
  const Answer made = create(R"("hi")", R"(,"store":false)");
  EXPECT_FALSE(made.json().at("store").as_bool());
  EXPECT_EQ(get(id_of(made)).status, 404);
  EXPECT_EQ(code_of(create(R"("and?")", after(id_of(made)))), "previous_response_not_found");
}

TEST_F(ResponsesApi, OverTheirRoomTheOldestGo) {
  start();
  // The double says it again, so that each takes eight mebibytes.
  const std::string long_text = "\"" + std::string(4 << 20, 'a') + "\"";
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(id_of(create(long_text)));
  restart({{"models.responses_kept_mib", "16"}});
  for (int i = 0; i < 400 && get(ids[0]).status == 200; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_EQ(get(ids[0]).status, 404);
  EXPECT_EQ(get(ids[2]).status, 200);
  EXPECT_EQ(code_of(create(R"("and?")", after(ids[0]))), "previous_response_not_found");
}

TEST_F(ResponsesApi, WhatCannotBeDoneIsNamed) {
  start();
  const auto refused = [&](std::string more) {
    const Answer answer = create(R"("hi")", std::move(more));
    EXPECT_EQ(answer.status, 400) << answer.body;
    return text(answer.json().at("error"), "param");
  };
  EXPECT_EQ(refused(R"(,"background":true)"), "background");
  EXPECT_EQ(refused(R"(,"conversation":"conv_1")"), "conversation");
  EXPECT_EQ(refused(R"(,"previous_response_id":7)"), "previous_response_id");
  EXPECT_EQ(conversations(), 0U) << "nobody was asked";
  const std::string id = id_of(create(R"("hi")"));
  const Answer cancelled = call(net::Method::post, "/v1/responses/" + id + "/cancel", "{}");
  EXPECT_EQ(cancelled.status, 400);
  EXPECT_THAT(cancelled.body, HasSubstr("synchronous"));
  EXPECT_EQ(call(net::Method::post, "/v1/responses/resp_none/cancel", "{}").status, 404);
  EXPECT_EQ(get("resp_none").status, 404);
  EXPECT_EQ(get(id, "?stream=maybe").status, 400);
  EXPECT_EQ(get(id, "?stream=true&starting_after=x").status, 400);
}

}  // namespace
}  // namespace atelier::app
