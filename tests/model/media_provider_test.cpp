#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "model/call/attempt_loop.hpp"
#include "model/catalog/catalog.hpp"
#include "model/catalog/environment.hpp"
#include "model/media/adapter.hpp"
#include "model/provider/presets.hpp"
#include "tests/model/house.hpp"

// Providers that make media and answer no chat: found by their models' names, listed by what is known of them, and
// never chosen for a chat.
namespace atelier::model {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// Says the same to everyone, and remembers who was asked.
class OneAnswer final : public Upstream {
 public:
  std::set<std::string> asked;
  int status = 200;

  Task<Result<std::unique_ptr<UpstreamAnswer>>> send(std::shared_ptr<const Provider>, WireRequest request,
                                                     std::chrono::steady_clock::time_point) override {
    asked.insert(request.url);
    co_return std::make_unique<Answer>(status);
  }

 private:
  class Answer final : public UpstreamAnswer {
   public:
    explicit Answer(int status) : status_(status) {}
    int status() const noexcept override { return status_; }
    std::optional<std::string_view> header(std::string_view) const override { return std::nullopt; }
    HttpHead head() const override { return {.status = status_, .headers = {{"content-type", "application/json"}}}; }
    Task<Result<std::optional<std::string_view>>> next() override {
      if (std::exchange(is_read_, true)) co_return std::nullopt;
      co_return std::optional<std::string_view>(R"({"detail":"as it is"})");
    }
    Task<> leave() override { co_return; }

   private:
    const int status_;
    bool is_read_ = false;
  };
};

class MediaProviders : public ::testing::Test {
 protected:
  MediaProviders() {
    auto providers = providers_of({{"REPLICATE_API_TOKEN", "r8_1"}, {"FAL_KEY", "id:secret"}, {"BFL_API_KEY", "b"}});
    EXPECT_TRUE(providers);
    models_.configure(std::move(*providers), {});
  }
  // Whether each was well.
  std::map<std::string, bool> read_lists() {
    Catalog catalog(models_, upstream_, clock_, {.finds_local_servers = false});
    const DirectoryPtr directory = models_.directory();
    std::map<std::string, bool> well;
    for (const auto& [name, provider] : directory->providers())
      well[name] = loop_.wait_for(catalog.refresh(provider)).has_value();
    return well;
  }
  Result<Chosen> chosen(std::string_view model) const {
    return choose(*models_.directory(), model, std::nullopt, nullptr, clock_, nullptr, 0);
  }

  LoopThread loop_;
  ManualClock clock_;
  OneAnswer upstream_;
  Models models_{BreakerPolicy()};
};

TEST_F(MediaProviders, AreFoundThoughTheirModelsNamesHoldSlashes) {
  const auto resolved = models_.directory()->resolve("replicate/black-forest-labs/flux-schnell");
  ASSERT_TRUE(resolved);
  ASSERT_EQ(resolved->candidates.size(), 1U);
  EXPECT_EQ(resolved->candidates[0]->provider->name, "replicate");
  EXPECT_EQ(resolved->candidates[0]->model, "black-forest-labs/flux-schnell");
  const CandidatePtr again = models_.find_candidate("fal/fal-ai/flux-pro/v1.1");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->model, "fal-ai/flux-pro/v1.1");
}

TEST_F(MediaProviders, AreListedByWhatTheirAdaptersKnow) {
  read_lists();
  const DirectoryPtr directory = models_.directory();
  for (const auto& [name, provider] : directory->providers()) {
    const ModelList* list = directory->list_of(name);
    ASSERT_TRUE(list) << name;
    EXPECT_TRUE(list->last_error.empty());
    const MediaAdapter* adapter = media_adapter_for(provider->quirks.media);
    ASSERT_TRUE(adapter) << name;
    EXPECT_EQ(list->models.size(), adapter->known_models().size()) << name;
  }
  EXPECT_THAT(upstream_.asked,
              UnorderedElementsAre("https://api.replicate.com/v1/account", "https://api.bfl.ai/v1/credits"))
      << "for their keys' sake, and never for a chat's list";
  const auto bare = directory->resolve("black-forest-labs/flux-schnell");
  ASSERT_TRUE(bare) << "known by its list";
  EXPECT_EQ(bare->candidates[0]->provider->name, "replicate");
}

TEST_F(MediaProviders, SayThatAKeyIsWrongAndKeepTheirModels) {
  upstream_.status = 401;
  const auto well = read_lists();
  EXPECT_FALSE(well.at("replicate"));
  EXPECT_FALSE(well.at("bfl"));
  EXPECT_TRUE(well.at("fal")) << "it has nothing to be asked for";
  const DirectoryPtr directory = models_.directory();
  const ModelList* list = directory->list_of("bfl");
  ASSERT_TRUE(list);
  EXPECT_THAT(list->last_error, HasSubstr("as it is"));
  EXPECT_EQ(list->models.size(), bfl_adapter().known_models().size());
}

TEST_F(MediaProviders, AreNeverChosenForAChat) {
  read_lists();
  for (const std::string_view model : {"replicate/black-forest-labs/flux-schnell", "flux-2-pro", "fal-ai/flux/dev"}) {
    const auto none = chosen(model);
    ASSERT_FALSE(none) << model;
    EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(none.error().reason, "model_makes_media");
    EXPECT_EQ(none.error().where, "model");
    EXPECT_THAT(none.error().message, HasSubstr(std::string(model)));
  }
}

TEST_F(MediaProviders, ARoutesChatGoesToWhoeverAnswersIt) {
  auto providers = providers_of({{"BFL_API_KEY", "b"}, {"OPENAI_API_KEY", "sk-1"}});
  ASSERT_TRUE(providers);
  models_.configure(std::move(*providers),
                    {{.name = "mixed", .targets = {{"bfl", "flux-2-pro"}, {"openai", "gpt-5"}}}});
  const auto one = chosen("mixed");
  ASSERT_TRUE(one) << one.error().describe();
  ASSERT_EQ(one->candidates.size(), 1U);
  EXPECT_EQ(one->candidates[0]->name, "openai/gpt-5");
}

TEST_F(MediaProviders, EveryKnownModelCanDoWhatItIsListedFor) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(MediaWire::local); ++i) {
    const MediaAdapter* adapter = media_adapter_for(static_cast<MediaWire>(i));
    if (adapter == nullptr) continue;
    for (const KnownMediaModel& known : adapter->known_models()) {
      EXPECT_TRUE(adapter->ability(known.id, known.kind)) << known.id;
      EXPECT_FALSE(known.title.empty()) << known.id;
    }
  }
}

// As the gateway grows the pause, with all its chances at their worst.
TEST(MediaPolls, OfAMinutesWorkAreAtMostTwelve) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(MediaWire::local); ++i) {
    const MediaAdapter* adapter = media_adapter_for(static_cast<MediaWire>(i));
    // One's own machine may be asked more often than somebody else's.
    const bool is_own = adapter && (adapter->wire() == MediaWire::comfyui || adapter->wire() == MediaWire::sdcpp);
    if (adapter == nullptr || is_own) continue;
    std::chrono::duration<double> at{0}, pause = adapter->first_poll();
    const std::chrono::duration<double> longest = adapter->longest_poll();
    int count = 0;
    for (; at < std::chrono::minutes(1); ++count) {
      at += pause * 0.9;
      pause = std::min(longest, pause * 1.5);
    }
    EXPECT_LE(count, 12) << to_string(adapter->wire());
  }
}

}  // namespace
}  // namespace atelier::model
