#include "model/kept/response_shelf.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/model/house.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

class ResponseShelfTest : public TelemetryTest {
 protected:
  ResponseShelf& shelf() {
    if (!shelf_) shelf_ = std::make_unique<ResponseShelf>(database_, clock_, metrics_, options_);
    return *shelf_;
  }
  // As after a restart.
  void forget() { shelf_.reset(); }
  void flush() { ASSERT_TRUE(is_ok(store::run(shelf().flush()))); }

  KeptResponse turn(std::string text, const KeptResponse* before = nullptr) const {
    KeptResponse kept{.id = ResponseShelf::make_id(),
                      .whose = mine_,
                      .root = {},
                      .created_ms = clock_.wall_ms(),
                      .input = R"([{"role":"user","content":")" + text + R"("}])",
                      .response = {}};
    kept.root = before ? before->root : kept.id;
    kept.item_ids = {"msg_" + text};
    kept.response = fmt::format(R"({{"id":"{}","output":[{{"type":"message","id":"msg_{}"}}]}})", kept.id, text);
    kept.conversation_bytes = kept.size_bytes();
    if (before) {
      kept.previous = before->id;
      kept.turn = before->turn + 1;
      kept.conversation_bytes += before->conversation_bytes;
    }
    return kept;
  }
  KeptResponsePtr find(const std::string& id, ResponseOwner whose) {
    auto found = store::run(shelf().find(whose, id));
    EXPECT_TRUE(is_ok(found));
    return found ? *found : nullptr;
  }
  KeptResponsePtr find(const std::string& id) { return find(id, mine_); }
  // The inputs of all turns, or the error's reason.
  std::string told(const std::string& id) {
    auto turns = store::run(shelf().conversation(mine_, id));
    if (!turns) return turns.error().reason;
    std::string all;
    for (const KeptResponsePtr& one : *turns) all += one->input;
    return all;
  }
  std::int64_t rows_of_all() {
    auto rows =
        store::run(real_->read({"SELECT (SELECT count(*) FROM kept_responses) + (SELECT count(*) FROM kept_texts) + "
                                "(SELECT count(*) FROM kept_items) + "
                                "(SELECT count(*) FROM kept_conversations)"}));
    return rows->integer(0, 0);
  }
  // Everything that trim() finds to delete now.
  int trim_all() {
    int slices = 0;
    for (;;) {
      auto has_more = store::run(shelf().trim());
      EXPECT_TRUE(is_ok(has_more));
      if (!has_more || !*has_more) return slices;
      ++slices;
    }
  }

  ResponseShelf::Options options_{.flush_every = 5ms, .retry_min = 5ms, .retry_max = 20ms};
  const ResponseOwner mine_{.owner = UserId::make(), .key = KeyId::make()};
  const ResponseOwner other_{.owner = mine_.owner, .key = KeyId::make()};
  std::unique_ptr<ResponseShelf> shelf_;
};

TEST_F(ResponseShelfTest, IsReadBackBeforeAndAfterItIsWritten) {
  const KeptResponse kept = turn("a");
  ASSERT_TRUE(shelf().put(kept));
  for (int i = 0; i < 2; ++i) {
    const auto found = find(kept.id);
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(found->input, kept.input);
    EXPECT_EQ(found->response, kept.response);
    EXPECT_EQ(found->root, kept.id);
    EXPECT_EQ(found->conversation_bytes, kept.conversation_bytes);
    EXPECT_FALSE(find(kept.id, other_)) << "another key of the same user";
    EXPECT_FALSE(find("resp_unknown"));
    flush();
    forget();
  }
}

TEST_F(ResponseShelfTest, AConversationIsWholeWhereverItsTurnsAre) {
  const KeptResponse first = turn("1"), second = turn("2", &first), third = turn("3", &second),
                     branch = turn("x", &first);
  const std::string whole = first.input + second.input + third.input;
  ASSERT_TRUE(shelf().put(first));
  flush();
  ASSERT_TRUE(shelf().put(second));
  ASSERT_TRUE(shelf().put(third));
  ASSERT_TRUE(shelf().put(branch));
  EXPECT_EQ(told(third.id), whole) << "the first is written, the others wait";
  flush();
  forget();
  EXPECT_EQ(told(third.id), whole);
  EXPECT_EQ(told(branch.id), first.input + branch.input);
  EXPECT_EQ(told("resp_unknown"), "previous_response_not_found");
  EXPECT_EQ(store::run(shelf().conversation(other_, third.id)).error().reason, "previous_response_not_found");
}

