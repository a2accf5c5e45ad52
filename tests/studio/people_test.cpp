// What of people cannot be seen from outside in a short time: deleting what they had, waiting out a guesser's pause,
// and how seldom their sessions are written.
#include "studio/account/people.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "studio/account/invitations.hpp"
#include "tests/model/house.hpp"

namespace atelier::studio {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

constexpr const char* kPassword = "a long enough password";

class PeopleTest : public testing::Test {
 protected:
  PeopleTest() {
    studio_ = *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    database_ = std::make_unique<model::StallingDatabase>(*studio_);
    accounts_ = std::make_unique<Accounts>(*database_, clock_);
    people_ = std::make_unique<People>(
        People::Parts{.database = *database_, .accounts = *accounts_, .clock = clock_, .stop_work = {}});
    invitations_ = std::make_unique<Invitations>(
        Invitations::Parts{.database = *database_, .accounts = *accounts_, .people = *people_, .clock = clock_});
    EXPECT_TRUE(is_ok(store::run(accounts_->load())));
  }
  Person create(std::string name, Role role = Role::member) {
    auto made = store::run(people_->create({.name = std::move(name), .role = role, .password = kPassword}));
    EXPECT_TRUE(is_ok(made));
    return made ? *made : Person();
  }
  Result<SignedIn> sign_in(std::string password = kPassword, std::string address = "192.0.2.1") {
    return store::run(people_->sign_in("Ada", std::move(password), {.address = std::move(address), .agent = {}}));
  }
  std::int64_t count(store::Sql sql, const UserId& owner) {
    auto rows = store::run(studio_->read({sql, {owner.to_string()}}));
    EXPECT_TRUE(is_ok(rows));
    return rows->integer(0, 0);
  }
  void write(store::Statement statement) {
    std::vector<store::Statement> batch;
    batch.push_back(std::move(statement));
    ASSERT_TRUE(is_ok(store::run(studio_->write(std::move(batch)))));
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<store::Database> studio_;
  std::unique_ptr<model::StallingDatabase> database_;
  std::unique_ptr<Accounts> accounts_;
  std::unique_ptr<People> people_;
  std::unique_ptr<Invitations> invitations_;
};

TEST_F(PeopleTest, WhatADeletedPersonHadGoesInSlices) {
  const Person ada = create("Ada"), bob = create("Bob");
  const Principal ada_now{.owner = ada.id, .role = Role::member};
  ASSERT_TRUE(is_ok(store::run(accounts_->create_own_key(ada_now, {.name = "mine"}))));
  for (const Person* whose : {&ada, &bob}) {
    const std::string user = whose->id.to_string();
    for (int i = 0; i < 450; ++i)
      write(
          {"INSERT INTO assets (id, owner, digest, size_bytes, media_type, kind, name, created_ms) "
           "VALUES ($1, $2, 'd', 1, 'image/png', 'image', 'n', 0)",
           {AssetId::make().to_string(), user}});
    write({"INSERT INTO thread_folders (id, owner, name, place, created_ms) VALUES ($1, $2, 'f', 0, 0)",
           {FolderId::make().to_string(), user}});
    write({"INSERT INTO events (owner, topic, number, type, data) VALUES ($1, 't', 1, 't', '{}')", {user}});
  }
  ASSERT_TRUE(is_ok(store::run(people_->remove(ada.id))));
  // Not yet: a request that was let in before may still write.
  EXPECT_FALSE(*store::run(people_->forget_some()));
  clock_.advance(2min);
  int slices = 0;
  while (*store::run(people_->forget_some())) ++slices;
  EXPECT_GE(slices, 3);
  EXPECT_LE(slices, 6);
  EXPECT_EQ(count("SELECT count(*) FROM assets WHERE owner = $1 AND deleted_ms IS NULL", ada.id), 0);
  EXPECT_EQ(count("SELECT count(*) FROM thread_folders WHERE owner = $1", ada.id), 0);
  EXPECT_EQ(count("SELECT count(*) FROM access_keys WHERE owner = $1", ada.id), 0);
  EXPECT_EQ(count("SELECT count(*) FROM events WHERE owner = $1", ada.id), 0);
  EXPECT_EQ(count("SELECT count(*) FROM users WHERE id = $1 AND name = id AND login IS NULL AND password = ''", ada.id),
            1);
  EXPECT_EQ(count("SELECT count(*) FROM assets WHERE owner = $1 AND deleted_ms IS NULL", bob.id), 450);
  EXPECT_EQ(count("SELECT count(*) FROM thread_folders WHERE owner = $1", bob.id), 1);
  EXPECT_EQ(count("SELECT count(*) FROM events WHERE owner = $1", bob.id), 1);
}

TEST_F(PeopleTest, AGuesserWaitsAndMayThenTryAgain) {
  create("Ada");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(store::code_of(sign_in("a wrong password")), ErrorCode::unauthenticated) << i;
  const auto refused = sign_in();
  ASSERT_EQ(store::code_of(refused), ErrorCode::rate_limited);
  ASSERT_TRUE(refused.error().retry_after_ms);
  // From elsewhere the name's owner gets in all the same.
  EXPECT_TRUE(is_ok(sign_in(kPassword, "192.0.2.2")));
  clock_.advance(std::chrono::milliseconds(*refused.error().retry_after_ms));
  EXPECT_TRUE(is_ok(sign_in()));
  // Who succeeds has all tries again.
  for (int i = 0; i < 8; ++i) EXPECT_EQ(store::code_of(sign_in("a wrong password")), ErrorCode::unauthenticated) << i;
}

TEST_F(PeopleTest, ANameGuessedAtFromEverywhereIsHeldUpAndAnAddressToo) {
  create("Ada");
  SignInPace pace(clock_);
  int tries = 0;
  while (pace.begin("ada", "2001:db8:" + std::to_string(tries) + "::1")) ++tries;
  EXPECT_EQ(tries, 60);
  tries = 0;
  while (pace.begin("name" + std::to_string(tries), "2001:db8:f:f:" + std::to_string(tries) + "::1")) ++tries;
  EXPECT_EQ(tries, 60) << "a /64 is one address";
  clock_.advance(24h);
  EXPECT_TRUE(pace.begin("ada", "2001:db8::1"));
}

TEST_F(PeopleTest, AnInvitationEndsByItself) {
  const auto made = store::run(invitations_->create(store::local_user(), {.note = "n"}));
  ASSERT_TRUE(is_ok(made));
  EXPECT_EQ(made->invitation.expires_ms - made->invitation.created_ms, std::chrono::milliseconds(7 * 24h).count());
  clock_.advance(7 * 24h);
  EXPECT_EQ(store::code_of(store::run(invitations_->accept(made->secret, "Ada", kPassword, {}))), ErrorCode::not_found);
  ASSERT_TRUE(is_ok(store::run(invitations_->forget_old())));
  EXPECT_EQ(store::run(invitations_->list())->size(), 1U);
  clock_.advance(31 * 24h);
  ASSERT_TRUE(is_ok(store::run(invitations_->forget_old())));
  EXPECT_EQ(store::run(invitations_->list())->size(), 0U);
}

TEST_F(PeopleTest, UsingASessionWritesNothingUntilTheFlush) {
  const Person ada = create("Ada");
  const auto signed_in = sign_in();
  ASSERT_TRUE(is_ok(signed_in));
  const std::size_t written = database_->write_count();
  for (int i = 0; i < 50; ++i) {
    clock_.advance(1s);
    ASSERT_TRUE(is_ok(store::run(accounts_->find_session(signed_in->session))));
  }
  EXPECT_EQ(database_->write_count(), written);
  // It is told all the same, and outlives the process once written.
  EXPECT_EQ(store::run(accounts_->list_sessions(ada.id, ""))->front().used_ms, clock_.wall_ms());
  ASSERT_TRUE(is_ok(store::run(accounts_->flush())));
  EXPECT_EQ(database_->write_count(), written + 1);
  Accounts restarted(*database_, clock_);
  EXPECT_EQ(store::run(restarted.list_sessions(ada.id, ""))->front().used_ms, clock_.wall_ms());
}

TEST_F(PeopleTest, NobodyHasMoreSessionsThanAHundred) {
  const Person ada = create("Ada");
  const Principal principal{.owner = ada.id, .role = Role::member};
  std::string first, last;
  for (int i = 0; i < 103; ++i) {
    clock_.advance(1s);
    auto opened = store::run(accounts_->open_session(principal, {}));
    ASSERT_TRUE(is_ok(opened));
    (i == 0 ? first : last) = opened->session;
  }
  EXPECT_EQ(store::run(accounts_->list_sessions(ada.id, last))->size(), 100U);
  EXPECT_FALSE(store::run(accounts_->find_session(first)));
  EXPECT_TRUE(store::run(accounts_->find_session(last)));
}

TEST_F(PeopleTest, WhoeverIsShutOutWhileTheyMakeAKeyHasNone) {
  const Person ada = create("Ada");
  const Principal principal{.owner = ada.id, .role = Role::member};
  ASSERT_TRUE(is_ok(store::run(people_->change(ada.id, {.is_disabled = true}))));
  EXPECT_EQ(store::code_of(store::run(accounts_->create_own_key(principal, {.name = "late"}))),
            ErrorCode::unauthenticated);
  EXPECT_EQ(store::code_of(store::run(accounts_->open_session(principal, {}))), ErrorCode::unauthenticated);
}

// Of tables that grow: each question goes by an index.
TEST_F(PeopleTest, NothingIsFoundByReadingATable) {
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open_v2((folder_ / "studio.db").c_str(), &file, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  for (const char* question : {
           "SELECT id FROM users WHERE login = $1",
           "SELECT id FROM users WHERE disabled_ms IS NOT NULL",
           "SELECT id FROM users WHERE deleted_ms IS NOT NULL AND emptied_ms IS NULL AND deleted_ms < $1 ORDER BY "
           "deleted_ms LIMIT 1",
           "SELECT max(coalesce(used_ms, created_ms)) FROM sessions WHERE owner = $1",
           "DELETE FROM sessions WHERE id = $1 AND owner = $2",
           "DELETE FROM sessions WHERE owner = $1 AND hash <> $2",
           "SELECT id FROM invitations WHERE hash = $1 AND revoked_ms IS NULL",
           "DELETE FROM invitations WHERE expires_ms < $1",
           "UPDATE assets SET deleted_ms = $2 WHERE id IN (SELECT id FROM assets WHERE owner = $1 AND deleted_ms IS "
           "NULL LIMIT $3)",
           "UPDATE messages SET state = 'stopped' WHERE (thread, number) IN (SELECT thread, number FROM messages WHERE "
           "state IN ('queued', 'answering') AND state = 'queued' AND owner = $1)",
       }) {
    sqlite3_stmt* asked = nullptr;
    const std::string plan = "EXPLAIN QUERY PLAN " + std::string(question);
    ASSERT_EQ(sqlite3_prepare_v2(file, plan.c_str(), -1, &asked, nullptr), SQLITE_OK) << sqlite3_errmsg(file);
    while (sqlite3_step(asked) == SQLITE_ROW) {
      const std::string line(reinterpret_cast<const char*>(sqlite3_column_text(asked, 3)));
      EXPECT_TRUE(!line.starts_with("SCAN") || line.find("INDEX") != std::string::npos) << question << ": " << line;
    }
    sqlite3_finalize(asked);
  }
  sqlite3_close(file);
}

}  // namespace
}  // namespace atelier::studio
