// Requests and the connections they take, against a server that follows a script.
#include <boost/asio/use_future.hpp>

#include "base/async.hpp"
#include "tests/net/client_fixture.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

// Answers every request with its number on its connection.
void answer_all(FakePeer& peer) {
  for (int i = 0; !peer.read_request().empty(); ++i) peer.answer(std::to_string(i));
}

class HttpClientTest : public ClientFixture {};

TEST_F(HttpClientTest, SendsARequestAsItIsWritten) {
  std::promise<std::string> seen;
  FakeServer server([&](FakePeer& peer) {
    seen.set_value(peer.read_request());
    peer.answer("hello", "X-Id: 7\r\n");
  });
  make();
  ClientRequest request = post_of(server.url("/v1/chat?a=b"), "{}");
  request.headers.add("Content-Type", "application/json");
  const Outcome outcome = ask(std::move(request));
  EXPECT_EQ(outcome.reason(), "ok");
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.headers.find("x-id"), "7");
  EXPECT_EQ(outcome.body, "hello");
  EXPECT_EQ(seen.get_future().get(),
            "POST /v1/chat?a=b HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(server.port()) +
                "\r\ncontent-type: application/json\r\nuser-agent: atelier/0.1.0\r\ncontent-length: 2\r\n\r\n{}");
}

TEST_F(HttpClientTest, TellsWhenThingsHappened) {
  FakeServer server(answer_all);
  make();
  const auto begin = std::chrono::steady_clock::now();
  const SendNote first = ask(get_of(server.url())).note;
  EXPECT_LE(begin, first.connected_at);
  EXPECT_LE(first.connected_at, first.sent_at);
  EXPECT_LE(first.sent_at, first.answered_at);
  EXPECT_LE(first.answered_at, std::chrono::steady_clock::now());
  EXPECT_FALSE(first.is_reused);
  EXPECT_TRUE(first.may_have_arrived);
  EXPECT_EQ(first.tries, 1u);
  EXPECT_TRUE(ask(get_of(server.url())).note.is_reused);
}

TEST_F(HttpClientTest, KeepsAConnectionForTheNextRequest) {
  FakeServer server(answer_all);
  make();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(get_of(server.url())).body, std::to_string(i));
  EXPECT_EQ(server.connection_count(), 1u);
  EXPECT_EQ(idle_count(), 1);
  EXPECT_EQ(open_count(), 1);
  EXPECT_EQ(metric("atelier_upstream_requests_total{connection=\"new\"}"), 1);
  EXPECT_EQ(metric("atelier_upstream_requests_total{connection=\"reused\"}"), 4);
  EXPECT_EQ(metric("atelier_upstream_connections_made_total"), 1);
}

TEST_F(HttpClientTest, KeepsConnectionsByLoop) {
  FakeServer server(answer_all);
  make();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(get_of(server.url()), 0).body, std::to_string(i));
    EXPECT_EQ(ask(get_of(server.url()), 1).body, std::to_string(i));
  }
  EXPECT_EQ(server.connection_count(), 2u);
}

TEST_F(HttpClientTest, KeepsNoConnectionThatTheServerWillClose) {
  for (const std::string_view answer :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more"}) {
    FakeServer server([&](FakePeer& peer) {
      while (!peer.read_request().empty()) peer.send(answer);
    });
    make();
    EXPECT_EQ(ask(get_of(server.url())).body, "ok");
    EXPECT_EQ(ask(get_of(server.url())).body, "ok");
    EXPECT_EQ(server.connection_count(), 2u) << answer;
    EXPECT_EQ(open_count(), 0);
    client_->stop();
  }
}

TEST_F(HttpClientTest, ReadsBodiesOfEveryKind) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: "
        "x\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");  // of HEAD
    peer.read_request();
    peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
    peer.close();
  });
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "hello world");
  EXPECT_EQ(ask(get_of(server.url())).status, 204);
  ClientRequest head = get_of(server.url());
  head.method = Method::head;
  EXPECT_EQ(ask(std::move(head)).headers.find("content-length"), "5");
  EXPECT_EQ(ask(get_of(server.url())).status, 304);
  EXPECT_EQ(ask(get_of(server.url())).status, 200);
  EXPECT_EQ(ask(get_of(server.url())).body, "until the end");
  EXPECT_EQ(server.connection_count(), 1u);
  EXPECT_EQ(open_count(), 0);
}

