// Requests that go through a proxy, and those that do not.
#include <map>

#include "tests/net/client_fixture.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

ProxyRules rules_of(const std::map<std::string, std::string>& variables) {
  auto rules = ProxyRules::from_environment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  return rules ? *rules : ProxyRules();
}

Origin origin_of(const std::string& url) { return Url::parse(url).value().origin; }

TEST(ProxyRulesTest, NameAProxyForEachScheme) {
  const ProxyRules rules = rules_of({{"HTTP_PROXY", "http://plain.test:3128"}, {"HTTPS_PROXY", "secure.test:8080"}});
  ASSERT_TRUE(rules.find(origin_of("http://example.org")));
  EXPECT_EQ(rules.find(origin_of("http://example.org"))->origin.authority(), "plain.test:3128");
  EXPECT_EQ(rules.find(origin_of("https://example.org"))->origin.authority(), "secure.test:8080");
  EXPECT_EQ(rules.find(origin_of("https://example.org"))->authorization, "");
}

TEST(ProxyRulesTest, LowerCaseWins) {
  const ProxyRules rules = rules_of({{"https_proxy", "http://lower.test:1"}, {"HTTPS_PROXY", "http://upper.test:2"}});
  EXPECT_EQ(rules.find(origin_of("https://example.org"))->origin.host, "lower.test");
  EXPECT_FALSE(rules.find(origin_of("http://example.org")));
}

TEST(ProxyRulesTest, CredentialsBecomeAField) {
  const ProxyRules rules = rules_of({{"https_proxy", "http://user:p%40ss@proxy.test:1"}});
  EXPECT_EQ(rules.find(origin_of("https://example.org"))->authorization, "Basic dXNlcjpwQHNz");
}

TEST(ProxyRulesTest, ExceptionsAreReadAsOthersReadThem) {
  const ProxyRules rules = rules_of(
      {{"https_proxy", "http://proxy.test:1"},
       {"no_proxy",
        "example.org, .inside.test,*.wild.test, 10.0.0.0/8 ,192.0.2.7,[2001:db8::1],port.test:8443,2001:db8:1::/48"}});
  const auto goes_direct = [&](const std::string& url) { return rules.find(origin_of(url)) == nullptr; };
  for (const std::string url :
       {"https://example.org", "https://a.example.org", "https://EXAMPLE.org:8443", "https://a.inside.test",
        "https://inside.test", "https://a.wild.test", "https://10.1.2.3", "https://192.0.2.7", "https://[2001:db8::1]",
        "https://port.test:8443", "https://[2001:db8:1::5]"})
    EXPECT_TRUE(goes_direct(url)) << url;
  for (const std::string url :
       {"https://notexample.org", "https://example.org.test", "https://11.0.0.1", "https://192.0.2.8",
        "https://[2001:db8::2]", "https://port.test", "https://[2001:db8:2::5]"})
    EXPECT_FALSE(goes_direct(url)) << url;
}

TEST(ProxyRulesTest, AStarExceptsAllAndLoopbackIsAlwaysExcepted) {
  EXPECT_FALSE(
      rules_of({{"https_proxy", "http://proxy.test:1"}, {"NO_PROXY", "*"}}).find(origin_of("https://example.org")));
  const ProxyRules rules = rules_of({{"http_proxy", "http://proxy.test:1"}});
  for (const std::string url :
       {"http://localhost:11434", "http://127.0.0.1:8080", "http://[::1]:8080", "http://a.localhost"})
    EXPECT_FALSE(rules.find(origin_of(url))) << url;
}

TEST(ProxyRulesTest, AnUnusableProxyIsAnErrorThatNamesTheVariableAndNoPassword) {
  for (const std::string value :
       {"socks5://user:hunter2@proxy.test:1", "http://user:hunter2@:80", "http://user:hunter%zz2@proxy.test"}) {
    auto rules = ProxyRules::from_environment(
        [&](const char* name) { return std::string_view(name) == "HTTPS_PROXY" ? value.c_str() : nullptr; });
    ASSERT_FALSE(rules) << value;
    EXPECT_EQ(rules.error().where, "HTTPS_PROXY");
    EXPECT_EQ(rules.error().message.find("hunter"), std::string::npos);
  }
}

class HttpClientProxy : public ClientFixture {
 protected:
  // Both schemes go through the proxy, whose name and that of everybody else is this machine's.
  ClientOptions through(const FakeServer& proxy, const std::string& exceptions = "") {
    ClientOptions options;
    const std::string url = "http://user:pass@proxy.test:" + std::to_string(proxy.port());
    options.proxies = rules_of({{"http_proxy", url}, {"https_proxy", url}, {"no_proxy", exceptions}});
    options.tls.ca_file = authority_.file();
    options.lookup = [](const std::string&) -> Result<std::vector<IpAddress>> {
      return std::vector{*IpAddress::parse("127.0.0.1")};
    };
    return options;
  }
  FakeServer::Options tunnelling(const std::string& name) {
    return {.identity = authority_.issue({name}), .begins_tls = false};
  }
  Authority authority_;
};

