// Names, addresses, and which of them answers first.
#include <boost/asio/use_future.hpp>
#include <condition_variable>

#include "base/async.hpp"
#include "net/client/dial.hpp"
#include "tests/net/client_fixture.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;
using Addresses = std::vector<IpAddress>;

IpAddress address_of(std::string_view text) { return *IpAddress::parse(text); }

// A port that swallows whoever knocks: its queue is full, and nobody accepts.
class SilentPort {
 public:
  SilentPort(const std::string& address, std::uint16_t port)
      : listener_([](FakePeer&) {}, {.address = address, .port = port, .backlog = 0, .accepts = false}) {
    const SocketAddress target(address_of(address), listener_.port());
    for (UniqueFd& fd : fillers_) {
      fd = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      (void)::connect(fd.get(), target.get(), target.size);
    }
  }
  std::uint16_t port() const noexcept { return listener_.port(); }

 private:
  FakeServer listener_;
  UniqueFd fillers_[4];
};

class Dialing : public ClientFixture {
 protected:
  void make_with(Addresses addresses) {
    ClientOptions options;
    options.lookup = [addresses](const std::string&) -> Result<Addresses> { return addresses; };
    make(std::move(options));
  }
  static ClientRequest get_at(std::uint16_t port) { return get_of("http://provider.test:" + std::to_string(port)); }
};

void answer_all(FakePeer& peer) {
  while (!peer.read_request().empty()) peer.answer("hello");
}

TEST(AddressOrder, AlternatesFamiliesBeginningWithTheFirst) {
  const Addresses given = {address_of("2001:db8::1"), address_of("2001:db8::2"), address_of("2001:db8::3"),
                           address_of("192.0.2.1"), address_of("192.0.2.2")};
  const Addresses wanted = {address_of("2001:db8::1"), address_of("192.0.2.1"), address_of("2001:db8::2"),
                            address_of("192.0.2.2"), address_of("2001:db8::3")};
  EXPECT_EQ(alternate_families(given), wanted);
  EXPECT_EQ(alternate_families({}), Addresses());
}

TEST_F(Dialing, AnAddressThatRefusesIsPassedOverAtOnce) {
  FakeServer server(answer_all);
  Addresses addresses;
  for (int i = 2; i < 14; ++i) addresses.push_back(address_of("127.0.0." + std::to_string(i)));
  addresses.push_back(address_of("127.0.0.1"));
  make_with(addresses);
  const Outcome outcome = ask(get_at(server.port()));
  EXPECT_EQ(outcome.body, "hello") << outcome.reason();
  EXPECT_LT(outcome.took, 12 * kDialStagger);  // had it waited at each
}

TEST_F(Dialing, AnAddressThatIsSilentIsPassedOverSoon) {
  FakeServer server(answer_all);
  const SilentPort silent("127.0.0.2", server.port());
  make_with({address_of("127.0.0.2"), address_of("127.0.0.1")});
  const std::size_t before = descriptor_count();
  const Outcome outcome = ask(get_at(server.port()));
  EXPECT_EQ(outcome.body, "hello") << outcome.reason();
  EXPECT_GE(outcome.took, kDialStagger);
  EXPECT_LT(outcome.took, 5s);
  client_->stop();
  EXPECT_TRUE(eventually([&] { return descriptor_count() <= before; }));
}

TEST_F(Dialing, SilenceEverywhereEndsWithTheTimeToConnect) {
  const SilentPort silent("127.0.0.2", 0);
  const SilentPort silent_too("127.0.0.3", silent.port());
  make_with({address_of("127.0.0.2"), address_of("127.0.0.3")});
  const std::size_t before = descriptor_count();
  ClientRequest request = get_at(silent.port());
  request.limits.connect = 100ms;
  EXPECT_EQ(ask(std::move(request)).reason(), reason::kTimeoutConnect);
  EXPECT_TRUE(eventually([&] { return open_count() == 0 && descriptor_count() <= before; }));
}

TEST_F(Dialing, CancellingEndsEveryAttempt) {
  const SilentPort silent("127.0.0.2", 0);
  make_with({address_of("127.0.0.2"), address_of("127.0.0.2")});
  const std::size_t before = descriptor_count();
  Asking asking = start(get_at(silent.port()));
  EXPECT_TRUE(eventually([&] { return descriptor_count() > before; }));
  asking.cancel();
  EXPECT_EQ(asking.wait().reason(), "cancelled");
  EXPECT_TRUE(eventually([&] { return open_count() == 0 && descriptor_count() <= before; }));
}

TEST_F(Dialing, RefusedEverywhereSaysSo) {
  make_with({address_of("127.0.0.2"), address_of("127.0.0.3")});
  EXPECT_EQ(ask(get_at(1)).reason(), reason::kConnectRefused);
}

