// The client over HTTP/2: one connection for many requests, against our server and against one that follows a script.
#include <boost/asio/use_future.hpp>

#include "base/async.hpp"
#include "tests/net/client_fixture.hpp"
#include "tests/net/frames.hpp"
#include "tests/net/handlers.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

Result<std::vector<IpAddress>> look_up_here(const std::string&) { return std::vector{*IpAddress::parse("127.0.0.1")}; }

Task<Result<Response>> handle(Request request, std::shared_ptr<Seen> seen) {
  ++seen->count;
  if (request.path == "/wait") co_return co_await answer_after_waiting(seen);
  if (request.path == "/endless") {
    Response response;
    response.body = StreamBody([seen](BodyWriter& writer) { return send_without_end(&writer, seen); });
    co_return response;
  }
  if (request.path == "/large") co_return text_response(std::string(3'000'000, 'l'), "application/octet-stream");
  if (request.path == "/none") co_return empty_response();
  auto body = co_await request.read_body(8 << 20);
  if (!body) co_return error_of(body);
  Response response = text_response(std::string(to_string(request.method)) + " " + request.path + "?" + request.query +
                                    " " + std::to_string(body->size()));
  response.headers.add("x-agent", std::string(request.headers.find("user-agent").value_or("none")));
  response.headers.add("x-length", std::string(request.headers.find("content-length").value_or("none")));
  co_return response;
}

// Against our own server.
class Http2Client : public ClientFixture {
 protected:
  void begin(ServerOptions options = {}, ClientOptions client = {}) {
    options.port = 0;
    options.tls.certificate_file = files_.certificate();
    options.tls.key_file = files_.key();
    auto server = Server::listen(
        server_loops_, options, [seen = seen_](Request request) { return handle(std::move(request), seen); },
        server_metrics_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    client.tls.ca_file = authority_.file();
    make(std::move(client));
  }
  void TearDown() override {
    ClientFixture::TearDown();
    if (server_) server_->stop();
  }
  std::string url(const std::string& path = "/") const {
    return "https://localhost:" + std::to_string(server_->port()) + path;
  }
  bool has_connections(double open, double idle) {
    return eventually([&] { return open_count() == open && idle_count() == idle; });
  }
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
  Authority authority_;
  IdentityFiles files_{authority_.issue({"localhost"})};
  Metrics server_metrics_;
  Loops server_loops_{1};
  std::unique_ptr<Server> server_;
};

TEST_F(Http2Client, AsksManyThingsOnOneConnection) {
  begin();
  const Outcome first = ask(post_of(url("/a?b=c"), "{}"));
  EXPECT_EQ(first.body, "POST /a?b=c 2") << first.reason();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.headers.find("x-agent"), "atelier/0.1.0");
  EXPECT_EQ(first.headers.find("x-length"), "2");
  EXPECT_FALSE(first.note.is_reused);
  EXPECT_LE(first.note.connected_at, first.note.sent_at);
  EXPECT_LE(first.note.sent_at, first.note.answered_at);
  std::vector<Asking> asking;
  for (int i = 0; i < 50; ++i) asking.push_back(start(get_of(url("/wait"))));
  EXPECT_TRUE(eventually([&] { return seen_->count == 51; }));
  EXPECT_EQ(open_count(), 1);
  EXPECT_EQ(idle_count(), 0);
  seen_->go = true;
  for (Asking& one : asking) {
    const Outcome outcome = one.wait();
    EXPECT_EQ(outcome.body, "waited") << outcome.reason();
    EXPECT_TRUE(outcome.note.is_reused);
  }
  EXPECT_EQ(metric("atelier_upstream_connections_made_total"), 1);
  EXPECT_TRUE(has_connections(1, 1));
}

