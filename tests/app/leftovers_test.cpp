#include "app/leftovers.hpp"

#include <gtest/gtest.h>

#include "store/assets.hpp"
#include "store/migrations.hpp"
#include "store/previews.hpp"
#include "store/productions.hpp"
#include "tests/store/support.hpp"

namespace atelier::app {
namespace {

using namespace std::chrono_literals;

class Leftovers : public testing::Test {
 protected:
  Leftovers() {
    auto database = store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    EXPECT_TRUE(database);
    database_ = std::move(*database);
    auto blobs = store::open_file_blobs({.directory = folder_ / "blobs"}, clock_);
    EXPECT_TRUE(blobs);
    blobs_ = std::move(*blobs);
  }
  ~Leftovers() override { database_->close(); }

  LeftoverParts parts() { return {.database = *database_, .blobs = *blobs_, .clock = clock_}; }
  Digest put(std::string bytes) {
    auto blob = store::run(blobs_->put(store::BlobKind::original, std::move(bytes)));
    EXPECT_TRUE(blob);
    return blob->digest;
  }
  bool is_there(const Digest& digest) {
    auto listed = store::run(blobs_->list(static_cast<std::uint8_t>(digest.bytes[0])));
    EXPECT_TRUE(listed);
    return std::ranges::any_of(*listed, [&](const store::StoredBlob& blob) { return blob.info.digest == digest; });
  }
  void write(std::vector<store::Statement> batch) {
    const auto written = store::run(database_->write(std::move(batch)));
    EXPECT_TRUE(written) << written.error().describe();
  }
  void write(store::Statement statement) {
    std::vector<store::Statement> batch;
    batch.push_back(std::move(statement));
    write(std::move(batch));
  }
  Digest put_derived(std::string bytes) {
    auto blob = store::run(blobs_->put(store::BlobKind::derived, std::move(bytes)));
    EXPECT_TRUE(blob);
    return blob->digest;
  }
  AssetId add_asset(const Digest& digest, json::Value facts = json::Object{}) {
    const AssetId id{Ulid::make()};
    write(store::Assets::insert({.id = id,
                                 .owner = store::local_user(),
                                 .digest = digest,
                                 .size_bytes = 1,
                                 .kind = "image",
                                 .media_type = "image/png",
                                 .name = "x",
                                 .facts = std::move(facts),
                                 .created_ms = clock_.wall_ms()}));
    return id;
  }
  void delete_asset(AssetId id) {
    write(store::Statement{"UPDATE assets SET deleted_ms = $2 WHERE id = $1", {id.to_string(), clock_.wall_ms()}});
  }
  // A production with a published render that shows these.
  ProductionId add_production(std::vector<Digest> files) {
    const ProductionId id{Ulid::make()};
    const RunId run{Ulid::make()};
    write(store::Productions::insert({.id = id,
                                      .owner = store::local_user(),
                                      .title = "t",
                                      .document = json::Object{},
                                      .created_ms = 1,
                                      .updated_ms = 1}));
    write(store::Productions::insert_render(principal_, id,
                                            {.run = run, .document = json::Object{}, .result = {}, .created_ms = 1}));
    write(store::Productions::publish_render(principal_, run, json::Object{}, files));
    return id;
  }
  // All of the 256 slices.
  std::int64_t clear() {
    EXPECT_TRUE(store::run(forget_deleted(parts())));
    std::int64_t count = 0;
    for (int byte = 0; byte < 256; ++byte) {
      auto swept = store::run(sweep_files(parts(), static_cast<std::uint8_t>(byte)));
      EXPECT_TRUE(swept);
      count += swept.value_or(0);
    }
    return count;
  }
  std::int64_t count_of(store::Statement query) {
    auto rows = store::run(database_->read(std::move(query)));
    return rows ? rows->integer(0, 0) : -1;
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  const Principal principal_{.owner = store::local_user(), .role = Role::admin};
};

TEST_F(Leftovers, ADeletedAssetGoesWithItsFileADayLater) {
  const Digest file = put("picture");
  const AssetId id = add_asset(file);
  clock_.advance(48h);
  EXPECT_EQ(clear(), 0) << "it is shown";
  delete_asset(id);
  clock_.advance(23h);
  EXPECT_EQ(clear(), 0) << "it may be undone";
  clock_.advance(2h);
  EXPECT_EQ(clear(), 1);
  EXPECT_FALSE(is_there(file));
  EXPECT_EQ(count_of({"SELECT COUNT(*) FROM assets"}), 0);
}

TEST_F(Leftovers, WhatWasMadeOfADeletedAssetGoesToo) {
  const Digest poster = put_derived("small"), sent = put_derived("sent"), own = put_derived("uploaded as well");
  (void)put("uploaded as well");
  (void)add_asset(own);
  const json::Value facts = json::Object{{"prepared", json::Object{{"digest", sent.hex()}}}};
  const Digest original = put("one"), shared = put("shared");
  const Digest shared_poster = put_derived("small, of what two have");
  write(store::Previews::set({.original = original, .name = "640.jpg", .blob = poster}));
  write(store::Previews::set({.original = shared, .name = "640.jpg", .blob = shared_poster}));
  const AssetId first = add_asset(original, facts);
  delete_asset(add_asset(shared));
  (void)add_asset(shared);
  const AssetId second = add_asset(put("two"), json::Object{{"prepared", json::Object{{"digest", own.hex()}}}});
  clock_.advance(48h);
  (void)clear();
  EXPECT_TRUE(is_there(poster) && is_there(sent));
  delete_asset(first);
  delete_asset(second);
  clock_.advance(25h);
  (void)clear();
  EXPECT_FALSE(is_there(poster));
  EXPECT_FALSE(is_there(sent));
  EXPECT_TRUE(is_there(own));
  EXPECT_TRUE(is_there(shared_poster));
  EXPECT_EQ(count_of({"SELECT COUNT(*) FROM previews"}), 1);
}

TEST_F(Leftovers, AFileStaysWhileAnythingShowsIt) {
  const Digest file = put("film");
  const AssetId first = add_asset(file), second = add_asset(file);
  add_production({file});
  delete_asset(first);
  delete_asset(second);
  clock_.advance(72h);
  EXPECT_EQ(clear(), 0);
  EXPECT_TRUE(is_there(file));
}

TEST_F(Leftovers, ADeletedProductionTakesItsRendersAndTheirFilesAlong) {
  const Digest poster = put("poster"), captions = put("captions"), other = put("another's");
  const ProductionId gone = add_production({poster, captions, other}), left = add_production({other});
  write(store::Productions::remove(principal_, gone, clock_.wall_ms()));
  clock_.advance(25h);
  EXPECT_EQ(clear(), 2);
  EXPECT_FALSE(is_there(poster));
  EXPECT_FALSE(is_there(captions));
  EXPECT_TRUE(is_there(other));
  EXPECT_EQ(count_of({"SELECT COUNT(*) FROM productions"}), 1);
  EXPECT_EQ(count_of({"SELECT COUNT(*) FROM renders"}), 1);
  EXPECT_TRUE(store::run(store::Productions(*database_).find(principal_, left)));
}

TEST_F(Leftovers, WhatIsNewOrInUseOrCanBeMadeAgainIsLeftAlone) {
  const Digest fresh = put("an upload on its way");
  EXPECT_EQ(clear(), 0);
  auto opened = store::run(blobs_->open(fresh));
  ASSERT_TRUE(opened);
  clock_.advance(48h);
  EXPECT_EQ(clear(), 0) << "somebody reads it";
  opened->pin.reset();
  *opened = store::OpenBlob();
  auto derived = store::run(blobs_->put(store::BlobKind::derived, "a preview"));
  ASSERT_TRUE(derived);
  derived->pin.reset();
  clock_.advance(48h);
  EXPECT_EQ(clear(), 1);
  EXPECT_FALSE(is_there(fresh));
  EXPECT_TRUE(is_there(derived->digest));
}

// Hundreds deleted at once are forgotten in rounds.
TEST_F(Leftovers, ManyGoInSlices) {
  const Digest file = put("one of many");
  std::vector<store::Statement> batch;
  for (int i = 0; i < 450; ++i)
    batch.push_back(
        {"INSERT INTO assets (id, owner, digest, size_bytes, media_type, kind, name, created_ms, deleted_ms) VALUES "
         "($1, $2, $3, 1, 'image/png', 'image', 'x', 1, $4)",
         {Ulid::make().to_string(), store::local_user().to_string(), file.hex(), clock_.wall_ms()}});
  write(std::move(batch));
  clock_.advance(48h);
  for (const std::int64_t left : {250, 50, 0}) {
    EXPECT_TRUE(is_there(file));
    EXPECT_EQ(clear(), left == 0 ? 1 : 0);
    EXPECT_EQ(count_of({"SELECT COUNT(*) FROM assets"}), left);
  }
}

// What was published before the table of files was there.
TEST_F(Leftovers, OlderRendersAreKnownToo) {
  const std::string digest(64, 'a');
  auto older = store::studio_migrations();
  std::erase_if(older, [](const store::Migration& one) { return one.name == "render_files" || one.version > 7; });
  {
    auto database = store::open_sqlite({.path = folder_ / "older.db"}, older);
    ASSERT_TRUE(database);
    std::vector<store::Statement> batch;
    batch.push_back(
        {"INSERT INTO productions (id, owner, title, revision, document, created_ms, updated_ms) VALUES ('p', $1, 't', "
         "1, '{}', 1, 1)",
         {store::local_user().to_string()}});
    batch.push_back(
        {"INSERT INTO renders (run, owner, production, document, created_ms, result) VALUES ('r', $1, 'p', '{}', 1, "
         "$2)",
         {store::local_user().to_string(),
          R"({"files":{"video":{"digest":")" + digest + R"(","size_bytes":1}},"film":{}})"}});
    batch.push_back(
        {"INSERT INTO renders (run, owner, production, document, created_ms) VALUES ('r2', $1, 'p', '{}', 1)",
         {store::local_user().to_string()}});
    ASSERT_TRUE(store::run((*database)->write(std::move(batch))));
    (*database)->close();
  }
  auto database = store::open_sqlite({.path = folder_ / "older.db"}, store::studio_migrations());
  ASSERT_TRUE(database) << database.error().describe();
  auto rows = store::run((*database)->read({"SELECT digest, run FROM render_files"}));
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->text(0, 0), digest);
  EXPECT_EQ(rows->text(0, 1), "r");
  (*database)->close();
}

}  // namespace
}  // namespace atelier::app
