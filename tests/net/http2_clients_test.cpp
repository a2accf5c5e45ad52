// HTTP/2 as real clients speak it, where this machine has them.
#include <array>
#include <cstdio>
#include <filesystem>

#include "base/async.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

struct Ran {
  int status = -1;
  std::string output;
};

Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  for (std::size_t size; pipe && (size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    ran.output.append(buffer.data(), size);
  ran.status = pipe ? ::pclose(pipe) : -1;
  return ran;
}

class Http2Clients : public ServerFixture {
 protected:
  void begin(bool is_secure) {
    ServerOptions options;
    if (is_secure) {
      options.tls.certificate_file = files_.certificate();
      options.tls.key_file = files_.key();
    }
    serve(
        [](Request request) -> Task<Result<Response>> {
          if (request.path == "/large")
            co_return text_response(std::string(5'000'000, 'l'), "application/octet-stream");
          auto body = co_await request.read_body(8 << 20);
          if (!body) co_return error_of(body);
          co_return text_response(request.path + " " + std::to_string(body->size()));
        },
        std::move(options));
  }
  std::string base(bool is_secure) const {
    return (is_secure ? "https://localhost:" : "http://localhost:") + std::to_string(port());
  }
  Authority authority_;
  IdentityFiles files_{authority_.issue({"localhost"})};
};

TEST_F(Http2Clients, Curl) {
  if (run("curl --version").output.find("HTTP2") == std::string::npos)
    GTEST_SKIP() << "no curl that speaks HTTP/2 here";
  const std::string upload = files_.certificate() + ".upload";
  std::FILE* file = std::fopen(upload.c_str(), "w");
  const std::string bytes(3'000'000, 'u');
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  for (const bool is_secure : {false, true}) {
    begin(is_secure);
    const std::string curl =
        "curl -sS --noproxy '*' -w ' %{http_version} %{http_code}' " +
        (is_secure ? "--http2 --cacert " + authority_.file() : std::string("--http2-prior-knowledge")) + " ";
    EXPECT_EQ(run(curl + base(is_secure) + "/x").output, "/x 0 2 200");
    EXPECT_EQ(run(curl + "-d hello " + base(is_secure) + "/y").output, "/y 5 2 200");
    EXPECT_EQ(run(curl + "-H 'Content-Type: application/octet-stream' --data-binary @" + upload + " " +
                  base(is_secure) + "/z")
                  .output,
              "/z 3000000 2 200");
    EXPECT_EQ(run(curl + "-T " + upload + " " + base(is_secure) + "/put").output, "/put 3000000 2 200");
    EXPECT_EQ(run(curl + base(is_secure) + "/large").output, std::string(5'000'000, 'l') + " 2 200");
    server_->stop();
    server_.reset();
  }
}

TEST_F(Http2Clients, CurlSpeaksHttp1ToTheSameServer) {
  if (run("curl --version").status != 0) GTEST_SKIP() << "no curl here";
  for (const bool is_secure : {false, true}) {
    begin(is_secure);
    const std::string curl =
        "curl -sS --noproxy '*' -w ' %{http_version}' --http1.1 --cacert " + authority_.file() + " ";
    EXPECT_EQ(run(curl + base(is_secure) + "/x").output, "/x 0 1.1");
    server_->stop();
    server_.reset();
  }
}

TEST_F(Http2Clients, H2load) {
  if (run("h2load --version").status != 0) GTEST_SKIP() << "no h2load here";
  for (const bool is_secure : {false, true}) {
    begin(is_secure);
    const Ran ran = run("h2load -n 4000 -c 8 -m 50 " + base(is_secure) + "/x");
    EXPECT_NE(ran.output.find("4000 succeeded, 0 failed, 0 errored"), std::string::npos) << ran.output;
    server_->stop();
    server_.reset();
  }
}

TEST_F(Http2Clients, Nghttp) {
  if (run("nghttp --version").status != 0) GTEST_SKIP() << "no nghttp here";
  begin(false);
  const std::string urls = base(false) + "/a " + base(false) + "/large " + base(false) + "/b";
  const Ran ran = run("nghttp -n -s " + urls);
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_NE(ran.output.find("/large"), std::string::npos) << ran.output;
}

TEST_F(Http2Clients, H2spec) {
  if (run("h2spec --version").status != 0) GTEST_SKIP() << "no h2spec here (https://github.com/summerwind/h2spec)";
  // Over TLS: in the clear what is no preface is HTTP/1.1 here.
  begin(true);
  const Ran ran = run("h2spec --strict --timeout 5 --tls --insecure --port " + std::to_string(port()));
  EXPECT_NE(ran.output.find(" 0 failed"), std::string::npos) << ran.output;
}

}  // namespace
}  // namespace atelier::net
