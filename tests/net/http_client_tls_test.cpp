// Whom the client believes.
#include "tests/net/client_fixture.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

void answer_all(FakePeer& peer) {
  while (!peer.read_request().empty()) peer.answer("hello");
}

// Every name is on this machine.
Result<std::vector<IpAddress>> look_up_here(const std::string&) { return std::vector{*IpAddress::parse("127.0.0.1")}; }

class HttpClientTls : public ClientFixture {
 protected:
  ClientOptions believing(const Authority& authority) {
    ClientOptions options;
    options.tls.ca_file = authority.file();
    options.lookup = look_up_here;
    return options;
  }
  static std::string named(const FakeServer& server, const std::string& name) {
    return "https://" + name + ":" + std::to_string(server.port()) + "/";
  }
  Authority authority_;
};

TEST_F(HttpClientTls, BelievesACertificateForTheNameAndSaysWhatItSpeaks) {
  std::promise<std::string> protocol;
  FakeServer server(
      [&](FakePeer& peer) {
        protocol.set_value(peer.chosen_protocol());
        answer_all(peer);
      },
      {.identity = authority_.issue({"provider.test"}), .protocol = "http/1.1"});
  make(believing(authority_));
  const Outcome outcome = ask(get_of(named(server, "provider.test")));
  EXPECT_EQ(outcome.body, "hello") << outcome.reason();
  EXPECT_EQ(protocol.get_future().get(), "http/1.1");
  EXPECT_TRUE(ask(get_of(named(server, "provider.test"))).note.is_reused);
}

TEST_F(HttpClientTls, ReadsNamesInCertificatesAsTheyAreMeant) {
  struct Case {
    std::string in_certificate, asked;
    std::string_view reason;
  };
  for (const Case& one :
       {Case{"provider.test", "other.test", reason::kTlsNameMismatch}, Case{"*.provider.test", "a.provider.test", "ok"},
        Case{"*.provider.test", "provider.test", reason::kTlsNameMismatch},
        Case{"*.provider.test", "a.b.provider.test", reason::kTlsNameMismatch},
        Case{"a*.provider.test", "ab.provider.test", reason::kTlsNameMismatch},
        Case{"PROVIDER.test", "provider.test", "ok"}, Case{"127.0.0.1", "127.0.0.1", "ok"},
        Case{"127.0.0.2", "127.0.0.1", reason::kTlsNameMismatch},
        Case{"provider.test", "127.0.0.1", reason::kTlsNameMismatch},
        Case{"127.0.0.1", "provider.test", reason::kTlsNameMismatch}}) {
    FakeServer server(answer_all, {.identity = authority_.issue({one.in_certificate})});
    make(believing(authority_));
    EXPECT_EQ(ask(get_of(named(server, one.asked))).reason(), one.reason) << one.in_certificate << " for " << one.asked;
    client_->stop();
  }
}

TEST_F(HttpClientTls, BelievesNobodyElse) {
  const Authority other("Other CA");
  struct Case {
    Identity identity;
    std::string_view reason;
  };
  for (const Case& one : {Case{other.issue({"provider.test"}), reason::kTlsUnknownCa},
                          Case{self_signed("provider.test"), reason::kTlsUnknownCa},
                          Case{authority_.issue({"provider.test"}, -20, -10), reason::kTlsCertificateExpired},
                          Case{authority_.issue({"provider.test"}, 10, 20), reason::kTlsCertificateExpired}}) {
    std::atomic<bool> was_asked = false;
    FakeServer server([&](FakePeer& peer) { was_asked = !peer.read_request().empty(); }, {.identity = one.identity});
    make(believing(authority_));
    const Outcome outcome = ask(post_of(named(server, "provider.test"), "secret"));
    EXPECT_EQ(outcome.reason(), one.reason) << outcome.error->message;
    EXPECT_EQ(outcome.error->code, ErrorCode::unavailable);
    EXPECT_FALSE(outcome.note.may_have_arrived);
    client_->stop();
    EXPECT_FALSE(was_asked);
  }
}

TEST_F(HttpClientTls, BelievesAnExtraAuthorityBesides) {
  const Authority extra("Extra CA");
  FakeServer one(answer_all, {.identity = authority_.issue({"provider.test"})}),
      two(answer_all, {.identity = extra.issue({"provider.test"})});
  ClientOptions options = believing(authority_);
  options.tls.extra_ca_file = extra.file();
  make(std::move(options));
  EXPECT_EQ(ask(get_of(named(one, "provider.test"))).body, "hello");
  EXPECT_EQ(ask(get_of(named(two, "provider.test"))).body, "hello");
}

