#include "tests/double/test/wire_test.hpp"

// Each fault does on the wire what its name says, in every protocol, streamed and whole.
namespace atelier::doubles {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Strike {
  const char* faults;
  int status;                                                // 0: no head comes
  Ending ending;                                             // of the HTTP answer
  enum class Body : std::uint8_t { any, empty, part } body;  // part: a beginning, and no sign of a whole answer
};
using enum Ending;
using Body = Strike::Body;

class AFault : public WireTest, public testing::WithParamInterface<std::tuple<Strike, Wire, Delivery>> {};

TEST_P(AFault, BreaksTheAnswerWhereItSays) {
  const auto& [strike, wire, delivery] = GetParam();
  // What never comes is waited for in vain.
  const Reply reply = put(wire, delivery, strike.faults, strike.ending == silent ? 300ms : 10s);
  EXPECT_EQ(reply.status, strike.status);
  EXPECT_EQ(reply.ending, strike.ending);
  if (strike.body == Body::empty) {
    EXPECT_THAT(reply.body, IsEmpty());
  }
  if (strike.body == Body::part) {
    EXPECT_THAT(reply.body, Not(IsEmpty()));
    const Heard heard = doubles::hear(wire, delivery, reply.body);
    EXPECT_FALSE(heard.is_whole()) << heard.describe();
    EXPECT_LT(heard.text.size(), kAnswer.size()) << heard.describe();
  }
  ASSERT_TRUE(provider_.wait_for_requests(1));
  if (strike.ending != silent) {
    EXPECT_TRUE(provider_.wait_for_end(1));
  }
  EXPECT_FALSE(provider_.requests()[0].is_success);
}

constexpr Strike kStrikes[] = {
    {"cut-before-head", 0, closed, Body::empty},
    {"cut-before-head=rst", 0, reset, Body::empty},
    {"cut-in-head", 0, closed, Body::any},
    {"cut-before-first", 200, closed, Body::empty},
    {"cut-before-first=rst", 200, reset, Body::empty},
    {"cut-before-first=clean", 200, whole, Body::empty},
    {"cut-mid", 200, closed, Body::part},
    {"cut-mid=rst", 200, reset, Body::part},
    {"cut-mid=clean", 200, whole, Body::part},
    {"cut-in-event", 200, closed, Body::part},
    {"stall-mid", 200, silent, Body::part},
    {"half-open-mid", 200, silent, Body::part},
    {"silence", 0, silent, Body::empty},
    {"silence-head", 200, silent, Body::empty},
    {"half-open", 0, silent, Body::empty},
    {"bad-head", 0, closed, Body::any},
    {"empty", 200, whole, Body::empty},
};

INSTANTIATE_TEST_SUITE_P(All, AFault,
                         testing::Combine(testing::ValuesIn(kStrikes),
                                          testing::ValuesIn(all_wires().begin(), all_wires().end()),
                                          testing::Values(Delivery::whole, Delivery::streamed)),
                         [](const auto& tested) {
                           return as_name(std::get<0>(tested.param).faults) + "_" +
                                  name_of(std::get<1>(tested.param), std::get<2>(tested.param));
                         });

// These leave a whole, good answer, told in another way.
class AHarmlessFault : public WireTest, public testing::WithParamInterface<std::tuple<const char*, Wire, Delivery>> {};

TEST_P(AHarmlessFault, LeavesAGoodAnswer) {
  const auto& [faults, wire, delivery] = GetParam();
  const Reply reply = put(wire, delivery, faults);
  EXPECT_EQ(reply.status, 200);
  const Heard heard = doubles::hear(wire, delivery, reply.body);
  EXPECT_TRUE(heard.is_whole()) << heard.describe();
  EXPECT_EQ(heard.text, kAnswer);
  EXPECT_TRUE(provider_.wait_for_end(1));
  EXPECT_TRUE(provider_.requests().at(0).is_success);
}

constexpr const char* kHarmless[] = {"",         "slow-first=20", "slow-end=20", "token-gap=1", "bytewise",
                                     "interim",  "chunked",       "until-close", "close-after", "close-silently",
                                     "comments", "type=text",     "type=none",   "usage=none"};

INSTANTIATE_TEST_SUITE_P(All, AHarmlessFault,
                         testing::Combine(testing::ValuesIn(kHarmless),
                                          testing::ValuesIn(all_wires().begin(), all_wires().end()),
                                          testing::Values(Delivery::whole, Delivery::streamed)),
                         [](const auto& tested) {
                           return as_name(std::get<0>(tested.param)) + "_" +
                                  name_of(std::get<1>(tested.param), std::get<2>(tested.param));
                         });

// What every protocol does in its own words.
class InEveryProtocol : public WireTest, public testing::WithParamInterface<Wire> {
 protected:
  Wire wire() const { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(All, InEveryProtocol, testing::ValuesIn(all_wires().begin(), all_wires().end()),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST_P(InEveryProtocol, AStatusIsAnErrorInItsOwnShape) {
  for (const char* status : {"400", "401", "402", "403", "404", "408", "429", "500", "502", "503", "504", "529"}) {
    for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
      const Reply reply = put(wire(), delivery, status);
      EXPECT_EQ(std::to_string(reply.status), status);
      EXPECT_EQ(reply.header("retry-after"), "");
      // Whether or not a stream was asked for, an error is one JSON object.
      const Heard heard = doubles::hear(wire(), Delivery::whole, reply.body);
      EXPECT_TRUE(heard.is_error()) << status << " " << reply.body;
    }
  }
}

TEST_P(InEveryProtocol, RetryAfterComesInEachOfItsSpellings) {
  EXPECT_EQ(put(wire(), Delivery::whole, "429,retry-after=7").header("retry-after"), "7");
  EXPECT_EQ(put(wire(), Delivery::whole, "503,retry-after-ms=250").header("retry-after-ms"), "250");
  EXPECT_THAT(put(wire(), Delivery::whole, "429,retry-after-date=60").header("retry-after"), testing::EndsWith(" GMT"));
  EXPECT_EQ(put(wire(), Delivery::whole, "retry-after=7").header("retry-after"), "") << "of a good answer";
}

TEST_P(InEveryProtocol, AnErrorAsFirstEventFollows200) {
  const Reply reply = put(wire(), Delivery::streamed, "error-first");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.ending, whole);
  const Heard heard = doubles::hear(wire(), Delivery::streamed, reply.body);
  EXPECT_EQ(heard.errors.size(), 1U) << heard.describe();
  EXPECT_EQ(heard.start_count + heard.end_count, 0U) << heard.describe();
  const Heard unstreamed = hear(wire(), Delivery::whole, "error-first");
  EXPECT_TRUE(unstreamed.is_error()) << unstreamed.describe();
}

TEST_P(InEveryProtocol, AnErrorMayComeAfterTheStartOrInTheMiddle) {
  const Heard early = hear(wire(), Delivery::streamed, "error-after-start");
  EXPECT_EQ(early.errors.size(), 1U);
  EXPECT_EQ(early.text, "");
  EXPECT_EQ(early.end_count, 0U);
  const Heard late = hear(wire(), Delivery::streamed, "error-mid");
  EXPECT_EQ(late.errors.size(), 1U);
  EXPECT_NE(late.text, "");
  EXPECT_LT(late.text.size(), kAnswer.size());
  EXPECT_EQ(late.end_count, 0U);
}

TEST_P(InEveryProtocol, OneMalformedEventStandsAmongGoodOnes) {
  const Heard heard = hear(wire(), Delivery::streamed, "malformed");
  EXPECT_EQ(heard.text, kAnswer);
  EXPECT_EQ(heard.end_count, 1U);
  EXPECT_EQ(heard.complaints.size(), 1U) << heard.describe();
  EXPECT_EQ(hear(wire(), Delivery::whole, "malformed").complaints.size(), 1U);
}

TEST_P(InEveryProtocol, TheFinishMayBeMissing) {
  const Heard heard = hear(wire(), Delivery::streamed, "no-finish");
  EXPECT_EQ(heard.text, kAnswer);
  EXPECT_EQ(heard.finish, "");
}

TEST_P(InEveryProtocol, AGiantEventIsOneToken) {
  const Heard heard = hear(wire(), Delivery::streamed, "giant=3");
  EXPECT_TRUE(heard.is_whole()) << heard.describe();
  EXPECT_GT(heard.text.size(), std::size_t{3} << 20);
}

TEST_P(InEveryProtocol, NothingMayBeSaid) {
  for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
    const Heard heard = hear(wire(), delivery, "empty-text");
    EXPECT_TRUE(heard.is_whole()) << heard.describe();
    EXPECT_EQ(heard.text, "");
  }
}

TEST_P(InEveryProtocol, AStreamMayBeAnsweredWithJson) {
  const Reply reply = put(wire(), Delivery::streamed, "as-json");
  EXPECT_EQ(reply.header("content-type"), "application/json");
  const Heard heard = doubles::hear(wire(), Delivery::whole, reply.body);
  EXPECT_TRUE(heard.is_whole()) << heard.describe();
  EXPECT_EQ(heard.text, kAnswer);
}

TEST_P(InEveryProtocol, APageOfAProxyIsHtml) {
  for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
    const Reply good = put(wire(), delivery, "as-html");
    EXPECT_EQ(good.status, 200);
    EXPECT_THAT(good.header("content-type"), HasSubstr("text/html"));
    const Reply bad = put(wire(), delivery, "502,html");
    EXPECT_EQ(bad.status, 502);
    EXPECT_THAT(bad.body, HasSubstr("<html>"));
  }
}

