#include "store/backup.hpp"

#include <gtest/gtest.h>

#include "store/blob_store.hpp"
#include "store/events.hpp"
#include "store/migrations.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

class Backup : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::create_directory(data_));
    database_ = *open_sqlite({.path = data_ + "/studio.db"}, studio_migrations());
    blobs_ = *open_file_blobs({.directory = data_ + "/blobs", .reserve_bytes = 0}, clock_);
    original_ = run(blobs_->put(BlobKind::original, "original"))->digest;
    derived_ = run(blobs_->put(BlobKind::derived, "derived"))->digest;
    ASSERT_TRUE(is_ok(run(database_->write(batch_of({"INSERT INTO meta (key, value) VALUES ('test', 'kept')"})))));
  }
  Result<BackupReport> back_up_now(Database* telemetry = nullptr) {
    return run(back_up(database_.get(), telemetry, data_ + "/blobs", backup_, &clock_));
  }
  std::string epoch_of(const std::string& path) {
    auto database = open_sqlite({.path = path}, studio_migrations());
    EXPECT_TRUE(is_ok(database));
    return run((*database)->read({"SELECT value FROM meta WHERE key = 'epoch'"}))->text(0, 0);
  }
  std::string backed_up_blob() const {
    const std::string hex = original_.hex();
    return backup_ + "/blobs/original/" + hex.substr(0, 2) + "/" + hex.substr(2);
  }
  TemporaryFolder folder_;
  ManualClock clock_;
  const std::string data_ = folder_ / "data", backup_ = folder_ / "backup", restored_ = folder_ / "restored";
  std::unique_ptr<Database> database_;
  std::unique_ptr<BlobStore> blobs_;
  Digest original_, derived_;
};

TEST_F(Backup, WhatIsRestoredIsWhatWasBackedUp) {
  const auto saved = back_up_now();
  ASSERT_TRUE(is_ok(saved));
  EXPECT_EQ(saved->blob_count, 1U) << "what is derived can be made again";
  const auto restored = restore(backup_, restored_);
  ASSERT_TRUE(is_ok(restored));
  EXPECT_EQ(restored->size_bytes, saved->size_bytes);
  auto database = open_sqlite({.path = restored_ + "/studio.db"}, studio_migrations());
  ASSERT_TRUE(is_ok(database));
  EXPECT_EQ(run((*database)->read({"SELECT value FROM meta WHERE key = 'test'"}))->text(0, 0), "kept");
  auto blobs = open_file_blobs({.directory = restored_ + "/blobs", .reserve_bytes = 0}, clock_);
  ASSERT_TRUE(is_ok(blobs));
  EXPECT_EQ(run((*blobs)->read(original_, 100)).value_or(""), "original");
  EXPECT_FALSE(*run((*blobs)->contains(derived_)));
}

TEST_F(Backup, TelemetryGoesAlongWhereItIsWanted) {
  auto telemetry = open_sqlite({.path = data_ + "/telemetry.db", .is_rebuildable = true}, telemetry_migrations());
  ASSERT_TRUE(is_ok(telemetry));
  ASSERT_TRUE(is_ok(run((*telemetry)
                            ->write(batch_of({"INSERT INTO page_figures VALUES (0, 1, 'LCP', 'chat', 'phone', "
                                              "2, 3)"})))));
  const auto saved = back_up_now(telemetry->get());
  ASSERT_TRUE(is_ok(saved));
  EXPECT_TRUE(saved->has_telemetry);
  const auto restored = restore(backup_, restored_);
  ASSERT_TRUE(is_ok(restored));
  EXPECT_EQ(restored->size_bytes, saved->size_bytes);
  auto again = open_sqlite({.path = restored_ + "/telemetry.db", .is_rebuildable = true}, telemetry_migrations());
  ASSERT_TRUE(is_ok(again));
  EXPECT_EQ(run((*again)->read({"SELECT count FROM page_figures"}))->integer(0, 0), 3);
}