TEST_F(HttpClientTest, ReadsWhatComesByteByByte) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
  FakeServer server([&](FakePeer& peer) {
    while (!peer.read_request().empty())
      for (const char c : bytes) {
        peer.send(std::string_view(&c, 1));
        std::this_thread::yield();
      }
  });
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "hello!");
  EXPECT_EQ(ask(get_of(server.url())).body, "hello!");
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(HttpClientTest, SendsLargeBodies) {
  const std::string body(3'000'000, 'x');
  FakeServer server([&](FakePeer& peer) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) break;
      peer.answer(std::to_string(request.size() - request.find("\r\n\r\n") - 4));
    }
  });
  make();
  EXPECT_EQ(ask(post_of(server.url(), body)).body, "3000000");
  EXPECT_EQ(ask(post_of(server.url(), body)).body, "3000000");
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(HttpClientTest, HearsAnAnswerThatRefusesALargeBody) {
  FakeServer server([](FakePeer& peer) {
    peer.read_some();
    peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    peer.is_closed();
  });
  make();
  const Outcome outcome = ask(post_of(server.url(), std::string(64'000'000, 'x')));
  EXPECT_EQ(outcome.status, 413);
  EXPECT_EQ(outcome.body, "big");
  EXPECT_TRUE(eventually([&] { return open_count() == 0; }));
}

TEST_F(HttpClientTest, LetsNoValueBecomeAnotherField) {
  make();
  for (const auto& [name, value] :
       std::initializer_list<std::pair<std::string, std::string>>{{"x", "a\r\nb: c"},
                                                                  {"x", "a\nb"},
                                                                  {"x", std::string("a\0b", 3)},
                                                                  {"x\r\ny", "a"},
                                                                  {"x y", "a"},
                                                                  {"", "a"},
                                                                  {"Host", "other"},
                                                                  {"Content-Length", "5"},
                                                                  {"Transfer-Encoding", "chunked"},
                                                                  {"Connection", "upgrade"}}) {
    ClientRequest request = get_of("http://127.0.0.1:1/");
    request.headers.add(name, value);
    const Outcome outcome = ask(std::move(request));
    EXPECT_EQ(outcome.reason(), reason::kHeaderInvalid) << name;
    EXPECT_FALSE(outcome.note.may_have_arrived);
  }
  ClientRequest request = get_of("http://127.0.0.1:1/");
  request.url.target = "/ HTTP/1.1\r\nx: y";
  EXPECT_EQ(ask(std::move(request)).reason(), "url_invalid");
}

TEST_F(HttpClientTest, WaitsForAPlaceInOrder) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  FakeServer server([&](FakePeer& peer) {
    for (int i = 0; !peer.read_request().empty(); ++i) {
      if (i == 0) gone.wait();
      peer.answer(std::to_string(i));
    }
  });
  make({.connections_per_origin_max = 2});  // one a loop
  Asking first = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return open_count() == 1; }));
  Asking second = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return waiting_count() == 1; }));
  Asking third = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return waiting_count() == 2; }));
  go.set_value();
  EXPECT_EQ(first.wait().body, "0");
  const Outcome waited = second.wait();
  EXPECT_EQ(waited.body, "1");
  EXPECT_TRUE(waited.note.is_reused);
  EXPECT_EQ(third.wait().body, "2");
  EXPECT_EQ(server.connection_count(), 1u);
  EXPECT_EQ(metric("atelier_upstream_waits_total{outcome=\"waited\"}"), 2);
  EXPECT_EQ(waiting_count(), 0);
}

