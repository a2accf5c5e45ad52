#include "tests/double/test/wire_test.hpp"

// Rules, the journal, and the same over HTTP.
namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class ControlTest : public WireTest {
 protected:
  Reply control(std::string_view body) const { return ask("POST", "/control", body); }
  json::Value look(std::string_view path) const { return ask("GET", path).json(); }
  int status_of(std::string_view model) const { return chat(model, "hi").status; }
};

TEST_F(ControlTest, RulesStrikeWhomTheySaySoOften) {
  ASSERT_EQ(control(R"({"rules":[{"fault":"503","model":"a*","skip":1,"times":2}]})").status, 200);
  EXPECT_EQ(status_of("b"), 200);
  EXPECT_EQ(status_of("a1"), 200);
  EXPECT_EQ(status_of("a2"), 503);
  EXPECT_EQ(status_of("a3"), 503);
  EXPECT_EQ(status_of("a4"), 200);
  EXPECT_EQ(text_at(look("/control"), "/rules/0/struck"), "2");
  ASSERT_EQ(control(R"({"clear":true})").status, 200);
  EXPECT_TRUE(provider_.rules().empty());
}

TEST_F(ControlTest, RulesFitPathPersonaAndKey) {
  ASSERT_TRUE(provider_.add_rule({.fault = "500", .persona = "anthropic"}));
  ASSERT_TRUE(provider_.add_rule({.fault = "502", .path = "/v1/responses"}));
  ASSERT_TRUE(provider_.add_rule({.fault = "504", .persona = "gemini", .key = "sk-other"}));
  EXPECT_EQ(put(Wire::anthropic, Delivery::whole, "").status, 500);
  EXPECT_EQ(put(Wire::openai_responses, Delivery::whole, "").status, 502);
  EXPECT_EQ(put(Wire::openai_chat, Delivery::whole, "").status, 200);
  EXPECT_EQ(put(Wire::gemini, Delivery::whole, "").status, 200);
}

TEST_F(ControlTest, ARulesFaultsAddToTheModelsOwn) {
  ASSERT_TRUE(provider_.add_rule({.fault = "retry-after=5"}));
  EXPECT_EQ(chat(model_with("429"), "hi").header("retry-after"), "5");
}

TEST_F(ControlTest, LotsAreDrawnInProportionAndTheSameAgain) {
  const auto struck = [&] {
    std::string drawn;
    for (int i = 0; i < 200; ++i) drawn += status_of("double@500,p=0.2") == 500 ? 'x' : '.';
    return drawn;
  };
  provider_.reset();
  const std::string first = struck();
  provider_.reset();
  EXPECT_EQ(struck(), first);
  const auto count = std::count(first.begin(), first.end(), 'x');
  EXPECT_GT(count, 15);
  EXPECT_LT(count, 70);
}

TEST_F(ControlTest, RandomFaultsEndAnswersByLot) {
  std::size_t good = 0;
  for (int i = 0; i < 200; ++i) {
    const Reply reply = chat(fmt::format("double@random=0.2"), "hi");
    if (reply.status == 200 && doubles::hear(Wire::openai_chat, Delivery::whole, reply.body).is_whole()) ++good;
  }
  EXPECT_GT(good, 130U);
  EXPECT_LT(good, 185U);
  ASSERT_TRUE(provider_.wait_for_end(200));
  EXPECT_EQ(provider_.stats().successes, good);
}

TEST_F(ControlTest, MarkersCountWhatCameAndWhatWasAnsweredWhole) {
  EXPECT_EQ(chat("double", "[marker a]").status, 200);
  EXPECT_EQ(chat("double@500", "[marker a]").status, 500);
  EXPECT_EQ(chat("double@cut-mid", "[marker a]").ending, Ending::closed);
  EXPECT_EQ(chat("double", "[marker b]").status, 200);
  EXPECT_TRUE(provider_.wait_for_end(4));
  const MarkerCount a = provider_.marker("a");
  EXPECT_EQ(a.received, 3U);
  EXPECT_EQ(a.answered, 1U);
  EXPECT_EQ(text_at(look("/control/markers"), "/markers/b/answered"), "1");
}

