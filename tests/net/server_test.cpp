#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>

#include "base/async.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

// What most tests here are served: says what it got.
Task<Result<Response>> echo(Request request) {
  if (request.path == "/fail")
    co_return fail(ErrorCode::conflict, "someone was first", {.reason = "taken", .where = "/name"});
  if (request.path == "/throw") throw std::runtime_error("boom");
  if (request.path == "/ignore") co_return text_response("ignored");
  auto body = co_await request.read_body(1 << 20);
  if (!body) co_return error_of(body);
  co_return text_response(std::string(to_string(request.method)) + " " + request.path + " " + *body);
}

class HttpServer : public ServerFixture {};

TEST_F(HttpServer, AnswersAndKeepsTheConnection) {
  serve(echo);
  Wire wire(port());
  for (int i = 0; i < 3; ++i) {
    const auto answer = wire.send(get("/a%20b?q=1")).read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a b ");
    EXPECT_EQ(answer.header("server"), "atelier");
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.header("cross-origin-resource-policy"), "same-origin");
    EXPECT_EQ(answer.header("date").size(), 29u);
  }
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  serve(echo);
  Wire wire(port());
  wire.send(get("/1") + request("POST", "/2", "", "two") + get("/3"));
  EXPECT_EQ(wire.read_answer().body, "GET /1 ");
  EXPECT_EQ(wire.read_answer().body, "POST /2 two");
  EXPECT_EQ(wire.read_answer().body, "GET /3 ");
}

TEST_F(HttpServer, ReadsARequestThatComesByteByByte) {
  serve(echo);
  Wire wire(port());
  for (const char c : "\r\n" + request("PUT", "/slow", "", "body")) wire.send({&c, 1});
  EXPECT_EQ(wire.read_answer().body, "PUT /slow body");
}

TEST_F(HttpServer, ReadsAChunkedBodyThatComesByteByByteAndDropsItsTrailer) {
  serve(echo);
  Wire wire(port());
  const std::string bytes =
      "POST /c HTTP/1.1\r\nHost: " + host() +
      "\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n";
  for (const char c : bytes) wire.send({&c, 1});
  EXPECT_EQ(wire.read_answer().body, "POST /c hello!");
  EXPECT_EQ(wire.send(get("/next")).read_answer().body, "GET /next ");
}

TEST_F(HttpServer, HeadGetsTheHeadAlone) {
  serve(echo);
  Wire wire(port());
  const auto answer = wire.send("HEAD /x HTTP/1.1\r\nHost: " + host() + "\r\n\r\n").read_answer(true);
  EXPECT_EQ(answer.header("content-length"), "8");
  EXPECT_EQ(wire.send(get("/x")).read_answer().body, "GET /x ");
}

TEST_F(HttpServer, ClosesWhenAskedTo) {
  serve(echo);
  Wire wire(port());
  EXPECT_EQ(wire.send(get("/x", "Connection: close\r\n")).read_answer().header("connection"), "close");
  EXPECT_TRUE(wire.is_closed());
}

TEST_F(HttpServer, SpeaksHttp10) {
  serve(echo);
  Wire wire(port());
  wire.send("GET /old HTTP/1.0\r\nHost: " + host() + "\r\n\r\n");
  EXPECT_EQ(wire.read_answer().body, "GET /old ");
  EXPECT_TRUE(wire.is_closed());
}

TEST_F(HttpServer, AnErrorIsAProblemDocumentWithTheRequestId) {
  serve(echo);
  Wire wire(port());
  const auto answer = wire.send(get("/fail", "X-Request-ID: trace-7\r\n")).read_answer();
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_EQ(answer.header("x-request-id"), "trace-7");
  EXPECT_NE(answer.body.find("\"code\":\"taken\""), std::string::npos);
  EXPECT_NE(answer.body.find("\"where\":\"/name\""), std::string::npos);
  EXPECT_NE(answer.body.find("\"request_id\":\"trace-7\""), std::string::npos);
}