TEST_F(HttpClientTest, APlaceFreedByAFailureGoesToTheNext) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  FakeServer server([&](FakePeer& peer) {
    peer.read_request();
    if (peer.index() == 0) {
      gone.wait();
      peer.cut();
    } else {
      peer.answer("fine");
    }
  });
  make({.connections_per_origin_max = 2});
  Asking first = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return open_count() == 1; }));
  Asking second = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return waiting_count() == 1; }));
  go.set_value();
  EXPECT_EQ(first.wait().reason(), reason::kResetBeforeAnswer);
  EXPECT_EQ(second.wait().body, "fine");
}

TEST_F(HttpClientTest, RefusesWhenTooManyWait) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  FakeServer server([&](FakePeer& peer) {
    while (!peer.read_request().empty()) {
      gone.wait();
      peer.answer("x");
    }
  });
  make({.connections_per_origin_max = 2, .waiters_per_origin_max = 2});
  Asking first = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return open_count() == 1; }));
  Asking second = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return waiting_count() == 1; }));
  EXPECT_EQ(ask(get_of(server.url())).reason(), reason::kConnectionsFull);
  EXPECT_EQ(metric("atelier_upstream_waits_total{outcome=\"refused\"}"), 1);
  go.set_value();
  EXPECT_EQ(first.wait().body + second.wait().body, "xx");
}

TEST_F(HttpClientTest, ClosesIdleConnectionsAfterAWhile) {
  std::atomic<bool> was_closed = false;
  FakeServer server([&](FakePeer& peer) {
    peer.read_request();
    peer.answer("x");
    was_closed = peer.is_closed();
  });
  make({.idle_timeout_plain = 50ms});
  EXPECT_EQ(ask(get_of(server.url())).body, "x");
  EXPECT_TRUE(eventually([&] { return was_closed.load(); }));
  EXPECT_TRUE(eventually([&] { return open_count() == 0 && idle_count() == 0; }));
}

TEST_F(HttpClientTest, ClosesBeforeTheServersKeepAliveEnds) {
  std::promise<std::chrono::steady_clock::duration> kept;
  FakeServer server([&](FakePeer& peer) {
    peer.read_request();
    peer.answer("x", "Keep-Alive: timeout=1\r\n");
    const auto begin = std::chrono::steady_clock::now();
    if (peer.is_closed()) kept.set_value(std::chrono::steady_clock::now() - begin);
  });
  make({.idle_timeout_plain = 60s});
  EXPECT_EQ(ask(get_of(server.url())).body, "x");
  EXPECT_LT(kept.get_future().get(), 1s);
}

TEST_F(HttpClientTest, NoticesAtOnceThatAnIdleConnectionWasClosed) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.answer("x");
    peer.close();
  });
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "x");
  EXPECT_TRUE(eventually([&] { return open_count() == 0; }));
}

TEST_F(HttpClientTest, KeepsOnlySoManyIdle) {
  std::atomic<int> running = 0;
  FakeServer server([&](FakePeer& peer) {
    peer.read_request();
    ++running;
    while (running < 6) std::this_thread::yield();
    peer.answer("x");
    peer.is_closed();
  });
  make({.idle_per_origin_max = 4});  // two a loop
  std::vector<Asking> asking;
  for (int i = 0; i < 6; ++i) asking.push_back(start(get_of(server.url())));
  for (Asking& one : asking) EXPECT_EQ(one.wait().body, "x");
  EXPECT_TRUE(eventually([&] { return open_count() == 2 && idle_count() == 2; }));
}

TEST_F(HttpClientTest, KeepsOnlySoManyIdleInAll) {
  FakeServer one(answer_all), two(answer_all), three(answer_all);
  make({.idle_max = 2});
  for (const FakeServer* server : {&one, &two, &three}) EXPECT_EQ(ask(get_of(server->url())).body, "0");
  EXPECT_EQ(idle_count(), 2);
  // The one that was idle for longest went.
  EXPECT_EQ(ask(get_of(three.url())).body, "1");
  EXPECT_EQ(ask(get_of(two.url())).body, "1");
  EXPECT_EQ(ask(get_of(one.url())).body, "0");
}

TEST_F(HttpClientTest, UsesNoConnectionForLongerThanItsAge) {
  FakeServer server(answer_all);
  make({.age_max = 1ms});
  EXPECT_EQ(ask(get_of(server.url())).body, "0");
  const auto old = std::chrono::steady_clock::now() + 2ms;
  EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > old; }));
  EXPECT_EQ(ask(get_of(server.url())).body, "0");
  EXPECT_EQ(server.connection_count(), 2u);
}

