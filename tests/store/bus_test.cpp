// What every Bus must do, whatever is behind it.
#include <gtest/gtest.h>

#include <latch>

#include "store/bus.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

struct Backend {
  const char* name;
  std::unique_ptr<Bus> (*make)();
};

class BusContract : public testing::TestWithParam<Backend> {
 protected:
  std::unique_ptr<Bus> bus_ = GetParam().make();
};

using Bodies = std::vector<std::string>;

// The bodies of the next messages; "lost" where some were lost.
Task<Bodies> receive(Subscription& subscription, std::size_t count) {
  Bodies bodies;
  while (bodies.size() < count) {
    auto message = co_await subscription.next();
    if (message)
      bodies.push_back((*message)->body);
    else if (message.error().code == ErrorCode::conflict)
      bodies.push_back("lost");
    else
      break;
  }
  co_return bodies;
}

TEST_P(BusContract, ASubscriberReceivesItsTopicsInOrder) {
  auto test = [](Bus& bus) -> Task<Bodies> {
    std::vector<std::string> topics{"a", "b", "a"};
    auto subscription = co_await bus.subscribe(std::move(topics), 10);
    bus.publish({"a", "1"});
    bus.publish({"c", "no"});
    bus.publish({"b", "2"});
    bus.publish({"a", "3"});
    co_return co_await receive(**subscription, 3);
  };
  EXPECT_EQ(run(test(*bus_)), (Bodies{"1", "2", "3"}));
}

TEST_P(BusContract, WhoNamesNoTopicReceivesEverything) {
  auto test = [](Bus& bus) -> Task<Bodies> {
    auto subscription = co_await bus.subscribe({}, 10);
    bus.publish({"a", "1"});
    bus.publish({"b", "2"});
    co_return co_await receive(**subscription, 2);
  };
  EXPECT_EQ(run(test(*bus_)), (Bodies{"1", "2"}));
}

TEST_P(BusContract, ASlowSubscriberIsToldOnceThatItLostMessagesAndGoesOn) {
  auto test = [](Bus& bus) -> Task<Bodies> {
    auto subscription = co_await bus.subscribe({}, 4);
    for (int i = 0; i < 20; ++i) bus.publish({"a", std::to_string(i)});
    Bodies first = co_await receive(**subscription, 1);
    bus.publish({"a", "after"});
    Bodies rest = co_await receive(**subscription, 1);
    first.insert(first.end(), rest.begin(), rest.end());
    co_return first;
  };
  EXPECT_EQ(run(test(*bus_)), (Bodies{"lost", "after"}));
}

TEST_P(BusContract, ASlowSubscriberDoesNotDisturbAnother) {
  auto test = [](Bus& bus) -> Task<Bodies> {
    auto slow = co_await bus.subscribe({}, 1);
    auto quick = co_await bus.subscribe({}, 100);
    for (int i = 0; i < 3; ++i) bus.publish({"a", std::to_string(i)});
    co_return co_await receive(**quick, 3);
  };
  EXPECT_EQ(run(test(*bus_)), (Bodies{"0", "1", "2"}));
}

TEST_P(BusContract, WaitingEndsWhenItIsCancelled) {
  asio::io_context loop(1);
  asio::cancellation_signal stop;
  auto wait = [](Bus& bus) -> Task<ErrorCode> {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto subscription = co_await bus.subscribe({}, 10);
    auto message = co_await (*subscription)->next();
    co_return code_of(message);
  };
  std::optional<ErrorCode> code;
  asio::co_spawn(
      loop.get_executor(), wait(*bus_),
      asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr&, ErrorCode ended) { code = ended; }));
  loop.poll();
  EXPECT_EQ(code, std::nullopt);
  stop.emit(asio::cancellation_type::terminal);
  loop.run();
  EXPECT_EQ(code, ErrorCode::cancelled);
}

TEST_P(BusContract, NothingIsLostBetweenThreads) {
  constexpr int kPublishers = 3;
  constexpr int kEach = 2'000;
  std::latch subscribed(2);
  auto listen = [](Bus& bus, std::latch& ready) -> Task<Bodies> {
    auto subscription = co_await bus.subscribe({}, kPublishers * kEach);
    ready.count_down();
    co_return co_await receive(**subscription, kPublishers * kEach);
  };
  std::vector<std::thread> threads;
  std::vector<Bodies> received(2);
  for (std::size_t i = 0; i < received.size(); ++i)
    threads.emplace_back([&, i] { received[i] = run(listen(*bus_, subscribed)); });
  subscribed.wait();
  for (int p = 0; p < kPublishers; ++p)
    threads.emplace_back([this, p] {
      for (int i = 0; i < kEach; ++i) bus_->publish({"t", std::to_string(p) + ":" + std::to_string(i)});
    });
  for (std::thread& thread : threads) thread.join();
  for (const Bodies& bodies : received) {
    ASSERT_EQ(bodies.size(), static_cast<std::size_t>(kPublishers * kEach));
    std::map<std::string, int> next;
    for (const std::string& body : bodies) {
      const std::string publisher = body.substr(0, 1);
      EXPECT_EQ(body, publisher + ":" + std::to_string(next[publisher]++));
    }
  }
}

TEST_P(BusContract, ASubscriptionMayEndWhileOthersPublish) {
  std::atomic<bool> is_over = false;
  std::thread publisher([&] {
    while (!is_over) bus_->publish({"a", "x"});
  });
  auto come_and_go = [](Bus& bus) -> Task<int> {
    int received_count = 0;
    for (int i = 0; i < 200; ++i) {
      std::vector<std::string> topics{"a"};
      auto subscription = co_await bus.subscribe(std::move(topics), 2);
      auto message = co_await (*subscription)->next();
      received_count += message || message.error().code == ErrorCode::conflict ? 1 : 0;
    }
    co_return received_count;
  };
  EXPECT_EQ(run(come_and_go(*bus_)), 200);
  is_over = true;
  publisher.join();
}

INSTANTIATE_TEST_SUITE_P(Backends, BusContract, testing::Values(Backend{"local", make_local_bus}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace atelier::store
