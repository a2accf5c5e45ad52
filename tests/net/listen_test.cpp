// Where a server listens, and the client that asks it.
#include <sys/stat.h>

#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <thread>

#include "base/async.hpp"
#include "net/client.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

Task<Result<Response>> echo(Request request) {
  if (request.path == "/stream") {
    Response response;
    response.body = StreamBody([](BodyWriter& writer) -> Task<Result<>> {
      for (int i = 0; i < 100; ++i) {
        if (auto sent = co_await writer.write(std::string(1000, 'x')); !sent) co_return sent;
      }
      co_return Result<>{};
    });
    co_return response;
  }
  auto body = co_await request.read_body(1 << 24);
  if (!body) co_return error_of(body);
  co_return text_response(request.peer + " " + std::to_string(body->size()));
}

class Listening : public ServerFixture {
 protected:
  void SetUp() override {
    char name[] = "/tmp/atelier-net-XXXXXX";
    folder_ = ::mkdtemp(name);
    socket_ = folder_ + "/socket";
  }
  ~Listening() override { std::filesystem::remove_all(folder_); }
  void serve_unix() {
    auto server = Server::listen_unix(loops_, socket_, {}, echo, metrics_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  Result<std::pair<int, std::string>> ask(Endpoint endpoint, FetchRequest request) {
    return asio::co_spawn(loops_.executor(0), ask_there(std::move(endpoint), std::move(request)), asio::use_future)
        .get();
  }
  static Task<Result<std::pair<int, std::string>>> ask_there(Endpoint endpoint, FetchRequest request) {
    auto response = co_await fetch(std::move(endpoint), std::move(request));
    if (!response) co_return error_of(response);
    auto body = co_await response->read_body(1 << 20);
    if (!body) co_return error_of(body);
    co_return std::pair(response->status(), std::move(*body));
  }
  static FetchRequest post(std::string body) {
    FetchRequest request;
    request.method = Method::post;
    request.body = std::move(body);
    return request;
  }
  static FetchRequest get_of(std::string target) {
    FetchRequest request;
    request.target = std::move(target);
    return request;
  }
  static Endpoint at(std::string path) {
    Endpoint endpoint;
    endpoint.socket_path = std::move(path);
    return endpoint;
  }
  std::string folder_, socket_;
};

TEST_F(Listening, ASecondServerOnThePortIsAnErrorThatSaysSo) {
  serve(echo);
  auto second = Server::listen(loops_, {.port = port()}, echo, metrics_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "port " + std::to_string(port()) + " is in use (another atelier?)");
}

TEST_F(Listening, AStoppedServersPortIsFreeAgain) {
  serve(echo);
  const std::uint16_t freed = port();
  EXPECT_EQ(Wire(freed).send(get("/")).read_answer().status, 200);
  server_->stop();
  server_.reset();
  auto second = Server::listen(loops_, {.port = freed}, echo, metrics_);
  ASSERT_TRUE(second) << second.error().message;
  server_ = std::move(*second);
}

TEST_F(Listening, ANameIsNoAddress) {
  auto server = Server::listen(loops_, {.address = "localhost.example"}, echo, metrics_);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("localhost.example"), std::string::npos);
}

TEST_F(Listening, AnIpv6AddressIsServed) {
  auto server = Server::listen(loops_, {.address = "::1", .port = 0}, echo, metrics_);
  if (!server) GTEST_SKIP() << "no IPv6 here: " << server.error().message;
  server_ = std::move(*server);
  Endpoint endpoint;
  endpoint.address = "::1";
  endpoint.port = port();
  EXPECT_EQ(ask(endpoint, post("abc")).value().second, "::1 3");
}

TEST_F(Listening, AUnixSocketIsPrivateAndServesWithoutAskingForTheHost) {
  serve_unix();
  struct stat status{};
  ASSERT_EQ(::stat(socket_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(Wire::to_unix(socket_)
                .send("POST /api/x HTTP/1.1\r\nHost: any\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n")
                .read_answer()
                .body,
            "unix 0");
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(Listening, AUnixSocketInUseIsAnErrorAndAStaleOneIsReplaced) {
  serve_unix();
  auto second = Server::listen_unix(loops_, socket_, {}, echo, metrics_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "socket_in_use");
  // A crash leaves the name without a listener.
  const std::string stale = folder_ + "/stale";
  std::filesystem::rename(socket_, stale);
  server_->stop();
  server_.reset();
  auto third = Server::listen_unix(loops_, stale, {}, echo, metrics_);
  ASSERT_TRUE(third) << third.error().message;
  server_ = std::move(*third);
}

TEST_F(Listening, TheClientSendsBodiesAndReadsStreams) {
  serve_unix();
  EXPECT_EQ(ask(at(socket_), post(std::string(3'000'000, 'x'))).value().second, "unix 3000000");
  EXPECT_EQ(ask(at(socket_), get_of("/stream")).value().second, std::string(100'000, 'x'));
  EXPECT_EQ(ask(at(socket_), get_of("/")).value().first, 200);
}

TEST_F(Listening, TheClientSaysThatNobodyAnswers) {
  auto answer = ask(at(folder_ + "/nobody"), get_of("/"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace atelier::net
