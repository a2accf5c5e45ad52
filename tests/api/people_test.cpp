// People: invited, signing in by name, with sessions and keys of their own, and put out at once.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPassword = "a long enough password";

class PeopleApi : public ChatHouseTest {
 protected:
  // A studio that asks who calls; `admin_` is an operator's key.
  void start() {
    ask_for_keys();
    add_provider("p", "openai_chat", "/openai/v1");
  }
  static std::string with(std::string name, std::string password = kPassword) {
    return json::write(json::Object{{"name", std::move(name)}, {"password", std::move(password)}});
  }
  std::string invite(std::string settings = "{}") {
    const Answer made = call(Method::post, "/api/invitations", std::move(settings), admin_);
    EXPECT_EQ(made.status, 201) << made.body;
    return text(made.json(), "secret");
  }
  Answer accept(const std::string& secret, std::string name, std::string password = kPassword) {
    return call(
        Method::post, "/api/invitations/accept",
        json::write(json::Object{{"secret", secret}, {"name", std::move(name)}, {"password", std::move(password)}}));
  }
  // What a browser sends after this answer gave it a session.
  Headers session_of(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    const std::string cookie(answer.headers.find("set-cookie").value_or(""));
    return {{"cookie", cookie.substr(0, cookie.find(';'))}, {"x-csrf-token", text(answer.json(), "csrf")}};
  }
  Answer sign_in(std::string name, std::string password = kPassword, Headers headers = {}) {
    return call(Method::post, "/api/session", with(std::move(name), std::move(password)), std::move(headers));
  }
  // Somebody new, signed in.
  Headers join(std::string name, std::string settings = "{}") {
    return session_of(accept(invite(std::move(settings)), std::move(name)));
  }
  std::string id_of(std::string name) {
    const json::Value page = call(Method::get, "/api/users", {}, admin_).json();
    for (const json::Value& one : page.at("items").as_array())
      if (text(one, "name") == name) return text(one, "id");
    ADD_FAILURE() << "there is nobody called " << name;
    return {};
  }
  Answer change(const std::string& user, std::string settings) {
    return call(Method::patch, "/api/users/" + user, std::move(settings), admin_);
  }
  int status_for(const Headers& who, std::string target = "/api/threads") {
    return call(Method::get, std::move(target), {}, who).status;
  }
  std::string own_key(const Headers& who, std::string name = "mine") {
    const Answer made = call(Method::post, "/api/me/keys", json::write(json::Object{{"name", std::move(name)}}), who);
    EXPECT_EQ(made.status, 201) << made.body;
    return text(made.json(), "secret");
  }
  static Headers bearer(const std::string& secret) { return {{"authorization", "Bearer " + secret}}; }
  json::Array sessions(const Headers& who) {
    return call(Method::get, "/api/me/sessions", {}, who).json().at("items").as_array();
  }
  // All that the event stream says until it ends. Once this returns the stream has begun.
  std::future<std::string> listen_until_closed(const Headers& who) {
    auto begun = std::make_shared<std::promise<void>>();
    std::future<void> has_begun = begun->get_future();
    net::FetchRequest request;
    request.target = "/api/events";
    for (const auto& [name, value] : who) request.headers.set(name, value);
    auto said = std::async(std::launch::async, [this, begun, request = std::move(request)]() mutable {
      auto all = run_blocking(loops_.executor(0), hear(endpoint_, std::move(request), begun));
      return all ? *all : all.error().describe();
    });
    has_begun.wait();
    return said;
  }

 private:
  static Task<Result<std::string>> hear(net::Endpoint endpoint, net::FetchRequest request,
                                        std::shared_ptr<std::promise<void>> begun) {
    auto response = co_await net::fetch(std::move(endpoint), std::move(request));
    std::string said;
    bool is_told = false;
    while (response) {
      auto piece = co_await response->next();
      if (!piece || !*piece) break;
      said += **piece;
      if (!is_told && said.find("event: hello") != std::string::npos) {
        is_told = true;
        begun->set_value();
      }
    }
    if (!is_told) begun->set_value();
    co_return said;
  }
};