TEST_F(ResponseShelfTest, WithoutOneOfItsTurnsAConversationIsNotTheSame) {
  const KeptResponse first = turn("1"), second = turn("2", &first), third = turn("3", &second);
  for (const KeptResponse* one : {&first, &second, &third}) ASSERT_TRUE(shelf().put(*one));
  flush();
  ASSERT_TRUE(*store::run(shelf().remove(mine_, second.id)));
  EXPECT_EQ(told(third.id), "previous_response_not_found");
  EXPECT_EQ(told(first.id), first.input);
  EXPECT_TRUE(find(third.id)) << "it can still be read";
}

TEST_F(ResponseShelfTest, AConversationHasBounds) {
  options_.turns_max = 2;
  const KeptResponse first = turn("1"), second = turn("2", &first);
  ASSERT_TRUE(shelf().put(first));
  ASSERT_TRUE(shelf().put(second));
  EXPECT_EQ(told(first.id), first.input);
  EXPECT_EQ(told(second.id), "previous_response_too_long");
  flush();
  EXPECT_EQ(told(second.id), "previous_response_too_long");
  forget();
  options_.turns_max = 100;
  options_.conversation_bytes_max = second.conversation_bytes - 1;
  EXPECT_EQ(told(second.id), "previous_response_too_long");
}

TEST_F(ResponseShelfTest, WhatIsRemovedIsGoneForItsOwnerAlone) {
  const KeptResponse kept = turn("a");
  ASSERT_TRUE(shelf().put(kept));
  EXPECT_FALSE(*store::run(shelf().remove(other_, kept.id)));
  flush();
  EXPECT_FALSE(*store::run(shelf().remove(other_, kept.id)));
  EXPECT_TRUE(find(kept.id));
  EXPECT_TRUE(*store::run(shelf().remove(mine_, kept.id)));
  EXPECT_FALSE(find(kept.id));
  EXPECT_FALSE(*store::run(shelf().remove(mine_, kept.id)));
  EXPECT_EQ(store::run(shelf().find_items(mine_, {"msg_a"})).error().reason, "item_not_found");
  EXPECT_EQ(rows_of_all(), 1) << "the empty conversation goes with its time";
}

TEST_F(ResponseShelfTest, RemovedBeforeItIsWrittenItNeverIs) {
  const KeptResponse kept = turn("a");
  ASSERT_TRUE(shelf().put(kept));
  EXPECT_TRUE(*store::run(shelf().remove(mine_, kept.id)));
  EXPECT_FALSE(find(kept.id));
  flush();
  EXPECT_EQ(rows_of_all(), 0);
}

// The one moment in which nobody may find it although the database is about to have it.
TEST_F(ResponseShelfTest, RemovedWhileItIsWrittenItIsGoneAfterwards) {
  const KeptResponse kept = turn("a");
  database_.stall();
  Running running(loop_, shelf().run());
  ASSERT_TRUE(shelf().put(kept));
  await([&] { return database_.waiting_count() == 1; });
  std::thread remover([&] { EXPECT_TRUE(*store::run(shelf().remove(mine_, kept.id))); });
  await([&] { return database_.waiting_count() == 2; });
  EXPECT_FALSE(find(kept.id));
  database_.resume();
  remover.join();
  EXPECT_FALSE(find(kept.id));
  const KeptResponse later = turn("b");
  ASSERT_TRUE(shelf().put(later));
  running.end();
  forget();
  EXPECT_FALSE(find(kept.id));
  EXPECT_TRUE(find(later.id));
}