TEST_F(Http2Client, ReadsAndSendsBodiesOfEveryKind) {
  begin();
  EXPECT_EQ(ask(get_of(url("/none"))).status, 204);
  EXPECT_EQ(ask(get_of(url("/large"))).body, std::string(3'000'000, 'l'));
  EXPECT_EQ(ask(post_of(url("/p"), std::string(3'000'000, 'p'))).body, "POST /p? 3000000");
  ClientRequest head = get_of(url("/large"));
  head.method = Method::head;
  const Outcome outcome = ask(std::move(head));
  EXPECT_EQ(outcome.headers.find("content-length"), "3000000");
  EXPECT_EQ(outcome.body, "");
  EXPECT_EQ(ask(post_of(url("/p"), "")).headers.find("x-length"), "0");
  EXPECT_EQ(metric("atelier_upstream_connections_made_total"), 1);
}

TEST_F(Http2Client, ManyAtOnceMakeFewConnections) {
  begin();
  std::vector<Asking> asking;
  for (int i = 0; i < 200; ++i) asking.push_back(start(get_of(url("/x")), static_cast<std::size_t>(i % 2)));
  for (Asking& one : asking) EXPECT_EQ(one.wait().status, 200);
  EXPECT_TRUE(eventually([&] { return open_count() == idle_count(); }));
  EXPECT_LE(open_count(), 4);  // two loops, 100 at a time each
  // From here on the pools know: one is dialled, and the others wait for it.
  client_->stop();
}

TEST_F(Http2Client, MoreThanTheServerTakesWaitOrAskOnAnother) {
  ServerOptions options;
  options.http2.streams_max = 2;
  ClientOptions client;
  client.connections_per_origin_max = 4;  // two a loop
  begin(options, client);
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  std::vector<Asking> asking;
  for (int i = 0; i < 6; ++i) asking.push_back(start(get_of(url("/wait"))));
  EXPECT_TRUE(eventually([&] { return seen_->count == 5 && waiting_count() == 2; }));
  EXPECT_EQ(open_count(), 2);
  seen_->go = true;
  for (Asking& one : asking) EXPECT_EQ(one.wait().body, "waited");
  EXPECT_EQ(metric("atelier_upstream_connections_made_total"), 2);
}

TEST_F(Http2Client, CancellingResetsTheStreamAlone) {
  begin();
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  for (const std::string path : {"/wait", "/endless"}) {
    seen_->was_cancelled = false;
    const int before = seen_->count;
    Asking asking = start(get_of(url(path)));
    EXPECT_TRUE(eventually([&] { return seen_->count > before && (path == "/wait" || seen_->bytes > 0); }));
    const auto cancelled_at = std::chrono::steady_clock::now();
    asking.cancel();
    EXPECT_EQ(asking.wait().reason(), "cancelled");
    EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
    EXPECT_LT(std::chrono::steady_clock::now() - cancelled_at, 100ms);
  }
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  EXPECT_EQ(metric("atelier_upstream_connections_made_total"), 1);
  EXPECT_TRUE(has_connections(1, 1));
}

Task<std::size_t> read_one_piece(HttpClient* client, ClientRequest request, std::shared_future<void> go) {
  auto response = co_await client->send(std::move(request));
  EXPECT_TRUE(response);
  auto piece = co_await response->next();
  EXPECT_TRUE(piece && *piece);
  const std::size_t size = (*piece)->size();
  while (go.wait_for(0s) != std::future_status::ready) (void)co_await sleep_for(1ms);
  co_return size;
}

