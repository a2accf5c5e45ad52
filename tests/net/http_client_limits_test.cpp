// How long the client waits, for what, and how soon it lets go.
#include "tests/net/client_fixture.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

class HttpClientLimits : public ClientFixture {
 protected:
  bool is_clean() {
    return eventually([&] { return open_count() == 0; });
  }
};

// What a server does that is too slow for one of the limits.
void answer_nothing(FakePeer& peer) {
  peer.read_request();
  peer.is_closed();
}
void answer_half_a_head(FakePeer& peer) {
  peer.read_request();
  peer.send("HTTP/1.1 200 OK\r\n");
  peer.is_closed();
}
void answer_half_a_body(FakePeer& peer) {
  peer.read_request();
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  peer.is_closed();
}
void answer_forever(FakePeer& peer) {
  peer.read_request();
  peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  while (peer.can_send()) {
    peer.send("1\r\nx\r\n");
    timespec pause{0, 5'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

TEST_F(HttpClientLimits, TheFirstByteHasATime) {
  for (const auto script : {answer_nothing, answer_half_a_head}) {
    FakeServer server(script);
    make();
    ClientRequest request = post_of(server.url(), "{}");
    request.limits.first_byte = 50ms;
    const Outcome outcome = ask(std::move(request));
    EXPECT_EQ(outcome.reason(), reason::kTimeoutFirstByte);
    EXPECT_EQ(outcome.error->code, ErrorCode::deadline_exceeded);
    EXPECT_TRUE(outcome.note.may_have_arrived);
    EXPECT_EQ(outcome.note.tries, 1u);
    EXPECT_TRUE(is_clean());
    client_->stop();
  }
}

TEST_F(HttpClientLimits, EachWaitForMoreOfTheBodyHasATime) {
  FakeServer server(answer_half_a_body);
  make();
  ClientRequest request = get_of(server.url());
  request.limits.between_bytes = 50ms;
  const Outcome outcome = ask(std::move(request));
  EXPECT_EQ(outcome.reason(), reason::kTimeoutBetweenBytes);
  EXPECT_EQ(outcome.body, "hello");
  EXPECT_TRUE(is_clean());
}

TEST_F(HttpClientLimits, ABodyThatKeepsComingIsNotLate) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 50; ++i) {
      peer.send("1\r\nx\r\n");
      timespec pause{0, 10'000'000};
      ::nanosleep(&pause, nullptr);
    }
    peer.send("0\r\n\r\n");
  });
  make();
  ClientRequest request = get_of(server.url());
  request.limits.first_byte = request.limits.between_bytes = 400ms;  // less than the whole takes
  const Outcome outcome = ask(std::move(request));
  EXPECT_EQ(outcome.reason(), "ok");
  EXPECT_EQ(outcome.body.size(), 50u);
}

TEST_F(HttpClientLimits, AServerThatStopsTakingTheBodyIsLate) {
  FakeServer server([](FakePeer& peer) {
    peer.read_some();
    timespec pause{1, 0};
    ::nanosleep(&pause, nullptr);
  });
  make();
  ClientRequest request = post_of(server.url(), std::string(64'000'000, 'x'));
  request.limits.between_bytes = 100ms;
  EXPECT_EQ(ask(std::move(request)).reason(), reason::kTimeoutSend);
  EXPECT_TRUE(is_clean());
}

TEST_F(HttpClientLimits, TheWholeHasATimeInEveryPhase) {
  for (const auto script : {answer_nothing, answer_half_a_head, answer_half_a_body, answer_forever}) {
    FakeServer server(script);
    make();
    ClientRequest request = get_of(server.url());
    request.limits.deadline = std::chrono::steady_clock::now() + 100ms;
    const Outcome outcome = ask(std::move(request));
    EXPECT_EQ(outcome.reason(), reason::kTimeoutTotal);
    EXPECT_LT(outcome.took, 5s);
    EXPECT_TRUE(is_clean());
    client_->stop();
  }
}

