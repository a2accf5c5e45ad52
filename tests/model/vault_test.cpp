#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "model/vault/sealing_keys.hpp"
#include "tests/store/support.hpp"

namespace atelier::model {
namespace {

using store::is_ok;

constexpr std::string_view kCanary = "sk-canary-0123456789abcdef";

TEST(Sealer, OpensWhatItSealedAndNothingElse) {
  const Sealer sealer({SealingKey::make()});
  const Bytes sealed = sealer.seal(kCanary, "provider/a");
  EXPECT_EQ(sealed.find(kCanary.substr(0, 8)), std::string::npos);
  const auto opened = sealer.open(sealed, "provider/a");
  ASSERT_TRUE(is_ok(opened));
  EXPECT_EQ(*opened, kCanary);
  EXPECT_NE(sealer.seal(kCanary, "provider/a"), sealed) << "never twice the same bytes";
  EXPECT_EQ(*sealer.open(sealer.seal("", "x"), "x"), "");

  const auto moved = sealer.open(sealed, "provider/b");
  ASSERT_FALSE(moved.has_value());
  EXPECT_EQ(moved.error().reason, "seal_broken");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(sealer.open(changed, "provider/a").has_value()) << i;
    EXPECT_FALSE(sealer.open(sealed.substr(0, i), "provider/a").has_value()) << i;
  }
}

TEST(Sealer, OlderKeysOpenAndTheFirstSeals) {
  const SealingKey old_key = SealingKey::make(), new_key = SealingKey::make();
  const Sealer before({old_key}), both({new_key, old_key}), after({new_key});
  const Bytes old_sealed = before.seal("s", "c");
  EXPECT_TRUE(is_ok(both.open(old_sealed, "c")));
  EXPECT_FALSE(both.is_current(old_sealed));
  const Bytes new_sealed = both.seal("s", "c");
  EXPECT_TRUE(both.is_current(new_sealed));
  EXPECT_TRUE(is_ok(after.open(new_sealed, "c")));
  const auto lost = after.open(old_sealed, "c");
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().reason, "sealing_key_missing");
  EXPECT_NE(lost.error().message.find(old_key.id_text()), std::string::npos) << "says which key is wanted";
}

TEST(SealingKeys, AKeyIsReadAsItIsWrittenAndAWrongOneIsNotRepeated) {
  const SealingKey key = SealingKey::make();
  const auto read = SealingKey::parse(" " + key.to_text() + "\n");
  ASSERT_TRUE(is_ok(read));
  EXPECT_EQ(read->bytes(), key.bytes());
  EXPECT_EQ(read->id(), key.id());
  const std::string text = key.to_text();
  for (const std::string& wrong : {std::string(), std::string("hunter2"), text.substr(0, text.size() - 1), text + "A",
                                   text.substr(15), text + "=", "atelier-seal-1:" + std::string(43, '!')}) {
    const auto refused = SealingKey::parse(wrong);
    ASSERT_FALSE(refused.has_value()) << wrong;
    EXPECT_EQ(refused.error().reason, "sealing_key_invalid");
    if (wrong.empty()) continue;
    EXPECT_EQ(refused.error().message.find(wrong), std::string::npos);
  }
}

TEST(SealingKeys, AFileIsMadeForItsOwnerAloneAndReadAgain) {
  const store::TemporaryFolder folder;
  const SealingKeySource source{.path = folder / "new/folders/keys"};
  const auto made = load_sealing_keys(source);
  ASSERT_TRUE(is_ok(made));
  struct ::stat facts{};
  ASSERT_EQ(::stat(source.path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  const auto again = load_sealing_keys(source);
  ASSERT_TRUE(is_ok(again));
  EXPECT_EQ(again->front().bytes(), made->front().bytes());

  ASSERT_EQ(::chmod(source.path.c_str(), 0640), 0);
  const auto refused = load_sealing_keys(source);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().where, source.path);
  EXPECT_NE(refused.error().message.find("chmod 600"), std::string::npos);
}

TEST(SealingKeys, FoldersThatAreMissingAreMade) {
  const store::TemporaryFolder folder;
  const SealingKeySource source{.path = folder / "settings/atelier/keys"};
  const auto made = load_sealing_keys(source);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(load_sealing_keys(source));
}

TEST(SealingKeys, AWrongLineIsNamedAndNothingIsMadeInItsPlace) {
  const store::TemporaryFolder folder;
  const SealingKeySource source{.path = folder / "keys"};
  const std::string text = "# a comment\n" + SealingKey::make().to_text() + "\n\nnonsense\n";
  store::write_text(source.path, text);
  ASSERT_EQ(::chmod(source.path.c_str(), 0600), 0);
  const auto refused = load_sealing_keys(source);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().where, source.path + ":4");
  EXPECT_EQ(store::read_text(source.path), text);
  store::write_text(source.path, "# nothing else\n");
  EXPECT_FALSE(load_sealing_keys(source).has_value()) << "an emptied file is not taken for a new studio's";
}

TEST(SealingKeys, TheEnvironmentGoesBeforeTheFile) {
  const store::TemporaryFolder folder;
  const SealingKey first = SealingKey::make(), second = SealingKey::make();
  const SealingKeySource source{.path = folder / "keys", .variable = first.to_text() + "," + second.to_text()};
  const auto keys = load_sealing_keys(source);
  ASSERT_TRUE(is_ok(keys));
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->front().bytes(), first.bytes());
  EXPECT_NE(::access(source.path.c_str(), F_OK), 0) << "no file is made";
  EXPECT_EQ(store::code_of(add_sealing_key(source)), ErrorCode::conflict);
  EXPECT_FALSE(load_sealing_keys({.path = source.path, .variable = ""}).has_value());
}

TEST(SealingKeys, ANewKeyGoesFirstAndOldOnesStayUntilTheyAreDropped) {
  const store::TemporaryFolder folder;
  const SealingKeySource source{.path = folder / "keys"};
  const auto before = load_sealing_keys(source);
  ASSERT_TRUE(is_ok(before));
  const auto both = add_sealing_key(source);
  ASSERT_TRUE(is_ok(both));
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ((*both)[1].bytes(), before->front().bytes());
  EXPECT_EQ(load_sealing_keys(source)->size(), 2U);
  ASSERT_TRUE(is_ok(drop_old_sealing_keys(source)));
  const auto after = load_sealing_keys(source);
  ASSERT_EQ(after->size(), 1U);
  EXPECT_EQ(after->front().bytes(), both->front().bytes());
  struct ::stat facts{};
  ASSERT_EQ(::stat(source.path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

}  // namespace
}  // namespace atelier::model
