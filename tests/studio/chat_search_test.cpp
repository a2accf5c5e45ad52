// Finding messages by their words, and the index behind that through everything that can happen to it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "store/chat/messages.hpp"
#include "store/chat/threads.hpp"
#include "store/migrations.hpp"
#include "studio/chat/search.hpp"
#include "studio/chat/search/fts_index.hpp"
#include "studio/chat/search/near_words.hpp"
#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

using store::run;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr UnixMs kNow = 1'800'000'000'000;

class ChatSearch : public testing::Test {
 protected:
  ChatSearch() : clock_(kNow) { open(); }
  ~ChatSearch() override { close(); }

  void open() {
    auto studio = store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    auto telemetry =
        store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
    ASSERT_TRUE(store::is_ok(studio));
    ASSERT_TRUE(store::is_ok(telemetry));
    studio_ = std::move(*studio);
    telemetry_ = std::move(*telemetry);
    open_index();
  }
  void open_index() {
    search_.reset();
    index_ = std::make_unique<FtsIndex>(
        FtsIndex::Parts{
            .studio = *studio_, .telemetry = *telemetry_, .pool = pool_, .clock = clock_, .metrics = metrics_},
        options_);
    search_ = std::make_unique<ThreadSearch>(*studio_, pool_, *index_);
  }
  void close() {
    search_.reset();
    index_.reset();
    if (studio_) studio_->close();
    if (telemetry_) telemetry_->close();
    studio_.reset();
    telemetry_.reset();
  }
  // As when the file was lost with the disk it was on.
  void lose_index() {
    close();
    for (const char* name : {"telemetry.db", "telemetry.db-wal", "telemetry.db-shm"})
      std::filesystem::remove(folder_ / name);
    open();
  }

