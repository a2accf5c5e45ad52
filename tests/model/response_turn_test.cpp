#include "model/kept/response_turn.hpp"

#include <gmock/gmock.h>

#include <random>

#include "base/json.hpp"
#include "model/face/openai_responses_replay.hpp"
#include "model/face/openai_responses_state.hpp"
#include "tests/model/house.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class ResponseTurnTest : public testing::Test {
 protected:
  ResponseTurnTest() {
    database_ =
        *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
  }
  ResponseShelf& shelf() {
    if (!shelf_) shelf_ = std::make_unique<ResponseShelf>(*database_, clock_, metrics_, options_);
    return *shelf_;
  }
  Result<std::unique_ptr<ResponseTurn>> begin(std::string body) {
    body_ = std::move(body);
    return store::run(ResponseTurn::begin(&shelf(), mine_, &body_, 1 << 20));
  }
  // One turn that was answered whole; its id.
  std::string answered(std::string body, std::string output) {
    auto turn = begin(std::move(body));
    if (!turn || !*turn) return "no turn";
    return text_of((*turn)->take_whole(
                       R"({"id":"resp_up","status":"completed","store":false,"previous_response_id":null,"output":)" +
                           output + "}",
                       1),
                   "id");
  }
  static std::string text_of(const std::string& object, const char* name) {
    const auto value = json::parse(object);
    return value ? std::string(value->at(name).as_string()) : "not JSON";
  }
  KeptResponsePtr find(const std::string& id) { return *store::run(shelf().find(mine_, id)); }

  store::TemporaryFolder folder_;
  ManualClock clock_{0};
  Metrics metrics_;
  ResponseShelf::Options options_;
  const ResponseOwner mine_{.owner = UserId::make(), .key = KeyId::make()};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<ResponseShelf> shelf_;
  std::string body_;
};

TEST_F(ResponseTurnTest, ARequestWithoutStateStaysAsItIs) {
  const std::string body = R"({ "model":"m", "store":false, "input":"x" })";
  auto turn = begin(body);
  ASSERT_TRUE(turn);
  EXPECT_FALSE(*turn);
  EXPECT_EQ(body_, body);
}

TEST_F(ResponseTurnTest, EachTurnBringsTheOnesBeforeIt) {
  const std::string first = answered(
      R"({"model":"m","instructions":"be brief","input":"one"})",
      R"([{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gA\/="},{"type":"function_call","id":"fc_1","call_id":"c1"}])");
  EXPECT_THAT(first, testing::StartsWith("resp_"));
  const std::string second = answered(R"({"model":"m","previous_response_id":")" + first +
                                          R"(","input":[{"type":"function_call_output","call_id":"c1","output":"7"}]})",
                                      R"([{"type":"message","id":"msg_1"}])");
  EXPECT_EQ(
      body_,
      R"({"store":false,"model":"m","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"one"}]},)"
      R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gA\/="},{"type":"function_call","id":"fc_1","call_id":"c1"},)"
      R"({"type":"function_call_output","call_id":"c1","output":"7"}]})")
      << "without the instructions of the turn before";
  const auto kept = find(second);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->turn, 2);
  EXPECT_EQ(kept->root, first);
  EXPECT_EQ(kept->input, R"([{"type":"function_call_output","call_id":"c1","output":"7"}])") << "its own alone";
  EXPECT_EQ(kept->response, R"({"id":")" + second + R"(","status":"completed","store":true,"previous_response_id":")" +
                                first + R"(","output":[{"type":"message","id":"msg_1"}]})");
}

TEST_F(ResponseTurnTest, ATurnThatIsNotKeptStillGoesOnFromOne) {
  const std::string first = answered(R"({"model":"m","input":"one"})", "[]");
  auto turn = begin(R"({"model":"m","store":false,"previous_response_id":")" + first + R"(","input":"two"})");
  ASSERT_TRUE(turn && *turn);
  EXPECT_FALSE((*turn)->is_kept());
  const std::string told = (*turn)->take_whole(R"({"id":"resp_up","status":"completed","output":[]})", 1);
  EXPECT_EQ(text_of(told, "id"), "resp_up");
  EXPECT_EQ(text_of(told, "previous_response_id"), first);
  EXPECT_FALSE(find("resp_up"));
}

