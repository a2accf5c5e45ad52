// Webhooks on their way out: sent until they are taken or given up, whatever happens meanwhile.
#include "studio/webhook/sender.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "app/http_carrier.hpp"
#include "base/blocking.hpp"
#include "base/task_group.hpp"
#include "model/media/webhook.hpp"
#include "store/migrations.hpp"
#include "studio/webhook/endpoints.hpp"
#include "studio/webhook/event_type.hpp"
#include "studio/write_with_event.hpp"
#include "tests/app/webhook_receiver.hpp"
#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

const Principal kOwner{.owner = store::local_user(), .role = Role::admin};

class WebhookSenderTest : public testing::Test {
 protected:
  WebhookSenderTest() {
    database_ = *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    bus_ = store::make_local_bus();
    events_ = *on_loop(store::open_event_log(*database_, *bus_));
    models_ = std::make_unique<model::Models>(model::BreakerPolicy());
    std::vector<model::SealingKey> keys{model::SealingKey::make()};
    setup_ =
        std::make_unique<GatewaySetup>(GatewaySetup::Parts{.database = *database_,
                                                           .clock = system_clock(),
                                                           .models = *models_,
                                                           .sealer = std::make_shared<model::Sealer>(std::move(keys)),
                                                           .environment = {}});
    vault_ = std::make_unique<WebhookVault>(WebhookVault::Parts{.database = *database_, .setup = *setup_});
    const std::vector<std::string> reachable{receiver_.authority(), other_.authority(), "127.0.0.1:9"};
    guard_ = *net::AddressGuard::make(reachable);
    net::ClientOptions options;
    options.guard = guard_;
    client_ = *net::HttpClient::make(loops_, std::move(options), metrics_);
    carrier_ = std::make_unique<app::HttpCarrier>(
        app::HttpCarrier::Parts{.client = *client_, .guard = guard_, .clock = system_clock()});
    options_.pauses = {20ms, 20ms, 20ms};
  }
  ~WebhookSenderTest() override {
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
    sender_ =
        std::make_unique<WebhookSender>(loops_.executor(0),
                                        WebhookSender::Parts{.database = *database_,
                                                             .bus = *bus_,
                                                             .find_run = [](Principal, RunId id) { return a_run(id); },
                                                             .carrier = *carrier_,
                                                             .vault = *vault_,
                                                             .clock = system_clock(),
                                                             .metrics = metrics_},
                                        options_);
    endpoints_ = std::make_unique<WebhookEndpoints>(WebhookEndpoints::Parts{
        .database = *database_, .vault = *vault_, .sender = *sender_, .carrier = *carrier_, .clock = system_clock()});
    group_ = std::make_unique<TaskGroup>(loops_.executor(0), TaskGroup::Options{.stops_on_error = false});
    asio::post(loops_.executor(0), [this] { group_->spawn(sender_->run()); });
  }
  // As a process that ends: what is under way is cut off.
  void stop() {
    if (!group_) return;
    on_loop([](TaskGroup* group) -> Task<> {
      group->cancel();
      (void)co_await group->join();
    }(group_.get()));
    group_.reset();
    endpoints_.reset();
    sender_.reset();
  }
  static Task<Result<graph::RunView>> a_run(RunId id) {
    graph::RunView run;
    run.id = id;
    run.kind = "generation";
    run.title = "A fox";
    run.created_ms = 1;
    co_return run;
  }

