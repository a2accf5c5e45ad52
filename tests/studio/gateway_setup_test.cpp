#include "studio/gateway/gateway_setup.hpp"

#include <gtest/gtest.h>

#include "store/migrations.hpp"
#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

using store::is_ok;

constexpr std::string_view kCanary = "sk-canary-0123456789abcdef-WXYZ";
constexpr std::string_view kHeaderCanary = "cf-canary-fedcba9876543210";

class GatewaySetupTest : public testing::Test {
 protected:
  GatewaySetupTest() {
    database_ = *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    restart(sealer_);
  }
  void restart(std::shared_ptr<const model::Sealer> sealer) {
    models_ = std::make_unique<model::Models>(model::BreakerPolicy());
    setup_ = std::make_unique<GatewaySetup>(GatewaySetup::Parts{.database = *database_,
                                                                .clock = clock_,
                                                                .models = *models_,
                                                                .sealer = std::move(sealer),
                                                                .environment = environment_});
    ASSERT_TRUE(is_ok(store::run(setup_->load())));
  }
  static ProviderChange change(std::string preset = "openai") {
    ProviderChange made{.key = std::string(kCanary)};
    made.settings.preset = std::move(preset);
    return made;
  }
  std::shared_ptr<const model::Provider> called(std::string_view name) {
    const auto directory = models_->directory();
    const auto found = directory->providers().find(name);
    return found == directory->providers().end() ? nullptr : found->second;
  }
  std::string where(std::string name, ProviderChange wrong) {
    const auto refused = store::run(setup_->create_provider(std::move(name), std::move(wrong)));
    EXPECT_EQ(store::code_of(refused), ErrorCode::invalid_argument);
    return refused ? std::string() : refused.error().where;
  }
  std::string where(model::Route wrong) {
    const auto refused = store::run(setup_->create_route(std::move(wrong)));
    EXPECT_EQ(store::code_of(refused), ErrorCode::invalid_argument);
    return refused ? std::string() : refused.error().where;
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  model::Environment environment_{{"ANTHROPIC_API_KEY", "from-the-environment"},
                                  {"TEAM_KEY", "team-key-of-the-environment"}};
  std::unique_ptr<store::Database> database_;
  const model::SealingKey key_ = model::SealingKey::make();
  std::shared_ptr<const model::Sealer> sealer_ = std::make_shared<model::Sealer>(std::vector{key_});
  std::unique_ptr<model::Models> models_;
  std::unique_ptr<GatewaySetup> setup_;
};

TEST_F(GatewaySetupTest, AProviderIsCalledWithItsKeyAtOnceAndAfterARestart) {
  ProviderChange mine = change("deepseek");
  mine.headers = HeaderList{{"x-team", std::string(kHeaderCanary)}};
  mine.settings.base_url = "https://deepseek.example/v1/";
  mine.settings.model_prefixes = {"ds-"};
  mine.settings.stall_timeout = std::chrono::milliseconds(5'000);
  const auto created = store::run(setup_->create_provider("mine", mine));
  ASSERT_TRUE(is_ok(created));
  EXPECT_EQ(created->revision, 1);
  EXPECT_TRUE(created->has_key);
  EXPECT_EQ(created->key_end, "WXYZ");
  EXPECT_EQ(created->header_names, std::vector<std::string>{"x-team"});
  for (const bool is_restarted : {false, true}) {
    if (is_restarted) restart(sealer_);
    const auto provider = called("mine");
    ASSERT_TRUE(provider);
    EXPECT_EQ(provider->credential.key, kCanary);
    EXPECT_EQ(provider->base_url, "https://deepseek.example/v1");
    EXPECT_EQ(provider->headers, *mine.headers);
    EXPECT_EQ(provider->model_prefixes, std::vector<std::string>{"ds-"});
    EXPECT_EQ(provider->stall_timeout.count(), 5'000);
    EXPECT_TRUE(provider->quirks.takes_reasoning_back) << "the preset's quirks";
    const auto told = store::run(setup_->get_provider("mine"));
    ASSERT_TRUE(is_ok(told));
    EXPECT_EQ(told->settings, mine.settings);
    EXPECT_EQ(told->key_end, "WXYZ");
  }
}

TEST_F(GatewaySetupTest, NoSecretStandsInTheDatabaseOrInAnError) {
  ProviderChange mine = change();
  mine.headers = HeaderList{{"x-team", std::string(kHeaderCanary)}};
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("mine", mine))));
  ProviderChange wrong = mine;
  wrong.key = std::string(kCanary) + " with a space";
  const auto refused = store::run(setup_->create_provider("other", wrong));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().describe().find("canary"), std::string::npos);
  wrong = mine;
  wrong.headers = HeaderList{{"x-team", std::string(kHeaderCanary) + "\r\n"}};
  const auto refused_header = store::run(setup_->create_provider("other", wrong));
  ASSERT_FALSE(refused_header.has_value());
  EXPECT_EQ(refused_header.error().describe().find("canary"), std::string::npos);
  database_->close();
  for (const char* file : {"studio.db", "studio.db-wal"})
    EXPECT_EQ(store::read_text(folder_ / file).find("canary"), std::string::npos) << file;
}