TEST_F(PeopleApi, WhoeverIsInvitedChoosesANameAndIsIn) {
  start();
  const std::string secret = invite(R"({"note":"for Ada"})");
  const Answer looked = call(Method::post, "/api/invitations/look", json::write(json::Object{{"secret", secret}}));
  EXPECT_EQ(looked.status, 200) << looked.body;
  EXPECT_EQ(text(looked.json(), "role"), "member");
  const Answer accepted = accept(secret, "Ada");
  const Headers ada = session_of(accepted);
  EXPECT_EQ(text(accepted.json().at("user"), "name"), "Ada");
  EXPECT_EQ(text(accepted.json(), "role"), "member");
  EXPECT_EQ(status_for(ada), 200);
  EXPECT_EQ(status_for(ada, "/api/users"), 403);
  const Answer session = call(Method::get, "/api/session", {}, ada);
  EXPECT_EQ(text(session.json().at("user"), "name"), "Ada");
  // Once, and the secret is told nowhere.
  EXPECT_EQ(text(accept(secret, "Bob").json(), "code"), "invitation_over");
  const Answer listed = call(Method::get, "/api/invitations", {}, admin_);
  EXPECT_THAT(listed.body, Not(HasSubstr(secret)));
  EXPECT_EQ(text(listed.json().at("items").as_array().at(0), "state"), "used");
  EXPECT_EQ(text(listed.json().at("items").as_array().at(0), "note"), "for Ada");
}

TEST_F(PeopleApi, ThreadsAreEachOnesOwn) {
  start();
  const Headers ada = join("Ada"), bob = join("Bob");
  const Answer made = call(Method::post, "/api/threads", R"({"model":"p/double"})", ada);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(status_for(ada, "/api/threads/" + text(made.json(), "id")), 200);
  EXPECT_EQ(status_for(bob, "/api/threads/" + text(made.json(), "id")), 404);
  EXPECT_EQ(status_for(admin_, "/api/threads/" + text(made.json(), "id")), 404);
}

TEST_F(PeopleApi, AnInvitationIsForSoManyAndEndsWhenRevoked) {
  start();
  const std::string two = invite(R"({"uses_max":2,"role":"admin"})");
  EXPECT_EQ(text(accept(two, "Ada").json(), "role"), "admin");
  EXPECT_EQ(accept(two, "Bob").status, 200);
  EXPECT_EQ(accept(two, "Cyd").status, 404);
  const std::string other = invite();
  const json::Value listed = call(Method::get, "/api/invitations", {}, admin_).json();
  const std::string id = text(listed.at("items").as_array().at(0), "id");
  EXPECT_EQ(call(Method::del, "/api/invitations/" + id, {}, admin_).status, 204);
  EXPECT_EQ(call(Method::del, "/api/invitations/" + id, {}, admin_).status, 404);
  EXPECT_EQ(accept(other, "Cyd").status, 404);
  EXPECT_EQ(accept("ai_nobody-knows-this-one", "Cyd").status, 404);
}

TEST_F(PeopleApi, ATakenNameDoesNotUseUpAnInvitation) {
  start();
  join("Ada");
  const std::string secret = invite();
  for (const char* name : {"Ada", "ADA", "ada"}) {
    const Answer refused = accept(secret, name);
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(text(refused.json(), "code"), "name_taken");
    EXPECT_EQ(text(refused.json(), "where"), "/name");
  }
  EXPECT_EQ(accept(secret, "Bob").status, 200);
}

TEST_F(PeopleApi, BadNamesAndPasswordsAreRefusedByField) {
  start();
  const std::string secret = invite();
  for (const char* name : {"", " Ada", "Ada ", "A\nda", "A\u202eda", "\u200bAda", "A\u0085da"}) {
    const Answer refused = accept(secret, name);
    EXPECT_EQ(refused.status, 400) << name;
    EXPECT_EQ(text(refused.json(), "where"), "/name") << name;
  }
  EXPECT_EQ(text(accept(secret, std::string(65, 'a')).json(), "where"), "/name");
  for (const std::string& password : {std::string(), std::string("short"), std::string(20, 'x'),
                                      std::string("Ada Lovelace"), std::string(257, 'y')}) {
    const Answer refused = accept(secret, "Ada Lovelace", password);
    EXPECT_EQ(refused.status, 400) << password;
    EXPECT_EQ(text(refused.json(), "where"), "/password") << password;
  }
  for (const char* settings : {R"({"hours":0})", R"({"uses_max":1001})", R"({"role":"owner"})", R"({"name":"x"})"})
    EXPECT_EQ(call(Method::post, "/api/invitations", settings, admin_).status, 400) << settings;
  EXPECT_EQ(call(Method::post, "/api/session", R"({"key":"at_x","name":"Ada","password":"y"})").status, 400);
}

