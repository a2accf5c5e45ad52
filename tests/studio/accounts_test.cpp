#include "studio/account/accounts.hpp"

#include <gtest/gtest.h>

#include "tests/model/house.hpp"

namespace atelier::studio {
namespace {

using namespace std::chrono_literals;
using model::kCent;
using model::kDollar;
using store::is_ok;

class AccountsTest : public testing::Test {
 protected:
  AccountsTest() {
    studio_ = *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    telemetry_ = *store::open_sqlite({.path = folder_ / "telemetry.db"}, store::telemetry_migrations());
    database_ = std::make_unique<model::StallingDatabase>(*studio_);
    limiters_ = std::make_unique<model::Limiters>(*telemetry_, clock_, metrics_);
    allowances_ = std::make_unique<model::Allowances>(*studio_, clock_, metrics_);
    restart();
  }
  void restart() {
    accounts_ = std::make_unique<Accounts>(Accounts::Parts{
        .database = *database_, .clock = clock_, .limiters = limiters_.get(), .allowances = allowances_.get()});
  }
  CreatedKey create(KeySettings settings, Role role = Role::member) {
    auto created = store::run(accounts_->create_key(std::move(settings), role));
    EXPECT_TRUE(is_ok(created));
    return std::move(*created);
  }
  void load() { ASSERT_TRUE(is_ok(store::run(accounts_->load()))); }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Database> studio_, telemetry_;
  std::unique_ptr<model::StallingDatabase> database_;
  std::unique_ptr<model::Limiters> limiters_;
  std::unique_ptr<model::Allowances> allowances_;
  std::unique_ptr<Accounts> accounts_;
};

const KeySettings kFull{.name = "team",
                        .models = {"gpt-*", "anthropic/*"},
                        .routes = {"fast"},
                        .expires_ms = 1'800'000'000'000,
                        .limits = {.requests_per_minute = 60, .tokens_per_minute = 90'000, .concurrent_max = 4},
                        .allowances = {.day = kDollar, .month = 20 * kDollar}};

TEST_F(AccountsTest, AKeyKeepsAllItsSettings) {
  load();
  const CreatedKey created = create(kFull);
  EXPECT_TRUE(created.secret.starts_with("at_"));
  const auto read = store::run(accounts_->get_key(created.key.id));
  ASSERT_TRUE(is_ok(read));
  EXPECT_EQ(read->settings, kFull);
  EXPECT_EQ(read->revision, 1);
  EXPECT_EQ(read->owner, created.key.owner);

  for (const bool is_restarted : {false, true}) {
    if (is_restarted) {
      restart();
      load();
    }
    const auto state = accounts_->look_up(created.secret);
    ASSERT_TRUE(is_ok(state));
    EXPECT_EQ((*state)->id, created.key.id);
    EXPECT_EQ((*state)->principal.owner, created.key.owner);
    EXPECT_TRUE((*state)->allows_model("anthropic", "claude"));
    EXPECT_FALSE((*state)->allows_model("openai", "o3"));
    EXPECT_TRUE((*state)->allows_route("fast"));
    EXPECT_EQ((*state)->limiter->status().tokens.quota, 90'000);
    EXPECT_EQ((*state)->allowance->status().month.limit, 20 * kDollar);
  }
}

TEST_F(AccountsTest, AKeyMadeBeforeThereWereLimitsHasNone) {
  const auto key = KeyId::make().to_string();
  ASSERT_TRUE(is_ok(store::run(studio_->write(store::batch_of(
      {"INSERT INTO access_keys (id, owner, name, hash, role, created_ms) VALUES ($1, $2, 'old', $3, 'admin', 1)",
       {key, store::local_user().to_string(), store::Blob{Bytes(32, 'x')}}})))));
  load();
  const auto keys = store::run(accounts_->list_keys());
  ASSERT_TRUE(is_ok(keys));
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().settings, KeySettings{.name = "old"});
}

TEST_F(AccountsTest, OnlyAKnownSecretIsLetIn) {
  const CreatedKey created = create({.name = "a"});
  EXPECT_EQ(store::code_of(accounts_->look_up(created.secret)), ErrorCode::unavailable)
      << "nobody is refused before the keys are read";
  load();
  EXPECT_TRUE(is_ok(accounts_->look_up(created.secret)));
  for (const std::string& wrong : {std::string(), std::string("at_"), created.secret + "x", created.secret.substr(3),
                                   "at_" + std::string(1'000, 'a'), std::string("as_") + created.secret.substr(3)})
    EXPECT_EQ(store::code_of(accounts_->look_up(wrong)), ErrorCode::unauthenticated) << wrong;
}

TEST_F(AccountsTest, TheHotPathNeverAsksTheDatabase) {
  load();
  const CreatedKey created = create(kFull);
  studio_->close();
  EXPECT_TRUE(is_ok(accounts_->look_up(created.secret)));
  EXPECT_EQ(store::code_of(accounts_->look_up("at_unknown")), ErrorCode::unauthenticated)
      << "not even for secrets nobody has";
}

TEST_F(AccountsTest, WhoAsksBeforeTheKeysAreReadReadsThem) {
  const CreatedKey created = create({.name = "a"}, Role::admin);
  restart();
  const auto principal = store::run(accounts_->find_key(created.secret));
  ASSERT_TRUE(is_ok(principal));
  EXPECT_EQ(principal->role, Role::admin);
  EXPECT_EQ(principal->owner, store::local_user());
  EXPECT_TRUE(is_ok(accounts_->look_up(created.secret)));
}

TEST_F(AccountsTest, ARevokedKeyIsRefusedAtOnceAndForGood) {
  load();
  const CreatedKey created = create({.name = "a"});
  const auto signed_in = store::run(accounts_->sign_in(created.secret));
  ASSERT_TRUE(is_ok(signed_in));
  ASSERT_TRUE(is_ok(store::run(accounts_->revoke_key(created.key.id))));
  EXPECT_EQ(store::code_of(accounts_->look_up(created.secret)), ErrorCode::unauthenticated);
  EXPECT_EQ(store::code_of(store::run(accounts_->find_session(signed_in->session))), ErrorCode::unauthenticated);
  EXPECT_EQ(store::code_of(store::run(accounts_->revoke_key(created.key.id))), ErrorCode::not_found);
  EXPECT_EQ(store::code_of(store::run(accounts_->update_key(created.key.id, {.name = "b"}, 1))), ErrorCode::conflict);
  restart();
  load();
  EXPECT_EQ(store::code_of(accounts_->look_up(created.secret)), ErrorCode::unauthenticated);
  EXPECT_TRUE(store::run(accounts_->list_keys())->front().is_revoked);
}

TEST_F(AccountsTest, AChangeIsInForceWhenItReturnsAndWhatWasUsedStays) {
  load();
  const CreatedKey created = create({.name = "a", .limits = {.requests_per_minute = 10}});
  const auto before = *accounts_->look_up(created.secret);
  auto pass = before->limiter->admit(0);
  ASSERT_TRUE(pass.has_value());
  KeySettings tighter{.name = "b", .models = {"x"}, .limits = {.requests_per_minute = 2, .concurrent_max = 1}};
  const auto changed = store::run(accounts_->update_key(created.key.id, tighter, 1));
  ASSERT_TRUE(is_ok(changed));
  EXPECT_EQ(changed->revision, 2);
  EXPECT_EQ(changed->settings, tighter);
  const auto after = *accounts_->look_up(created.secret);
  EXPECT_EQ(after->name, "b");
  EXPECT_FALSE(after->allows_model("p", "y"));
  EXPECT_TRUE(before->allows_model("p", "y")) << "a call keeps the snapshot it began with";
  EXPECT_EQ(after->limiter, before->limiter);
  EXPECT_EQ(after->limiter->status().concurrency.remaining, 0);
  EXPECT_EQ(store::code_of(store::run(accounts_->update_key(created.key.id, tighter, 1))), ErrorCode::conflict)
      << "that revision is gone";
  EXPECT_EQ(store::code_of(store::run(accounts_->update_key(KeyId::make(), tighter, 1))), ErrorCode::conflict);

  ASSERT_TRUE(is_ok(store::run(accounts_->update_key(created.key.id, {.name = "b"}, 2))));
  EXPECT_EQ((*accounts_->look_up(created.secret))->limiter, nullptr);
}

TEST_F(AccountsTest, AnExpiredKeyIsRefusedAndSoIsWhatItOpened) {
  load();
  const CreatedKey created = create({.name = "a", .expires_ms = clock_.wall_ms() + 60'000});
  const auto signed_in = store::run(accounts_->sign_in(created.secret));
  ASSERT_TRUE(is_ok(signed_in));
  clock_.advance(59'999ms);
  EXPECT_TRUE(is_ok(accounts_->look_up(created.secret)));
  EXPECT_TRUE(is_ok(store::run(accounts_->find_session(signed_in->session))));
  clock_.advance(1ms);
  const auto refused = accounts_->look_up(created.secret);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
  EXPECT_EQ(refused.error().reason, "key_expired");
  EXPECT_EQ(store::code_of(store::run(accounts_->find_session(signed_in->session))), ErrorCode::unauthenticated);
}

TEST_F(AccountsTest, WhenAKeyWasUsedIsWrittenInOneBatch) {
  load();
  std::vector<CreatedKey> keys;
  for (int i = 0; i < 20; ++i) keys.push_back(create({.name = "k"}));
  const std::size_t writes = database_->write_count();
  for (int round = 0; round < 50; ++round)
    for (const CreatedKey& key : keys) ASSERT_TRUE(is_ok(accounts_->look_up(key.secret)));
  EXPECT_EQ(database_->write_count(), writes);
  EXPECT_EQ(store::run(accounts_->get_key(keys[0].key.id))->last_used_ms, clock_.wall_ms())
      << "known before it is written";
  ASSERT_TRUE(is_ok(store::run(accounts_->flush())));
  EXPECT_EQ(database_->write_count(), writes + 1);
  ASSERT_TRUE(is_ok(store::run(accounts_->flush())));
  EXPECT_EQ(database_->write_count(), writes + 1);
  restart();
  load();
  const auto listed = store::run(accounts_->list_keys());
  ASSERT_TRUE(is_ok(listed));
  for (const AccessKey& key : *listed) EXPECT_EQ(key.last_used_ms, clock_.wall_ms());
}

TEST_F(AccountsTest, SettingsThatCannotBeAreRefusedByField) {
  const auto where = [&](KeySettings settings) {
    const auto refused = store::run(accounts_->create_key(std::move(settings), Role::member));
    EXPECT_EQ(store::code_of(refused), ErrorCode::invalid_argument);
    return refused ? std::string() : refused.error().where;
  };
  EXPECT_EQ(where({.name = ""}), "/name");
  EXPECT_EQ(where({.name = std::string(101, 'x')}), "/name");
  EXPECT_EQ(where({.name = "\xff"}), "/name");
  EXPECT_EQ(where({.name = "a", .models = {"ok", ""}}), "/models/1");
  EXPECT_EQ(where({.name = "a", .routes = std::vector<std::string>(101, "r")}), "/routes");
  EXPECT_EQ(where({.name = "a", .expires_ms = -1}), "/expires_ms");
  EXPECT_EQ(where({.name = "a", .limits = {.requests_per_minute = -1}}), "/requests_per_minute");
  EXPECT_EQ(where({.name = "a", .limits = {.tokens_per_minute = 2'000'000'000}}), "/tokens_per_minute");
  EXPECT_EQ(where({.name = "a", .allowances = {.month = -kCent}}), "/month_allowance");
  EXPECT_TRUE(store::run(accounts_->list_keys())->empty());
}

// A reading of all keys that overlaps changes must not undo them.
TEST_F(AccountsTest, ReadingAllKeysWhileTheyChangeLosesNothing) {
  std::vector<CreatedKey> keys;
  for (int i = 0; i < 30; ++i) keys.push_back(create({.name = "k"}));
  restart();
  std::vector<Task<Result<>>> tasks;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    tasks.push_back(accounts_->load());
    tasks.push_back(accounts_->revoke_key(keys[i].key.id));
  }
  for (const auto& done : store::run_all(std::move(tasks))) EXPECT_TRUE(is_ok(done));
  load();
  for (const CreatedKey& key : keys)
    EXPECT_EQ(store::code_of(accounts_->look_up(key.secret)), ErrorCode::unauthenticated);
}

TEST_F(AccountsTest, ChangesThatComeBackInAnotherOrderLeaveTheLastInForce) {
  load();
  const CreatedKey created = create({.name = "a", .limits = {.requests_per_minute = 1}});
  // Both are written before either returns; the revoking one was second.
  database_->stall();
  model::LoopThread loop;
  auto update = std::thread([&] { (void)loop.wait_for(accounts_->update_key(created.key.id, {.name = "b"}, 1)); });
  while (database_->waiting_count() < 1) std::this_thread::yield();
  auto revoke = std::thread([&] { (void)loop.wait_for(accounts_->revoke_key(created.key.id)); });
  while (database_->waiting_count() < 2) std::this_thread::yield();
  database_->resume();
  update.join();
  revoke.join();
  EXPECT_EQ(store::code_of(accounts_->look_up(created.secret)), ErrorCode::unauthenticated);
}

TEST_F(AccountsTest, SecretsStandNowhere) {
  load();
  const CreatedKey created = create({.name = "a"});
  const auto signed_in = store::run(accounts_->sign_in(created.secret));
  studio_->close();
  for (const char* file : {"studio.db", "studio.db-wal"}) {
    const std::string bytes = store::read_text(folder_ / file);
    EXPECT_EQ(bytes.find(created.secret.substr(3)), std::string::npos) << file;
    EXPECT_EQ(bytes.find(signed_in->session.substr(3)), std::string::npos) << file;
  }
}

}  // namespace
}  // namespace atelier::studio