TEST_P(InEveryProtocol, ARedirectLeadsBackToItself) {
  const Asked asked = doubles::ask(wire(), "double@redirect=307", kPrompt, Delivery::streamed);
  const Reply reply = put(asked);
  EXPECT_EQ(reply.status, 307);
  EXPECT_EQ(reply.header("location"), asked.path);
  EXPECT_EQ(put(wire(), Delivery::whole, "redirect").status, 302);
}

TEST_P(InEveryProtocol, APromptThatIsTooLongIsRefusedInItsOwnWordsAndMayBeDressedAs500) {
  const Reply plain = put(wire(), Delivery::whole, "context");
  EXPECT_EQ(plain.status, 400);
  const Reply dressed = put(wire(), Delivery::whole, "context-500");
  EXPECT_EQ(dressed.status, 500);
  EXPECT_EQ(doubles::hear(wire(), Delivery::whole, plain.body).errors,
            doubles::hear(wire(), Delivery::whole, dressed.body).errors);
}

TEST_P(InEveryProtocol, AFilterBreaksAnAnswerOff) {
  for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
    const Heard cut = hear(wire(), delivery, "filter");
    EXPECT_LT(cut.text.size(), kAnswer.size());
    // Ollama has no word for it.
    if (wire() != Wire::ollama) {
      EXPECT_NE(cut.finish, hear(wire(), delivery, "").finish);
    }
  }
}

