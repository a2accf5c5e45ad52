#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/double/test/wire_test.hpp"

// Faults that concern one protocol, a connection before any request, or the way a chat's events are written.
namespace atelier::doubles {
namespace {

using testing::HasSubstr;
using testing::Not;

class FaultMore : public WireTest {
 protected:
  Reply chat_with(std::string_view faults, std::string_view more = "") const {
    return stream(model_with(faults), kPrompt, more);
  }
  Heard chat_heard(std::string_view faults, std::string_view more = "") const {
    return doubles::hear(Wire::openai_chat, Delivery::streamed, chat_with(faults, more).body);
  }
};

TEST_F(FaultMore, AtSaysAfterHowManyTokensItStrikes) {
  EXPECT_EQ(chat_heard("cut-mid,at=3").text, "Echo: one two");
  EXPECT_EQ(chat_heard("error-mid,at=5").text, "Echo: one two three four");
}

TEST_F(FaultMore, SuffixesMayBeWrittenInOtherWays) {
  EXPECT_EQ(chat_with("429@retry-after=3").header("retry-after"), "3");
  EXPECT_EQ(chat_with("429+retry-after=3").header("retry-after"), "3");
}

TEST_F(FaultMore, AnUnknownFaultIsRefusedSoThatNoTestTestsNothing) {
  for (const char* wrong :
       {"429,nonsense", "slow-first", "slow-first=soon", "cut-mid=sideways", "429=1", "empty=1", "99"}) {
    const Reply reply = chat_with(wrong);
    EXPECT_EQ(reply.status, 400) << wrong;
  }
}

TEST_F(FaultMore, EveryListedFaultIsTaken) {
  for (const FaultKind& kind : fault_kinds()) {
    const std::string value = kind.value == FaultValue::number ? "=1"
                              : kind.value != FaultValue::word ? ""
                              : kind.words.empty()             ? "=0.5"
                                                   : fmt::format("={}", kind.words.substr(0, kind.words.find(' ')));
    EXPECT_TRUE(Faults::parse(std::string(kind.name) + value)) << kind.name;
  }
}

TEST_F(FaultMore, TheEndMarkerMayBeMissing) {
  EXPECT_EQ(chat_heard("no-done").end_count, 0U);
  EXPECT_EQ(hear(Wire::anthropic, Delivery::streamed, "no-done").end_count, 0U);
  EXPECT_EQ(hear(Wire::anthropic, Delivery::streamed, "no-done").finish, "end_turn");
}

TEST_F(FaultMore, ACutBeforeTheEndHasAllTheTextAndNoFinish) {
  for (const Wire wire : all_wires()) {
    const Heard heard = hear(wire, Delivery::streamed, "cut-before-end");
    EXPECT_EQ(heard.text, kAnswer) << to_string(wire);
    EXPECT_EQ(heard.finish, "") << to_string(wire);
  }
}

TEST_F(FaultMore, ACutAfterTheStartHasNoText) {
  for (const Wire wire : {Wire::openai_chat, Wire::openai_responses, Wire::anthropic}) {
    const Heard heard = hear(wire, Delivery::streamed, "cut-after-start");
    EXPECT_EQ(heard.start_count, 1U) << to_string(wire);
    EXPECT_EQ(heard.text, "") << to_string(wire);
  }
}

TEST_F(FaultMore, TheStartMayComeTwiceOrAnotherAnswerInTheMiddle) {
  for (const Wire wire : {Wire::openai_responses, Wire::anthropic}) {
    const Heard twice = hear(wire, Delivery::streamed, "duplicate-start");
    EXPECT_EQ(twice.start_count, 2U) << to_string(wire);
    EXPECT_EQ(twice.text, kAnswer) << to_string(wire);
    EXPECT_EQ(hear(wire, Delivery::streamed, "second-start").start_count, 2U) << to_string(wire);
  }
  EXPECT_EQ(chat_heard("second-start").ids.size(), 2U);
}

TEST_F(FaultMore, LinesEndAsTold) {
  EXPECT_THAT(chat_with("crlf").body, HasSubstr("\r\n\r\n"));
  const std::string cr = chat_with("cr").body;
  EXPECT_THAT(cr, HasSubstr("\r\r"));
  EXPECT_THAT(cr, Not(HasSubstr("\n")));
  EXPECT_EQ(chat_heard("cr").text, kAnswer);
}

TEST_F(FaultMore, CommentsStandBetweenAllEvents) {
  const std::string body = chat_with("comments=busy").body;
  EXPECT_TRUE(body.starts_with(": busy\n\n"));
  EXPECT_TRUE(chat_heard("comments").is_whole());
}

TEST_F(FaultMore, UsageStandsWhereTold) {
  EXPECT_EQ(chat_heard("").usage_count, 0U);
  EXPECT_EQ(chat_heard("", R"(,"stream_options":{"include_usage":true})").usage_count, 1U);
  EXPECT_EQ(chat_heard("usage=none", R"(,"stream_options":{"include_usage":true})").usage_count, 0U);
  EXPECT_EQ(chat_heard("usage=finish").usage_count, 1U);
  EXPECT_GT(chat_heard("usage=every").usage_count, 8U);
  EXPECT_THAT(chat_with("usage=x-groq").body, HasSubstr(R"("x_groq":{"id")"));
  const auto events = events_of(chat_with("usage=trailing").body);
  const json::Value last = events[events.size() - 2].json();
  EXPECT_TRUE(last.at("choices").as_array().empty());
  EXPECT_EQ(text_at(events[events.size() - 3].json(), "/choices/0/finish_reason"), "stop") << "after the finish";
}

TEST_F(FaultMore, TheContentTypeMayBeWrong) {
  EXPECT_EQ(chat_with("type=json").header("content-type"), "application/json");
  EXPECT_EQ(chat_with("type=html").header("content-type"), "text/html");
  EXPECT_EQ(chat_with("type=none").header("content-type"), "");
  EXPECT_TRUE(chat_heard("type=html").is_whole());
}

TEST_F(FaultMore, WhiteSpaceMayStandBeforeABody) {
  const Reply reply = put(Wire::openai_chat, Delivery::whole, "leading-blank");
  EXPECT_TRUE(reply.body.starts_with("\n \n"));
  EXPECT_EQ(doubles::hear(Wire::openai_chat, Delivery::whole, reply.body).text, kAnswer);
}

TEST_F(FaultMore, ASpentQuotaIsNoOrdinary429) {
  const Reply reply = chat(model_with("429,quota"), "hi");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(text_at(reply.json(), "/error/code"), "insufficient_quota");
}

TEST_F(FaultMore, OptionsAndFieldsMayBeRefused) {
  const Reply usage = chat_with("no-include-usage", R"(,"stream_options":{"include_usage":true})");
  EXPECT_EQ(usage.status, 400);
  EXPECT_THAT(usage.body, HasSubstr("stream_options"));
  EXPECT_EQ(chat_with("no-include-usage").status, 200);
  const Reply refused = chat_with("refuse=temperature", R"(,"temperature":0.5)");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(text_at(refused.json(), "/error/param"), "temperature");
}

TEST_F(FaultMore, AChunkMayHaveNoSize) {
  RawClient client(provider_.port());
  client.send(request("POST", "/v1/chat/completions", chat_body(model_with("bad-chunk"), kPrompt, R"(,"stream":true)"),
                      "Authorization: Bearer sk-double\r\n"));
  EXPECT_TRUE(client.read().body.ends_with("BAD CHUNK"));
}

TEST_F(FaultMore, HeadsOf1xxComeBeforeTheAnswers) {
  const Reply reply = chat_with("interim");
  EXPECT_THAT(reply.interim, HasSubstr("100 Continue"));
  EXPECT_THAT(reply.interim, HasSubstr("103 Early Hints"));
}

TEST_F(FaultMore, AConnectionIsKeptOrClosedAsTold) {
  const auto second_answer = [&](std::string_view faults) {
    RawClient client(provider_.port());
    const std::string asked = request("POST", "/v1/chat/completions", chat_body(model_with(faults), "hi"),
                                      "Authorization: Bearer sk-double\r\n");
    client.send(asked);
    const Reply first = client.read();
    EXPECT_EQ(first.status, 200);
    client.send(asked);
    return std::pair(client.read().status, first.header("connection"));
  };
  EXPECT_EQ(second_answer(""), std::pair(200, std::string()));
  EXPECT_EQ(second_answer("close-after"), std::pair(0, std::string("close")));
  EXPECT_EQ(second_answer("close-silently"), std::pair(0, std::string()));
  EXPECT_EQ(second_answer("until-close"), std::pair(0, std::string("close")));
}

TEST_F(FaultMore, AHalfOpenConnectionTakesNoMoreThanItsBuffers) {
  RawClient client(provider_.port());
  const std::string asked =
      request("POST", "/v1/chat/completions", chat_body(model_with("half-open"), std::string(64 << 20, 'x')),
              "Authorization: Bearer sk-double\r\n");
  EXPECT_LT(client.send_some(asked, 300ms), asked.size());
  EXPECT_FALSE(client.is_closed(100ms));
}

TEST_F(FaultMore, TheMomentAClientLeavesAHalfOpenConnectionIsKnown) {
  RawClient client(provider_.port());
  client.send(request("POST", "/v1/chat/completions", chat_body(model_with("half-open"), "hi"),
                      "Authorization: Bearer sk-double\r\n"));
  ASSERT_TRUE(provider_.wait_for_requests(1));
  EXPECT_FALSE(provider_.wait_for_close(1, 50ms));
  client.close();
  EXPECT_TRUE(provider_.wait_for_close(1));
}

// Tool calls, as servers spell them that do not follow the reference.
TEST_F(FaultMore, ToolCallsAreSpelledAsTold) {
  const auto calls_with = [&](std::string_view faults) {
    json::Array calls;
    for (const SseEvent& event : events_of(stream(model_with(faults), "call f and g", kTwoTools).body))
      if (event.data != "[DONE]")
        if (const json::Value call = at(event.json(), "/choices/0/delta/tool_calls/0"); !call.is_null())
          calls.push_back(call);
    return calls;
  };
  for (const json::Value& call : calls_with("tool-no-index")) EXPECT_FALSE(call.as_object().contains("index"));
  for (const json::Value& call : calls_with("tool-same-index")) EXPECT_EQ(text_at(call, "/index"), "0");
  const json::Array late = calls_with("tool-late-id");
  EXPECT_FALSE(late[0].as_object().contains("id"));
  EXPECT_TRUE(late[1].as_object().contains("id"));
  EXPECT_EQ(text_at(calls_with("tool-empty-names")[1], "/function/name"), "");
  EXPECT_EQ(text_at(calls_with("tool-repeat-id")[1], "/function/name"), "f");
  EXPECT_EQ(calls_with("tool-whole").size(), 2U);
  std::string order;
  for (const json::Value& call : calls_with("tool-interleaved")) order += text_at(call, "/index");
  EXPECT_TRUE(order.starts_with("0101")) << order;
  EXPECT_TRUE(at(calls_with("tool-object")[0], "/function/arguments").is_object());
  std::string broken;
  for (const json::Value& call : calls_with("tool-broken")) broken += text_at(call, "/function/arguments");
  EXPECT_THAT(broken, HasSubstr("{\"unfinished\": "));
}

// Connections, which are made before any request says what it wants.
class Connecting : public DoubleTest {
 protected:
  // Whether a connection is made within `patience`; errno of the connect otherwise.
  int connect_within(std::chrono::milliseconds patience) {
    fd_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(provider_.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd look{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&look, 1, static_cast<int>(patience.count())) == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }
  UniqueFd fd_;
};

TEST_F(Connecting, HangsUntilTheKernelTriesAgain) {
  provider_.set_connects(Connects::hang);
  EXPECT_EQ(connect_within(300ms), ETIMEDOUT);
  provider_.set_connects(Connects::normal);
  EXPECT_EQ(connect_within(3s), 0);
}

TEST_F(Connecting, IsLateUntilItChanges) {
  provider_.set_connects(Connects::late);
  RawClient client(provider_.port());
  client.send(
      request("POST", "/v1/chat/completions", chat_body("double", "hi"), "Authorization: Bearer sk-double\r\n"));
  EXPECT_EQ(client.read(100ms).status, 0);
  provider_.set_connects(Connects::normal);
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(Connecting, IsResetOrNeverReadOrRefused) {
  provider_.set_connects(Connects::reset);
  EXPECT_TRUE(RawClient(provider_.port()).is_closed());
  provider_.set_connects(Connects::silent);
  RawClient silent(provider_.port());
  silent.send(request("GET", "/v1/models", "", "Authorization: Bearer sk-double\r\n"));
  EXPECT_EQ(silent.read(100ms).ending, Ending::silent);
  provider_.set_connects(Connects::refuse);
  EXPECT_EQ(connect_within(1s), ECONNREFUSED);
  provider_.reset();
  EXPECT_EQ(connect_within(1s), 0);
}

}  // namespace
}  // namespace atelier::doubles
