// Errors have ids that are shown and found; pages tell of theirs, and of what their browsers measured.
#include <gmock/gmock.h>

#include "net/server.hpp"
#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;
using testing::Not;

class ErrorsApi : public GatewayHouseTest {
 protected:
  // The errors that are found by that, once there are any.
  json::Array found(const std::string& query, const Headers& who = {}) {
    json::Array items;
    for (int i = 0; i < 400 && items.empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      items = call(Method::get, "/api/performance/errors?query=" + query, {}, who).json().at("items").as_array();
    }
    EXPECT_FALSE(items.empty()) << query;
    return items;
  }
  Answer report(std::string error) { return call(Method::post, "/api/page-errors", R"({"errors":[)" + error + "]}"); }
};

TEST_F(ErrorsApi, TheIdThatIsShownFindsTheError) {
  ask_for_keys();
  // A provider that refuses our key.
  add_provider("worn", "openai_chat", "/openai/v1", "sk-worn");
  const Answer failed = call(Method::post, "/v1/chat/completions",
                             R"({"model":"worn/double","messages":[{"role":"user","content":"hello"}]})", admin_);
  ASSERT_GE(failed.status, 500) << failed.body;
  const std::string id(failed.headers.find("x-request-id").value_or(""));
  ASSERT_FALSE(id.empty());
  const json::Array items = found(id, admin_);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(text(items[0], "route"), "/v1/chat/completions");
  EXPECT_EQ(text(items[0], "code"), "provider_key_refused");
  const std::string path = "/api/performance/errors/" + text(items[0], "id");
  const json::Value detail = call(Method::get, path, {}, admin_).json();
  EXPECT_EQ(text(detail.at("occurrences").at(0), "request_id"), id);
  EXPECT_EQ(text(detail.at("occurrences").at(0), "method"), "POST");
  const Answer resolved = call(Method::post, path + "/resolve", {}, admin_);
  EXPECT_EQ(resolved.status, 204) << resolved.body;
  EXPECT_TRUE(call(Method::get, path, {}, admin_).json().at("resolved_at").is_string());
  const Answer open = call(Method::get, "/api/performance/errors?state=open&query=" + id, {}, admin_);
  EXPECT_TRUE(open.json().at("items").as_array().empty()) << open.body;
}

TEST_F(ErrorsApi, APageTellsOfItsErrors) {
  listen();
  const Answer told =
      report(json::write(json::Object{{"name", "TypeError"},
                                      {"message", "x is not a function"},
                                      {"stack", "TypeError: x\n at load (http://h/_app/chat-1a.js:3:4)"},
                                      {"page", "/c/01jd"},
                                      {"count", 3}}));
  EXPECT_EQ(told.status, 204) << told.body;
  const json::Array items = found("chat-1a.js");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(text(items[0], "origin"), "page");
  EXPECT_EQ(text(items[0], "route"), "chat");
  const json::Value detail = call(Method::get, "/api/performance/errors/" + text(items[0], "id")).json();
  EXPECT_EQ(detail.at("occurrences").at(0).at("stack").at(0), "load (/_app/chat-1a.js:3:4)");
}

TEST_F(ErrorsApi, WhatPagesTellIsBounded) {
  listen();
  EXPECT_EQ(report(R"({"page":"/c","colour":1})").status, 400);
  EXPECT_EQ(text(report(R"({"name":"x"})").json(), "where"), "/errors/0/page");
  EXPECT_EQ(report(R"({"page":"/c","message":")" + std::string(3'000, 'x') + "\"}").status, 400);
  std::string many = R"({"page":"/c"})";
  for (int i = 0; i < 10; ++i) many += R"(,{"page":"/c"})";
  EXPECT_EQ(report(many).status, 400);
  EXPECT_EQ(call(Method::post, "/api/page-errors", std::string(40'000, ' ')).status, 413);
  int refused = 0;
  for (int i = 0; i < 30; ++i) refused += report(R"({"page":"/c"})").status == 429 ? 1 : 0;
  EXPECT_GE(refused, 10);
}

TEST_F(ErrorsApi, WhatBrowsersMeasuredIsAHistogram) {
  listen();
  const auto tell = [&](std::string body) { return call(Method::post, "/api/page-figures", std::move(body)); };
  const Answer told = tell(
      R"([{"name":"LCP","value":2600,"page":"/c/x","device":"phone","element":"main>h1"},{"name":"heap","value":1e7,"page":"/c","device":"phone"}])");
  EXPECT_EQ(told.status, 204) << told.body;
  EXPECT_EQ(
      text(
          tell(
              R"([{"name":"LCP","value":1,"page":"/","device":"phone"},{"name":"x","value":1,"page":"/","device":"phone"}])")
              .json(),
          "where"),
      "/1");
  EXPECT_EQ(tell(R"({"name":"LCP"})").status, 400);
  EXPECT_EQ(tell(R"([{"name":"LCP","value":-1,"page":"/","device":"phone"}])").status, 400);
  const json::Array rows = call(Method::get, "/api/performance/pages").json().at("items").as_array();
  ASSERT_EQ(rows.size(), 1U) << "of what was refused nothing is kept";
  EXPECT_EQ(text(rows[0], "page"), "chat");
  EXPECT_EQ(text(rows[0], "element"), "main>h1");
  EXPECT_NEAR(rows[0].at("p75").to_number<double>(), 2.6, .13);
  for (const std::string window : {"24h", "7d", "28d"})
    EXPECT_EQ(call(Method::get, "/api/performance/pages?window=" + window).json().at("items").as_array().size(), 1U);
  EXPECT_EQ(text(call(Method::get, "/api/performance/pages?window=1y").json(), "where"), "window");
  EXPECT_THAT(call(Method::get, "/metrics").body, HasSubstr("atelier_page_heap_bytes_count{device=\"phone\"} 1"));
}

TEST_F(ErrorsApi, TheInboxIsForAdminsAlone) {
  ask_for_keys();
  const Headers member = make_key(R"({"name":"m"})");
  for (const std::string path :
       {"/api/performance/errors", "/api/performance/errors/0123456789abcdef", "/api/performance/pages"})
    EXPECT_EQ(call(Method::get, path, {}, member).status, 403) << path;
  EXPECT_EQ(call(Method::post, "/api/performance/errors/0123456789abcdef/resolve", {}, member).status, 403);
  EXPECT_EQ(call(Method::post, "/api/page-errors", R"({"errors":[]})", member).status, 204);
  EXPECT_EQ(call(Method::post, "/api/page-errors", R"({"errors":[]})").status, 401);
  EXPECT_EQ(call(Method::get, "/api/performance/errors/0123456789abcdef", {}, admin_).status, 404);
  EXPECT_EQ(call(Method::get, "/api/performance/errors?state=lost", {}, admin_).status, 400);
  EXPECT_EQ(call(Method::get, "/api/performance/errors?after=x", {}, admin_).status, 400);
}

}  // namespace
}  // namespace atelier::app