TEST_F(PeopleApi, ANameAndItsPasswordSignIn) {
  start();
  join("Ada");
  const Answer in = sign_in("ada");
  EXPECT_EQ(status_for(session_of(in)), 200);
  const Answer wrong = sign_in("Ada", "another long password"), nobody = sign_in("Eve", "another long password");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(text(wrong.json(), "code"), "sign_in_refused");
  EXPECT_EQ(text(nobody.json(), "detail"), text(wrong.json(), "detail"));
  EXPECT_EQ(nobody.status, wrong.status);
}

TEST_F(PeopleApi, WhoeverGuessesIsSlowedDown) {
  start();
  join("Ada");
  int tries = 0;
  Answer refused = sign_in("Ada", "guess");
  for (; refused.status == 401 && tries < 20; ++tries) refused = sign_in("Ada", "guess");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(text(refused.json(), "code"), "too_many_tries");
  EXPECT_TRUE(refused.headers.find("retry-after"));
  EXPECT_LT(tries, 10);
  // Even the right one has to wait; names that were not guessed at do not.
  EXPECT_EQ(sign_in("Ada").status, 429);
  join("Bob");
  EXPECT_EQ(sign_in("Bob").status, 200);
}

TEST_F(PeopleApi, WhoeverIsDisabledIsOutAtOnce) {
  start();
  const Headers ada = join("Ada");
  const std::string key = own_key(ada);
  EXPECT_EQ(status_for(bearer(key), "/v1/models"), 200);
  const std::string thread = text(call(Method::post, "/api/threads", R"({"model":"p/double"})", ada).json(), "id");
  // One answer that would go on for a minute, and one that waits for it.
  ASSERT_EQ(call(Method::post, path(thread, "/messages"), said("[say 9]", "p/double@stall-mid,at=3"), ada).status, 201);
  ASSERT_EQ(call(Method::post, path(thread, "/messages"), said("y", "p/double", {{"when_busy", "queue"}}), ada).status,
            201);
  std::string spoken;
  for (int i = 0; i < 800 && spoken.empty(); ++i) {
    spoken = text_of(call(Method::get, path(thread, "/messages/2"), {}, ada).json());
    if (spoken.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(12));
  }
  EXPECT_THAT(spoken, HasSubstr("t1"));
  std::future<std::string> by_session = listen_until_closed(ada), by_key = listen_until_closed(bearer(key));
  const std::size_t asked = conversations();

  const Answer disabled = change(id_of("Ada"), R"({"is_disabled":true})");
  ASSERT_EQ(disabled.status, 200) << disabled.body;
  EXPECT_TRUE(disabled.json().at("is_disabled").as_bool());
  EXPECT_EQ(status_for(ada), 401);
  EXPECT_EQ(status_for(bearer(key), "/v1/models"), 401);
  EXPECT_EQ(status_for(bearer(key)), 401);
  EXPECT_THAT(by_session.get(), HasSubstr("signed_out"));
  EXPECT_THAT(by_key.get(), HasSubstr("signed_out"));
  const Answer refused = sign_in("Ada");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(text(refused.json(), "code"), "user_disabled");

  // Let in again, the key is in force and the session is not. What was being said was stopped, and what waited too.
  ASSERT_EQ(change(id_of("Ada"), R"({"is_disabled":false})").status, 200);
  EXPECT_EQ(status_for(bearer(key)), 200);
  EXPECT_EQ(status_for(ada), 401);
  for (const char* number : {"/messages/2", "/messages/4"})
    EXPECT_EQ(text(call(Method::get, path(thread, number), {}, bearer(key)).json(), "state"), "stopped");
  EXPECT_EQ(conversations(), asked);
}

TEST_F(PeopleApi, WhatIsDisabledStaysOutAfterARestart) {
  start();
  const Headers ada = join("Ada");
  const std::string key = own_key(ada);
  ASSERT_EQ(change(id_of("Ada"), R"({"is_disabled":true})").status, 200);
  house_.reset();
  open({{"access.require_key", "true"}});
  listen();
  EXPECT_EQ(status_for(bearer(key)), 401);
  EXPECT_EQ(status_for(ada), 401);
  ASSERT_EQ(change(id_of("Ada"), R"({"is_disabled":false})").status, 200);
  EXPECT_EQ(status_for(bearer(key)), 200);
}

