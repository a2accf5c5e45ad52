// The server over TLS: who is let in, what is spoken, and certificates that change.
#include <sys/mman.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/async.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

Task<Result<Response>> echo(Request request) {
  if (request.path == "/file") {
    Response response;
    UniqueFd fd(::memfd_create("body", 0));
    const std::string bytes(300'000, 'f');
    EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    response.body = FileBody{.fd = std::move(fd), .size_bytes = bytes.size(), .etag = {}, .keep = {}};
    co_return response;
  }
  auto body = co_await request.read_body(8 << 20);
  if (!body) co_return error_of(body);
  co_return text_response((request.is_secure ? "secure " : "plain ") + *body);
}

class ServerTls : public ServerFixture {
 protected:
  ServerOptions with_certificate() {
    ServerOptions options;
    options.tls.certificate_file = files_.certificate();
    options.tls.key_file = files_.key();
    options.certificate_check = 60s;
    return options;
  }
  Wire::Tls believing(std::vector<std::string> protocols = {}) {
    return {.ca_file = authority_.file(), .protocols = std::move(protocols)};
  }
  std::string serial_now() {
    Wire wire(port());
    EXPECT_TRUE(wire.start_tls(believing()));
    return wire.certificate_serial();
  }
  Authority authority_;
  IdentityFiles files_{authority_.issue({"localhost"})};
};

TEST_F(ServerTls, AnswersOverBothVersions) {
  serve(echo, with_certificate());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Wire wire(port());
    Wire::Tls tls = believing();
    tls.version_max = version;
    ASSERT_TRUE(wire.start_tls(tls));
    EXPECT_EQ(wire.send(get("/")).read_answer().body, "secure ");
    EXPECT_EQ(wire.send(request("POST", "/", "", std::string(3'000'000, 'x'))).read_answer().body.size(), 3'000'007u);
    EXPECT_EQ(wire.send(get("/file")).read_answer().body, std::string(300'000, 'f'));
  }
}

TEST_F(ServerTls, OldVersionsAreNotSpoken) {
  serve(echo, with_certificate());
  Wire wire(port());
  Wire::Tls tls = believing();
  tls.version_max = TLS1_1_VERSION;
  EXPECT_FALSE(wire.start_tls(tls));
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_refused_total{reason=\"tls_failed\"}") == 1; }));
}

TEST_F(ServerTls, ChoosesAProtocolOfThoseOffered) {
  ServerOptions options = with_certificate();
  options.tls.protocols = {"http/1.1"};
  serve(echo, options);
  const auto chosen = [&](std::vector<std::string> offered) {
    Wire wire(port());
    return wire.start_tls(believing(std::move(offered))) ? wire.chosen_protocol() : std::string("refused");
  };
  EXPECT_EQ(chosen({}), "");
  EXPECT_EQ(chosen({"http/1.1"}), "http/1.1");
  EXPECT_EQ(chosen({"spdy/3", "http/1.1"}), "http/1.1");
  EXPECT_EQ(chosen({"spdy/3"}), "refused");
}

TEST_F(ServerTls, WhoSpeaksPlainHttpIsTold) {
  serve(echo, with_certificate());
  const std::string bytes = Wire(port()).send(get("/")).read_all();
  EXPECT_TRUE(bytes.starts_with("HTTP/1.1 400 ")) << bytes;
  EXPECT_TRUE(bytes.ends_with("This port speaks https, not http.")) << bytes;
}

TEST_F(ServerTls, AHandshakeThatTakesTooLongIsCut) {
  ServerOptions options = with_certificate();
  options.header_timeout = 100ms;
  serve(echo, options);
  EXPECT_TRUE(Wire(port()).send("\x16\x03\x01").is_closed());
  EXPECT_EQ(metric("atelier_http_refused_total{reason=\"handshake_timeout\"}"), 1);
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_connections") == 0; }));
}

TEST_F(ServerTls, AnswersSayThatPlainIsOverExceptOnThisMachine) {
  ServerOptions options = with_certificate();
  options.allowed_hosts = {"studio.example.org"};
  serve(echo, options);
  Wire wire(port());
  ASSERT_TRUE(wire.start_tls(believing()));
  EXPECT_EQ(wire.send(get("/")).read_answer().header("strict-transport-security"), "");
  const auto answer = wire.send("GET / HTTP/1.1\r\nHost: studio.example.org\r\n\r\n").read_answer();
  EXPECT_EQ(answer.header("strict-transport-security"), "max-age=31536000");
}

TEST_F(ServerTls, AChangedCertificateIsTakenUp) {
  ServerOptions options = with_certificate();
  options.certificate_check = 20ms;
  serve(echo, options);
  Wire before(port());
  ASSERT_TRUE(before.start_tls(believing()));
  const std::string old = before.certificate_serial();
  files_.write(authority_.issue({"localhost"}));
  EXPECT_TRUE(eventually([&] { return serial_now() != old; }));
  EXPECT_EQ(before.send(get("/")).read_answer().body, "secure ");
}

TEST_F(ServerTls, ACertificateIsReadAgainWhenAskedTo) {
  serve(echo, with_certificate());
  const std::string old = serial_now();
  files_.write(authority_.issue({"localhost"}));
  EXPECT_EQ(serial_now(), old);
  EXPECT_TRUE(server_->reload_certificate());
  EXPECT_NE(serial_now(), old);
}

TEST_F(ServerTls, AnUnusableCertificateLeavesTheOldInForce) {
  serve(echo, with_certificate());
  const std::string old = serial_now();
  std::ofstream(files_.certificate()) << "nonsense";
  auto reloaded = server_->reload_certificate();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().reason, "tls_certificate_invalid");
  EXPECT_EQ(reloaded.error().where, files_.certificate());
  EXPECT_EQ(serial_now(), old);
  // The key of another.
  files_.write(authority_.issue({"localhost"}));
  std::filesystem::copy_file(files_.key(), files_.key() + ".other");
  files_.write(authority_.issue({"localhost"}));
  std::filesystem::rename(files_.key() + ".other", files_.key());
  reloaded = server_->reload_certificate();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().reason, "tls_key_invalid");
  EXPECT_EQ(serial_now(), old);
}

TEST_F(ServerTls, UnusableFilesAreAnErrorAtTheStart) {
  for (const auto& [certificate, key, reason] :
       std::initializer_list<std::array<std::string, 3>>{{"/nowhere.pem", files_.key(), "tls_certificate_invalid"},
                                                         {files_.certificate(), "/nowhere.pem", "tls_key_invalid"},
                                                         {files_.certificate(), "", "tls_key_invalid"},
                                                         {"", files_.key(), "tls_certificate_invalid"},
                                                         {files_.key(), files_.key(), "tls_certificate_invalid"}}) {
    ServerOptions options;
    options.port = 0;
    options.tls.certificate_file = certificate;
    options.tls.key_file = key;
    auto server = Server::listen(loops_, options, echo, metrics_);
    ASSERT_FALSE(server) << certificate << " " << key;
    EXPECT_EQ(server.error().reason, reason);
  }
}

}  // namespace
}  // namespace atelier::net