TEST_F(HttpClientLimits, WaitingForAPlaceCountsAsConnecting) {
  FakeServer server(answer_nothing);
  make({.connections_per_origin_max = 2});
  Asking first = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return open_count() == 1; }));
  ClientRequest request = get_of(server.url());
  request.limits.connect = 50ms;
  const Outcome outcome = ask(std::move(request));
  EXPECT_EQ(outcome.reason(), reason::kTimeoutPlace);
  EXPECT_FALSE(outcome.note.may_have_arrived);
  EXPECT_EQ(waiting_count(), 0);
  first.cancel();
  EXPECT_EQ(first.wait().reason(), "cancelled");
}

TEST_F(HttpClientLimits, CancellingEndsTheConnectionWithin100Milliseconds) {
  struct Case {
    std::string_view name, before;  // what the server sends before
    std::size_t body_bytes;         // of the request
  };
  for (const Case& one : {Case{"before an answer", "", 0}, Case{"in the head", "HTTP/1.1 200 OK\r\n", 0},
                          Case{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 0},
                          Case{"while sending", "", 64'000'000}}) {
    std::promise<void> is_time;
    std::promise<std::chrono::steady_clock::time_point> ended;
    FakeServer server([&](FakePeer& peer) {
      if (one.body_bytes > 0)
        peer.read_some();
      else
        peer.read_request();
      peer.send(one.before);
      is_time.set_value();
      if (one.body_bytes > 0) {
        while (!peer.read_some().empty()) {
        }
      } else {
        EXPECT_TRUE(peer.is_closed());
      }
      ended.set_value(std::chrono::steady_clock::now());
    });
    make();
    Asking asking =
        start(one.body_bytes > 0 ? post_of(server.url(), std::string(one.body_bytes, 'x')) : get_of(server.url()));
    is_time.get_future().wait();
    const auto cancelled_at = std::chrono::steady_clock::now();
    asking.cancel();
    EXPECT_EQ(asking.wait().reason(), "cancelled") << one.name;
    EXPECT_LT(std::chrono::steady_clock::now() - cancelled_at, 100ms) << one.name;
    const auto ended_at = ended.get_future().get();
    // A large body's rest is on its way already, and the server reads it first.
    if (one.body_bytes == 0) {
      EXPECT_LT(ended_at - cancelled_at, 100ms) << one.name;
    }
    EXPECT_TRUE(is_clean());
    client_->stop();
  }
}

TEST_F(HttpClientLimits, CancellingAWaiterLeavesItsPlaceToOthers) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  FakeServer server([&](FakePeer& peer) {
    while (!peer.read_request().empty()) {
      gone.wait();
      peer.answer("x");
    }
  });
  make({.connections_per_origin_max = 2});
  Asking first = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return open_count() == 1; }));
  Asking second = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return waiting_count() == 1; }));
  Asking third = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return waiting_count() == 2; }));
  second.cancel();
  EXPECT_EQ(second.wait().reason(), "cancelled");
  go.set_value();
  EXPECT_EQ(first.wait().body, "x");
  EXPECT_EQ(third.wait().body, "x");
  EXPECT_EQ(open_count(), 1);
}

TEST_F(HttpClientLimits, AddressesThatUsersGiveMustBePublic) {
  FakeServer server([](FakePeer& peer) { peer.read_request(); });
  ClientOptions options;
  options.lookup = [](const std::string&) -> Result<std::vector<IpAddress>> {
    return std::vector{*IpAddress::parse("93.184.216.34"), *IpAddress::parse("127.0.0.1")};
  };
  make(std::move(options));
  for (const std::string& url : {server.url(), std::string("http://169.254.169.254/"), std::string("http://half.test/"),
                                 std::string("http://localhost/")}) {
    ClientRequest request = get_of(url);
    request.is_user_given = true;
    EXPECT_EQ(ask(std::move(request)).reason(), reason::kAddressForbidden) << url;
  }
  EXPECT_EQ(server.connection_count(), 0u);
}

TEST_F(HttpClientLimits, AnOperatorsExceptionIsReached) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.answer("hello");
  });
  ClientOptions options;
  const std::vector<std::string> exceptions = {"127.0.0.1:" + std::to_string(server.port())};
  options.guard = AddressGuard::make(exceptions).value();
  make(std::move(options));
  ClientRequest request = get_of(server.url());
  request.is_user_given = true;
  EXPECT_EQ(ask(std::move(request)).body, "hello");
}

}  // namespace
}  // namespace atelier::net