class Resolving : public testing::Test {
 protected:
  // A lookup that waits to be told, and counts.
  struct Scripted {
    Result<Addresses> operator()(const std::string& host) {
      std::unique_lock lock(mutex);
      ++count;
      changed.notify_all();
      changed.wait(lock, [this] { return !is_held; });
      if (is_failing)
        return fail(ErrorCode::unavailable, "no name server",
                    {.reason = std::string(reason::kNameFailed), .where = {}});
      (void)host;
      return Addresses{answer};
    }
    void hold(bool held) {
      const std::lock_guard lock(mutex);
      is_held = held;
      changed.notify_all();
    }
    bool wait_for_count(int wanted) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, 10s, [&] { return count >= wanted; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    int count = 0;
    bool is_held = false, is_failing = false;
    IpAddress answer = address_of("192.0.2.1");
  };
  Resolver& make(ResolverOptions options = {}) {
    // Shared with the resolver's threads, which nobody waits for.
    return resolver_.emplace([scripted = scripted_](const std::string& host) { return (*scripted)(host); }, options,
                             clock_);
  }
  std::future<Result<Addresses>> start(const std::string& host, std::size_t loop = 0) {
    return asio::co_spawn(loops_.executor(loop), resolver_->resolve(host), asio::use_future);
  }
  Result<Addresses> resolve(const std::string& host) { return start(host).get(); }

  std::shared_ptr<Scripted> scripted_ = std::make_shared<Scripted>();
  ManualClock clock_;
  Loops loops_{2};
  std::optional<Resolver> resolver_;
};

TEST_F(Resolving, LiteralsAndLocalhostAskNobody) {
  make();
  EXPECT_EQ(resolve("192.0.2.7").value(), Addresses{address_of("192.0.2.7")});
  EXPECT_EQ(resolve("::1").value(), Addresses{address_of("::1")});
  EXPECT_EQ(resolve("localhost").value().front(), address_of("127.0.0.1"));
  EXPECT_EQ(resolve("a.localhost").value().front(), address_of("127.0.0.1"));
  EXPECT_EQ(scripted_->count, 0);
}

TEST_F(Resolving, WhoeverWaitsForANameSharesOneLookup) {
  make();
  scripted_->hold(true);
  std::vector<std::future<Result<Addresses>>> waiting;
  for (std::size_t i = 0; i < 10; ++i) waiting.push_back(start("provider.test", i % 2));
  EXPECT_TRUE(scripted_->wait_for_count(1));
  scripted_->hold(false);
  for (auto& one : waiting) EXPECT_EQ(one.get().value(), Addresses{address_of("192.0.2.1")});
  EXPECT_EQ(scripted_->count, 1);
}

TEST_F(Resolving, AnAnswerIsFreshForAWhileAndUsedWhenThereIsNoNewerOne) {
  make({.fresh = 60s, .stale = 3600s, .stale_patience = 10s});
  EXPECT_TRUE(resolve("provider.test"));
  clock_.advance(59s);
  EXPECT_TRUE(resolve("provider.test"));
  EXPECT_EQ(scripted_->count, 1);
  clock_.advance(2s);
  scripted_->answer = address_of("192.0.2.2");
  EXPECT_EQ(resolve("provider.test").value(), Addresses{address_of("192.0.2.2")});
  EXPECT_EQ(scripted_->count, 2);
  // The name server fails: the old answer stands, until it is too old.
  clock_.advance(61s);
  scripted_->is_failing = true;
  EXPECT_EQ(resolve("provider.test").value(), Addresses{address_of("192.0.2.2")});
  clock_.advance(3600s);
  EXPECT_EQ(resolve("provider.test").error().reason, reason::kNameFailed);
}

TEST_F(Resolving, ASlowLookupIsNotWaitedForWhereThereIsAnOldAnswer) {
  make({.fresh = 60s, .stale = 3600s, .stale_patience = 20ms});
  EXPECT_TRUE(resolve("provider.test"));
  clock_.advance(61s);
  scripted_->hold(true);
  EXPECT_EQ(resolve("provider.test").value(), Addresses{address_of("192.0.2.1")});
  scripted_->hold(false);
}

TEST_F(Resolving, OnlySoManyLookupsWait) {
  make({.threads_max = 1, .queue_max = 1});
  scripted_->hold(true);
  auto one = start("one.test");
  EXPECT_TRUE(scripted_->wait_for_count(1));
  auto two = start("two.test");
  EXPECT_EQ(start("three.test").get().error().reason, reason::kNameFailed);
  scripted_->hold(false);
  EXPECT_TRUE(one.get());
  EXPECT_TRUE(two.get());
}

}  // namespace
}  // namespace atelier::net