TEST_F(HttpClientTls, AFileThatHoldsNoAuthorityIsAnErrorAtTheStart) {
  for (const std::string file : {"/nowhere/ca.pem", "/dev/null"}) {
    ClientOptions options;
    options.tls.ca_file = file;
    auto client = HttpClient::make(loops_, std::move(options), metrics_);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().reason, "ca_file_invalid");
    EXPECT_NE(client.error().message.find(file), std::string::npos);
  }
}

TEST_F(HttpClientTls, UnverifiedIsForWhoAsksForItAlone) {
  FakeServer server(answer_all, {.identity = self_signed("elsewhere.test")});
  make(believing(authority_));
  ClientRequest careless = get_of(named(server, "provider.test"));
  careless.trust = Trust::unverified;
  EXPECT_EQ(ask(std::move(careless)).body, "hello");
  // The connection that is there now is not for this one.
  EXPECT_EQ(ask(get_of(named(server, "provider.test"))).reason(), reason::kTlsUnknownCa);
}

TEST_F(HttpClientTls, ASessionIsResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::atomic<int> resumed = 0;
    FakeServer server(
        [&](FakePeer& peer) {
          resumed += peer.was_resumed();
          peer.read_request();
          peer.answer("hello", "Connection: close\r\n");
          peer.close();
        },
        {.identity = authority_.issue({"provider.test"}), .tls_version_max = version});
    make(believing(authority_));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(get_of(named(server, "provider.test"))).body, "hello");
    EXPECT_EQ(resumed, 3) << version;
    client_->stop();
  }
}

TEST_F(HttpClientTls, OldVersionsAreNotSpoken) {
  FakeServer server(answer_all, {.identity = authority_.issue({"provider.test"}), .tls_version_max = TLS1_1_VERSION});
  make(believing(authority_));
  EXPECT_EQ(ask(get_of(named(server, "provider.test"))).reason(), reason::kTlsFailed);
}

TEST_F(HttpClientTls, AProtocolThatWasNotOfferedIsRefused) {
  FakeServer server(answer_all, {.identity = authority_.issue({"provider.test"}), .protocol = "spdy/3"});
  make(believing(authority_));
  EXPECT_EQ(ask(get_of(named(server, "provider.test"))).reason(), reason::kTlsFailed);
}

TEST_F(HttpClientTls, ABodyCutByAnAttackerIsNotWhole) {
  for (const bool is_polite : {true, false}) {
    FakeServer server(
        [&](FakePeer& peer) {
          peer.read_request();
          peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
          is_polite ? peer.close() : peer.cut();
        },
        {.identity = authority_.issue({"provider.test"})});
    make(believing(authority_));
    const Outcome outcome = ask(get_of(named(server, "provider.test")));
    EXPECT_EQ(outcome.body, "hello");
    EXPECT_EQ(outcome.reason(), is_polite ? std::string_view("ok") : reason::kAnswerCut);
    client_->stop();
  }
}

TEST_F(HttpClientTls, AServerThatDoesNotSpeakItIsAnError) {
  for (const bool speaks_http : {true, false}) {
    FakeServer server([&](FakePeer& peer) {
      peer.read_some();
      if (speaks_http) peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
      peer.close();
    });
    make(believing(authority_));
    EXPECT_EQ(ask(get_of(named(server, "provider.test"))).reason(), reason::kTlsFailed);
    EXPECT_TRUE(eventually([&] { return open_count() == 0; }));
    client_->stop();
  }
}

TEST_F(HttpClientTls, AServerThatSaysNothingIsWaitedForAsLongAsConnectingMayTake) {
  FakeServer server([](FakePeer& peer) {
    peer.read_some();
    peer.is_closed();
  });
  make(believing(authority_));
  ClientRequest request = get_of(named(server, "provider.test"));
  request.limits.connect = 50ms;
  EXPECT_EQ(ask(std::move(request)).reason(), reason::kTimeoutTls);
  EXPECT_TRUE(eventually([&] { return open_count() == 0; }));
}

TEST_F(HttpClientTls, LargeBodiesGoBothWays) {
  const std::string body(3'000'000, 'x');
  FakeServer server(
      [&](FakePeer& peer) {
        for (;;) {
          const std::string request = peer.read_request();
          if (request.empty()) break;
          peer.answer(request.substr(request.find("\r\n\r\n") + 4));
        }
      },
      {.identity = authority_.issue({"provider.test"})});
  make(believing(authority_));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask(post_of(named(server, "provider.test"), body)).body, body);
  EXPECT_EQ(server.connection_count(), 1u);
}

}  // namespace
}  // namespace atelier::net
