// Assets as rows: what lists of them have, whose they are, and by which index they are read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fmt/format.h>

#include "store/asset_lineage.hpp"
#include "store/asset_lists.hpp"
#include "store/asset_shelves.hpp"
#include "store/asset_words.hpp"
#include "store/migrations.hpp"
#include "store/previews.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class AssetRows : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_sqlite({.path = folder_ / "studio.db"}, studio_migrations());
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
    write({{"INSERT INTO users (id, name, role, created_ms) VALUES ($1, 'other', 'member', 0)",
            {other_.owner.to_string()}}});
  }
  void TearDown() override { database_->close(); }
  std::vector<Rows> write(std::vector<Statement> batch) {
    auto done = run(database_->write(std::move(batch)));
    EXPECT_TRUE(done) << done.error().describe();
    return done ? std::move(*done) : std::vector<Rows>();
  }
  Rows read(Statement statement) {
    auto rows = run(database_->read(std::move(statement)));
    EXPECT_TRUE(rows) << rows.error().describe();
    return rows ? std::move(*rows) : Rows();
  }
  Asset make(std::string name, std::uint64_t size_bytes = 1, std::string kind = "image") {
    return {.id = AssetId::make(),
            .owner = me_.owner,
            .digest = sha256(name),
            .size_bytes = size_bytes,
            .kind = std::move(kind),
            .media_type = "image/png",
            .name = std::move(name),
            .facts = json::Object{{"width", 640}, {"height", 480}}};
  }
  AssetId add(Asset asset) {
    const AssetId id = asset.id;
    write({Assets::insert(asset)});
    return id;
  }
  AssetId add(std::string name, std::uint64_t size_bytes = 1) { return add(make(std::move(name), size_bytes)); }
  AssetPage list(AssetQuery query, std::optional<Principal> principal = {}) {
    AssetLists lists(*database_);
    auto page = run(lists.list(principal.value_or(me_), std::move(query)));
    EXPECT_TRUE(page) << page.error().describe();
    return page ? std::move(*page) : AssetPage();
  }
  std::vector<std::string> names(const AssetQuery& query, std::optional<Principal> principal = {}) {
    std::vector<std::string> found;
    for (const Asset& asset : list(query, principal).items) found.push_back(asset.name);
    return found;
  }
  // Page after page.
  std::vector<std::string> walk(AssetQuery query) {
    std::vector<std::string> found;
    do {
      AssetPage page = list(query);
      for (const Asset& asset : page.items) found.push_back(asset.name);
      query.after = page.next;
    } while (!query.after.empty() && found.size() < 1'000);
    return found;
  }
  void read_words() {
    std::vector<Statement> batch;
    for (const UnreadAsset& asset : AssetWords::unread_of(read(AssetWords::select_unread("", 1'000))))
      std::ranges::move(AssetWords::read(asset), std::back_inserter(batch));
    write(std::move(batch));
  }
  AssetQuery with_words(const std::string& match, std::optional<Principal> principal = {}) {
    AssetQuery query;
    query.filter.match = fmt::format("\"{}\" AND ({})", AssetWords::owner_word(principal.value_or(me_).owner), match);
    return query;
  }
  std::string plan(const Statement& statement) {
    sqlite3* file = nullptr;
    EXPECT_EQ(sqlite3_open_v2((folder_ / "studio.db").c_str(), &file, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    const std::string question = "EXPLAIN QUERY PLAN " + std::string(statement.sql.text());
    sqlite3_stmt* asked = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(file, question.c_str(), -1, &asked, nullptr), SQLITE_OK) << sqlite3_errmsg(file);
    std::string lines;
    while (sqlite3_step(asked) == SQLITE_ROW)
      lines += std::string(reinterpret_cast<const char*>(sqlite3_column_text(asked, 3))) + "\n";
    sqlite3_finalize(asked);
    sqlite3_close(file);
    return lines;
  }

  const Principal me_{.owner = local_user()}, other_{.owner = UserId::make()};
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(AssetRows, AreListedInEveryOrder) {
  add("b.png", 3);
  add("A.png", 3);
  add("c.png", 9);
  add("a.png", 1);
  EXPECT_THAT(names({}), ElementsAre("a.png", "c.png", "A.png", "b.png"));
  EXPECT_THAT(names({.sort = AssetSort::oldest}), ElementsAre("b.png", "A.png", "c.png", "a.png"));
  EXPECT_THAT(names({.sort = AssetSort::largest}), ElementsAre("c.png", "A.png", "b.png", "a.png"));
  EXPECT_THAT(names({.sort = AssetSort::name}), ElementsAre("A.png", "a.png", "b.png", "c.png"));
}

TEST_F(AssetRows, ComePageAfterPageAndFromAnyPlace) {
  std::vector<std::string> all;
  std::vector<Statement> batch;
  for (int number = 0; number < 25; ++number) {
    const Asset asset = make(fmt::format("{:02}.x", number), static_cast<std::uint64_t>(number / 3));
    batch.push_back(Assets::insert(asset));
    batch.push_back(AssetShelves::add_tag(me_, asset.id, "all"));
    all.push_back(asset.name);
  }
  write(std::move(batch));
  read_words();
  for (const AssetSort sort : {AssetSort::newest, AssetSort::oldest, AssetSort::largest, AssetSort::name})
    for (const AssetFilter& filter : {AssetFilter{}, AssetFilter{.tag = "all"}, with_words("\"x\"").filter}) {
      AssetQuery query{.filter = filter, .sort = sort, .count_max = 4};
      const std::vector<std::string> walked = walk(query);
      ASSERT_EQ(walked.size(), all.size());
      query.count_max = 100;
      EXPECT_EQ(walked, names(query));
      query.skip_count = 17;
      query.count_max = 1;
      EXPECT_THAT(names(query), ElementsAre(walked[17]));
      query.wants_total = true;
      EXPECT_EQ(list(query).total, 25);
      AssetLists lists(*database_);
      query.after = sort == AssetSort::name ? "nowhere" : "nowhere.else";
      auto refused = run(lists.list(me_, query));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().where, "after");
    }
}

TEST_F(AssetRows, AreFilteredByWhatTheyAre) {
  Asset film = make("film", 5, "video");
  film.origin = "run";
  film.origin_id = RunId::make().to_string();
  film.folder = FolderId::make().to_string();
  add(film);
  const AssetId lamp = add("lamp.png");
  add("shade.png");
  write({AssetShelves::add_tag(me_, lamp, "light"), AssetShelves::add_tag(me_, lamp, "light"),
         AssetShelves::add_tag(me_, film.id, "light"), AssetShelves::add_tag(me_, lamp, "warm")});
  EXPECT_THAT(names({.filter = {.kind = "video"}}), ElementsAre("film"));
  EXPECT_THAT(names({.filter = {.folder = film.folder}}), ElementsAre("film"));
  EXPECT_THAT(names({.filter = {.folder = ""}}), ElementsAre("shade.png", "lamp.png"));
  EXPECT_THAT(names({.filter = {.origin = "upload"}}), ElementsAre("shade.png", "lamp.png"));
  EXPECT_THAT(names({.filter = {.origin = "run", .origin_id = film.origin_id}}), ElementsAre("film"));
  EXPECT_THAT(names({.filter = {.origin = "thread", .origin_id = film.origin_id}}), IsEmpty());
  EXPECT_THAT(names({.filter = {.tag = "light"}}), ElementsAre("lamp.png", "film"));
  EXPECT_THAT(names({.filter = {.kind = "image", .tag = "light"}}), ElementsAre("lamp.png"));
  EXPECT_EQ(list({.filter = {.folder = ""}, .count_max = 1, .wants_total = true}).total, 2);
  AssetShelves shelves(*database_);
  auto counts = run(shelves.counts(me_, 100));
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->size(), 2U);
  EXPECT_EQ(counts->front().tag, "light");
  EXPECT_EQ(counts->front().count, 2);
}

TEST_F(AssetRows, InTheTrashAreListedThereAloneAndKeepTheirTags) {
  const AssetId lamp = add("lamp.png"), shade = add("shade.png");
  write({AssetShelves::add_tag(me_, lamp, "light"), Assets::trash(me_, lamp, 5), Assets::trash(me_, lamp, 9)});
  EXPECT_THAT(names({}), ElementsAre("shade.png"));
  EXPECT_THAT(names({.filter = {.tag = "light"}}), IsEmpty());
  const AssetPage trash = list({.filter = {.is_trashed = true}});
  ASSERT_EQ(trash.items.size(), 1U);
  EXPECT_EQ(trash.items.front().trashed_ms, 5) << "since it was first put there";
  EXPECT_THAT(names({.filter = {.tag = "light", .is_trashed = true}}), ElementsAre("lamp.png"));
  Assets assets(*database_);
  EXPECT_TRUE(run(assets.find(me_, lamp))) << "what uses it goes on using it";
  EXPECT_TRUE(read(AssetShelves::select_counts(me_, 10)).empty());
  write({Assets::trash(me_, lamp, 0)});
  EXPECT_THAT(names({.filter = {.tag = "light"}}), ElementsAre("lamp.png"));
  write({Assets::remove(me_, lamp, 1), Assets::remove(me_, shade, 1)});
  EXPECT_THAT(names({}), IsEmpty());
  EXPECT_TRUE(read(AssetShelves::select_tags(me_, lamp)).empty());
}

TEST_F(AssetRows, AnothersAreNotThere) {
  const AssetId lamp = add("lamp.png");
  const std::string folder = FolderId::make().to_string();
  read_words();
  const auto changed = [&](Statement statement) { return write({std::move(statement)}).front().changed_count; };
  EXPECT_EQ(changed(Assets::move(other_, lamp, folder)), 0);
  EXPECT_EQ(changed(Assets::trash(other_, lamp, 1)), 0);
  EXPECT_EQ(changed(Assets::remove(other_, lamp, 1, Expect::any)), 0);
  EXPECT_EQ(changed(AssetShelves::add_tag(other_, lamp, "mine")), 0);
  EXPECT_FALSE(run(database_->write({Assets::rename(other_, lamp, "mine")})));
  write(AssetLineages::record(other_, {.asset = lamp, .provider = "p", .model = "m", .prompt = "stolen"}));
  AssetLineages lineages(*database_);
  EXPECT_FALSE(run(lineages.find(me_, lamp))->lineage);
  EXPECT_THAT(names({}, other_), IsEmpty());
  EXPECT_THAT(names(with_words("\"lamp\"", other_), other_), IsEmpty());
  // Not even where the words say it was theirs.
  EXPECT_THAT(names(with_words("\"lamp\""), other_), IsEmpty());
  EXPECT_THAT(names(with_words("\"lamp\"")), ElementsAre("lamp.png"));
}

TEST_F(AssetRows, AreFoundByTheWordsOfNamePromptAndFacts) {
  const AssetId lamp = add("Stehlampe_B\xc3\xa4r.png"), other = add("other.png");
  read_words();
  for (const char* word : {"\"stehlampe\"", "\"bar\"", "\"png\"", "\"image\"", "\"640x480\"", "\"steh\"*"})
    EXPECT_THAT(names(with_words(word)), testing::Contains("Stehlampe_B\xc3\xa4r.png")) << word;
  EXPECT_THAT(names(with_words("\"fox\"")), IsEmpty());
  write(AssetLineages::record(
      me_, {.asset = other, .provider = "double", .model = "painter", .prompt = "A red fox in the snow"}));
  read_words();
  EXPECT_THAT(names(with_words("\"fox\" AND \"painter\"")), ElementsAre("other.png"));
  EXPECT_THAT(names(with_words("\"red fox\"")), ElementsAre("other.png"));
  EXPECT_THAT(names(with_words("\"fox red\"")), IsEmpty());
  // By its new name, and not by the old one.
  write({Assets::rename(me_, lamp, "Tisch.png")});
  read_words();
  EXPECT_THAT(names(with_words("\"stehlampe\"")), IsEmpty());
  EXPECT_THAT(names(with_words("\"tisch\"")), ElementsAre("Tisch.png"));
  write({AssetWords::forget(other.to_string())});
  EXPECT_THAT(names(with_words("\"fox\"")), IsEmpty());
  EXPECT_TRUE(read(AssetWords::select_unread("", 10)).empty());
}

TEST_F(AssetRows, TellWhatTheyWereMadeFromAndWhatOfThem) {
  const AssetId photo = add("photo.png"), mask = add("mask.png"), made = add("made.png");
  const AssetLineage lineage{.asset = made,
                             .provider = "double",
                             .model = "painter",
                             .prompt = "a fox",
                             .parameters = json::Object{{"size", "1024x1024"}},
                             .seed = 7,
                             .cost_picodollars = 40'000'000'000,
                             .run = "R",
                             .step = "generate",
                             .created_ms = 5,
                             .sources = {{.asset = photo, .role = "image"}, {.asset = mask, .role = "mask"}}};
  write(AssetLineages::record(me_, lineage));
  write(AssetLineages::record(me_, lineage));  // after a crash
  AssetLineages lineages(*database_);
  auto found = run(lineages.find(me_, made));
  ASSERT_TRUE(found && found->lineage);
  EXPECT_EQ(found->lineage->prompt, "a fox");
  EXPECT_EQ(found->lineage->seed, 7);
  EXPECT_EQ(found->lineage->cost_picodollars, 40'000'000'000);
  EXPECT_EQ(json::write(found->lineage->parameters), R"({"size":"1024x1024"})");
  ASSERT_EQ(found->sources.size(), 2U);
  EXPECT_EQ(found->sources[0].asset, photo);
  EXPECT_EQ(found->sources[1].role, "mask");
  EXPECT_TRUE(found->sources[1].is_there);
  write({Assets::remove(me_, mask, 1)});
  EXPECT_FALSE(run(lineages.find(me_, made))->sources[1].is_there);
  auto of_photo = run(lineages.find(me_, photo));
  ASSERT_TRUE(of_photo);
  EXPECT_FALSE(of_photo->lineage);
  ASSERT_EQ(of_photo->made.size(), 1U);
  EXPECT_EQ(of_photo->made.front().id, made);
  EXPECT_THAT(run(lineages.find(other_, photo))->made, IsEmpty());
}

TEST_F(AssetRows, GoWithAllThatWasKeptOfThem) {
  const AssetId made = add("made.png");
  write(AssetLineages::record(me_, {.asset = made, .provider = "p", .model = "m", .sources = {{.asset = made}}}));
  write({AssetShelves::add_tag(me_, made, "t"), {"DELETE FROM assets WHERE id = $1", {made.to_string()}}});
  for (const Statement& left : {Statement{"SELECT 1 FROM asset_lineage"}, Statement{"SELECT 1 FROM asset_sources"}})
    EXPECT_TRUE(read(left).empty()) << left.sql.text();
}

// Assets of before the library's tables are in its order at once, and in its search once they are read.
TEST(AssetMigration, AnOlderFileKeepsItsAssets) {
  const TemporaryFolder folder;
  std::vector<Migration> before = studio_migrations();
  std::erase_if(before, [](const Migration& one) { return one.version > 17; });
  {
    auto old = open_sqlite({.path = folder / "studio.db"}, before);
    ASSERT_TRUE(is_ok(old));
    ASSERT_TRUE(is_ok(run((*old)->write(
        {{"INSERT INTO assets (id, owner, digest, size_bytes, media_type, kind, name, created_ms) VALUES ($1, $2, $3, "
          "1, 'image/png', 'image', 'Old Lamp.png', 1)",
          {AssetId::make().to_string(), local_user().to_string(), sha256("x").hex()}}}))));
    (*old)->close();
  }
  auto now = open_sqlite({.path = folder / "studio.db"}, studio_migrations());
  ASSERT_TRUE(is_ok(now));
  AssetLists lists(**now);
  auto page = run(lists.list({.owner = local_user()}, {.sort = AssetSort::name, .after = {}, .wants_total = true}));
  ASSERT_TRUE(is_ok(page));
  EXPECT_EQ(page->total, 1);
  EXPECT_EQ(page->items.at(0).origin, "upload");
  auto unread = run((*now)->read(AssetWords::select_unread("", 10)));
  ASSERT_TRUE(is_ok(unread));
  EXPECT_EQ(AssetWords::unread_of(*unread).at(0).name, "Old Lamp.png");
  (*now)->close();
}

// Whatever the library grows to, a list is read by an index, in the order of the index where it is one.
TEST_F(AssetRows, NoQuestionScansATable) {
  const AssetId id = AssetId::make();
  const AssetFilter words{.match = "\"x\""}, tag{.tag = "t"}, origin{.origin = "run", .origin_id = "r"};
  std::vector<Statement> all{Assets::select(me_, id),
                             Assets::rename(me_, id, "n"),
                             Assets::move(me_, id, "f"),
                             Assets::trash(me_, id, 0),
                             Assets::trash(me_, id, 1),
                             Assets::remove(me_, id, 1),
                             Assets::set_preview_state(sha256("x"), PreviewState::ready, ""),
                             Assets::select_without_previews(""),
                             Previews::select(sha256("x"), "320.webp"),
                             Previews::select_all(sha256("x")),
                             AssetLists::select_total(me_, {}),
                             AssetLists::select_total(me_, words),
                             AssetLists::select_total(me_, tag),
                             AssetLists::select_total(me_, origin),
                             AssetWords::select_unread(me_.owner.to_string(), 1),
                             AssetWords::forget(id.to_string()),
                             AssetShelves::add_tag(me_, id, "t"),
                             AssetShelves::take_tag(me_, id, "t"),
                             AssetShelves::take_all_tags(me_, id),
                             AssetShelves::select_tags(me_, id),
                             AssetShelves::select_counts(me_, 1),
                             AssetShelves::empty_folder(me_, FolderId::make(), 1),
                             AssetShelves::remove_folder(me_, FolderId::make()),
                             AssetShelves::select_folder(me_, FolderId::make())};
  for (std::vector<Statement> batch :
       {AssetLineages::record(me_, {.asset = id, .provider = "p", .model = "m", .sources = {{.asset = id}}}),
        AssetLineages::select(me_, id),
        AssetWords::read({.id = id.to_string(), .owner = me_.owner.to_string(), .name = "n"})})
    std::ranges::move(batch, std::back_inserter(all));
  std::vector<Statement> sorted;
  for (const AssetSort sort : {AssetSort::newest, AssetSort::oldest, AssetSort::largest, AssetSort::name}) {
    sorted.push_back(*AssetLists::select_page(me_, {.sort = sort, .after = {}}));
    for (const AssetFilter& filter : {words, tag, origin})
      all.push_back(*AssetLists::select_page(me_, {.filter = filter, .sort = sort}));
  }
  for (const AssetFilter& filter : {tag, origin}) sorted.push_back(*AssetLists::select_page(me_, {.filter = filter}));
  for (const Statement& statement : sorted) {
    EXPECT_EQ(plan(statement).find("TEMP B-TREE"), std::string::npos) << statement.sql.text() << plan(statement);
    all.push_back(statement);
  }
  for (const Statement& statement : all) {
    const std::string steps = plan(statement);
    for (const char* table :
         {"assets", "asset_tags", "asset_words", "asset_lineage", "asset_sources", "asset_folders", "previews", "had"})
      EXPECT_EQ(steps.find("SCAN " + std::string(table)), std::string::npos) << statement.sql.text() << "\n" << steps;
  }
}

}  // namespace
}  // namespace atelier::store