TEST_F(ResponseShelfTest, ADatabaseThatTakesNothingDelaysNobodyAndLosesNothing) {
  options_.waiting_max = 3;
  database_.die();
  Running running(loop_, shelf().run());
  std::vector<KeptResponse> kept;
  for (const char* text : {"a", "b", "c"}) {
    kept.push_back(turn(text));
    ASSERT_TRUE(shelf().put(kept.back()));
  }
  await([&] { return database_.write_count() >= 2; });
  EXPECT_FALSE(shelf().put(turn("d"))) << "there is no room, and its caller is told";
  for (const KeptResponse& one : kept) EXPECT_TRUE(find(one.id));
  database_.revive();
  await([&] { return rows_of_all() == 12; });
  // The shelf hears of it a moment after the rows can be seen.
  await([&] { return shelf().put(turn("e")); });
  running.end();
  forget();
  for (const KeptResponse& one : kept) EXPECT_TRUE(find(one.id));
}

TEST_F(ResponseShelfTest, WhatIsTooLargeIsNotKept) {
  KeptResponse large = turn("a");
  options_.response_bytes_max = static_cast<std::size_t>(large.size_bytes());
  EXPECT_TRUE(shelf().put(large));
  large.id = ResponseShelf::make_id();
  large.input += " ";
  EXPECT_FALSE(shelf().put(large));
}

TEST_F(ResponseShelfTest, ItemsAreFoundByTheirIds) {
  const KeptResponse first = turn("1"), second = turn("2", &first);
  ASSERT_TRUE(shelf().put(first));
  flush();
  ASSERT_TRUE(shelf().put(second));
  const auto items = store::run(shelf().find_items(mine_, {"msg_2", "msg_1", "msg_2"}));
  ASSERT_TRUE(is_ok(items));
  const std::string one = R"({"type":"message","id":"msg_1"})", two = R"({"type":"message","id":"msg_2"})";
  EXPECT_EQ(*items, (std::vector<std::string>{two, one, two}));
  EXPECT_EQ(store::run(shelf().find_items(other_, {"msg_1"})).error().reason, "item_not_found");
  EXPECT_EQ(store::run(shelf().find_items(mine_, {"msg_1", "msg_7"})).error().reason, "item_not_found");
}

TEST_F(ResponseShelfTest, AConversationIsKeptWholeUntilNobodyHasGoneOnWithItForLong) {
  options_.age = 24h;
  options_.slice_turns = 2;
  const KeptResponse first = turn("1");
  ASSERT_TRUE(shelf().put(first));
  const KeptResponse alone = turn("alone");
  ASSERT_TRUE(shelf().put(alone));
  flush();
  clock_.advance(20h);
  KeptResponse last = turn("2", &first);
  ASSERT_TRUE(shelf().put(last));
  for (const char* text : {"3", "4", "5"}) {
    last = turn(text, &last);
    ASSERT_TRUE(shelf().put(last));
  }
  flush();
  clock_.advance(5h);
  trim_all();
  EXPECT_FALSE(find(alone.id));
  EXPECT_TRUE(find(first.id)) << "it is older, but its conversation went on";
  EXPECT_EQ(told(last.id).substr(0, first.input.size()), first.input);
  clock_.advance(20h);
  EXPECT_GE(trim_all(), 3) << "in slices";
  EXPECT_EQ(rows_of_all(), 0);
}

TEST_F(ResponseShelfTest, OverItsRoomWhatWasUnusedForLongestGoes) {
  std::vector<KeptResponse> kept;
  for (const char* text : {"a", "b", "c", "d"}) {
    kept.push_back(turn(text));
    clock_.advance(1s);
  }
  options_.bytes_max = kept[2].size_bytes() + kept[3].size_bytes();
  for (const KeptResponse& one : kept) ASSERT_TRUE(shelf().put(one));
  flush();
  forget();  // what is there is counted anew
  trim_all();
  EXPECT_FALSE(find(kept[0].id));
  EXPECT_FALSE(find(kept[1].id));
  EXPECT_TRUE(find(kept[2].id));
  EXPECT_TRUE(find(kept[3].id));
}

}  // namespace
}  // namespace atelier::model