TEST_F(ControlTest, TheJournalHasRequestsAsTheyCame) {
  EXPECT_EQ(chat("double@429", "hello").status, 429);
  const json::Value seen = look("/control/requests");
  EXPECT_EQ(text_at(seen, "/requests/0/model"), "double@429");
  EXPECT_EQ(text_at(seen, "/requests/0/faults"), "429");
  EXPECT_EQ(text_at(seen, "/requests/0/persona"), "openai");
  EXPECT_EQ(text_at(seen, "/requests/0/status"), "429");
  EXPECT_THAT(text_at(seen, "/requests/0/body"), HasSubstr("hello"));
  EXPECT_EQ(text_at(seen, "/requests/0/headers/Authorization"), "Bearer sk-double");
  EXPECT_TRUE(at(look("/control/requests?since=1"), "/requests").as_array().empty());
}

TEST_F(ControlTest, TheMomentAClientLeavesIsKnown) {
  RawClient client(provider_.port());
  client.send(request("POST", "/v1/chat/completions", chat_body(model_with("stall-mid"), kPrompt, R"(,"stream":true)"),
                      "Authorization: Bearer sk-double\r\n"));
  ASSERT_TRUE(provider_.wait_for_requests(1));
  EXPECT_FALSE(provider_.request(1)->client_closed_at);
  client.close();
  ASSERT_TRUE(provider_.wait_for_close(1));
  ASSERT_TRUE(provider_.wait_for_end(1));
  EXPECT_FALSE(provider_.request(1)->is_success);
  EXPECT_EQ(provider_.stats().in_flight, 0U);
}

TEST_F(ControlTest, ConnectsAreChangedAndAResetForgetsAll) {
  ASSERT_EQ(control(R"({"rules":[{"fault":"500"}],"seed":7})").status, 200);
  EXPECT_EQ(status_of("double"), 500);
  ASSERT_EQ(control(R"({"reset":true})").status, 200);
  EXPECT_EQ(status_of("double"), 200);
  EXPECT_EQ(provider_.requests().size(), 1U);
  ASSERT_EQ(control(R"({"connects":"reset"})").status, 200);
  EXPECT_TRUE(RawClient(provider_.port()).is_closed());
}

struct BadOrder {
  const char* name;
  const char* body;
  const char* message;
};
class ControlRefuses : public ControlTest, public testing::WithParamInterface<BadOrder> {};
TEST_P(ControlRefuses, WithTheFieldNamed) {
  const Reply reply = control(GetParam().body);
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr(GetParam().message));
  EXPECT_TRUE(provider_.rules().empty());
}
INSTANTIATE_TEST_SUITE_P(
    Orders, ControlRefuses,
    testing::Values(BadOrder{"NoJson", "{", "JSON"}, BadOrder{"UnknownField", R"({"wibble":1})", "wibble"},
                    BadOrder{"UnknownFault", R"({"rules":[{"fault":"wibble"}]})", "rules[0].fault"},
                    BadOrder{"NoFault", R"({"rules":[{"model":"a"}]})", "fault"},
                    BadOrder{"Probability", R"({"rules":[{"fault":"500","probability":2}]})", "probability"},
                    BadOrder{"Connects", R"({"connects":"maybe"})", "connects"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(ControlTest, FaultsAreListed) {
  const json::Value listed = look("/control/faults");
  EXPECT_EQ(at(listed, "/faults").as_array().size(), fault_kinds().size());
}

TEST(LoadMode, GivesEveryoneTheSameAnswerAndCountsIt) {
  ProviderDouble provider({.load = LoadOptions{.tokens = 5, .answer_bytes = 100, .has_stamps = true}});
  const auto ask_it = [&](bool is_streamed) {
    const std::string body =
        fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":"hi"}}],"stream":{}}})", is_streamed);
    RawClient client(provider.port());
    client.send(
        fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                    "sk-double\r\nContent-Length: {}\r\n\r\n{}",
                    body.size(), body));
    return client.read();
  };
  const Heard whole = hear(Wire::openai_chat, Delivery::whole, ask_it(false).body);
  EXPECT_EQ(whole.text.size(), 100U);
  for (int i = 0; i < 3; ++i) {
    const Heard streamed = hear(Wire::openai_chat, Delivery::streamed, ask_it(true).body);
    EXPECT_TRUE(streamed.is_whole()) << streamed.describe();
    EXPECT_EQ(streamed.text.size(), 5U * 20);
    EXPECT_EQ(streamed.text.find("0000000000000000000"), std::string::npos) << "stamped with the time";
  }
  EXPECT_EQ(provider.stats().requests, 4U);
  EXPECT_TRUE(provider.requests().empty());
}

}  // namespace
}  // namespace atelier::doubles
