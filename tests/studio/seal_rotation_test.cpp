// The key that providers' secrets are sealed with, changed while the studio is in use, cut off anywhere.
#include <gtest/gtest.h>

#include <future>

#include "studio/gateway/gateway_setup.hpp"
#include "tests/model/house.hpp"

namespace atelier::studio {
namespace {

using store::is_ok;
using OldKeys = GatewaySetup::OldKeys;

constexpr std::string_view kCanary = "sk-canary-0123456789abcdef-WXYZ";

class SealRotationTest : public testing::Test {
 protected:
  SealRotationTest() {
    real_ = *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    database_ = std::make_unique<model::StallingDatabase>(*real_);
    restart();
  }
  // With what the file holds, as a studio starts.
  void restart() {
    auto keys = model::load_sealing_keys(source_);
    ASSERT_TRUE(is_ok(keys));
    models_ = std::make_unique<model::Models>(model::BreakerPolicy());
    setup_ =
        std::make_unique<GatewaySetup>(GatewaySetup::Parts{.database = *database_,
                                                           .clock = clock_,
                                                           .models = *models_,
                                                           .sealer = std::make_shared<model::Sealer>(std::move(*keys)),
                                                           .environment = {},
                                                           .sealing_keys = source_});
    ASSERT_TRUE(is_ok(loop_.wait_for(setup_->load())));
  }
  static ProviderChange change(std::string key = std::string(kCanary)) {
    ProviderChange made{.key = std::move(key)};
    made.settings.preset = "openai";
    return made;
  }
  std::string key_of(std::string_view name) {
    const auto directory = models_->directory();
    const auto found = directory->providers().find(name);
    return found == directory->providers().end() ? "none" : found->second->credential.key;
  }
  Result<GatewaySetup::SealRotation> rotate(OldKeys old = OldKeys::drop) {
    return loop_.wait_for(setup_->rotate_sealing_key(old));
  }
  std::vector<model::SealingKey> keys() { return *model::load_sealing_keys(source_); }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  model::SealingKeySource source_{.path = folder_ / "sealing.key"};
  std::unique_ptr<store::Database> real_;
  std::unique_ptr<model::StallingDatabase> database_;
  std::unique_ptr<model::Models> models_;
  std::unique_ptr<GatewaySetup> setup_;
  model::LoopThread loop_;
};

TEST_F(SealRotationTest, EverythingIsSealedAnewAndTheOldKeyIsGone) {
  ASSERT_TRUE(is_ok(loop_.wait_for(setup_->create_provider("a", change()))));
  const model::SealingKey before = keys().front();
  const auto rotated = rotate();
  ASSERT_TRUE(is_ok(rotated));
  EXPECT_EQ(rotated->sealed_count, 1U);
  EXPECT_EQ(rotated->old_key_count, 0U);
  ASSERT_EQ(keys().size(), 1U);
  EXPECT_EQ(keys().front().id_text(), rotated->key_id);
  EXPECT_NE(keys().front().id_text(), before.id_text());
  // What is set from now on is sealed with it, too.
  ASSERT_TRUE(is_ok(loop_.wait_for(setup_->create_provider("b", change("sk-later")))));
  restart();
  EXPECT_EQ(key_of("a"), kCanary);
  EXPECT_EQ(key_of("b"), "sk-later");
}

TEST_F(SealRotationTest, OldKeysStayWhereTheyAreWanted) {
  ASSERT_TRUE(is_ok(loop_.wait_for(setup_->create_provider("a", change()))));
  const model::SealingKey before = keys().front();
  const auto rotated = rotate(OldKeys::keep);
  ASSERT_TRUE(is_ok(rotated));
  EXPECT_EQ(rotated->old_key_count, 1U);
  ASSERT_EQ(keys().size(), 2U);
  EXPECT_EQ(keys().back().id_text(), before.id_text());
}

TEST_F(SealRotationTest, WhateverItIsCutOffAfterNothingIsLostAndItCanBeDoneAgain) {
  ASSERT_TRUE(is_ok(loop_.wait_for(setup_->create_provider("a", change()))));
  // After the new key was put into the file.
  ASSERT_TRUE(is_ok(model::add_sealing_key(source_)));
  restart();
  EXPECT_EQ(key_of("a"), kCanary);
  // After everything was sealed anew, before the old keys were dropped.
  ASSERT_TRUE(is_ok(rotate(OldKeys::keep)));
  restart();
  EXPECT_EQ(key_of("a"), kCanary);
  EXPECT_EQ(keys().size(), 3U);
  const auto finished = rotate();
  ASSERT_TRUE(is_ok(finished));
  EXPECT_EQ(keys().size(), 1U);
  restart();
  EXPECT_EQ(key_of("a"), kCanary);
}

TEST_F(SealRotationTest, ADatabaseThatTakesNothingLeavesTheOldKeyWhereItIs) {
  ASSERT_TRUE(is_ok(loop_.wait_for(setup_->create_provider("a", change()))));
  const model::SealingKey before = keys().front();
  database_->die();
  EXPECT_FALSE(rotate().has_value());
  EXPECT_EQ(keys().size(), 2U);
  EXPECT_EQ(keys().back().id_text(), before.id_text());
  database_->revive();
  restart();
  EXPECT_EQ(key_of("a"), kCanary);
  ASSERT_TRUE(is_ok(rotate()));
  EXPECT_EQ(keys().size(), 1U);
}

TEST_F(SealRotationTest, AChangeUnderWayIsWaitedForAndNoOtherBeginsMeanwhile) {
  database_->stall();
  auto changed = std::async(std::launch::async, [&] { return loop_.wait_for(setup_->create_provider("a", change())); });
  while (database_->waiting_count() == 0) std::this_thread::yield();  // sealed with the old key, and not written yet
  auto rotated = std::async(std::launch::async, [&] { return rotate(); });
  while (keys().size() < 2) std::this_thread::yield();
  Result<StoredProvider> refused;
  // The rotation closes the door right after its key is in the file.
  do refused = loop_.wait_for(setup_->update_provider("nobody", change(), 1));
  while (store::code_of(refused) == ErrorCode::not_found);
  EXPECT_EQ(refused.error().reason, "sealing_key_changing");
  database_->resume();
  ASSERT_TRUE(is_ok(changed.get()));
  const auto done = rotated.get();
  ASSERT_TRUE(is_ok(done));
  EXPECT_EQ(done->sealed_count, 1U) << "what was sealed with the old key a moment before";
  restart();
  EXPECT_EQ(key_of("a"), kCanary);
}

TEST_F(SealRotationTest, OneAtATime) {
  database_->stall();
  auto changed = std::async(std::launch::async, [&] { return loop_.wait_for(setup_->create_provider("a", change())); });
  while (database_->waiting_count() == 0) std::this_thread::yield();
  auto first = std::async(std::launch::async, [&] { return rotate(); });
  while (keys().size() < 2) std::this_thread::yield();
  EXPECT_EQ(store::code_of(rotate()), ErrorCode::unavailable);
  database_->resume();
  ASSERT_TRUE(is_ok(changed.get()));
  ASSERT_TRUE(is_ok(first.get()));
  EXPECT_EQ(keys().size(), 1U);
}

TEST_F(SealRotationTest, KeysOfTheEnvironmentAreTheOperatorsToChange) {
  const model::SealingKey old = model::SealingKey::make(), next = model::SealingKey::make();
  source_.variable = old.to_text();
  restart();
  ASSERT_TRUE(is_ok(loop_.wait_for(setup_->create_provider("a", change()))));
  EXPECT_EQ(store::code_of(rotate()), ErrorCode::conflict);
  source_.variable = next.to_text() + "," + old.to_text();
  restart();
  const auto rotated = rotate();
  ASSERT_TRUE(is_ok(rotated));
  EXPECT_EQ(rotated->key_id, next.id_text());
  EXPECT_EQ(rotated->sealed_count, 1U);
  source_.variable = next.to_text();
  restart();
  EXPECT_EQ(key_of("a"), kCanary);
}

}  // namespace
}  // namespace atelier::studio