TEST_F(ResponseTurnTest, AStreamIsKeptBeforeItsLastEventIsSent) {
  auto turn = begin(R"({"model":"m","stream":true,"input":"x"})");
  ASSERT_TRUE(turn && *turn);
  const std::string delta =
      "event: response.output_text.delta\ndata: "
      "{\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"a \\\"response\\\":{}\"}\n\n";
  const std::string opened = (*turn)->take_events(
      "event: response.created\r\ndata: "
      "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_up\",\"status\":\"in_progress\",\"store\":false,"
      "\"output\":[]},\"sequence_number\":0}\r\n\r\n" +
          delta,
      1);
  EXPECT_THAT(opened, testing::EndsWith(delta));
  EXPECT_THAT(opened, Not(HasSubstr("resp_up")));
  EXPECT_THAT(opened, HasSubstr("\"store\":true"));
  const std::size_t at = opened.find("\"id\":\"") + 6;
  const std::string id = opened.substr(at, opened.find('"', at) - at);
  EXPECT_FALSE(find(id));
  const std::string ended = (*turn)->take_events(
      "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":2,\ndata: "
      "\"response\":{\"id\":\"resp_up\",\"status\":\"completed\",\"output\":[{\"id\":\"msg_1\"}]}}\n\n",
      5);
  EXPECT_THAT(ended, testing::StartsWith("event: response.completed\ndata: {"));
  EXPECT_EQ(std::ranges::count(ended, '\n'), 3) << ended;
  EXPECT_THAT(ended, HasSubstr(id));
  const auto kept = find(id);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->created_ms, 5);
  EXPECT_THAT(ended, HasSubstr(kept->response));
}

// Some servers' last event does not repeat what they said.
TEST_F(ResponseTurnTest, ItemsOfAStreamAreKeptThoughItsLastEventLacksThem) {
  auto turn = begin(R"({"model":"m","stream":true,"input":"x"})");
  ASSERT_TRUE(turn && *turn);
  (*turn)->take_events(
      "data: {\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"id\":\"b\"}}\n\ndata: "
      "{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"id\":\"a\"}}\n\n",
      1);
  const std::string ended =
      (*turn)->take_events("data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"output\":[]}}\n\n", 1);
  EXPECT_THAT(ended, HasSubstr(R"("output":[{"id":"a"},{"id":"b"}])"));
}

TEST_F(ResponseTurnTest, AFailureIsNotKept) {
  auto turn = begin(R"({"model":"m","stream":true,"input":"x"})");
  ASSERT_TRUE(turn && *turn);
  const std::string failed = (*turn)->take_events(
      "event: response.failed\ndata: "
      "{\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"output\":[]}}\n\n",
      1);
  EXPECT_THAT(failed, HasSubstr(R"("store":false)"));
  EXPECT_TRUE(store::is_ok(store::run(shelf().flush())));
  EXPECT_EQ(store::run(database_->read({"SELECT count(*) FROM kept_responses"}))->integer(0, 0), 0);
}

TEST_F(ResponseTurnTest, OneThatFindsNoRoomSaysSo) {
  options_.waiting_max = 0;
  auto turn = begin(R"({"model":"m","input":"x"})");
  ASSERT_TRUE(turn && *turn);
  const std::string told = (*turn)->take_whole(R"({"id":"r","status":"completed","store":false,"output":[]})", 1);
  EXPECT_FALSE(json::parse(told)->at("store").as_bool());
}