TEST_F(HttpClientProxy, IsToldTheWholeUrlOfAPlainRequest) {
  std::promise<std::string> seen;
  FakeServer proxy([&](FakePeer& peer) {
    seen.set_value(peer.read_request());
    peer.answer("hello");
  });
  make(through(proxy));
  EXPECT_EQ(ask(get_of("http://provider.test/v1?a=b")).body, "hello");
  const std::string request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("GET http://provider.test/v1?a=b HTTP/1.1\r\nhost: provider.test\r\n")) << request;
  EXPECT_NE(request.find("proxy-authorization: Basic dXNlcjpwYXNz\r\n"), std::string::npos);
}

TEST_F(HttpClientProxy, OpensATunnelForASecureRequestAndHearsNothingOfIt) {
  std::promise<std::string> asked, seen;
  FakeServer proxy(
      [&](FakePeer& peer) {
        asked.set_value(peer.read_request());
        peer.send("HTTP/1.1 200 Connection Established\r\nX-Via: proxy\r\n\r\n");
        if (!peer.shake_hands()) return;
        seen.set_value(peer.read_request());
        peer.answer("first");
        peer.read_request();
        peer.answer("second");
      },
      tunnelling("provider.test"));
  make(through(proxy));
  ClientRequest request = post_of("https://provider.test/v1/chat", "{}");
  request.headers.add("authorization", "Bearer secret");
  EXPECT_EQ(ask(std::move(request)).body, "first");
  EXPECT_EQ(asked.get_future().get(),
            "CONNECT provider.test:443 HTTP/1.1\r\nhost: provider.test:443\r\nproxy-authorization: Basic "
            "dXNlcjpwYXNz\r\n\r\n");
  const std::string inside = seen.get_future().get();
  EXPECT_TRUE(inside.starts_with("POST /v1/chat HTTP/1.1\r\nhost: provider.test\r\n")) << inside;
  EXPECT_EQ(inside.find("proxy-authorization"), std::string::npos);
  // The tunnel is kept as a connection to the provider.
  EXPECT_EQ(ask(get_of("https://provider.test/")).body, "second");
  EXPECT_EQ(proxy.connection_count(), 1u);
}

TEST_F(HttpClientProxy, MayNotAnswerForTheServerItself) {
  FakeServer proxy(
      [](FakePeer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        if (peer.shake_hands()) peer.read_request();
      },
      tunnelling("proxy.test"));
  make(through(proxy));
  EXPECT_EQ(ask(get_of("https://provider.test/")).reason(), reason::kTlsNameMismatch);
}

TEST_F(HttpClientProxy, ThatRefusesOrSpeaksNoHttpIsAnErrorOfItsOwn) {
  struct Case {
    std::string_view bytes, reason;
  };
  for (const Case& one :
       {Case{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", reason::kProxyRefused},
        Case{"HTTP/1.1 302 Found\r\nLocation: http://evil.test\r\n\r\n", reason::kProxyRefused},
        Case{"nonsense\r\n\r\n", reason::kProxyFailed}, Case{"HTTP/1.1 200 OK\r\n\r\nearly", reason::kProxyFailed},
        Case{"", reason::kProxyFailed}}) {
    FakeServer proxy([&](FakePeer& peer) {
      peer.read_request();
      peer.send(one.bytes);
      peer.close();
    });
    make(through(proxy));
    const Outcome outcome = ask(post_of("https://provider.test/", "secret"));
    EXPECT_EQ(outcome.reason(), one.reason) << one.bytes;
    EXPECT_FALSE(outcome.note.may_have_arrived);
    EXPECT_EQ(outcome.error->message.find("pass"), std::string::npos);
    EXPECT_TRUE(eventually([&] { return open_count() == 0; }));
    client_->stop();
  }
}

TEST_F(HttpClientProxy, ThatSaysNothingIsWaitedForAsLongAsConnectingMayTake) {
  FakeServer proxy([](FakePeer& peer) {
    peer.read_request();
    peer.is_closed();
  });
  make(through(proxy));
  ClientRequest request = get_of("https://provider.test/");
  request.limits.connect = 50ms;
  EXPECT_EQ(ask(std::move(request)).reason(), reason::kTimeoutProxy);
}

TEST_F(HttpClientProxy, IsNotAskedForExceptionsNorForThoseWhoWantNone) {
  FakeServer proxy([](FakePeer& peer) {
    while (!peer.read_request().empty()) peer.answer("proxy");
  });
  FakeServer server([](FakePeer& peer) {
    while (!peer.read_request().empty()) peer.answer("server");
  });
  make(through(proxy, "direct.test"));
  const std::string port = ":" + std::to_string(server.port());
  EXPECT_EQ(ask(get_of("http://direct.test" + port)).body, "server");
  EXPECT_EQ(ask(get_of("http://127.0.0.1" + port)).body, "server");
  EXPECT_EQ(ask(get_of("http://provider.test" + port)).body, "proxy");
  ClientRequest direct = get_of("http://provider.test" + port);
  direct.proxy = ProxyChoice::none;
  EXPECT_EQ(ask(std::move(direct)).body, "server");
}

}  // namespace
}  // namespace atelier::net