TEST_P(InEveryProtocol, PrefillsMayBeRejected) {
  const auto prefilled = [&](std::string_view faults) {
    return put(ask_prefilled(wire(), model_with(faults), "[say 4]", "t1 t2", Delivery::whole));
  };
  EXPECT_EQ(prefilled("").status, 200);
  EXPECT_EQ(prefilled("prefill-rejected").status, 400);
  EXPECT_EQ(put(wire(), Delivery::whole, "prefill-rejected").status, 200) << "without one";
}

TEST_P(InEveryProtocol, UsageIsToldOrNot) {
  for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
    EXPECT_EQ(hear(wire(), delivery, "usage=none").output_tokens, 0);
    // Chat tells it in a stream only if asked.
    if (wire() != Wire::openai_chat) {
      EXPECT_EQ(hear(wire(), delivery, "").output_tokens, 8);
    }
  }
}

TEST_P(InEveryProtocol, EveryByteMayComeByItself) {
  const Reply reply = put(wire(), Delivery::streamed, "bytewise");
  EXPECT_EQ(reply.chunk_count, reply.body.size());
}

TEST_P(InEveryProtocol, TheFirstTokenMayBeSlow) {
  const Reply reply = put(wire(), Delivery::streamed, "slow-first=120");
  ASSERT_FALSE(reply.chunks_after.empty());
  EXPECT_LT(reply.head_after, 100ms);
  EXPECT_GE(reply.chunks_after.back(), 115ms);
}

}  // namespace
}  // namespace atelier::doubles