TEST_F(HttpServer, AnUnfitRequestIdIsReplaced) {
  serve(echo);
  Wire wire(port());
  const std::string made = wire.send(get("/x", "X-Request-ID: two words\r\n")).read_answer().header("x-request-id");
  EXPECT_EQ(made.size(), 26u);
}

TEST_F(HttpServer, AnExceptionOfAHandlerIsAnInternalErrorAndToldToNobody) {
  serve(echo);
  Wire wire(port());
  const auto answer = wire.send(get("/throw")).read_answer();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("boom"), std::string::npos);
  EXPECT_EQ(wire.send(get("/x")).read_answer().status, 200);
}

TEST_F(HttpServer, ContinueIsSentOnlyWhenTheHandlerReads) {
  serve(echo);
  Wire reading(port());
  reading.send("POST /r HTTP/1.1\r\nHost: " + host() + "\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(reading.read_line(), "HTTP/1.1 100 Continue");
  EXPECT_EQ(reading.read_line(), "");
  EXPECT_EQ(reading.send("ok").read_answer().body, "POST /r ok");

  Wire refused(port());
  refused.send("POST /ignore HTTP/1.1\r\nHost: " + host() + "\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused.read_line(), "HTTP/1.1 200 OK");
  EXPECT_NE(refused.read_all().find("connection: close"), std::string::npos);
}

TEST_F(HttpServer, ABodyOverTheLimitIsRefusedBeforeItIsSent) {
  serve(echo, {.body_bytes_max = 100});
  Wire wire(port());
  wire.send("POST /r HTTP/1.1\r\nHost: " + host() + "\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(wire.read_line(), "HTTP/1.1 413 Content Too Large");
}

TEST_F(HttpServer, AChunkedBodyOverTheLimitIsRefused) {
  serve(echo, {.body_bytes_max = 100});
  Wire wire(port());
  wire.send("POST /r HTTP/1.1\r\nHost: " + host() + "\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
            std::string(101, 'x'));
  EXPECT_EQ(wire.read_answer().status, 413);
}

TEST_F(HttpServer, ASmallUnreadBodyDoesNotEndTheConnection) {
  serve(echo);
  Wire wire(port());
  EXPECT_EQ(wire.send(request("POST", "/ignore", "", std::string(5000, 'x'))).read_answer().body, "ignored");
  EXPECT_EQ(wire.send(get("/next")).read_answer().body, "GET /next ");
}

TEST_F(HttpServer, ALargeUnreadBodyEndsTheConnectionAfterTheAnswer) {
  serve(echo);
  Wire wire(port());
  wire.send("POST /ignore HTTP/1.1\r\nHost: " + host() + "\r\nContent-Length: 900000\r\n\r\n" +
            std::string(300000, 'x'));
  const auto answer = wire.read_answer();
  EXPECT_EQ(answer.body, "ignored");
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(HttpServer, AnUnknownMethodIsRefused) {
  serve(echo);
  EXPECT_EQ(Wire(port()).send("BREW / HTTP/1.1\r\nHost: " + host() + "\r\n\r\n").read_answer().status, 501);
}

TEST_F(HttpServer, RequestsAreCounted) {
  serve(echo);
  Wire wire(port());
  wire.send(get("/x")).read_answer();
  wire.send(get("/fail")).read_answer();
  wire.send(get("/x")).read_answer();
  EXPECT_GE(metric("atelier_http_requests_total{method=\"GET\",route=\"none\",status=\"2xx\"}"),
            1);  // the last may not be counted yet
  EXPECT_EQ(metric("atelier_http_requests_total{method=\"GET\",route=\"none\",status=\"4xx\"}"), 1);
  EXPECT_EQ(metric("atelier_http_connections"), 1);
  EXPECT_GT(metric("atelier_http_sent_bytes_total"), 0);
}

}  // namespace
}  // namespace atelier::net