TEST_F(GatewaySetupTest, AChangeKeepsTheSecretsItDoesNotName) {
  ProviderChange mine = change();
  mine.headers = HeaderList{{"x-team", "a"}};
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("mine", mine))));
  ProviderChange next{.settings = mine.settings};
  next.settings.base_url = "http://127.0.0.1:9/v1";
  const auto changed = store::run(setup_->update_provider("mine", next, 1));
  ASSERT_TRUE(is_ok(changed));
  EXPECT_EQ(changed->revision, 2);
  EXPECT_EQ(called("mine")->credential.key, kCanary);
  EXPECT_EQ(called("mine")->base_url, "http://127.0.0.1:9/v1");
  next.headers = HeaderList();
  next.key = "another-key-altogether";
  EXPECT_EQ(store::code_of(store::run(setup_->update_provider("mine", next, 1))), ErrorCode::conflict);
  ASSERT_TRUE(is_ok(store::run(setup_->update_provider("mine", next, 2))));
  EXPECT_EQ(called("mine")->credential.key, "another-key-altogether");
  EXPECT_TRUE(called("mine")->headers.empty());
  next.key = "";
  ASSERT_TRUE(is_ok(store::run(setup_->update_provider("mine", next, 3))));
  EXPECT_EQ(called("mine")->credential.key, "");
  EXPECT_EQ(store::code_of(store::run(setup_->update_provider("none", next, 1))), ErrorCode::not_found);
}

TEST_F(GatewaySetupTest, TheEnvironmentsProvidersAreThereAndGiveWayToStoredOnes) {
  ASSERT_TRUE(called("anthropic"));
  auto all = store::run(setup_->list_providers());
  ASSERT_TRUE(is_ok(all));
  ASSERT_EQ(all->size(), 1U);
  EXPECT_TRUE(all->front().is_from_environment);
  EXPECT_EQ(all->front().key_end, "ment");
  EXPECT_EQ(all->front().settings.key_variable, "ANTHROPIC_API_KEY");
  ProviderChange mine = change("anthropic");
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("anthropic", mine))));
  EXPECT_EQ(called("anthropic")->credential.key, kCanary);
  EXPECT_EQ(store::run(setup_->list_providers())->size(), 1U);
  mine.settings.is_enabled = false;
  ASSERT_TRUE(is_ok(store::run(setup_->update_provider("anthropic", mine, 1))));
  EXPECT_FALSE(called("anthropic")) << "switched off, though the environment has a key";
  ASSERT_TRUE(is_ok(store::run(setup_->remove_provider("anthropic"))));
  EXPECT_EQ(called("anthropic")->credential.key, "from-the-environment");
  EXPECT_EQ(store::code_of(store::run(setup_->remove_provider("anthropic"))), ErrorCode::not_found);
}

