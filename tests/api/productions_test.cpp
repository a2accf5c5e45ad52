// What clients of productions rely on beyond the shapes: repeated calls, tags, and what the stream tells of a render.
#include <chrono>
#include <future>
#include <set>

#include "tests/app/house_fixture.hpp"

namespace atelier::app {
namespace {

using ProductionsApi = HouseTest;
using Headers = std::vector<std::pair<std::string, std::string>>;

Headers key(const char* text) { return {{"idempotency-key", text}}; }

std::string tag_of(const Answer& answer) { return std::string(answer.headers.find("etag").value_or("")); }

TEST_F(ProductionsApi, ACreateSentTwiceMakesOneProduction) {
  listen();
  const Answer first = call(net::Method::post, "/api/productions", R"({"story":"One.","title":"T"})", key("a"));
  ASSERT_EQ(first.status, 201) << first.body;
  // The order of fields is no difference.
  const Answer again = call(net::Method::post, "/api/productions", R"({"title":"T","story":"One."})", key("a"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.find("location"), first.headers.find("location"));
  const Answer other = call(net::Method::post, "/api/productions", R"({"story":"One.","title":"T"})", key("b"));
  EXPECT_NE(text(other.json(), "id"), text(first.json(), "id"));
  EXPECT_EQ(call(net::Method::get, "/api/productions").json().at("items").as_array().size(), 2U);
}

TEST_F(ProductionsApi, ACreatesKeyIsForOneBody) {
  listen();
  ASSERT_EQ(call(net::Method::post, "/api/productions", R"({"story":"One."})", key("a")).status, 201);
  for (const char* body :
       {R"({"story":"Two."})", R"({"story":"One.","title":"T"})", R"({"story":"One.","settings":{"fps":60}})"}) {
    const Answer refused = call(net::Method::post, "/api/productions", body, key("a"));
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(text(refused.json(), "code"), "idempotency_key_reused");
  }
  const Answer empty = call(net::Method::post, "/api/productions", R"({"story":"One."})", key(""));
  EXPECT_EQ(empty.status, 400);
}

TEST_F(ProductionsApi, ACreatesKeyOutlivesTheServer) {
  listen();
  const Answer first = call(net::Method::post, "/api/productions", R"({"story":"One."})", key("a"));
  house_.reset();
  open({});
  listen();
  const Answer again = call(net::Method::post, "/api/productions", R"({"story":"One."})", key("a"));
  EXPECT_EQ(again.body, first.body);
}

TEST_F(ProductionsApi, AStoryThatWasRefusedMayBeSentAgainWithItsKey) {
  listen();
  EXPECT_EQ(call(net::Method::post, "/api/productions", R"({"story":"![](a.jpg) One."})", key("a")).status, 400);
  EXPECT_EQ(call(net::Method::post, "/api/productions", R"({"story":"One."})", key("a")).status, 201);
}

TEST_F(ProductionsApi, OfCreatesSentAtOnceWithOneKeyOneWins) {
  listen();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 8; ++i)
    answers.push_back(std::async(std::launch::async, [this] {
      return call(net::Method::post, "/api/productions", R"({"story":"One."})", key("a"));
    }));
  std::set<std::string> ids;
  for (auto& answer : answers) {
    const Answer made = answer.get();
    EXPECT_EQ(made.status, 201) << made.body;
    ids.insert(text(made.json(), "id"));
  }
  EXPECT_EQ(ids.size(), 1U);
}

TEST_F(ProductionsApi, ATagStandsWhileTheAnswerDoes) {
  listen();
  const Answer made = call(net::Method::post, "/api/productions", R"({"story":"One."})");
  const std::string target = "/api/productions/" + text(made.json(), "id");
  const std::string tag = tag_of(made);
  EXPECT_EQ(tag.substr(0, 3), "\"1-");
  EXPECT_EQ(tag_of(call(net::Method::get, target)), tag);
  const Answer known = call(net::Method::get, target, {}, {{"if-none-match", tag}});
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");

  const Answer run = call(net::Method::post, target + "/render");
  ASSERT_EQ(run.status, 202) << run.body;
  const Answer rendering = call(net::Method::get, target, {}, {{"if-none-match", tag}});
  EXPECT_EQ(rendering.status, 200);  // the same revision, and yet another answer
  EXPECT_EQ(rendering.json().at("revision").as_int64(), 1);
  ASSERT_EQ(call(net::Method::post, "/api/runs/" + text(run.json(), "id") + "/cancel").status, 202);
  const Answer cancelled = call(net::Method::get, target, {}, {{"if-none-match", tag_of(rendering)}});
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(text(cancelled.json(), "state"), "draft");  // stopped by someone: nothing failed
}

TEST_F(ProductionsApi, AnEditMayNameTheTagOrTheRevision) {
  listen();
  const Answer made = call(net::Method::post, "/api/productions", R"({"story":"One."})");
  const std::string target = "/api/productions/" + text(made.json(), "id");
  const auto rename = [&](const std::string& match) {
    return call(net::Method::patch, target, R"({"title":"Other"})", {{"if-match", match}});
  };
  EXPECT_EQ(rename(tag_of(made)).status, 200);
  EXPECT_EQ(rename("2").status, 200);
  EXPECT_EQ(rename("\"3-of-another-render-gzip\"").status, 200);
  EXPECT_EQ(rename("\"3\"").status, 409);
  EXPECT_EQ(rename("\"x-1\"").status, 400);
}

TEST_F(ProductionsApi, TheStreamTellsOfAProductionWhoseRenderBeganAndEnded) {
  listen();
  const Answer made = call(net::Method::post, "/api/productions", R"({"story":"One."})");
  const std::string id = text(made.json(), "id");
  const std::string hello = events("", "", "event: hello");
  const std::size_t id_at = hello.find("id: ") + 4;
  const std::string cursor = hello.substr(id_at, hello.find('\n', id_at) - id_at);
  const Answer run = call(net::Method::post, "/api/productions/" + id + "/render");
  ASSERT_EQ(run.status, 202) << run.body;
  ASSERT_EQ(call(net::Method::post, "/api/runs/" + text(run.json(), "id") + "/cancel").status, 202);
  // The stream that missed it, asking for productions alone.
  const std::string said = events("?topics=productions", cursor, "event: hello");
  EXPECT_EQ(said.find("event: run."), std::string::npos) << said;
  EXPECT_NE(said.find("\"topic\":\"production/" + id + "\",\"number\":0"), std::string::npos) << said;
  EXPECT_NE(said.find(R"("state":"cancelled")"), std::string::npos) << said;
  EXPECT_EQ(said.find(R"("state":"rendering")"), std::string::npos) << said;  // it is told as it is now
}

TEST_F(ProductionsApi, AStreamThatListensHearsOfARenderAsItBeginsAndEnds) {
  listen();
  const Answer made = call(net::Method::post, "/api/productions", R"({"story":"One."})");
  const std::string id = text(made.json(), "id"), target = "/api/productions/" + id;
  auto heard =
      std::async(std::launch::async, [&] { return events("?topics=production/" + id, "", R"("state":"cancelled")"); });
  // No way to see from here that the stream has begun: what it missed, it would not hear. So renders until it has
  // heard.
  while (heard.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    const Answer run = call(net::Method::post, target + "/render");
    ASSERT_EQ(run.status, 202) << run.body;
    ASSERT_EQ(call(net::Method::post, "/api/runs/" + text(run.json(), "id") + "/cancel").status, 202);
  }
  EXPECT_NE(heard.get().find("event: production.changed"), std::string::npos);
}

}  // namespace
}  // namespace atelier::app