TEST_F(PeopleApi, ARoleIsFollowedBySessionsAndKeys) {
  start();
  const Headers ada = join("Ada");
  const std::string key = own_key(ada);
  ASSERT_EQ(change(id_of("Ada"), R"({"role":"admin","name":"Ada L."})").status, 200);
  EXPECT_EQ(status_for(ada, "/api/users"), 200);
  EXPECT_EQ(status_for(bearer(key), "/api/users"), 200);
  ASSERT_EQ(change(id_of("Ada L."), R"({"role":"member"})").status, 200);
  EXPECT_EQ(status_for(ada, "/api/users"), 403);
  EXPECT_EQ(status_for(bearer(key), "/api/users"), 403);
  EXPECT_EQ(sign_in("ada l.").status, 200);
}

TEST_F(PeopleApi, TheLastAdminStays) {
  listen();  // nobody needs a key here, and there is none
  const Answer made =
      call(Method::post, "/api/users", R"({"name":"Ada","password":"a long enough password","role":"admin"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string ada = text(made.json(), "id");
  for (const char* settings : {R"({"role":"member"})", R"({"is_disabled":true})"}) {
    const Answer refused = change(ada, settings);
    EXPECT_EQ(refused.status, 409) << settings;
    EXPECT_EQ(text(refused.json(), "code"), "last_admin");
  }
  EXPECT_EQ(text(call(Method::del, "/api/users/" + ada).json(), "code"), "last_admin");
  EXPECT_EQ(change(ada, R"({"name":"Ada L."})").status, 200);
  ASSERT_EQ(
      call(Method::post, "/api/users", R"({"name":"Bob","password":"a long enough password","role":"admin"})").status,
      201);
  EXPECT_EQ(change(ada, R"({"role":"member"})").status, 200);
  EXPECT_EQ(change(id_of("Bob"), R"({"role":"member"})").status, 409);
  EXPECT_EQ(change(id_of("Bob"), R"({"is_disabled":true})").status, 409);
}

TEST_F(PeopleApi, OfTwoAdminsDemotedAtOnceOneStays) {
  listen();
  std::vector<std::string> users;
  for (const char* name : {"Ada", "Bob"})
    users.push_back(text(call(Method::post, "/api/users",
                              json::write(json::Object{{"name", name}, {"password", kPassword}, {"role", "admin"}}))
                             .json(),
                         "id"));
  std::vector<std::future<int>> done;
  for (const std::string& user : users)
    done.push_back(
        std::async(std::launch::async, [this, user] { return change(user, R"({"role":"member"})").status; }));
  std::multiset<int> statuses;
  for (auto& one : done) statuses.insert(one.get());
  EXPECT_EQ(statuses, (std::multiset<int>{200, 409}));
}

TEST_F(PeopleApi, SessionsAreListedAndEndedOneByOne) {
  start();
  const Headers first = join("Ada");
  const Headers second = session_of(sign_in("Ada", kPassword, {{"user-agent", "  Testing\tBrowser/1.0  "}}));
  const json::Array seen = sessions(second);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].at("is_current").as_bool());
  EXPECT_FALSE(seen[1].at("is_current").as_bool());
  EXPECT_EQ(text(seen[0], "agent"), "Testing\\x09Browser/1.0");
  EXPECT_EQ(text(seen[0], "address"), "127.0.0.1");
  EXPECT_TRUE(seen[0].at("is_by_password").as_bool());
  std::future<std::string> watching = listen_until_closed(first);
  ASSERT_EQ(call(Method::del, "/api/me/sessions/" + text(seen[1], "id"), {}, second).status, 204);
  EXPECT_THAT(watching.get(), HasSubstr("signed_out"));
  EXPECT_EQ(status_for(first), 401);
  EXPECT_EQ(status_for(second), 200);
  EXPECT_EQ(call(Method::del, "/api/me/sessions/" + text(seen[1], "id"), {}, second).status, 404);
}

TEST_F(PeopleApi, SigningOutEverywhereElseLeavesThisOne) {
  start();
  const Headers first = join("Ada");
  const Headers second = session_of(sign_in("Ada"));
  const Headers bob = join("Bob");
  const std::string key = own_key(second);
  std::future<std::string> watching = listen_until_closed(first);
  ASSERT_EQ(call(Method::del, "/api/me/sessions", {}, second).status, 204);
  EXPECT_THAT(watching.get(), HasSubstr("signed_out"));
  EXPECT_EQ(status_for(first), 401);
  EXPECT_EQ(status_for(second), 200);
  EXPECT_EQ(status_for(bob), 200);
  EXPECT_EQ(status_for(bearer(key)), 200);
  EXPECT_EQ(sessions(second).size(), 1U);
}

