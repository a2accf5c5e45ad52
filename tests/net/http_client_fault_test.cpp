// What servers do wrong, and what is left of it.
#include <map>
#include <mutex>

#include "net/client/request_head.hpp"
#include "tests/net/client_fixture.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

class HttpClientFaults : public ClientFixture {
 protected:
  // Whether all that an outcome held is gone.
  bool is_clean() {
    return eventually([&] { return open_count() == 0; });
  }
};

TEST_F(HttpClientFaults, NobodyListens) {
  std::uint16_t port = 0;
  {
    FakeServer server([](FakePeer&) {});
    port = server.port();
  }
  make();
  const Outcome outcome = ask(get_of("http://127.0.0.1:" + std::to_string(port)));
  EXPECT_EQ(outcome.reason(), reason::kConnectRefused);
  EXPECT_EQ(outcome.error->code, ErrorCode::unavailable);
  EXPECT_FALSE(outcome.note.may_have_arrived);
  EXPECT_EQ(outcome.note.sent_at, SendNote::TimePoint());
  EXPECT_EQ(metric("atelier_upstream_connections_failed_total{reason=\"connect_refused\"}"), 1);
}

TEST_F(HttpClientFaults, TheServerClosesBeforeItAnswers) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.close();
  });
  make();
  const Outcome outcome = ask(get_of(server.url()));
  EXPECT_EQ(outcome.reason(), reason::kResetBeforeAnswer);
  EXPECT_TRUE(outcome.note.may_have_arrived);
  EXPECT_EQ(outcome.note.tries, 1u);
  EXPECT_TRUE(is_clean());
}

TEST_F(HttpClientFaults, TheServerResetsBeforeItAnswers) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.reset();
  });
  make();
  EXPECT_EQ(ask(get_of(server.url())).reason(), reason::kResetBeforeAnswer);
  EXPECT_TRUE(is_clean());
}

TEST_F(HttpClientFaults, TheServerCutsItsHead) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Le");
    peer.close();
  });
  make();
  const Outcome outcome = ask(get_of(server.url()));
  EXPECT_EQ(outcome.reason(), reason::kAnswerCut);
  EXPECT_EQ(outcome.status, 0);
}

TEST_F(HttpClientFaults, TheServerCutsItsBody) {
  for (const std::string_view head :
       {"Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\n6\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
    FakeServer server([&](FakePeer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\n" + std::string(head)).close();
    });
    make();
    const Outcome outcome = ask(get_of(server.url()));
    EXPECT_EQ(outcome.reason(), reason::kAnswerCut) << head;
    EXPECT_EQ(outcome.status, 200);
    EXPECT_EQ(outcome.body, "hello");
    EXPECT_TRUE(is_clean());
    client_->stop();
  }
}

TEST_F(HttpClientFaults, TheServerSpeaksNoHttp) {
  const std::string fields_101 = [] {
    std::string fields;
    for (int i = 0; i < 101; ++i) fields += "a: b\r\n";
    return fields;
  }();
  const std::string interim_17 = [] {
    std::string heads;
    for (int i = 0; i < 17; ++i) heads += "HTTP/1.1 103 Early Hints\r\n\r\n";
    return heads;
  }();
  for (const std::string& bytes :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        "HTTP/1.1 200 OK\r\nx: " + std::string(40'000, 'x'), "HTTP/1.1 200 OK\r\n" + fields_101 + "\r\n",
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        std::string("HTTP/1.1 101 Switching Protocols\r\n\r\n"), interim_17,
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n")}) {
    FakeServer server([&](FakePeer& peer) {
      peer.read_request();
      peer.send(bytes);
      peer.is_closed();
    });
    make();
    const Outcome outcome = ask(get_of(server.url()));
    EXPECT_EQ(outcome.reason(), reason::kAnswerBroken) << bytes.substr(0, 60);
    EXPECT_TRUE(is_clean());
    client_->stop();
  }
}

// The first request is answered; with the second one's first byte the connection ends without an answer.
void die_when_used_again(FakePeer& peer) {
  if (peer.index() == 0) {
    peer.read_request();
    peer.answer("first");
    peer.read_request();
    peer.reset();
  } else {
    peer.read_request();
    peer.answer("second");
  }
}

TEST_F(HttpClientFaults, AKeptConnectionThatIsDeadIsReplacedForARequestThatMayBeAskedTwice) {
  FakeServer server(die_when_used_again);
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "first");
  const Outcome outcome = ask(get_of(server.url()));
  EXPECT_EQ(outcome.body, "second");
  EXPECT_EQ(outcome.note.tries, 2u);
  EXPECT_EQ(metric("atelier_upstream_retries_total"), 1);
}

TEST_F(HttpClientFaults, AKeptConnectionThatDiesWithAPostIsAnError) {
  FakeServer server(die_when_used_again);
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "first");
  const Outcome outcome = ask(post_of(server.url(), "{}"));
  EXPECT_EQ(outcome.reason(), reason::kResetBeforeAnswer);
  EXPECT_TRUE(outcome.note.may_have_arrived);
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(HttpClientFaults, APostThatItsCallerCallsIdempotentIsSentAgain) {
  FakeServer server(die_when_used_again);
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "first");
  ClientRequest request = post_of(server.url(), "{}");
  request.is_idempotent = true;
  EXPECT_EQ(ask(std::move(request)).body, "second");
}

TEST_F(HttpClientFaults, AKeptConnectionThatTheServerClosedIsReplacedForEveryRequest) {
  std::atomic<std::size_t> closed_count = 0;
  FakeServer server([&](FakePeer& peer) {
    peer.read_request();
    peer.answer(std::to_string(peer.index()));
    peer.close();
    ++closed_count;
  });
  make();
  for (std::size_t i = 0; i < 20; ++i) {
    const Outcome outcome = ask(post_of(server.url(), "{}"));
    EXPECT_EQ(outcome.body, std::to_string(i)) << outcome.reason();
    EXPECT_TRUE(eventually([&] { return closed_count == i + 1; }));
  }
}