TEST_F(Http2Client, ASlowReaderHoldsItsSenderAndNobodyElse) {
  begin();
  std::promise<void> go;
  auto reading =
      asio::co_spawn(loops_.executor(0),
                     read_one_piece(client_.get(), get_of(url("/endless")), go.get_future().share()), asio::use_future);
  std::size_t before = 0;
  EXPECT_TRUE(eventually([&] {
    const std::size_t now = seen_->bytes;
    const bool stands = now > 0 && now == before;
    before = now;
    timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
    return stands && seen_->bytes == now;
  }));
  EXPECT_LT(seen_->bytes, 700'000u);  // a window that was read, another that was not, and what is on its way
  EXPECT_EQ(ask(get_of(url("/large"))).body.size(), 3'000'000u);
  EXPECT_EQ(open_count(), 1);
  go.set_value();
  EXPECT_GT(reading.get(), 0u);
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
}

TEST_F(Http2Client, LimitsAreTheStreamsOwn) {
  begin();
  ClientRequest late = get_of(url("/wait"));
  late.limits.first_byte = 50ms;
  EXPECT_EQ(ask(std::move(late)).reason(), reason::kTimeoutFirstByte);
  ClientRequest total = get_of(url("/endless"));
  total.limits.deadline = std::chrono::steady_clock::now() + 100ms;
  EXPECT_EQ(ask(std::move(total)).reason(), reason::kTimeoutTotal);
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  EXPECT_EQ(metric("atelier_upstream_connections_made_total"), 1);
}

TEST_F(Http2Client, AnIdleConnectionIsClosedAfterAWhile) {
  ClientOptions options;
  options.idle_timeout = 50ms;
  begin({}, options);
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  EXPECT_TRUE(has_connections(0, 0));
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
}

TEST_F(Http2Client, NoConnectionIsUsedForLongerThanItsAge) {
  ClientOptions options;
  options.age_max = 1ms;
  begin({}, options);
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  const auto old = std::chrono::steady_clock::now() + 2ms;
  EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > old; }));
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  EXPECT_EQ(metric("atelier_upstream_connections_made_total"), 2);
  EXPECT_TRUE(eventually([&] { return open_count() <= 1; }));
}

TEST_F(Http2Client, AServerThatStopsIsLeftInOrder) {
  begin();
  EXPECT_EQ(ask(get_of(url("/x"))).status, 200);
  server_->stop();
  EXPECT_TRUE(has_connections(0, 0));
}

TEST_F(Http2Client, StoppingCutsWhatRuns) {
  begin();
  Asking asking = start(get_of(url("/wait")));
  EXPECT_TRUE(eventually([&] { return seen_->count == 1; }));
  client_->stop();
  EXPECT_NE(asking.wait().reason(), "ok");
  EXPECT_EQ(open_count(), 0);
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
}

TEST_F(Http2Client, IsNotSpokenWhereItIsSwitchedOff) {
  ClientOptions options;
  options.speaks_http2 = false;
  begin({}, options);
  std::vector<Asking> asking;
  for (int i = 0; i < 3; ++i) asking.push_back(start(get_of(url("/wait"))));
  EXPECT_TRUE(eventually([&] { return seen_->count == 3; }));
  EXPECT_EQ(open_count(), 3);
  seen_->go = true;
  for (Asking& one : asking) EXPECT_EQ(one.wait().body, "waited");
}

// A server that follows a script, frame by frame.
class ScriptedPeer {
 public:
  explicit ScriptedPeer(FakePeer& peer) : peer_(peer) {
    while (buffer_.size() < 24 && fill()) {
    }
    buffer_.erase(0, 24);
    send(NGHTTP2_SETTINGS, 0, 0, "");
  }

  void send(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload) {
    peer_.send(frame_of(type, flags, stream, payload));
  }
  void headers(std::int32_t stream, const Fields& fields, std::uint8_t flags = NGHTTP2_FLAG_END_HEADERS) {
    send(NGHTTP2_HEADERS, flags, stream, encoder_.encode(fields));
  }
  void answer(std::int32_t stream, std::string_view body) {
    headers(stream, {{":status", "200"}});
    send(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, stream, body);
  }
  void goaway(std::int32_t last_stream) {
    std::string payload(8, '\0');
    payload[3] = static_cast<char>(last_stream);
    send(NGHTTP2_GOAWAY, 0, 0, payload);
  }
  void reset(std::int32_t stream, std::uint32_t code) {
    std::string payload(4, '\0');
    payload[3] = static_cast<char>(code);
    send(NGHTTP2_RST_STREAM, 0, stream, payload);
  }
  // The stream of the next request whose head comes; 0 at the end.
  std::int32_t next_request() {
    for (;;) {
      while (buffer_.size() < 9)
        if (!fill()) return 0;
      const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(buffer_[at]); };
      const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
      const std::uint8_t type = byte(3);
      const std::int32_t stream = byte(7) << 8 | byte(8);
      while (buffer_.size() < 9 + size)
        if (!fill()) return 0;
      buffer_.erase(0, 9 + size);
      if (type == NGHTTP2_HEADERS) return stream;
    }
  }

 private:
  bool fill() {
    const std::string more = peer_.read_some();
    buffer_ += more;
    return !more.empty();
  }
  FakePeer& peer_;
  FieldEncoder encoder_;
  std::string buffer_;
};