TEST_F(GatewaySetupTest, AKeyMayStayInTheEnvironment) {
  ProviderChange mine{
      .settings = {.preset = "openai_chat", .base_url = "https://team.example/v1", .key_variable = "TEAM_KEY"}};
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("team", mine))));
  EXPECT_EQ(called("team")->credential.key, "team-key-of-the-environment");
  mine.settings.key_variable = "NOT_SET";
  const auto changed = store::run(setup_->update_provider("team", mine, 1));
  ASSERT_TRUE(is_ok(changed));
  EXPECT_NE(changed->trouble.find("NOT_SET"), std::string::npos);
  EXPECT_FALSE(called("team")) << "it is not called without the key it should have";
}

TEST_F(GatewaySetupTest, AProviderOfAnotherNameHasItsPresetsPricesAndAFreeOneNone) {
  model::Prices prices;
  prices.replace(*model::PriceTable::parse(
      R"({"deepseek/chat": {"litellm_provider": "deepseek", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}})"));
  const auto cost = [&]() -> std::optional<model::Picodollars> {
    const auto price = models_->find_candidate("mine/chat")->price(prices);
    return price ? price->cost({.input = 1'000'000}, model::ServiceTier::standard) : std::nullopt;
  };
  ProviderChange mine = change("deepseek");
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("mine", mine))));
  EXPECT_EQ(cost(), model::kDollar);
  mine.settings.is_free = true;
  ASSERT_TRUE(is_ok(store::run(setup_->update_provider("mine", mine, 1))));
  EXPECT_EQ(cost(), 0);
  ASSERT_TRUE(is_ok(store::run(setup_->remove_provider("mine"))));
  EXPECT_FALSE(called("mine")) << "a free one is not taken for one that was found";
}

TEST_F(GatewaySetupTest, WrongProvidersAreRefusedByField) {
  EXPECT_EQ(where("", change()), "/name");
  EXPECT_EQ(where("a/b", change()), "/name");
  EXPECT_EQ(where("A", change()), "/name");
  EXPECT_EQ(where("a", change("opnai")), "/preset");
  EXPECT_EQ(where("a", change("openai_chat")), "/base_url") << "a bare protocol has no address";
  const auto with = [](auto set) {
    ProviderChange wrong = change();
    set(wrong);
    return wrong;
  };
  EXPECT_EQ(where("a", with([](auto& it) { it.settings.base_url = "ftp://x"; })), "/base_url");
  EXPECT_EQ(where("a", with([](auto& it) { it.settings.base_url = "http://user:word@x/"; })), "/base_url");
  EXPECT_EQ(where("a", with([](auto& it) { it.settings.base_url = "http://x/v1?key=1"; })), "/base_url");
  EXPECT_EQ(where("a", with([](auto& it) { it.settings.key_variable = "a-b"; })), "/key_variable");
  EXPECT_EQ(where("a", with([](auto& it) { it.settings.model_prefixes = {"ok", ""}; })), "/model_prefixes/1");
  EXPECT_EQ(where("a", with([](auto& it) { it.settings.first_byte_timeout = std::chrono::milliseconds(1); })),
            "/first_byte_timeout_ms");
  EXPECT_EQ(where("a", with([](auto& it) { it.settings.stall_timeout = std::chrono::hours(2); })), "/stall_timeout_ms");
  EXPECT_EQ(where("a", with([](auto& it) { it.key = "line\nbreak"; })), "/key");
  EXPECT_EQ(where("a", with([](auto& it) { it.headers = HeaderList{{"Host", "x"}}; })), "/headers/Host");
  EXPECT_EQ(where("a", with([](auto& it) { it.headers = HeaderList{{"host", "x"}}; })), "/headers/host");
  EXPECT_EQ(where("a", with([](auto& it) { it.headers = HeaderList{{"authorization", "x"}}; })),
            "/headers/authorization");
  EXPECT_EQ(where("a", with([](auto& it) { it.headers = HeaderList{{"x", "1"}, {"x", "2"}}; })), "/headers/x");
  EXPECT_TRUE(is_ok(store::run(setup_->create_provider("a", change()))));
  EXPECT_EQ(store::code_of(store::run(setup_->create_provider("a", change()))), ErrorCode::conflict);
}

