// Pictures that are looked at while they are made.
#include <gmock/gmock.h>

#include "tests/api/generations_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kWanted =
    R"({"kind":"image","model":"openai/gpt-image-1","prompt":"a private lamp","width":1024,"height":1024,"format":"png"})";

class GenerationPartials : public GenerationsTest {
 protected:
  // The answer is held after so many of its pictures.
  void hold_after(int count) {
    ASSERT_TRUE(double_.add_rule(
        {.fault = "hold-mid,at=" + std::to_string(count), .path = "/v1/images/generations", .times = 1}));
  }
  json::Value get_as(const std::string& id, const Headers& who) {
    return call(net::Method::get, "/api/generations/" + id, {}, who).json();
  }
  Answer partial_of(const std::string& id, const Headers& who = {}) {
    return call(net::Method::get, "/api/generations/" + id + "/partial", {}, who);
  }
  // Until the one of that number is there.
  void await_partial(const std::string& id, std::int64_t number, const Headers& who = {}) {
    for (int i = 0; i < 1'000; ++i) {
      const json::Value now = get_as(id, who);
      const auto* told = now.as_object().if_contains("partial");
      if (told != nullptr && told->as_int64() >= number) return;
      ASSERT_EQ(text(now, "state"), "running") << json::write(now);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "nothing was ever to be seen of it";
  }
  std::string begin(const Headers& who = {}) {
    const Answer begun = call(net::Method::post, "/api/generations", kWanted, who);
    EXPECT_EQ(begun.status, 202) << begun.body;
    EXPECT_FALSE(begun.json().as_object().contains("partial"));
    return text(begun.json(), "id");
  }
};

TEST_F(GenerationPartials, AreSeenUntilThePictureIsThere) {
  add_provider("openai", "openai", "/v1");
  hold_after(2);
  const std::string id = begin();
  await_partial(id, 2);
  const Answer seen = partial_of(id);
  ASSERT_EQ(seen.status, 200) << seen.body;
  EXPECT_THAT(seen.body, StartsWith("\x89PNG"));
  EXPECT_EQ(seen.headers.find("content-type").value_or(""), "image/png");
  EXPECT_EQ(seen.headers.find("cache-control").value_or(""), "no-store");
  EXPECT_EQ(seen.headers.find("x-content-type-options").value_or(""), "nosniff");
  EXPECT_THAT(std::string(seen.headers.find("content-security-policy").value_or("")), HasSubstr("sandbox"));
  EXPECT_EQ(partial_of(id).body, seen.body);
  const json::Value rows = call(net::Method::get, "/api/generations?kind=image").json();
  EXPECT_EQ(rows.at("items").as_array().at(0).at("partial").as_int64(), 2) << "lists have it too";

  double_.release();
  const json::Value done = await_end(id);
  EXPECT_EQ(text(done, "state"), "succeeded") << json::write(done);
  EXPECT_FALSE(done.as_object().contains("partial"));
  EXPECT_EQ(partial_of(id).status, 404);
  const std::string asset = text(done.at("results").as_array().at(0), "asset");
  EXPECT_NE(call(net::Method::get, "/api/assets/" + asset + "/content").body, seen.body);
}

TEST_F(GenerationPartials, AreGoneOnceItIsCancelled) {
  add_provider("openai", "openai", "/v1");
  hold_after(1);
  const std::string id = begin();
  await_partial(id, 1);
  EXPECT_EQ(partial_of(id).status, 200);
  EXPECT_EQ(call(net::Method::post, "/api/generations/" + id + "/cancel").status, 202);
  EXPECT_EQ(text(await_end(id), "state"), "cancelled");
  EXPECT_EQ(partial_of(id).status, 404);
}

TEST_F(GenerationPartials, AreNotThereOfWhatIsMadeWithoutThem) {
  const json::Value done =
      made(R"({"kind":"image","model":"local/procedural","prompt":"a lamp","width":64,"height":64})");
  EXPECT_EQ(partial_of(text(done, "id")).status, 404);
  EXPECT_EQ(partial_of("nothing").status, 404);
  expect_refused(R"({"kind":"image","model":"local/procedural","prompt":"a lamp","partials":1})", "/partials",
                 "shows nothing before");
  expect_refused(R"({"kind":"image","model":"local/procedural","prompt":"a lamp","partials":-1})", "/partials");
  const json::Value unseen =
      made(R"({"kind":"image","model":"local/procedural","prompt":"a lamp","width":64,"height":64,"partials":0})");
  EXPECT_EQ(text(unseen, "state"), "succeeded");
}

TEST_F(GenerationPartials, AreNothingToSomebodyElse) {
  ask_for_keys();
  add_provider("openai", "openai", "/v1");
  const Headers ada = make_key(R"({"name":"ada"})");
  const Answer bob =
      call(net::Method::post, "/api/users", R"({"name":"Bob","password":"a long enough password"})", admin_);
  ASSERT_EQ(bob.status, 201) << bob.body;
  const Answer signed_in =
      call(net::Method::post, "/api/session", R"({"name":"Bob","password":"a long enough password"})");
  const std::string cookie(signed_in.headers.find("set-cookie").value_or(""));
  const Headers browser{{"cookie", cookie.substr(0, cookie.find(';'))}};
  hold_after(2);
  const std::string id = begin(ada);
  await_partial(id, 2, ada);
  EXPECT_EQ(partial_of(id, ada).status, 200);
  const Answer refused = partial_of(id, browser);
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(text(refused.json(), "code"), text(partial_of(RunId::make().to_string(), browser).json(), "code"));
  EXPECT_EQ(partial_of(id).status, 401);
  double_.release();
}

}  // namespace
}  // namespace atelier::app