// The close may come before the request, after it, or between its being looked for and the request's being sent.
TEST_F(HttpClientFaults, APostThatRacesTheServersCloseIsReadOnceAtMost) {
  std::mutex mutex;
  std::map<std::string, int> read_count;
  FakeServer server([&](FakePeer& peer) {
    std::string request = peer.read_request();
    request.erase(0, request.find("\r\n\r\n") + 4);
    {
      const std::lock_guard lock(mutex);
      ++read_count[request];
    }
    peer.answer(request);
    peer.close();
  });
  make();
  int failed_count = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string body = std::to_string(i);
    const Outcome outcome = ask(post_of(server.url(), body));
    if (!outcome.error) {
      EXPECT_EQ(outcome.body, body);
      continue;
    }
    ++failed_count;
    EXPECT_EQ(outcome.reason(), reason::kResetBeforeAnswer);
    EXPECT_TRUE(outcome.note.may_have_arrived);
  }
  EXPECT_LT(failed_count, 300);
  const std::lock_guard lock(mutex);
  for (const auto& [body, count] : read_count) EXPECT_EQ(count, 1) << body;
}

TEST_F(HttpClientFaults, BytesBeforeTheRequestAreNoAnswerToIt) {
  std::promise<void> sent;
  FakeServer server([&](FakePeer& peer) {
    peer.read_request();
    peer.answer("first");
    if (peer.index() == 0) {
      peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
      sent.set_value();
    }
    peer.read_request();
    peer.answer("second");
  });
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "first");
  sent.get_future().wait();
  EXPECT_EQ(ask(post_of(server.url(), "{}")).body, "first");
  EXPECT_EQ(server.connection_count(), 2u);
}

TEST_F(HttpClientFaults, ARetryThatFailsTooIsAnError) {
  FakeServer server([](FakePeer& peer) {
    peer.read_request();
    if (peer.index() > 0) return peer.reset();
    peer.answer("first");
    peer.read_request();
    peer.reset();
  });
  make();
  EXPECT_EQ(ask(get_of(server.url())).body, "first");
  const Outcome outcome = ask(get_of(server.url()));
  EXPECT_EQ(outcome.reason(), reason::kResetBeforeAnswer);
  EXPECT_EQ(outcome.note.tries, 2u);
  EXPECT_EQ(server.connection_count(), 2u);
}

TEST(SendingAgain, IsForWhatCannotHaveBeenDone) {
  ClientRequest get, post, idempotent_post;
  post.method = idempotent_post.method = Method::post;
  idempotent_post.is_idempotent = true;
  const auto error = [](std::string_view reason) {
    return fail(ErrorCode::unavailable, "", {.reason = std::string(reason), .where = {}}).error();
  };
  const Error reset = error(reason::kResetBeforeAnswer);
  SendNote reused;
  reused.is_reused = reused.may_have_arrived = true;
  reused.tries = 1;
  EXPECT_TRUE(may_send_again(get, reused, reset));
  EXPECT_FALSE(may_send_again(post, reused, reset));
  EXPECT_TRUE(may_send_again(idempotent_post, reused, reset));
  SendNote note = reused;
  note.may_have_arrived = false;
  EXPECT_TRUE(may_send_again(post, note, reset));
  note = reused;
  note.tries = 2;
  EXPECT_FALSE(may_send_again(get, note, reset));
  note = reused;
  note.is_reused = false;
  EXPECT_FALSE(may_send_again(get, note, reset));
  note.may_have_arrived = false;
  EXPECT_TRUE(may_send_again(post, note, reset));
  for (const std::string_view reason :
       {reason::kAnswerCut, reason::kAnswerBroken, reason::kTimeoutFirstByte, std::string_view("cancelled")})
    EXPECT_FALSE(may_send_again(get, reused, error(reason))) << reason;
}

TEST_F(HttpClientFaults, NothingIsLeftOfAThousandOutcomes) {
  FakeServer server([](FakePeer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      if (request.starts_with("GET /fine")) peer.answer("fine");
      if (request.starts_with("GET /close")) return peer.close();
      if (request.starts_with("GET /reset")) return peer.reset();
      if (request.starts_with("GET /cut"))
        return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").close();
      if (request.starts_with("GET /broken")) peer.send("nonsense\r\n\r\n");
      if (request.starts_with("GET /silent")) peer.is_closed();
    }
  });
  make({.idle_timeout_plain = 10ms});
  ask(get_of(server.url("/fine")));
  EXPECT_TRUE(is_clean());
  const std::size_t before = descriptor_count();
  const std::string_view paths[] = {"/fine",   "/close",  "/fine", "/reset", "/cut",
                                    "/broken", "/silent", "/drop", "/fine",  "/refused"};
  for (int i = 0; i < 20; ++i) {
    std::vector<Asking> asking;
    for (int j = 0; j < 50; ++j) {
      const std::string_view path = paths[j % 10];
      ClientRequest request = get_of(path == "/refused" ? "http://127.0.0.1:1/" : server.url(path));
      request.limits.first_byte = 5ms;
      asking.push_back(start(std::move(request), static_cast<std::size_t>(j % 2)));
      if (path == "/drop") asking.back().cancel();
    }
    for (Asking& one : asking) one.wait();
  }
  EXPECT_TRUE(is_clean());
  EXPECT_TRUE(eventually([&] { return descriptor_count() <= before; }))
      << before << " before, " << descriptor_count() << " now";
}

}  // namespace
}  // namespace atelier::net