TEST_F(GatewaySetupTest, RotationSealsEverythingAnew) {
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("a", change()))));
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("b", change("deepseek")))));
  ProviderChange keyless{.key = ""};
  keyless.settings.preset = "ollama";
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("c", keyless))));
  const model::SealingKey next = model::SealingKey::make();
  const auto count = store::run(setup_->seal_anew(std::make_shared<model::Sealer>(std::vector{next, key_})));
  ASSERT_TRUE(is_ok(count));
  EXPECT_EQ(*count, 2U);
  EXPECT_EQ(store::run(setup_->get_provider("a"))->revision, 1) << "nobody changed it";
  restart(std::make_shared<model::Sealer>(std::vector{next}));
  EXPECT_EQ(called("a")->credential.key, kCanary);
  EXPECT_EQ(called("b")->credential.key, kCanary);
}

TEST_F(GatewaySetupTest, ALostSealingKeyIsToldAndItsProvidersCanBeGivenNewKeys) {
  ASSERT_TRUE(is_ok(store::run(setup_->create_provider("a", change()))));
  restart(std::make_shared<model::Sealer>(std::vector{model::SealingKey::make()}));
  EXPECT_FALSE(called("a"));
  const auto told = store::run(setup_->get_provider("a"));
  ASSERT_TRUE(is_ok(told));
  EXPECT_NE(told->trouble.find(key_.id_text()), std::string::npos);
  EXPECT_EQ(store::code_of(
                store::run(setup_->seal_anew(std::make_shared<model::Sealer>(std::vector{model::SealingKey::make()})))),
            ErrorCode::unavailable);
  ProviderChange renewed = change();
  renewed.key.reset();
  EXPECT_EQ(store::code_of(store::run(setup_->update_provider("a", renewed, 1))), ErrorCode::unavailable)
      << "a key that cannot be read cannot be kept";
  renewed.key = "a-new-key-for-a-new-seal";
  ASSERT_TRUE(is_ok(store::run(setup_->update_provider("a", renewed, 1))));
  EXPECT_EQ(called("a")->credential.key, "a-new-key-for-a-new-seal");
}

const model::Route kRoute{.name = "fast",
                          .strategy = model::Strategy::weighted,
                          .targets = {{"openai", "gpt-5", 3}, {"anthropic", "claude-x", 1}},
                          .cache_life = std::chrono::seconds(60),
                          .hedges = true};

TEST_F(GatewaySetupTest, ARouteIsInForceAtOnceAndAfterARestart) {
  const auto created = store::run(setup_->create_route(kRoute));
  ASSERT_TRUE(is_ok(created));
  for (const bool is_restarted : {false, true}) {
    if (is_restarted) restart(sealer_);
    const auto directory = models_->directory();
    const auto found = directory->routes().find("fast");
    ASSERT_NE(found, directory->routes().end());
    EXPECT_EQ(found->second.strategy, model::Strategy::weighted);
    EXPECT_EQ(found->second.targets, kRoute.targets);
    EXPECT_EQ(found->second.cache_life, kRoute.cache_life);
    EXPECT_TRUE(found->second.hedges);
    EXPECT_FALSE(found->second.shares_equal);
  }
  model::Route next = kRoute;
  next.targets.pop_back();
  const auto changed = store::run(setup_->update_route(next, 1));
  ASSERT_TRUE(is_ok(changed));
  EXPECT_EQ(changed->revision, 2);
  EXPECT_EQ(models_->directory()->routes().find("fast")->second.targets.size(), 1U);
  EXPECT_EQ(store::code_of(store::run(setup_->update_route(next, 1))), ErrorCode::conflict);
  EXPECT_EQ(store::code_of(store::run(setup_->create_route(next))), ErrorCode::conflict);
  ASSERT_TRUE(is_ok(store::run(setup_->remove_route("fast"))));
  EXPECT_TRUE(models_->directory()->routes().empty());
  EXPECT_EQ(store::code_of(store::run(setup_->remove_route("fast"))), ErrorCode::not_found);
  EXPECT_EQ(store::code_of(store::run(setup_->update_route(next, 1))), ErrorCode::not_found);
}