TEST_F(Backup, DamagedTelemetryIsFound) {
  auto telemetry = open_sqlite({.path = data_ + "/telemetry.db", .is_rebuildable = true}, telemetry_migrations());
  ASSERT_TRUE(is_ok(telemetry));
  ASSERT_TRUE(is_ok(back_up_now(telemetry->get())));
  std::string bytes = read_text(backup_ + "/telemetry.db");
  bytes[bytes.size() / 2] ^= 1;
  write_text(backup_ + "/telemetry.db", bytes);
  EXPECT_EQ(code_of(restore(backup_, restored_)), ErrorCode::storage_failed);
  EXPECT_FALSE(std::filesystem::exists(restored_ + "/studio.db"));
}

TEST_F(Backup, TelemetryStaysBehindWhereItIsNotWanted) {
  const auto saved = back_up_now();
  ASSERT_TRUE(is_ok(saved));
  EXPECT_FALSE(saved->has_telemetry);
  ASSERT_TRUE(is_ok(restore(backup_, restored_)));
  EXPECT_FALSE(std::filesystem::exists(restored_ + "/telemetry.db")) << "made anew at the start";
}

TEST_F(Backup, ARestoredEventLogHasAnotherEpoch) {
  ASSERT_TRUE(is_ok(back_up_now()));
  ASSERT_TRUE(is_ok(restore(backup_, restored_)));
  database_.reset();
  EXPECT_NE(epoch_of(data_ + "/studio.db"), epoch_of(restored_ + "/studio.db"));
}

TEST_F(Backup, IsNotMadeInAFolderThatHoldsSomething) {
  ASSERT_TRUE(std::filesystem::create_directory(backup_));
  write_text(backup_ + "/mine", "x");
  EXPECT_EQ(code_of(back_up_now()), ErrorCode::invalid_argument);
  EXPECT_EQ(read_text(backup_ + "/mine"), "x");
}

TEST_F(Backup, IsNotRestoredOverAFolderThatHoldsSomething) {
  ASSERT_TRUE(is_ok(back_up_now()));
  EXPECT_EQ(code_of(restore(backup_, data_)), ErrorCode::invalid_argument);
}

TEST_F(Backup, ADamagedBlobIsFoundAndNothingIsRestored) {
  ASSERT_TRUE(is_ok(back_up_now()));
  std::filesystem::permissions(backed_up_blob(), std::filesystem::perms::owner_all);
  write_text(backed_up_blob(), "0riginal");
  const auto restored = restore(backup_, restored_);
  ASSERT_EQ(code_of(restored), ErrorCode::storage_failed);
  EXPECT_EQ(restored.error().reason, "backup_corrupt");
  EXPECT_FALSE(std::filesystem::exists(restored_ + "/studio.db"));
  EXPECT_FALSE(std::filesystem::exists(restored_ + ".restoring"));
}

TEST_F(Backup, ADamagedDatabaseIsFound) {
  ASSERT_TRUE(is_ok(back_up_now()));
  std::string bytes = read_text(backup_ + "/studio.db");
  bytes[bytes.size() / 2] ^= 1;
  write_text(backup_ + "/studio.db", bytes);
  EXPECT_EQ(code_of(restore(backup_, restored_)), ErrorCode::storage_failed);
}

TEST_F(Backup, AMissingBlobIsFound) {
  ASSERT_TRUE(is_ok(back_up_now()));
  std::filesystem::remove(backed_up_blob());
  EXPECT_FALSE(restore(backup_, restored_).has_value());
}

TEST_F(Backup, AFolderWithoutManifestIsNoBackup) {
  const auto restored = restore(data_, restored_);
  ASSERT_EQ(code_of(restored), ErrorCode::invalid_argument);
  EXPECT_EQ(restored.error().reason, "no_backup");
}

TEST_F(Backup, AManifestOfAnotherFormatIsRefused) {
  ASSERT_TRUE(is_ok(back_up_now()));
  for (const char* text :
       {"{}", "[]", "not json", R"({"format":2,"created_ms":0,"database":{},"blobs":[]})",
        R"({"format":1,"created_ms":0,"database":{"sha256":"../../etc/passwd","size_bytes":1},"blobs":[]})"}) {
    write_text(backup_ + "/manifest.json", text);
    EXPECT_EQ(code_of(restore(backup_, restored_)), ErrorCode::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace atelier::store