TEST_F(PeopleApi, SigningInAnewLeavesNoSessionBehind) {
  start();
  const Headers first = join("Ada");
  const Headers second = session_of(sign_in("Ada", kPassword, first));
  EXPECT_EQ(status_for(first), 401);
  EXPECT_EQ(sessions(second).size(), 1U);
}

TEST_F(PeopleApi, APasswordIsChangedByWhoeverKnowsIt) {
  start();
  const Headers first = join("Ada");
  const Headers second = session_of(sign_in("Ada"));
  const Answer wrong =
      call(Method::put, "/api/me/password", R"({"current":"not it","password":"an even longer one"})", second);
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(text(wrong.json(), "where"), "/current");
  const std::string both = json::write(json::Object{{"current", kPassword}, {"password", "an even longer password"}});
  EXPECT_EQ(call(Method::put, "/api/me/password", both, second).status, 204);
  EXPECT_EQ(status_for(first), 401);
  EXPECT_EQ(status_for(second), 200);
  EXPECT_EQ(sign_in("Ada").status, 401);
  EXPECT_EQ(sign_in("Ada", "an even longer password").status, 200);
  // One that an admin sets ends them all.
  EXPECT_EQ(change(id_of("Ada"), R"({"password":"set by the admin"})").status, 200);
  EXPECT_EQ(status_for(second), 401);
  EXPECT_EQ(sign_in("Ada", "set by the admin").status, 200);
}

TEST_F(PeopleApi, KeysOfOnesOwnAreMadeWithAPasswordAndRevoked) {
  start();
  const Headers ada = join("Ada"), bob = join("Bob");
  const std::string key = own_key(ada, "laptop");
  const Answer listed = call(Method::get, "/api/me/keys", {}, ada);
  ASSERT_EQ(listed.json().at("items").as_array().size(), 1U);
  EXPECT_EQ(call(Method::get, "/api/me/keys", {}, bob).json().at("items").as_array().size(), 0U);
  // What a key may do is bounded: neither it nor a session that it opened makes others.
  const Headers opened = session_of(call(Method::post, "/api/session", json::write(json::Object{{"key", key}})));
  for (const Headers& who : {bearer(key), opened}) {
    const Answer refused = call(Method::post, "/api/me/keys", R"({"name":"more"})", who);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(text(refused.json(), "code"), "password_needed");
  }
  const std::string id = text(listed.json().at("items").as_array().at(0), "id");
  EXPECT_EQ(call(Method::del, "/api/me/keys/" + id, {}, bob).status, 404);
  EXPECT_EQ(call(Method::del, "/api/me/keys/" + id, {}, ada).status, 204);
  EXPECT_EQ(status_for(bearer(key)), 401);
  EXPECT_EQ(status_for(opened), 401) << "what it opened ended with it";
  EXPECT_EQ(status_for(ada), 200) << "and nothing else did";
}

TEST_F(PeopleApi, WhoeverIsDeletedIsOutAndTheirNameIsFree) {
  start();
  const Headers ada = join("Ada");
  const std::string key = own_key(ada);
  const std::string id = id_of("Ada");
  ASSERT_EQ(call(Method::del, "/api/users/" + id, {}, admin_).status, 204);
  EXPECT_EQ(status_for(ada), 401);
  EXPECT_EQ(status_for(bearer(key)), 401);
  EXPECT_EQ(sign_in("Ada").status, 401);
  EXPECT_EQ(call(Method::get, "/api/users/" + id, {}, admin_).status, 404);
  EXPECT_EQ(call(Method::del, "/api/users/" + id, {}, admin_).status, 404);
  EXPECT_EQ(change(id, R"({"is_disabled":false})").status, 404);
  const Headers other = join("Ada");
  EXPECT_EQ(status_for(other), 200);
  EXPECT_NE(id_of("Ada"), id);
}

TEST_F(PeopleApi, UsersThatAreKeysOwnAreNoPeople) {
  start();
  make_key(R"({"name":"robot"})");
  EXPECT_EQ(call(Method::get, "/api/users", {}, admin_).json().at("items").as_array().size(), 0U);
  EXPECT_EQ(call(Method::get, "/api/users/00000000000000000000000001", {}, admin_).status, 404);
  EXPECT_EQ(call(Method::del, "/api/users/00000000000000000000000001", {}, admin_).status, 404);
  EXPECT_TRUE(call(Method::get, "/api/session", {}, admin_).json().at("user").is_null());
}

}  // namespace
}  // namespace atelier::app