TEST_F(GatewaySetupTest, WrongRoutesAreRefusedByField) {
  const auto with = [](auto set) {
    model::Route wrong = kRoute;
    set(wrong);
    return wrong;
  };
  EXPECT_EQ(where(with([](auto& it) { it.name = ""; })), "/name");
  EXPECT_EQ(where(with([](auto& it) { it.name = "a/b"; })), "/name");
  EXPECT_EQ(where(with([](auto& it) { it.name = "a b"; })), "/name");
  EXPECT_EQ(where(with([](auto& it) { it.targets.clear(); })), "/targets");
  EXPECT_EQ(where(with([](auto& it) { it.targets[1].provider = ""; })), "/targets/1/provider");
  EXPECT_EQ(where(with([](auto& it) { it.targets[0].model = ""; })), "/targets/0/model");
  EXPECT_EQ(where(with([](auto& it) { it.targets[0].weight = 0; })), "/targets/0/weight");
  EXPECT_EQ(where(with([](auto& it) { it.targets[0].weight = std::numeric_limits<double>::quiet_NaN(); })),
            "/targets/0/weight");
  EXPECT_EQ(where(with([](auto& it) { it.targets[1] = it.targets[0]; })), "/targets/1");
  EXPECT_EQ(where(with([](auto& it) { it.cache_life = std::chrono::hours(24 * 31); })), "/cache_life_s");
}

TEST(RouteDefinition, IsReadAsItIsWrittenAndNamesWhatIsWrong) {
  const auto read = read_route("fast", to_json(kRoute));
  ASSERT_TRUE(is_ok(read));
  EXPECT_EQ(read->targets, kRoute.targets);
  EXPECT_EQ(read->strategy, kRoute.strategy);
  const auto where = [](std::string_view text) {
    const auto refused = read_route("r", *json::parse(text), "/definition");
    EXPECT_FALSE(refused.has_value());
    return refused ? std::string() : refused.error().where;
  };
  EXPECT_EQ(where(R"({})"), "/definition/targets");
  EXPECT_EQ(where(R"({"targets": [], "strategy": "cheapest"})"), "/definition/strategy");
  EXPECT_EQ(where(R"({"targets": [{"provider": "a"}]})"), "/definition/targets/0/model");
  EXPECT_EQ(where(R"({"targets": [{"provider": "a", "model": "b", "wieght": 1}]})"), "/definition/targets/0/wieght");
  EXPECT_EQ(where(R"({"targets": [], "colour": 1})"), "/definition/colour");
}

// Changes side by side: whatever the order in which they come back, what is in force is what is stored.
TEST_F(GatewaySetupTest, ChangesSideBySideAllEndUpInForce) {
  std::vector<Task<Result<StoredRoute>>> tasks;
  for (int i = 0; i < 40; ++i) {
    model::Route route = kRoute;
    route.name = "route-" + std::to_string(i);
    tasks.push_back(setup_->create_route(route));
  }
  for (const auto& done : store::run_all(std::move(tasks))) EXPECT_TRUE(is_ok(done));
  EXPECT_EQ(models_->directory()->routes().size(), 40U);
}

}  // namespace
}  // namespace atelier::studio