TEST_F(HttpClientTest, ForgetsOriginsThatAreNotUsed) {
  make({.idle_max = 0});
  for (int i = 0; i < 600; ++i) {
    ClientRequest request = get_of("http://127.0.0.1:1/");
    request.url.origin.port = static_cast<std::uint16_t>(1 + i % 7);
    EXPECT_EQ(ask(std::move(request)).reason(), reason::kConnectRefused);
  }
  EXPECT_EQ(open_count(), 0);
}

// Reads one piece, then tells; then waits to be told.
Task<std::size_t> read_slowly(HttpClient* client, ClientRequest request, std::promise<void>* has_first,
                              std::shared_future<void> go) {
  auto response = co_await client->send(std::move(request));
  EXPECT_TRUE(response);
  auto piece = co_await response->next();
  EXPECT_TRUE(piece && *piece);
  std::size_t size = (*piece)->size();
  has_first->set_value();
  go.wait();
  for (;;) {
    piece = co_await response->next();
    if (!piece || !*piece) break;
    size += (*piece)->size();
  }
  co_return size;
}

TEST_F(HttpClientTest, ASlowReaderHoldsTheSender) {
  constexpr std::size_t kSize = 64'000'000;
  std::atomic<std::size_t> sent = 0;
  FakeServer server([&](FakePeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    const std::string piece(64'000, 'x');
    for (std::size_t i = 0; i < kSize; i += piece.size()) {
      peer.send(piece);
      sent += piece.size();
    }
  });
  make();
  std::promise<void> has_first, go;
  auto size = asio::co_spawn(loops_.executor(1),
                             read_slowly(client_.get(), get_of(server.url()), &has_first, go.get_future().share()),
                             asio::use_future);
  has_first.get_future().wait();
  // The kernel's buffers fill, and then nothing moves any more.
  std::size_t before = 0;
  EXPECT_TRUE(eventually([&] {
    const std::size_t now = sent;
    const bool stands = now == before;
    before = now;
    timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
    return stands && sent == now;
  }));
  EXPECT_LT(sent, kSize / 2);
  go.set_value();
  EXPECT_EQ(size.get(), kSize);
}

TEST_F(HttpClientTest, ServesManyRequestsOnManyLoops) {
  FakeServer server(answer_all);
  make({.connections_per_origin_max = 8});
  std::vector<Asking> asking;
  for (int i = 0; i < 400; ++i) asking.push_back(start(get_of(server.url()), static_cast<std::size_t>(i % 2)));
  for (Asking& one : asking) EXPECT_EQ(one.wait().status, 200);
  EXPECT_LE(server.connection_count(), 8u);
}

TEST_F(HttpClientTest, BodiesHaveALimitOfTheCallers) {
  FakeServer server(answer_all);
  make();
  const auto read = [](HttpClient* client, ClientRequest request, std::size_t bytes_max) -> Task<Result<std::string>> {
    auto response = co_await client->send(std::move(request));
    if (!response) co_return error_of(response);
    co_return co_await response->read_body(bytes_max);
  };
  EXPECT_EQ(
      asio::co_spawn(loops_.executor(0), read(client_.get(), get_of(server.url()), 1), asio::use_future).get().value(),
      "0");
  EXPECT_EQ(asio::co_spawn(loops_.executor(0), read(client_.get(), get_of(server.url()), 0), asio::use_future)
                .get()
                .error()
                .reason,
            reason::kAnswerTooLarge);
}

TEST_F(HttpClientTest, StoppingCutsWhatRuns) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nhalf");
    peer.is_closed();
  });
  make();
  Asking asking = start(get_of(server.url()));
  EXPECT_TRUE(eventually([&] { return open_count() == 1; }));
  client_->stop();
  EXPECT_NE(asking.wait().reason(), "ok");
  EXPECT_EQ(open_count(), 0);
}

}  // namespace
}  // namespace atelier::net
