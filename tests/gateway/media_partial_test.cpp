#include <gmock/gmock.h>

#include "tests/gateway/media_house.hpp"

// Pictures that are shown while they are made, over real sockets: what comes, and what becomes of a stream that goes
// wrong.
namespace atelier::gateway {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Maker kMaker{
    .preset = "openai", .path = "/openai/v1", .model = "gpt-image-2", .submit = "/v1/images/generations", .poll = ""};

class MediaPartials : public ::testing::Test {
 protected:
  Made make(std::string_view fault = "", model::MediaRequest request = wish(), std::chrono::milliseconds patience = 20s,
            std::chrono::milliseconds stall = 2s) {
    if (!fault.empty()) {
      EXPECT_TRUE(double_.add_rule({.fault = std::string(fault), .path = kMaker.submit, .times = 1})) << fault;
    }
    model::Provider provider = provider_at(kMaker, double_);
    provider.stall_timeout = stall;
    MediaHouse house({std::move(provider)});
    return house.make("openai/gpt-image-2", std::move(request), patience);
  }
  static model::MediaRequest wish() {
    model::MediaRequest request = wish_of(kMaker, "a red fox");
    request.width = request.height = 64 * 16;
    return request;
  }
  std::size_t asked() const { return double_.requests().size(); }
  doubles::ProviderDouble double_;
};

TEST_F(MediaPartials, ComeOneByOneEachCloserToThePicture) {
  const Made made = make();
  ASSERT_TRUE(made.made) << made.describe();
  ASSERT_EQ(made.partials.size(), 3U);
  EXPECT_NE(made.partials[0], made.partials[1]);
  EXPECT_NE(made.partials[1], made.partials[2]);
  ASSERT_EQ(made.files.size(), 1U);
  EXPECT_NE(made.files[0], made.partials[2]);
  EXPECT_EQ(made.made->usage.images, 1);
  EXPECT_GT(made.made->usage.output_image, 0);

  // The same picture without them.
  model::MediaRequest unseen = wish();
  unseen.partials = 0;
  const Made whole = make("", unseen);
  ASSERT_TRUE(whole.made) << whole.describe();
  EXPECT_THAT(whole.partials, IsEmpty());
  EXPECT_EQ(whole.files, made.files);
}

TEST_F(MediaPartials, ReachUsByteByByteAndBetweenComments) {
  for (const std::string_view fault : {"comments", "crlf", "cr", "bytewise", "malformed"}) {
    const Made made = make(fault);
    EXPECT_TRUE(made.made) << fault << made.describe();
    EXPECT_EQ(made.partials.size(), 3U) << fault;
  }
}

TEST_F(MediaPartials, OfAServerThatDoesNotStreamAreNone) {
  const Made made = make("as-json");
  ASSERT_TRUE(made.made) << made.describe();
  EXPECT_THAT(made.partials, IsEmpty());
  EXPECT_EQ(made.files.size(), 1U);
}

TEST_F(MediaPartials, OfALineThatBreaksLeaveTheOutcomeUnknown) {
  for (const std::string_view fault : {"cut-mid,at=2", "cut-mid=rst,at=2", "cut-in-event,at=2", "cut-before-end"}) {
    const std::size_t before = asked();
    const Made made = make(fault);
    ASSERT_TRUE(made.error) << fault << made.describe();
    EXPECT_EQ(made.error->reason, "outcome_unknown") << fault << made.describe();
    EXPECT_THAT(made.notes, ElementsAre("intends")) << fault;
    EXPECT_EQ(asked() - before, 1U) << fault;
    EXPECT_EQ(made.partials.size(), fault == "cut-before-end" ? 3U : 2U) << fault;
  }
}

TEST_F(MediaPartials, OfAnAnswerThatEndsWithoutAPictureLeaveItUnknownToo) {
  const Made made = make("no-finish");
  ASSERT_TRUE(made.error) << made.describe();
  EXPECT_EQ(made.error->reason, "outcome_unknown") << made.describe();
  EXPECT_EQ(made.partials.size(), 3U);
}

TEST_F(MediaPartials, AreForgottenWhereTheProviderSaysNo) {
  const Made made = make("error-mid,at=2");
  ASSERT_TRUE(made.made) << made.describe();
  EXPECT_THAT(made.notes, ElementsAre("intends", "withdraws", "intends")) << "it was not made, and is asked for again";
  EXPECT_EQ(made.partials.size(), 2U + 3U);
  EXPECT_EQ(asked(), 2U);
}

// The head comes at once, and then nothing for as long as a whole answer would take to begin.
TEST_F(MediaPartials, MayBeWaitedForLongerThanOtherBytes) {
  const Made made = make("stall-mid=600,at=1", wish(), 20s, 100ms);
  ASSERT_TRUE(made.made) << made.describe();
  EXPECT_EQ(made.partials.size(), 3U);
  const Made stuck = make("stall-mid,at=1", wish(), 500ms, 100ms);
  ASSERT_TRUE(stuck.error) << stuck.describe();
  EXPECT_EQ(stuck.error->reason, "outcome_unknown") << stuck.describe();
  EXPECT_EQ(stuck.partials.size(), 1U);
}

}  // namespace
}  // namespace atelier::gateway
