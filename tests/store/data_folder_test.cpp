#include "store/data_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

TEST(DataFolder, IsMadeForItsOwnerAlone) {
  TemporaryFolder folder;
  const auto data = DataFolder::open(folder / "deep/er/atelier/");
  ASSERT_TRUE(is_ok(data));
  struct stat facts = {};
  ASSERT_EQ(::stat((folder / "deep/er/atelier").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
  EXPECT_EQ(data->studio_database(), folder / "deep/er/atelier/studio.db");
  EXPECT_EQ(data->socket(), folder / "deep/er/atelier/server.sock");
}

TEST(DataFolder, BelongsToOneAndTheErrorNamesWhom) {
  TemporaryFolder folder;
  auto first = DataFolder::open(folder.path());
  ASSERT_TRUE(is_ok(first));
  const auto second = DataFolder::open(folder.path());
  ASSERT_EQ(code_of(second), ErrorCode::conflict);
  EXPECT_EQ(second.error().reason, "data_folder_in_use");
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message;
  EXPECT_NE(second.error().message.find("server.sock"), std::string::npos) << second.error().message;
}

TEST(DataFolder, IsFreeAgainOnceItsOwnerEnded) {
  TemporaryFolder folder;
  {
    ASSERT_TRUE(is_ok(DataFolder::open(folder.path())));
  }
  EXPECT_TRUE(is_ok(DataFolder::open(folder.path())));
}

TEST(DataFolder, ALockFileThatNobodyHoldsDoesNotMatter) {
  TemporaryFolder folder;
  write_text(folder / "lock", "1 another-boot\n");
  EXPECT_TRUE(is_ok(DataFolder::open(folder.path())));
}

TEST(DataFolder, AFileInItsPlaceIsRefused) {
  TemporaryFolder folder;
  write_text(folder / "file", "x");
  EXPECT_EQ(code_of(DataFolder::open(folder / "file")), ErrorCode::invalid_argument);
  EXPECT_FALSE(DataFolder::open("").has_value());
}

}  // namespace
}  // namespace atelier::store