class Http2ClientFaults : public ClientFixture {
 protected:
  FakeServer::Options speaking_h2() { return {.identity = authority_.issue({"provider.test"}), .protocol = "h2"}; }
  void begin() {
    ClientOptions options;
    options.tls.ca_file = authority_.file();
    options.lookup = look_up_here;
    make(std::move(options));
  }
  static std::string url_of(const FakeServer& server) {
    return "https://provider.test:" + std::to_string(server.port()) + "/";
  }
  Authority authority_;
};

TEST_F(Http2ClientFaults, ARequestThatTheServerRefusedIsAskedAgainWhateverItIs) {
  std::atomic<int> asked = 0;
  FakeServer server(
      [&](FakePeer& peer) {
        ScriptedPeer scripted(peer);
        for (std::int32_t id; (id = scripted.next_request()) != 0;) {
          if (++asked == 2)
            scripted.reset(id, NGHTTP2_REFUSED_STREAM);
          else
            scripted.answer(id, "fine");
        }
      },
      speaking_h2());
  begin();
  EXPECT_EQ(ask(get_of(url_of(server))).body, "fine");
  const Outcome outcome = ask(post_of(url_of(server), "{}"));
  EXPECT_EQ(outcome.body, "fine") << outcome.reason();
  EXPECT_EQ(outcome.note.tries, 2u);
  EXPECT_EQ(asked, 3);
}