  UserId add_user(const std::string& name) {
    const UserId id = UserId::make();
    write({{"INSERT INTO users (id, name, role, created_ms) VALUES ($1, $2, 'member', 0)", {id.to_string(), name}}});
    return id;
  }
  void write(std::vector<store::Statement> batch) { ASSERT_TRUE(store::is_ok(run(studio_->write(std::move(batch))))); }
  ThreadId add_thread(UserId owner, std::string title = "a thread", UnixMs expires_ms = 0) {
    store::ThreadRow row;
    row.id = ThreadId::make();
    row.owner = owner;
    row.title = std::move(title);
    row.expires_ms = expires_ms;
    row.created_ms = row.used_ms = kNow;
    write({store::Threads::insert(row)});
    return row.id;
  }
  ThreadId add_thread() { return add_thread(store::local_user()); }
  static store::MessageRow row_of(ThreadId thread, UserId owner, std::int64_t number, std::string text,
                                  UnixMs created_ms = kNow) {
    ThreadMessage message;
    message.number = number;
    message.parent = number - 1;
    message.role = number % 2 == 1 ? MessageRole::user : MessageRole::assistant;
    message.parts.push_back(part::Text{std::move(text)});
    message.created_ms = created_ms;
    return to_row(message, thread, owner);
  }
  void add(ThreadId thread, std::int64_t number, std::string text, UnixMs created_ms = kNow) {
    add_of(store::local_user(), thread, number, std::move(text), created_ms);
  }
  void add_of(UserId owner, ThreadId thread, std::int64_t number, std::string text, UnixMs created_ms = kNow) {
    write(store::Messages::insert(row_of(thread, owner, number, std::move(text), created_ms)));
  }
  void replace(ThreadId thread, std::int64_t number, std::string text) {
    write(store::Messages::replace(row_of(thread, store::local_user(), number, std::move(text))));
  }
  void catch_up() {
    for (int steps = 0;; ++steps) {
      ASSERT_LT(steps, 10'000);
      auto more = run(index_->step());
      ASSERT_TRUE(store::is_ok(more));
      if (!*more) return;
    }
  }
  SearchAnswer answer(const std::string& text, UserId owner = store::local_user()) {
    auto found = run(search_->search(Principal{.owner = owner}, text, 20));
    EXPECT_TRUE(store::is_ok(found)) << text;
    return found ? std::move(*found) : SearchAnswer();
  }
  // The numbers of the messages found, best first.
  std::vector<std::int64_t> found(const std::string& text, UserId owner = store::local_user()) {
    std::vector<std::int64_t> numbers;
    for (const ThreadHit& hit : answer(text, owner).items) numbers.push_back(hit.number);
    return numbers;
  }
  Error refused(const std::string& text) {
    auto found = run(search_->search(Principal{.owner = store::local_user()}, text, 20));
    EXPECT_FALSE(found.has_value()) << text;
    return found ? Error() : found.error();
  }
  std::int64_t count(store::Database& database, store::Statement question) {
    auto rows = run(database.read(std::move(question)));
    EXPECT_TRUE(store::is_ok(rows));
    return rows ? rows->integer(0, 0) : -1;
  }
  std::int64_t entries() { return count(*telemetry_, {"SELECT count(*) FROM search_messages"}); }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  store::WorkPool pool_{{.name = "search", .thread_count = 2}};
  FtsIndex::Options options_;
  std::unique_ptr<store::Database> studio_, telemetry_;
  std::unique_ptr<FtsIndex> index_;
  std::unique_ptr<ThreadSearch> search_;
};

TEST_F(ChatSearch, FindsMessagesThatHaveAllOfTheWords) {
  const ThreadId thread = add_thread(store::local_user(), "Weather");
  add(thread, 1, "Will it rain in Lisbon tomorrow?");
  add(thread, 2, "No rain is forecast for Porto.");
  catch_up();
  EXPECT_THAT(found("rain "), UnorderedElementsAre(1, 2));
  EXPECT_THAT(found("LISBON rain"), ElementsAre(1));
  EXPECT_THAT(found("lisbon porto"), IsEmpty());
  const SearchAnswer told = answer("porto");
  ASSERT_EQ(told.items.size(), 1U);
  EXPECT_EQ(told.items[0].thread, thread);
  EXPECT_EQ(told.items[0].title, "Weather");
  EXPECT_EQ(told.items[0].role, MessageRole::assistant);
  EXPECT_EQ(told.items[0].created_ms, kNow);
  EXPECT_TRUE(told.is_complete);
  EXPECT_TRUE(told.corrections.empty());
}

TEST_F(ChatSearch, TheLastWordMayBeOnlyBegunAndPhrasesStandTogether) {
  const ThreadId thread = add_thread();
  add(thread, 1, "the quick brown fox");
  add(thread, 2, "brown, quick and a foxglove");
  catch_up();
  EXPECT_THAT(found("quick fo"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(found("qui foxglove"), IsEmpty());
  EXPECT_THAT(found("quick fox "), ElementsAre(1)) << "a word that has ended is no beginning";
  EXPECT_THAT(found("\"quick brown\""), ElementsAre(1));
  EXPECT_THAT(found("\xE2\x80\x9Cquick brown\xE2\x80\x9D fox"), ElementsAre(1));
  EXPECT_THAT(found("\"brown quick\""), ElementsAre(2));
  // Not closed, while it is typed.
  EXPECT_THAT(found("fox \"quick brown"), ElementsAre(1));
  // What is quoted is whole.
  EXPECT_THAT(found("\"quick bro\""), IsEmpty());
}

TEST_F(ChatSearch, AMistypedWordIsTakenForTheNearestThatAreThereAndThatIsTold) {
  const ThreadId thread = add_thread();
  add(thread, 1, "Kubernetes schedules the pods");
  add(thread, 2, "an umbrella for Saturday");
  catch_up();
  for (const char* mistyped : {"kuberntes ", "kubernets pods", "ukbernetes ", "kubrenetes schedules", "kubernetis"}) {
    EXPECT_THAT(found(mistyped), ElementsAre(1)) << mistyped;
    const SearchAnswer told = answer(mistyped);
    ASSERT_EQ(told.corrections.size(), 1U) << mistyped;
    EXPECT_THAT(told.corrections[0].taken_for, ElementsAre("kubernetes"));
  }
  EXPECT_THAT(found("satruday"), ElementsAre(2));
  // Short words and numbers are meant as they are.
  EXPECT_THAT(found("fro "), IsEmpty());
  EXPECT_THAT(found("umbrella99"), IsEmpty());
  EXPECT_THAT(found("entirely"), IsEmpty());
}

TEST_F(ChatSearch, AWordInHardlyAnyMessageIsTakenForTheCommonOneToo) {
  const ThreadId thread = add_thread();
  add(thread, 1, "teh recieve of the parcel");
  for (std::int64_t number = 2; number < 22; ++number) add(thread, number, fmt::format("we receive parcel {}", number));
  catch_up();
  const std::vector<std::int64_t> both = found("recieve ");
  EXPECT_EQ(both.size(), 20U);
  EXPECT_EQ(both.front(), 1) << "what was written counts more";
}

TEST_F(ChatSearch, LettersAreFoldedAndScriptsWithoutSpacesAreFoundByTheirCharacters) {
  const ThreadId thread = add_thread();
  add(thread, 1,
      "Ein Stra\xC3\x9F"
      "enfest in Z\xC3\xBCrich, \xC3\x9C"
      "bermut");
  add(thread, 2, "\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD\xE3\x81\xAB\xE8\xA1\x8C\xE3\x81\x8F");  // going to Tokyo
  add(thread, 3, "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82, AI\xE5\xAD\xA6\xE4\xB9\xA0 begins");
  catch_up();
  EXPECT_THAT(found("zurich ubermut"), ElementsAre(1));
  EXPECT_THAT(found("Z\xC3\x9CRICH"), ElementsAre(1));
  EXPECT_THAT(found("\xE6\x9D\xB1\xE4\xBA\xAC"), ElementsAre(2));
  EXPECT_THAT(found("\xE4\xBA\xAC\xE9\x83\xBD\xE3\x81\xAB"), ElementsAre(2));
  EXPECT_THAT(found("\xE9\x83\xBD"), ElementsAre(2)) << "one character";
  EXPECT_THAT(found("\xE3\x81\x8F"), ElementsAre(2)) << "the last one";
  EXPECT_THAT(found("\xE4\xBA\xAC\xE6\x9D\xB1"), IsEmpty()) << "the other way round";
  EXPECT_THAT(found("\"\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD\""), ElementsAre(2));
  EXPECT_THAT(found("\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"), ElementsAre(3));
  EXPECT_THAT(found("ai \xE5\xAD\xA6\xE4\xB9\xA0"), ElementsAre(3));
}

TEST_F(ChatSearch, OneFindsOnlyWhatIsOnesOwnWhateverOthersHave) {
  const UserId ada = add_user("ada"), bob = add_user("bob");
  add_of(ada, add_thread(ada), 1, "the launch code is heliotrope");
  const ThreadId of_bob = add_thread(bob);
  add_of(bob, of_bob, 1, "the launch is at noon");
  catch_up();
  EXPECT_THAT(found("heliotrope", ada), ElementsAre(1));
  EXPECT_THAT(found("heliotrope", bob), IsEmpty());
  EXPECT_THAT(found("launch", bob), ElementsAre(1));
  EXPECT_THAT(found("launch", store::local_user()), IsEmpty());
  // Nor are others' words suggested.
  const SearchAnswer told = answer("launch heliotorpe", bob);
  EXPECT_TRUE(told.items.empty());
  EXPECT_TRUE(told.corrections.empty());
  EXPECT_EQ(answer("launch", bob).items[0].thread, of_bob);
}

TEST_F(ChatSearch, WhatWasReplacedIsFoundByItsNewWordsAlone) {
  const ThreadId thread = add_thread();
  add(thread, 1, "a plan for Monday");
  catch_up();
  replace(thread, 1, "a plan for Tuesday");
  EXPECT_THAT(found("monday"), IsEmpty()) << "even before the index knows";
  catch_up();
  EXPECT_THAT(found("tuesday"), ElementsAre(1));
  EXPECT_THAT(found("monday"), IsEmpty());
  EXPECT_EQ(entries(), 1);
}

TEST_F(ChatSearch, AnAnswerIsFoundOnceItIsSaid) {
  const ThreadId thread = add_thread();
  store::MessageRow open = row_of(thread, store::local_user(), 1, "");
  open.parts = "[]";
  open.state = "answering";
  write(store::Messages::insert(open));
  catch_up();
  EXPECT_EQ(entries(), 0);
  replace(thread, 1, "petrichor is the smell of rain");
  catch_up();
  EXPECT_THAT(found("petrichor"), ElementsAre(1));
}

TEST_F(ChatSearch, DeletedThreadsAreNotFoundAndLeaveTheIndex) {
  const ThreadId thread = add_thread(), other = add_thread();
  add(thread, 1, "chrysanthemum");
  add(other, 1, "chrysanthemum too");
  catch_up();
  ASSERT_EQ(answer("chrysanthemum").items.size(), 2U);
  write({store::Threads::remove(Principal{.owner = store::local_user()}, thread, kNow)});
  const SearchAnswer left = answer("chrysanthemum");
  ASSERT_EQ(left.items.size(), 1U) << "at once";
  EXPECT_EQ(left.items[0].thread, other);
  // As it is forgotten afterwards.
  for (const store::Sql sql :
       {store::Sql("DELETE FROM message_texts WHERE thread = $1"), store::Sql("DELETE FROM messages WHERE thread = $1"),
        store::Sql("DELETE FROM threads WHERE id = $1")})
    write({{sql, {thread.to_string()}}});
  catch_up();
  EXPECT_EQ(entries(), 1);
  EXPECT_EQ(count(*telemetry_, {"SELECT count(*) FROM search_threads"}), 1);
  // One that was deleted before the index came to it.
  const ThreadId late = add_thread();
  add(late, 1, "chrysanthemum late");
  write({store::Threads::remove(Principal{.owner = store::local_user()}, late, kNow)});
  catch_up();
  EXPECT_EQ(entries(), 1);
}

TEST_F(ChatSearch, TemporaryThreadsLeaveNothingInTheIndex) {
  const ThreadId thread = add_thread(store::local_user(), "for now", kNow + 1'000);
  add(thread, 1, "ephemeral");
  catch_up();
  EXPECT_THAT(found("ephemeral"), IsEmpty());
  EXPECT_EQ(entries(), 0);
  lose_index();
  catch_up();
  EXPECT_EQ(entries(), 0);
}

TEST_F(ChatSearch, ALostIndexIsBuiltAnewNewestFirst) {
  options_.batch_messages_max = 10;
  const ThreadId thread = add_thread();
  for (std::int64_t number = 1; number <= 95; ++number) add(thread, number, fmt::format("note word{}", number));
  open_index();
  catch_up();
  lose_index();
  EXPECT_FALSE(answer("note").is_complete);
  ASSERT_TRUE(store::is_ok(run(index_->step())));  // sees that it is empty
  ASSERT_TRUE(store::is_ok(run(index_->step())));
  EXPECT_THAT(found("word95"), ElementsAre(95));
  EXPECT_THAT(found("word5 "), IsEmpty());
  EXPECT_FALSE(answer("word95").is_complete);
  // What happens meanwhile is in it too, once.
  replace(thread, 3, "note changed3");
  add(thread, 96, "note added96");
  catch_up();
  EXPECT_EQ(entries(), 96);
  EXPECT_THAT(found("changed3"), ElementsAre(3));
  EXPECT_THAT(found("word3 "), IsEmpty());
  EXPECT_THAT(found("added96"), ElementsAre(96));
  EXPECT_THAT(found("word5 "), ElementsAre(5));
  EXPECT_TRUE(answer("note").is_complete);
}

TEST_F(ChatSearch, AFillThatWasKilledGoesOnFromWhereItsWordsWereCounted) {
  options_.batch_messages_max = 10;
  options_.words_gathered_max = 25;  // every third batch
  const ThreadId thread = add_thread();
  for (std::int64_t number = 1; number <= 95; ++number) add(thread, number, fmt::format("note filling{}", number));
  open_index();
  ASSERT_TRUE(store::is_ok(run(index_->step())));  // sees that it is empty
  for (int life = 0; life < 3; ++life) {
    for (int batch = 0; batch < 4; ++batch) ASSERT_TRUE(store::is_ok(run(index_->step())));
    close();
    open();
  }
  catch_up();
  EXPECT_EQ(entries(), 95);
  EXPECT_EQ(count(*telemetry_, {"SELECT dead FROM search_state"}), 0);
  EXPECT_EQ(count(*telemetry_, {"SELECT messages FROM search_words WHERE word = 'note'"}), 95) << "none counted twice";
  // Each is in the index once, and its words are known.
  EXPECT_EQ(count(*telemetry_,
                  {"SELECT count(*) FROM search_index WHERE search_index MATCH $1", {"\"\xF3\xB0\x80\x81note\""}}),
            95);
  for (const std::int64_t number : {1, 50, 95})
    EXPECT_THAT(found(fmt::format("filling{} ", number)), ElementsAre(number));
  EXPECT_EQ(answer("filing").corrections.size(), 0U);
}

TEST_F(ChatSearch, AnOlderCopyOfEitherFileIsNoticed) {
  const ThreadId thread = add_thread();
  add(thread, 1, "alpha");
  catch_up();
  ASSERT_TRUE(store::is_ok(run(studio_->back_up_to(folder_ / "studio-copy.db"))));
  add(thread, 2, "bravo");
  add(thread, 3, "charlie");
  catch_up();
  close();
  // The studio goes back to the first message, and then goes on in another way: as far as it had come.
  for (const char* name : {"studio.db", "studio.db-wal", "studio.db-shm"}) std::filesystem::remove(folder_ / name);
  std::filesystem::rename(folder_ / "studio-copy.db", folder_ / "studio.db");
  open();
  add(thread, 2, "delta");
  add(thread, 3, "echo");
  catch_up();
  EXPECT_THAT(found("delta"), ElementsAre(2));
  EXPECT_THAT(found("echo"), ElementsAre(3));
  EXPECT_THAT(found("bravo"), IsEmpty());
  EXPECT_EQ(entries(), 3);
}

TEST_F(ChatSearch, WhatWasKilledBetweenBatchesGoesOnWhereItWas) {
  options_.batch_messages_max = 7;
  open_index();
  const ThreadId thread = add_thread();
  catch_up();
  for (std::int64_t number = 1; number <= 50; ++number) add(thread, number, fmt::format("item{} here", number));
  for (int batch = 0; batch < 20; ++batch) {
    // Each of another process: nothing but the files goes on.
    ASSERT_TRUE(store::is_ok(run(index_->step())));
    if (batch % 3 == 0) replace(thread, 50 - batch, fmt::format("new{} here", 50 - batch));
    close();
    open();
  }
  catch_up();
  EXPECT_EQ(entries(), 50);
  for (std::int64_t number = 1; number <= 50; ++number) {
    const bool is_new = 50 - number < 20 && (50 - number) % 3 == 0;
    EXPECT_THAT(found(fmt::format("{}{} ", is_new ? "new" : "item", number)), ElementsAre(number));
  }
  // And none of them was taken twice: the entries made are the messages and those that were replaced after their turn.
  EXPECT_LE(count(*telemetry_, {"SELECT dead FROM search_state"}), 7);
}

TEST_F(ChatSearch, TheLogOfChangesIsKeptShortAndAnIndexThatFellBehindItIsBuiltAnew) {
  options_.changes_kept = 5;
  open_index();
  const ThreadId thread = add_thread();
  for (std::int64_t number = 1; number <= 30; ++number) add(thread, number, fmt::format("entry{}", number));
  catch_up();
  catch_up();
  EXPECT_LE(count(*studio_, {"SELECT count(*) FROM message_changes"}), 12);
  close();
  std::filesystem::copy_file(folder_ / "telemetry.db", folder_ / "old.db");
  open();
  for (std::int64_t number = 31; number <= 60; ++number) add(thread, number, fmt::format("entry{}", number));
  catch_up();
  catch_up();
  close();
  std::filesystem::remove(folder_ / "telemetry.db");
  std::filesystem::rename(folder_ / "old.db", folder_ / "telemetry.db");
  open();
  catch_up();
  EXPECT_EQ(entries(), 60);
  EXPECT_THAT(found("entry45 "), ElementsAre(45));
}

TEST_F(ChatSearch, AnIndexFullOfWhatIsGoneIsBuiltAnew) {
  options_.dead_max = 5;
  open_index();
  const ThreadId thread = add_thread();
  for (std::int64_t number = 1; number <= 10; ++number) add(thread, number, "secretive words");
  catch_up();
  for (std::int64_t number = 1; number <= 10; ++number) replace(thread, number, fmt::format("plain{}", number));
  catch_up();
  EXPECT_EQ(entries(), 10);
  EXPECT_EQ(count(*telemetry_, {"SELECT dead FROM search_state"}), 0);
  EXPECT_EQ(count(*telemetry_, {"SELECT count(*) FROM search_words WHERE word = 'secretive'"}), 0);
  EXPECT_THAT(found("plain7 "), ElementsAre(7));
}

TEST_F(ChatSearch, OfWhatFitsAlikeTheNewerComesFirst) {
  constexpr UnixMs kYearMs = UnixMs{365} * 24 * 60 * 60 * 1000;
  const ThreadId thread = add_thread();
  add(thread, 1, "budget for the garden", kNow - 2 * kYearMs);
  add(thread, 2, "budget for the kitchen", kNow - kYearMs / 12);
  add(thread, 3, "budget for the bicycle", kNow - kYearMs);
  add(
      thread, 4,
      "all of " + std::string(2'000, 'x') + " " +
          [] {
            std::string filler;
            for (int i = 0; i < 300; ++i) filler += fmt::format("w{} ", i);
            return filler;
          }() +
          "and once a budget",
      kNow);
  catch_up();
  EXPECT_THAT(found("budget"), ElementsAre(2, 3, 1, 4)) << "and one that hardly speaks of it last";
}

TEST_F(ChatSearch, SnippetsShowWhereItIsInTheTextAsItWasWritten) {
  const ThreadId thread = add_thread();
  std::string text;
  for (int i = 0; i < 100; ++i) text += "Lorem ipsum \xF0\x9F\x8C\xBB dolor. ";
  text += "In Z\xC3\xBCrich\nthere is \xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD street. ";
  for (int i = 0; i < 100; ++i) text += "Sit amet consectetur. ";
  add(thread, 1, text);
  catch_up();
  const SearchAnswer told = answer("zurich \xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD");
  ASSERT_EQ(told.items.size(), 1U);
  const Snippet& snippet = told.items[0].snippet;
  std::vector<std::string> hits;
  for (const Snippet::Hit& hit : snippet.hits) hits.push_back(snippet.text.substr(hit.at, hit.size));
  EXPECT_THAT(hits, ElementsAre("Z\xC3\xBCrich", "\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD"));
  EXPECT_LT(snippet.text.size(), 320U);
  EXPECT_TRUE(snippet.text.starts_with("\xE2\x80\xA6")) << snippet.text;
  EXPECT_EQ(snippet.text.find('\n'), std::string::npos);
  // To a page, in its own units.
  const json::Value json = to_json(told);
  const json::Object& first = json.at("items").as_array()[0].as_object();
  const std::int64_t at = first.at("hits").as_array()[0].at("at").as_int64();
  EXPECT_LT(static_cast<std::size_t>(at), snippet.hits[0].at);
  EXPECT_EQ(first.at("hits").as_array()[0].at("length").as_int64(), 6);
  EXPECT_EQ(first.at("hits").as_array()[1].at("length").as_int64(), 3);
}

TEST_F(ChatSearch, WhatIsNoSearchIsRefused) {
  for (const char* nothing : {"", "   ", "\"\"", "?!", "* - ( )"}) EXPECT_EQ(refused(nothing).where, "q") << nothing;
  EXPECT_EQ(refused(std::string(501, 'a')).where, "q");
  EXPECT_EQ(refused("a b c d e f g h i j k l m n o p q").where, "q");
}

TEST_F(ChatSearch, NothingInAQueryIsAnOperator) {
  const ThreadId thread = add_thread();
  add(thread, 1, "near and or not words match rowid col");
  catch_up();
  EXPECT_THAT(found("near OR nothing"), IsEmpty());
  EXPECT_THAT(found("NOT near"), ElementsAre(1));
  EXPECT_THAT(found("words:near"), ElementsAre(1));
  EXPECT_THAT(found("NEAR(near and, 2)"), IsEmpty());
  EXPECT_THAT(found("near* ^and"), ElementsAre(1));
  EXPECT_THAT(found("{words} : near"), ElementsAre(1));
  EXPECT_THAT(found("near\"and\"or"), ElementsAre(1));
  // Whatever is typed is answered or refused for what it is, and never for what it would be to a database.
  std::mt19937 random(4);
  const std::vector<std::string> pieces{"\"",
                                        "'",
                                        "*",
                                        "^",
                                        "NEAR(",
                                        ")",
                                        "(",
                                        " AND ",
                                        " OR ",
                                        " NOT ",
                                        ":",
                                        "-",
                                        "+",
                                        "{",
                                        "}",
                                        ",",
                                        "near",
                                        "and",
                                        "\\",
                                        "\xE6\x9D\xB1",
                                        "\xE4\xBA\xAC",
                                        "\xF3\xB0\x80\x81",
                                        "\xF0\x9F\x8C\xBB",
                                        "\xCC\x81",
                                        "%",
                                        ";",
                                        "--",
                                        "0",
                                        "words",
                                        "\xE2\x80\x9C",
                                        "\t",
                                        "\n",
                                        " ",
                                        "\x01",
                                        "\xC3",
                                        "\xFF",
                                        "e\xCC\x81",
                                        "rowid",
                                        "search_index"};
  for (int i = 0; i < 3'000; ++i) {
    std::string text;
    for (std::size_t count = random() % 12; count > 0; --count) text += pieces[random() % pieces.size()];
    auto got = run(search_->search(Principal{.owner = store::local_user()}, text, 5));
    if (!got) {
      ASSERT_EQ(got.error().code, ErrorCode::invalid_argument) << got.error().describe() << " for " << text;
      ASSERT_EQ(got.error().where, "q") << text;
    }
  }
}

TEST_F(ChatSearch, TextsOfAnyBytesAreIndexed) {
  const ThreadId thread = add_thread();
  add(thread, 1, std::string(5'000, 'z') + " quotes \" ' \\ and \xF3\xB0\x80\x81marked emoji\xF0\x9F\x8C\xBBtext");
  add(thread, 2, std::string(400 << 10, ' ') + "behind");
  catch_up();
  EXPECT_THAT(found("quotes emoji"), ElementsAre(1));
  EXPECT_THAT(found(std::string(400, 'z')), ElementsAre(1)) << "long words are cut alike";
  EXPECT_THAT(found("behind"), IsEmpty()) << "what stands behind the limit is not searched";
}

TEST(TypoDistance, CountsMissingExtraOtherAndSwappedLetters) {
  EXPECT_EQ(typo_distance("receive", "receive", 2), 0U);
  EXPECT_EQ(typo_distance("receive", "recieve", 2), 1U);
  EXPECT_EQ(typo_distance("receive", "recive", 2), 1U);
  EXPECT_EQ(typo_distance("receive", "receivee", 2), 1U);
  EXPECT_EQ(typo_distance("receive", "deceive", 2), 1U);
  EXPECT_EQ(typo_distance("receive", "believe", 2), 3U);
  EXPECT_EQ(typo_distance("\xD0\xBC\xD0\xB8\xD1\x80", "\xD0\xBC\xD0\xB8\xD0\xBB", 2), 1U) << "letters and not bytes";
  EXPECT_EQ(typos_allowed("cat"), 0U);
  EXPECT_EQ(typos_allowed("cats"), 1U);
  EXPECT_EQ(typos_allowed("elephant"), 2U);
  EXPECT_EQ(typos_allowed("mp3player"), 0U);
}

}  // namespace
}  // namespace atelier::studio
