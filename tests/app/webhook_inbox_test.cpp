// What providers say of jobs: who is believed, what is kept, and who is told.
#include "studio/webhook/inbox.hpp"

#include <gmock/gmock.h>
#include <sodium.h>

#include "app/http_carrier.hpp"
#include "base/blocking.hpp"
#include "base/hash.hpp"
#include "base/task_group.hpp"
#include "store/migrations.hpp"
#include "tests/app/webhook_receiver.hpp"
#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

// Whoever knows of jobs, as a test wants it.
class Ear final : public JobNews {
 public:
  Task<Result<Heard>> heard(JobWord word) override {
    const std::lock_guard lock(mutex_);
    words_.push_back(word.provider + " " + word.job + " " + word.own_job);
    co_return words_.size() > known_from_ ? Heard::known : Heard::unknown;
  }
  void know_from(std::size_t count) { known_from_ = count; }
  std::vector<std::string> words() {
    const std::lock_guard lock(mutex_);
    return words_;
  }
  std::vector<std::string> wait_for(std::size_t count) {
    for (int i = 0; i < 3'000; ++i) {
      if (auto all = words(); all.size() >= count) return all;
      std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << "it never heard " << count << " words";
    return words();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> words_;
  std::atomic<std::size_t> known_from_ = 0;
};

class WebhookInboxTest : public testing::Test {
 protected:
  WebhookInboxTest() {
    database_ = *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    models_ = std::make_unique<model::Models>(model::BreakerPolicy());
    std::vector<model::SealingKey> keys{model::SealingKey::make()};
    setup_ =
        std::make_unique<GatewaySetup>(GatewaySetup::Parts{.database = *database_,
                                                           .clock = system_clock(),
                                                           .models = *models_,
                                                           .sealer = std::make_shared<model::Sealer>(std::move(keys)),
                                                           .environment = {}});
    vault_ = std::make_unique<WebhookVault>(WebhookVault::Parts{.database = *database_, .setup = *setup_});
    client_ = *net::HttpClient::make(loops_, {}, metrics_);
    carrier_ = std::make_unique<app::HttpCarrier>(
        app::HttpCarrier::Parts{.client = *client_, .guard = {}, .clock = system_clock()});
    options_.again_after = {10ms, 10ms, 10ms};
    options_.fal_keys_url = keys_.url("/.well-known/jwks.json");
    start();
  }
  ~WebhookInboxTest() override {
    stop();
    client_->stop();
    database_->close();
    loops_.stop();
  }
  template <class T>
  T on_loop(Task<T> task) {
    return run_blocking(loops_.executor(0), std::move(task));
  }
  void start() {
    inbox_ = std::make_unique<WebhookInbox>(loops_.executor(0),
                                            WebhookInbox::Parts{.database = *database_,
                                                                .setup = *setup_,
                                                                .vault = *vault_,
                                                                .carrier = *carrier_,
                                                                .clock = system_clock(),
                                                                .metrics = metrics_},
                                            options_);
    group_ = std::make_unique<TaskGroup>(loops_.executor(0), TaskGroup::Options{.stops_on_error = false});
    asio::post(loops_.executor(0), [this] { group_->spawn(inbox_->run()); });
  }
  void stop() {
    on_loop([](TaskGroup* group) -> Task<> {
      group->cancel();
      (void)co_await group->join();
    }(group_.get()));
    group_.reset();
    inbox_.reset();
  }
  // A webhook at that path.
  Result<> tell(std::string path, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    WebhookInbox::Arrived arrived;
    path.erase(0, std::string_view("/api/webhooks/").size());
    arrived.provider = path.substr(0, path.find('/'));
    if (path.find('/') != std::string::npos) arrived.token = path.substr(path.find('/') + 1);
    arrived.peer = "192.0.2.1";
    for (const auto& [name, value] : headers) arrived.headers.add(name, value);
    arrived.body = std::move(body);
    return on_loop(inbox_->receive(std::move(arrived)));
  }
  std::string address(std::string provider, std::string job) {
    auto made = on_loop(inbox_->address(std::move(provider), std::move(job)));
    EXPECT_TRUE(is_ok(made));
    return *made;
  }
  std::int64_t waiting_count() {
    auto rows = on_loop(database_->read({"SELECT count(*) FROM webhook_inbox WHERE state = 'waiting'"}));
    EXPECT_TRUE(is_ok(rows));
    return rows->integer(0, 0);
  }
  void await_told() {
    for (int i = 0; i < 3'000 && waiting_count() > 0; ++i) std::this_thread::sleep_for(5ms);
    EXPECT_EQ(waiting_count(), 0);
  }

  store::TemporaryFolder folder_;
  net::Loops loops_{1};
  Metrics metrics_;
  WebhookReceiver keys_;  // where fal publishes its keys
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<model::Models> models_;
  std::unique_ptr<GatewaySetup> setup_;
  std::unique_ptr<WebhookVault> vault_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<app::HttpCarrier> carrier_;
  WebhookInbox::Options options_;
  std::unique_ptr<WebhookInbox> inbox_;
  std::unique_ptr<TaskGroup> group_;
  Ear ear_;
};

TEST_F(WebhookInboxTest, OfProvidersThatSignNothingComesToAnAddressOfItsOwn) {
  inbox_->tell(ear_);
  const std::string path = address("luma", "job-1");
  EXPECT_EQ(path, address("luma", "job-1"));
  const std::string body = R"({"id":"123e","state":"completed"})";
  EXPECT_TRUE(is_ok(tell(path, body)));
  EXPECT_EQ(ear_.wait_for(1)[0], "luma 123e job-1");
  EXPECT_EQ(store::code_of(tell("/api/webhooks/luma", body)), ErrorCode::unauthenticated);
  // Not another job's, not another provider's, and no other letter.
  std::vector<std::string> forged;
  for (std::size_t at = path.find("job-1"); at < path.size(); ++at) {
    forged.push_back(path);
    forged.back()[at] = forged.back()[at] == 'A' ? 'B' : 'A';
  }
  forged.push_back(path.substr(0, path.size() - 1));
  forged.push_back(path + "A");
  forged.push_back("/api/webhooks/luma/.");
  forged.push_back("/api/webhooks/luma/job-1.");
  forged.push_back("/api/webhooks/luma/job-1");
  forged.push_back("/api/webhooks/kling" + path.substr(path.rfind('/')));
  forged.push_back("/api/webhooks/luma/" + std::string(10'000, 'A'));
  for (const std::string& one : forged) EXPECT_EQ(store::code_of(tell(one, body)), ErrorCode::unauthenticated) << one;
  await_told();
  EXPECT_EQ(ear_.words().size(), 1U);
}

TEST_F(WebhookInboxTest, AnAddressStandsInForASecretThatNobodySet) {
  const std::string body = R"({"id":"gm3q","status":"succeeded"})";
  EXPECT_EQ(store::code_of(tell("/api/webhooks/replicate", body)), ErrorCode::unauthenticated);
  EXPECT_TRUE(is_ok(tell(address("replicate", "job-1"), body)));
  // But not for one that was.
  ProviderChange change{.key = "sk-canary-0123456789", .webhook_secrets = std::vector<std::string>{"whsec_c2VjcmV0"}};
  change.settings.preset = "openai";
  ASSERT_TRUE(is_ok(on_loop(setup_->create_provider("mine", change))));
  EXPECT_EQ(store::code_of(tell(address("mine", "job-1"), R"({"data":{"id":"a"}})")), ErrorCode::unauthenticated);
}

TEST_F(WebhookInboxTest, WhatIsToldTwiceIsHeardOnce) {
  inbox_->tell(ear_);
  const std::string path = address("luma", "job-1");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_ok(tell(path, R"({"id":"a","state":"completed"})")));
  EXPECT_TRUE(is_ok(tell(path, R"({"id":"a","state":"dreaming"})")));  // late, and out of order
  EXPECT_TRUE(is_ok(tell(address("luma", "job-2"), R"({"id":"a","state":"completed"})")));
  EXPECT_EQ(ear_.wait_for(3), (std::vector<std::string>{"luma a job-1", "luma a job-1", "luma a job-2"}));
  await_told();
  EXPECT_EQ(ear_.words().size(), 3U);
}

TEST_F(WebhookInboxTest, WaitsUntilSomebodyIsThereToBeTold) {
  EXPECT_TRUE(is_ok(tell(address("luma", "job-1"), R"({"id":"a"})")));
  stop();
  start();
  EXPECT_EQ(waiting_count(), 1);
  inbox_->tell(ear_);
  EXPECT_EQ(ear_.wait_for(1)[0], "luma a job-1");
  await_told();
}

// The webhook is quicker than the answer to the call that made the job.
TEST_F(WebhookInboxTest, WhatNobodyKnowsIsToldAgainAFewTimes) {
  inbox_->tell(ear_);
  ear_.know_from(2);
  EXPECT_TRUE(is_ok(tell(address("luma", "job-1"), R"({"id":"a"})")));
  EXPECT_EQ(ear_.wait_for(3).size(), 3U);
  await_told();
  EXPECT_EQ(ear_.words().size(), 3U) << "once it was known it is not told again";
  ear_.know_from(1'000);
  EXPECT_TRUE(is_ok(tell(address("luma", "job-2"), R"({"id":"b"})")));
  await_told();
  EXPECT_EQ(ear_.words().size(), 7U) << "nor for ever where it never is";
}

TEST_F(WebhookInboxTest, KeepsNoMoreThanItMay) {
  stop();
  options_.rows_max = 10;
  start();
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(is_ok(tell(address("luma", "job-" + std::to_string(i)), R"({"id":"a"})")));
  stop();
  start();  // which tidies
  inbox_->tell(ear_);
  const auto heard = ear_.wait_for(10);
  EXPECT_EQ(heard.back(), "luma a job-29");
  await_told();
  EXPECT_EQ(ear_.words().size(), 10U) << "the oldest go: jobs are asked after anyway";
}

class FalWebhooks : public WebhookInboxTest {
 protected:
  FalWebhooks() { publish(keys_of(1)); }
  struct Pair {
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
  };
  static Pair keys_of(unsigned char seed_byte) {
    std::array<unsigned char, crypto_sign_SEEDBYTES> seed{};
    seed.fill(seed_byte);
    Pair pair;
    crypto_sign_seed_keypair(pair.open.data(), pair.secret.data(), seed.data());
    return pair;
  }
  void publish(const Pair& pair) {
    const std::string x =
        base64url(std::string_view(reinterpret_cast<const char*>(pair.open.data()), pair.open.size()));
    keys_.answer_with([x](std::size_t) {
      return net::text_response(R"({"keys":[{"kty":"RSA","n":"x"},{"kty":"OKP","crv":"Ed25519","x":")" + x + R"("}]})",
                                "application/json");
    });
  }
  Result<> tell_signed(const Pair& pair, std::string job) {
    const std::string body = R"({"request_id":")" + job + R"(","status":"OK","payload":{}})";
    const std::string time = std::to_string(system_clock().wall_ms() / 1'000);
    const std::string content = "req\nuser\n" + time + "\n" + sha256(body).hex();
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(content.data()),
                         content.size(), pair.secret.data());
    return tell("/api/webhooks/fal", body,
                {{"x-fal-webhook-request-id", "req"},
                 {"x-fal-webhook-user-id", "user"},
                 {"x-fal-webhook-timestamp", time},
                 {"x-fal-webhook-signature",
                  hex(std::string_view(reinterpret_cast<const char*>(signature.data()), signature.size()))}});
  }
};

TEST_F(FalWebhooks, AreCheckedWithTheKeysItPublishes) {
  inbox_->tell(ear_);
  EXPECT_TRUE(is_ok(tell_signed(keys_of(1), "a")));
  EXPECT_EQ(ear_.wait_for(1)[0], "fal a ");
  EXPECT_TRUE(is_ok(tell_signed(keys_of(1), "b")));
  EXPECT_EQ(keys_.seen().size(), 1U) << "its keys are read once";
  // Forged ones do not have them read again and again.
  for (int i = 0; i < 10; ++i) EXPECT_EQ(store::code_of(tell_signed(keys_of(2), "c")), ErrorCode::unauthenticated);
  EXPECT_LE(keys_.seen().size(), 2U);
  EXPECT_TRUE(is_ok(tell_signed(keys_of(1), "d")));
}

TEST_F(FalWebhooks, AreToBeSentAgainWhileItsKeysCannotBeHad) {
  keys_.answer_status(500);
  EXPECT_EQ(store::code_of(tell_signed(keys_of(1), "a")), ErrorCode::unavailable);
}

}  // namespace
}  // namespace atelier::studio