TEST_F(Http2ClientFaults, ARequestThatANewConnectionRefusesIsAskedAgain) {
  std::atomic<int> asked = 0;
  FakeServer server(
      [&](FakePeer& peer) {
        ScriptedPeer scripted(peer);
        for (std::int32_t id; (id = scripted.next_request()) != 0;) {
          if (++asked == 1)
            scripted.reset(id, NGHTTP2_REFUSED_STREAM);
          else
            scripted.answer(id, "fine");
        }
      },
      speaking_h2());
  begin();
  const Outcome outcome = ask(post_of(url_of(server), "{}"));
  EXPECT_EQ(outcome.body, "fine") << outcome.reason();
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(Http2ClientFaults, ARequestThatAGoodbyeLeavesOutIsAskedAgainElsewhere) {
  FakeServer server(
      [&](FakePeer& peer) {
        ScriptedPeer scripted(peer);
        const std::int32_t first = scripted.next_request();
        scripted.answer(first, std::to_string(peer.index()));
        if (peer.index() == 0 && scripted.next_request() != 0) scripted.goaway(first);
        while (scripted.next_request() != 0) {
        }
      },
      speaking_h2());
  begin();
  EXPECT_EQ(ask(get_of(url_of(server))).body, "0");
  const Outcome outcome = ask(post_of(url_of(server), "{}"));
  EXPECT_EQ(outcome.body, "1") << outcome.reason();
  EXPECT_EQ(server.connection_count(), 2u);
}

TEST_F(Http2ClientFaults, AResetThatSaysNothingOfThatIsAnError) {
  FakeServer server(
      [&](FakePeer& peer) {
        ScriptedPeer scripted(peer);
        scripted.answer(scripted.next_request(), "fine");
        scripted.reset(scripted.next_request(), NGHTTP2_INTERNAL_ERROR);
        scripted.answer(scripted.next_request(), "still fine");
      },
      speaking_h2());
  begin();
  EXPECT_EQ(ask(get_of(url_of(server))).body, "fine");
  const Outcome outcome = ask(post_of(url_of(server), "{}"));
  EXPECT_EQ(outcome.reason(), reason::kResetBeforeAnswer);
  EXPECT_TRUE(outcome.note.may_have_arrived);
  EXPECT_EQ(outcome.note.tries, 1u);
  EXPECT_EQ(ask(get_of(url_of(server))).body, "still fine");
}

TEST_F(Http2ClientFaults, AnswersThatAreCutAreErrors) {
  for (const bool is_reset : {true, false}) {
    FakeServer server(
        [&](FakePeer& peer) {
          ScriptedPeer scripted(peer);
          const std::int32_t id = scripted.next_request();
          scripted.headers(id, {{":status", "200"}});
          scripted.send(NGHTTP2_DATA, 0, id, "half");
          if (is_reset)
            scripted.reset(id, NGHTTP2_CANCEL);
          else
            peer.close();
          scripted.next_request();
        },
        speaking_h2());
    begin();
    const Outcome outcome = ask(get_of(url_of(server)));
    EXPECT_EQ(outcome.reason(), reason::kAnswerCut);
    EXPECT_EQ(outcome.status, 200);
    EXPECT_EQ(outcome.body, "half");
    client_->stop();
  }
}

TEST_F(Http2ClientFaults, AConnectionThatEndsBeforeTheAnswerIsAnError) {
  FakeServer server(
      [&](FakePeer& peer) {
        ScriptedPeer scripted(peer);
        scripted.next_request();
        peer.close();
      },
      speaking_h2());
  begin();
  const Outcome outcome = ask(post_of(url_of(server), "{}"));
  EXPECT_EQ(outcome.reason(), reason::kResetBeforeAnswer);
  EXPECT_TRUE(outcome.note.may_have_arrived);
  EXPECT_TRUE(eventually([&] { return open_count() == 0; }));
}

TEST_F(Http2ClientFaults, InterimAnswersAreSkippedAndTrailersDropped) {
  FakeServer server(
      [&](FakePeer& peer) {
        ScriptedPeer scripted(peer);
        const std::int32_t id = scripted.next_request();
        scripted.headers(id, {{":status", "103"}, {"link", "x"}});
        scripted.headers(id, {{":status", "200"}, {"x-id", "7"}});
        scripted.send(NGHTTP2_DATA, 0, id, "hello");
        scripted.headers(id, {{"x-trailer", "y"}}, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM);
        scripted.next_request();
      },
      speaking_h2());
  begin();
  const Outcome outcome = ask(get_of(url_of(server)));
  EXPECT_EQ(outcome.status, 200) << outcome.reason();
  EXPECT_EQ(outcome.headers.find("x-id"), "7");
  EXPECT_EQ(outcome.headers.find("link"), std::nullopt);
  EXPECT_EQ(outcome.body, "hello");
}

TEST_F(Http2ClientFaults, AHeadOverOurLimitsIsRefused) {
  for (const bool is_long : {true, false}) {
    FakeServer server(
        [&](FakePeer& peer) {
          ScriptedPeer scripted(peer);
          const std::int32_t id = scripted.next_request();
          Fields fields = {{":status", "200"}};
          for (int i = 0; i < (is_long ? 5 : 101); ++i)
            fields.emplace_back("x" + std::to_string(i),
                                is_long ? std::string(3'000, static_cast<char>('a' + i)) : "y");
          if (is_long)
            for (int i = 0; i < 10; ++i) fields.emplace_back("x0", std::string(3'000, 'a'));
          scripted.headers(id, fields);
          scripted.next_request();
        },
        speaking_h2());
    begin();
    EXPECT_EQ(ask(get_of(url_of(server))).reason(), reason::kAnswerBroken) << is_long;
    client_->stop();
  }
}

TEST_F(Http2ClientFaults, AServerThatBreaksTheProtocolIsLeft) {
  FakeServer server(
      [&](FakePeer& peer) {
        ScriptedPeer scripted(peer);
        scripted.next_request();
        scripted.send(NGHTTP2_DATA, 0, 0, "x");
        scripted.next_request();
      },
      speaking_h2());
  begin();
  EXPECT_EQ(ask(get_of(url_of(server))).reason(), reason::kResetBeforeAnswer);
  EXPECT_TRUE(eventually([&] { return open_count() == 0; }));
}

}  // namespace
}  // namespace atelier::net