  WebhookEndpointId add(std::string url, std::int64_t types = 15) {
    WebhookEndpoints::Fields fields;
    fields.url = std::move(url);
    fields.types = types;
    auto created = on_loop(endpoints_->create(kOwner, std::move(fields)));
    EXPECT_TRUE(is_ok(created));
    secret_ = created->secret;
    return created->endpoint.id;
  }
  // A run begins and ends, as the engine writes it: the row, and the event that tells of it.
  RunId end_a_run(std::string state = "succeeded", Principal whose = kOwner) {
    const RunId id = RunId::make();
    std::vector<store::Statement> batch;
    batch.push_back(
        {"INSERT INTO runs (owner, id, engine, kind, subject, title, state, priority, created_ms, ended_ms, "
         "step_count, done_count, cached_count) VALUES ($1, $2, 'e', 'generation', '', 'A fox', 'running', 0, 1, 0, 1, "
         "0, 0)",
         {whose.owner.to_string(), id.to_string()}});
    EXPECT_TRUE(is_ok(on_loop(database_->write(std::move(batch)))));
    std::vector<store::Statement> end;
    end.push_back({"UPDATE runs SET state = $3, ended_ms = $4 WHERE owner = $1 AND id = $2",
                   {whose.owner.to_string(), id.to_string(), std::move(state), system_clock().wall_ms()}});
    Announcement told{.topic = "runs", .type = "run.changed", .data = json::Object()};
    EXPECT_TRUE(
        is_ok(on_loop(write_with_event(database_.get(), events_.get(), whose, std::move(end), std::move(told)))));
    return id;
  }
  std::vector<WebhookDelivery> deliveries(WebhookEndpointId id) {
    auto page = on_loop(endpoints_->deliveries(kOwner, id, WebhookEndpoints::Which::all, "", 200));
    EXPECT_TRUE(is_ok(page));
    return page->items;
  }
  // The newest delivery, once it is so.
  WebhookDelivery await(WebhookEndpointId id, DeliveryState state) {
    for (int i = 0; i < 3'000; ++i) {
      const auto all = deliveries(id);
      if (!all.empty() && all.front().state == state) return all.front();
      std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << "it never was " << to_string(state);
    return {};
  }
  // Once there are so many, and all are so.
  void await_all(WebhookEndpointId id, std::size_t count, DeliveryState state) {
    for (int i = 0; i < 4'000; ++i) {
      const auto all = deliveries(id);
      if (all.size() == count && std::ranges::all_of(all, [&](const auto& one) { return one.state == state; })) return;
      std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << "there never were " << count << " that are " << to_string(state);
  }
  // Once the newest was tried so often, and what became of it is known.
  void await_attempts(WebhookEndpointId id, std::int64_t count) {
    for (int i = 0; i < 3'000; ++i) {
      const auto all = deliveries(id);
      if (!all.empty() && all.front().attempts >= count) return;
      std::this_thread::sleep_for(2ms);
    }
    ADD_FAILURE() << "it never was tried " << count << " times";
  }
  std::vector<WebhookAttempt> log_of(WebhookEndpointId id, WebhookDeliveryId delivery) {
    auto story = on_loop(endpoints_->delivery(kOwner, id, delivery));
    EXPECT_TRUE(is_ok(story));
    return story->attempts;
  }
  void expect_signed(const WebhookReceiver::Seen& seen, const std::string& secret) {
    const std::vector<std::string> secrets{secret};
    EXPECT_TRUE(is_ok(model::verify_webhook("openai", seen.headers, seen.body, secrets, system_clock().wall_ms())));
  }

  store::TemporaryFolder folder_;
  net::Loops loops_{1};
  Metrics metrics_;
  WebhookReceiver receiver_, other_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Bus> bus_;
  std::unique_ptr<store::EventLog> events_;
  std::unique_ptr<model::Models> models_;
  std::unique_ptr<GatewaySetup> setup_;
  std::unique_ptr<WebhookVault> vault_;
  net::AddressGuard guard_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<app::HttpCarrier> carrier_;
  WebhookSender::Options options_;
  std::unique_ptr<WebhookSender> sender_;
  std::unique_ptr<WebhookEndpoints> endpoints_;
  std::unique_ptr<TaskGroup> group_;
  std::string secret_;
};

TEST_F(WebhookSenderTest, TellsThoseWhoWantToKnow) {
  start();
  const auto all = add(receiver_.url("/all"));
  const std::string secret = secret_;
  add(other_.url("/failures"), static_cast<std::int64_t>(WebhookType::run_failed));
  const RunId good = end_a_run("succeeded"), bad = end_a_run("failed");
  const auto seen = receiver_.wait_for(2);
  std::map<std::string, json::Value> by_type;
  for (const auto& one : seen) {
    EXPECT_EQ(one.path, "/all");
    EXPECT_EQ(one.header("content-type"), "application/json");
    expect_signed(one, secret);
    json::Value body = *json::parse(one.body);
    by_type[std::string(body.at("type").as_string())] = body;
  }
  ASSERT_EQ(by_type.size(), 2U);
  const json::Value& told = by_type["run.succeeded"];
  EXPECT_EQ(told.at("data").at("id").as_string(), good.to_string());
  EXPECT_EQ(told.at("data").at("state").as_string(), "succeeded");
  EXPECT_EQ(told.at("data").at("kind").as_string(), "generation");
  EXPECT_EQ(told.at("data").at("url").as_string(), "/api/runs/" + good.to_string());
  EXPECT_EQ(by_type["run.failed"].at("data").at("id").as_string(), bad.to_string());
  const auto failures = other_.wait_for(1);
  EXPECT_EQ(json::parse(failures[0].body)->at("type").as_string(), "run.failed");
  // Of one thing that happened there is one message, whoever gets it.
  EXPECT_TRUE(failures[0].header("webhook-id") == seen[0].header("webhook-id") ||
              failures[0].header("webhook-id") == seen[1].header("webhook-id"));
  EXPECT_NE(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
  await(all, DeliveryState::delivered);
  EXPECT_EQ(receiver_.seen().size(), 2U);
  EXPECT_EQ(other_.seen().size(), 1U);
}

TEST_F(WebhookSenderTest, TellsNobodyOfWhatIsNotTheirs) {
  start();
  add(receiver_.url());
  std::vector<store::Statement> batch;
  const UserId other = UserId::make();
  batch.push_back(
      {"INSERT INTO users (id, name, role, created_ms) VALUES ($1, 'Other', 'member', 1)", {other.to_string()}});
  ASSERT_TRUE(is_ok(on_loop(database_->write(std::move(batch)))));
  end_a_run("succeeded", {.owner = other});
  const RunId own = end_a_run();
  const auto seen = receiver_.wait_for(1);
  EXPECT_EQ(json::parse(seen[0].body)->at("data").at("id").as_string(), own.to_string());
  EXPECT_EQ(receiver_.seen().size(), 1U);
}

TEST_F(WebhookSenderTest, TriesAgainUntilItIsTaken) {
  receiver_.answer_with([](std::size_t index) {
    return index < 2 ? net::text_response("no\x1b[2J room", "text/plain", 500) : net::empty_response();
  });
  start();
  const auto endpoint = add(receiver_.url());
  end_a_run();
  const WebhookDelivery done = await(endpoint, DeliveryState::delivered);
  const auto seen = receiver_.seen();
  ASSERT_EQ(seen.size(), 3U);
  for (const auto& one : seen) {
    EXPECT_EQ(one.header("webhook-id"), done.message);
    EXPECT_EQ(one.body, seen[0].body) << "the same bytes at every attempt";
    expect_signed(one, secret_);
  }
  const auto log = log_of(endpoint, done.id);
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log[0].status, 500);
  EXPECT_EQ(log[0].answer.find('\x1b'), std::string::npos) << "what they answer is shown to people";
  EXPECT_THAT(log[0].answer, testing::HasSubstr("room"));
  EXPECT_EQ(log[2].status, 204);
  EXPECT_EQ(on_loop(endpoints_->find(kOwner, endpoint))->failing_since_ms, 0);
}

TEST_F(WebhookSenderTest, GivesUpAtTheEndAndSendsAgainWhenAsked) {
  receiver_.answer_status(503);
  options_.pauses = {1ms, 1ms};
  start();
  const auto endpoint = add(receiver_.url());
  end_a_run();
  const WebhookDelivery dead = await(endpoint, DeliveryState::dead);
  EXPECT_EQ(receiver_.seen().size(), 3U);
  EXPECT_EQ(dead.attempts, 3);
  EXPECT_GT(on_loop(endpoints_->find(kOwner, endpoint))->failing_since_ms, 0);
  receiver_.answer_status(200);
  ASSERT_TRUE(is_ok(on_loop(endpoints_->send_again(kOwner, endpoint, dead.id))));
  const WebhookDelivery done = await(endpoint, DeliveryState::delivered);
  EXPECT_EQ(done.message, dead.message);
  EXPECT_EQ(done.attempts, 4);
  EXPECT_EQ(receiver_.seen()[3].header("webhook-id"), dead.message);
  EXPECT_EQ(receiver_.seen()[3].body, receiver_.seen()[0].body);
}

TEST_F(WebhookSenderTest, SendsAllThatWereGivenUpAgain) {
  receiver_.answer_status(500);
  options_.pauses = {};
  start();
  const auto endpoint = add(receiver_.url());
  for (int i = 0; i < 3; ++i) end_a_run();
  await_all(endpoint, 3, DeliveryState::dead);
  receiver_.answer_status(204);
  const auto count = on_loop(endpoints_->send_dead_again(kOwner, endpoint));
  ASSERT_TRUE(is_ok(count));
  EXPECT_EQ(*count, 3);
  await_all(endpoint, 3, DeliveryState::delivered);
  EXPECT_EQ(receiver_.seen().size(), 6U);
  EXPECT_EQ(*on_loop(endpoints_->send_dead_again(kOwner, endpoint)), 0);
}

TEST_F(WebhookSenderTest, IsToldThatNobodyIsThereAnyMore) {
  receiver_.answer_status(410);
  start();
  const auto endpoint = add(receiver_.url());
  end_a_run();
  await(endpoint, DeliveryState::dead);
  const auto now = on_loop(endpoints_->find(kOwner, endpoint));
  EXPECT_FALSE(now->is_enabled);
  EXPECT_EQ(now->trouble, "gone");
  end_a_run();  // of which nobody is told
  WebhookEndpoints::Change change;
  change.is_enabled = true;
  receiver_.answer_status(200);
  const auto again = on_loop(endpoints_->change(kOwner, endpoint, now->revision, std::move(change)));
  ASSERT_TRUE(is_ok(again));
  EXPECT_EQ(again->trouble, "");
  const RunId last = end_a_run();
  const auto seen = receiver_.wait_for(2);
  EXPECT_EQ(json::parse(seen[1].body)->at("data").at("id").as_string(), last.to_string());
}

TEST_F(WebhookSenderTest, FollowsNobodyElsewhere) {
  receiver_.answer_with([&](std::size_t) {
    net::Response response = net::empty_response(307);
    response.headers.set("location", other_.url());
    return response;
  });
  options_.pauses = {};
  start();
  const auto endpoint = add(receiver_.url());
  end_a_run();
  const WebhookDelivery dead = await(endpoint, DeliveryState::dead);
  EXPECT_EQ(log_of(endpoint, dead.id).at(0).status, 307);
  EXPECT_TRUE(other_.seen().empty());
}

TEST_F(WebhookSenderTest, WaitsAsLongAsItIsAskedTo) {
  receiver_.answer_with([](std::size_t index) {
    net::Response response = net::empty_response(index == 0 ? 429 : 200);
    if (index == 0) response.headers.set("retry-after", "1");
    return response;
  });
  options_.pauses = {1ms, 1ms};
  start();
  const auto endpoint = add(receiver_.url());
  end_a_run();
  await_attempts(endpoint, 1);
  end_a_run();  // which waits too
  const auto seen = receiver_.wait_for(3);
  await(endpoint, DeliveryState::delivered);
  EXPECT_GE(seen[1].at - seen[0].at, 950ms);
}

TEST_F(WebhookSenderTest, TellsItsOwnerNothingOfWhatIsInsideTheNetwork) {
  options_.pauses = {};
  start();
  // Nobody listens there. Where nothing may be reached is no other answer.
  const auto closed = add("http://127.0.0.1:9/");
  end_a_run();
  const WebhookDelivery dead = await(closed, DeliveryState::dead);
  EXPECT_EQ(log_of(closed, dead.id).at(0).problem, "unreachable");
  std::vector<store::Statement> batch;
  batch.push_back(
      {"UPDATE webhook_endpoints SET url = $2 WHERE id = $1", {closed.to_string(), "http://127.0.0.1:80/"}});
  ASSERT_TRUE(is_ok(on_loop(database_->write(std::move(batch)))));
  ASSERT_TRUE(is_ok(on_loop(endpoints_->try_out(kOwner, closed))));
  for (int i = 0; i < 3'000 && deliveries(closed).front().state != DeliveryState::dead; ++i)
    std::this_thread::sleep_for(5ms);
  const WebhookDelivery second = deliveries(closed).front();
  EXPECT_EQ(second.type, kWebhookTestType);
  EXPECT_EQ(log_of(closed, second.id).at(0).problem, "unreachable");
  EXPECT_EQ(log_of(closed, second.id).at(0).answer, "");
}

TEST_F(WebhookSenderTest, RefusesAddressesInside) {
  start();
  for (const char* url :
       {"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "https://127.0.0.1/",
        "https://localhost/", "https://10.0.0.1/", "http://2130706433/", "https://0x7f.1/",
        "https://[::ffff:169.254.169.254]/", "https://metadata.google.internal/", "https://example.org:22/",
        "http://example.org/", "ftp://example.org/", "https://user@example.org/", "https://example.org\\@127.0.0.1/",
        "https://exa mple.org/", "no address", "", "https://127.0.0.1:8787/"}) {
    WebhookEndpoints::Fields fields;
    fields.url = url;
    fields.types = 1;
    auto refused = on_loop(endpoints_->create(kOwner, std::move(fields)));
    ASSERT_FALSE(refused.has_value()) << url;
    EXPECT_EQ(refused.error().where, "/url") << url;
    EXPECT_EQ(refused.error().reason, "url_not_allowed") << url;
  }
  EXPECT_TRUE(on_loop(endpoints_->list(kOwner))->empty());
}

TEST_F(WebhookSenderTest, GoesOnAfterItWasCutOff) {
  receiver_.holds = true;
  start();
  const auto endpoint = add(receiver_.url());
  for (int i = 0; i < 6; ++i) end_a_run();
  receiver_.wait_for(4);
  stop();
  receiver_.holds = false;
  start();
  // Four were under way and are sent again, as the same messages; none is lost.
  const auto seen = receiver_.wait_for(10);
  std::set<std::string> messages;
  for (const auto& one : seen) messages.insert(one.header("webhook-id"));
  EXPECT_EQ(messages.size(), 6U);
  await_all(endpoint, 6, DeliveryState::delivered);
  EXPECT_EQ(receiver_.seen().size(), 10U);
}

TEST_F(WebhookSenderTest, TellsWhatHappenedWhileItWasAway) {
  start();
  add(receiver_.url());
  stop();
  const RunId run = end_a_run();
  start();
  const auto seen = receiver_.wait_for(1);
  EXPECT_EQ(json::parse(seen[0].body)->at("data").at("id").as_string(), run.to_string());
}

TEST_F(WebhookSenderTest, SendsAFewAtOnceToEachAndAllToTheOthers) {
  receiver_.holds = true;
  options_.per_endpoint_max = 2;
  options_.at_most = 3;
  start();
  add(receiver_.url());
  add(other_.url());
  for (int i = 0; i < 10; ++i) end_a_run();
  other_.wait_for(10);  // the other's turn comes though the first takes nothing
  receiver_.wait_for(2);
  EXPECT_EQ(receiver_.at_once_max, 2);
  receiver_.holds = false;
  receiver_.wait_for(10);
  EXPECT_LE(receiver_.at_once_max, 2);
}

TEST_F(WebhookSenderTest, OneAtATimeWhileItFails) {
  receiver_.answer_with([](std::size_t index) { return net::empty_response(index < 3 ? 500 : 200); });
  options_.pauses = {1ms, 1ms, 1ms, 1ms, 1ms};
  start();
  const auto endpoint = add(receiver_.url());
  end_a_run();
  await_attempts(endpoint, 1);
  for (int i = 0; i < 4; ++i) end_a_run();
  await_all(endpoint, 5, DeliveryState::delivered);
  EXPECT_EQ(receiver_.seen().size(), 8U);
  // It was left alone for a second after the second failure, and for two after the third.
  const auto seen = receiver_.seen();
  EXPECT_GE(seen[2].at - seen[1].at, 900ms);
  EXPECT_GE(seen[3].at - seen[2].at, 1'900ms);
}

TEST_F(WebhookSenderTest, KeepsNoMoreWaitingThanItMay) {
  receiver_.holds = true;
  options_.waiting_per_endpoint_max = 3;
  options_.per_endpoint_max = 1;
  start();
  const auto endpoint = add(receiver_.url());
  // One by one, so that each finds those before it waiting.
  for (std::size_t i = 1; i <= 6; ++i) {
    end_a_run();
    for (int wait = 0; wait < 3'000 && deliveries(endpoint).size() < i; ++wait) std::this_thread::sleep_for(2ms);
  }
  const auto all = deliveries(endpoint);
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(std::ranges::count(all, DeliveryState::dead, &WebhookDelivery::state), 2);
  EXPECT_EQ(log_of(endpoint, all.front().id).at(0).problem, "too_many_waiting");
  receiver_.holds = false;
  receiver_.wait_for(4);
}

TEST_F(WebhookSenderTest, SignsWithBothSecretsWhileTheyChange) {
  start();
  const auto endpoint = add(receiver_.url());
  const std::string old = secret_;
  auto rotated = on_loop(endpoints_->rotate(kOwner, endpoint, 24h));
  ASSERT_TRUE(is_ok(rotated));
  end_a_run();
  const auto both = receiver_.wait_for(1);
  expect_signed(both[0], old);
  expect_signed(both[0], rotated->secret);
  auto at_once = on_loop(endpoints_->rotate(kOwner, endpoint, 0h));
  ASSERT_TRUE(is_ok(at_once));
  end_a_run();
  const auto alone = receiver_.wait_for(2);
  expect_signed(alone[1], at_once->secret);
  EXPECT_EQ(alone[1].header("webhook-signature").find(' '), std::string::npos);
}

TEST_F(WebhookSenderTest, SecretsAreSealedAndSealedAnew) {
  start();
  const auto endpoint = add(receiver_.url());
  auto rows = on_loop(database_->read({"SELECT sealed FROM webhook_endpoints"}));
  ASSERT_TRUE(is_ok(rows));
  const Bytes& sealed = rows->bytes(0, 0);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(sealed.data()), sealed.size()).find("whsec_"), std::string::npos);
  ASSERT_TRUE(is_ok(on_loop(vault_->house_key())));
  const std::string house_key = *on_loop(vault_->house_key());
  std::vector<model::SealingKey> keys{model::SealingKey::make()};
  // The old key is not among these: it opens what is here through the one that has both.
  auto only_new = std::make_shared<const model::Sealer>(keys);
  EXPECT_FALSE(on_loop(setup_->seal_anew(only_new)).has_value()) << "what cannot be opened is not sealed anew";
  end_a_run();
  expect_signed(receiver_.wait_for(1)[0], secret_);
  EXPECT_EQ(on_loop(vault_->house_key()).value(), house_key);
  (void)endpoint;
}

TEST_F(WebhookSenderTest, ForgetsWhatWasForOneThatIsDeleted) {
  receiver_.answer_status(500);
  options_.pauses = {1h};
  start();
  const auto endpoint = add(receiver_.url());
  end_a_run();
  receiver_.wait_for(1);
  ASSERT_TRUE(is_ok(on_loop(endpoints_->remove(kOwner, endpoint))));
  for (int i = 0; i < 3'000; ++i) {
    auto rows = on_loop(database_->read_all([] {
      std::vector<store::Statement> batch;
      batch.push_back({"SELECT count(*) FROM webhook_deliveries"});
      batch.push_back({"SELECT count(*) FROM webhook_attempts"});
      return batch;
    }()));
    ASSERT_TRUE(is_ok(rows));
    if ((*rows)[0].integer(0, 0) + (*rows)[1].integer(0, 0) == 0) return;
    std::this_thread::sleep_for(5ms);
  }
  ADD_FAILURE() << "deliveries are still there";
}

}  // namespace
}  // namespace atelier::studio