TEST_F(ResponseTurnTest, ReferencesAreFilledIn) {
  answered(R"({"model":"m","input":"one"})", R"([{"type":"message","id":"msg_1","role":"assistant","content":[]}])");
  auto turn = begin(
      R"({"model":"m","store":false,"input":[{"type":"item_reference","id":"msg_1"},{"role":"user","content":"two"}]})");
  ASSERT_TRUE(turn && *turn);
  EXPECT_EQ(
      body_,
      R"({"model":"m","store":false,"input":[{"type":"message","id":"msg_1","role":"assistant","content":[]},{"role":"user","content":"two"}]})");
  EXPECT_EQ(begin(R"({"model":"m","input":[{"type":"item_reference","id":"msg_2"}]})").error().reason,
            "item_not_found");
}

TEST_F(ResponseTurnTest, AllOfItTogetherHasABound) {
  const std::string first = answered(R"({"model":"m","input":")" + std::string(600'000, 'a') + R"("})", "[]");
  const auto refused = begin(R"({"model":"m","previous_response_id":")" + first + R"(","input":")" +
                             std::string(600'000, 'b') + R"("})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "previous_response_too_long");
  EXPECT_EQ(refused.error().where, "/previous_response_id");
}

// Cut and changed texts: an error or a text, never a crash; and what is JSON stays JSON.
TEST(ResponseState, SurvivesAnyBytes) {
  const std::string body =
      R"({"input":[{"type":"item_reference","id":"a"},"x",{"role":"user","content":"a\"]b"}],"store":true,"previous_response_id":"resp_1","n":[{}]})";
  const std::string response =
      R"({"id":"resp_1","output":[{"type":"reasoning","id":"rs_1","encrypted_content":null},{"id":"msg_1","type":"message"}, 7]})";
  std::mt19937 random(11);
  const auto changed = [&random](std::string text) {
    for (std::uint32_t change = random() % 4; change > 0 && !text.empty(); --change) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 5);
      else
        text[at] = "{}[]\",:\\ a1"[random() % 11];
    }
    return text;
  };
  int whole_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string asked = changed(body), answered = changed(response);
    const auto wish = read_state_wish(asked);
    const auto items = items_of_turn("[ ]", answered);
    (void)output_ids(answered);
    if (!wish) continue;
    EarlierItems earlier{.referenced = std::vector<std::string>(wish->item_ids.size(), "{}")};
    const bool has_items = items && json::parse(*items);
    if (json::parse(answered)) {
      EXPECT_TRUE(!items || has_items) << answered;
    }
    if (has_items) earlier.turns.push_back(*items);
    const auto plain = without_state(asked, *wish, earlier);
    if (!plain || !json::parse(asked)) continue;
    ++whole_count;
    ASSERT_TRUE(json::parse(plain->body)) << asked << plain->body;
    ASSERT_TRUE(json::parse(plain->own_items)) << asked;
  }
  EXPECT_GT(whole_count, 1'000);
}

TEST(ResponseReplay, TellsAWholeResponseAsAStreamWould) {
  const auto response = json::parse(
      R"({"id":"resp_1","status":"completed","usage":{"total_tokens":3},"output":[)"
      R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"g"},)"
      R"({"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[]}]},)"
      R"({"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}","status":"completed"}]})");
  ASSERT_TRUE(response);
  const std::string all = replay_response(response->get_object(), -1);
  std::vector<std::string> types;
  std::int64_t number = 0;
  for (std::size_t at = all.find("data: "); at != std::string::npos; at = all.find("data: ", at + 1)) {
    const auto event = json::parse(std::string_view(all).substr(at + 6, all.find('\n', at) - at - 6));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->at("sequence_number").to_number<std::int64_t>(), number++);
    types.emplace_back(event->at("type").as_string());
  }
  EXPECT_EQ(types,
            (std::vector<std::string>{
                "response.created", "response.in_progress", "response.output_item.added",
                "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
                "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
                "response.output_item.done", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.done", "response.content_part.done",
                "response.output_item.done", "response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.done", "response.output_item.done", "response.completed"}));
  const std::string last = replay_response(response->get_object(), number - 2);
  EXPECT_THAT(last, testing::StartsWith("event: response.completed\n"));
  EXPECT_THAT(all, testing::EndsWith(last));
  EXPECT_EQ(replay_response(response->get_object(), number), "");
}

}  // namespace
}  // namespace atelier::model
