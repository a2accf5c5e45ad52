// The server over HTTP/2: requests side by side, bodies both ways, and how a connection ends.
#include <sys/mman.h>

#include <atomic>
#include <thread>

#include "base/async.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/frames.hpp"
#include "tests/net/handlers.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

Response stream_of(StreamBody body) {
  Response response;
  response.headers.add("content-type", "text/event-stream");
  response.body = std::move(body);
  return response;
}

Task<Result<>> send_events(BodyWriter* writer, std::shared_ptr<Seen> seen) {
  seen->has_begun = true;
  for (int i = 0; i < 3; ++i) {
    if (auto sent = co_await writer->write("event"); !sent) co_return sent;
  }
  co_return co_await wait_to_go(seen);
}

Task<Result<Response>> serve_file() {
  Response response;
  UniqueFd fd(::memfd_create("body", 0));
  const std::string bytes(300'000, 'f');
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  response.body = FileBody{.fd = std::move(fd), .size_bytes = bytes.size(), .etag = {}, .keep = {}};
  co_return response;
}

// By path.
Task<Result<Response>> handle(Request request, std::shared_ptr<Seen> seen) {
  ++seen->count;
  if (request.path == "/wait") co_return co_await answer_after_waiting(seen);
  if (request.path == "/events") co_return stream_of([seen](BodyWriter& writer) { return send_events(&writer, seen); });
  if (request.path == "/endless")
    co_return stream_of([seen](BodyWriter& writer) { return send_without_end(&writer, seen); });
  if (request.path == "/file") co_return co_await serve_file();
  if (request.path == "/large") co_return text_response(std::string(1'000'000, 'l'), "application/octet-stream");
  if (request.path == "/fail")
    co_return fail(ErrorCode::conflict, "someone was first", {.reason = "taken", .where = {}});
  if (request.path == "/throw") throw std::runtime_error("boom");
  if (request.path == "/broken") {
    co_return stream_of([](BodyWriter& writer) -> Task<Result<>> {
      if (auto sent = co_await writer.write("half"); !sent) co_return sent;
      co_return fail(ErrorCode::unavailable, "the source broke");
    });
  }
  if (request.path == "/ignore") co_return text_response("ignored");
  if (request.path == "/cookie") co_return text_response(std::string(request.headers.find("cookie").value_or("none")));
  auto body = co_await request.read_body(8 << 20);
  if (!body) co_return error_of(body);
  co_return text_response(std::string(to_string(request.method)) + " " + request.path + " " +
                          (request.is_secure ? "secure " : "") + std::to_string(body->size()));
}

class Http2Server : public ServerFixture {
 protected:
  void begin(ServerOptions options = {}) {
    options.allowed_hosts.push_back("localhost");
    serve([seen = seen_](Request request) { return handle(std::move(request), seen); }, std::move(options));
  }
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
};

TEST_F(Http2Server, AnswersRequestsOfOneConnection) {
  begin();
  Frames client(Wire{port()});
  for (std::int32_t id = 1; id < 20; id += 2) {
    const auto answer = client.get(id, "/a%20b?q=1").read_answer(id);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a b 0");
    EXPECT_EQ(answer.header("server"), "atelier");
    EXPECT_EQ(answer.header("content-length"), "10");
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.header("date").size(), 29u);
    EXPECT_EQ(answer.header("connection"), "");
    EXPECT_EQ(answer.pieces, std::vector<std::size_t>{10});
  }
  EXPECT_EQ(metric("atelier_http_connections"), 1);
  EXPECT_GT(metric("atelier_http_sent_bytes_total"), 0);
}

TEST_F(Http2Server, AnswersSideBySideAsEachIsReady) {
  begin();
  Frames client(Wire{port()});
  client.get(1, "/wait").get(3, "/x").get(5, "/y");
  EXPECT_EQ(client.read_answer(5).body, "GET /y 0");
  EXPECT_EQ(client.read_answer(3).body, "GET /x 0");
  seen_->go = true;
  EXPECT_EQ(client.read_answer(1).body, "waited");
}

TEST_F(Http2Server, ServesManyStreamsAtOnce) {
  begin();
  Frames client(Wire{port()});
  for (std::int32_t id = 1; id < 200; id += 2) client.get(id, "/wait");
  EXPECT_TRUE(eventually([&] { return seen_->count == 100; }));
  seen_->go = true;
  for (std::int32_t id = 199; id > 0; id -= 2) EXPECT_EQ(client.read_answer(id).body, "waited");
}

TEST_F(Http2Server, ReadsBodiesOfEveryLength) {
  begin();
  Frames client(Wire{port()});
  std::int32_t id = 1;
  for (const std::size_t size : {std::size_t{1}, std::size_t{16'384}, std::size_t{60'000}}) {
    client.request(id, "POST", "/b", {}, false).data(id, std::string(size, 'x'));
    EXPECT_EQ(client.read_answer(id).body, "POST /b " + std::to_string(size));
    id += 2;
  }
  // With a trailer, which is dropped.
  client.request(id, "POST", "/b", {}, false).data(id, "hello", false).headers(id, {{"x-trailer", "1"}});
  EXPECT_EQ(client.read_answer(id).body, "POST /b 5");
}

TEST_F(Http2Server, OpensTheWindowAsABodyIsRead) {
  begin();
  Frames client(Wire{port()});
  client.request(1, "POST", "/b", {{"content-length", "3000000"}}, false);
  std::int64_t stream_window = 65'536, connection_window = 65'535;
  for (std::size_t left = 3'000'000; left > 0;) {
    while (stream_window <= 0 || connection_window <= 0 || (connection_window < 16'384 && left > 16'384)) {
      const auto update = client.next_of(NGHTTP2_WINDOW_UPDATE);
      ASSERT_TRUE(update);
      (update->stream == 0 ? connection_window : stream_window) += update->number(0);
    }
    const std::size_t size = std::min({left, std::size_t{16'384}, static_cast<std::size_t>(stream_window),
                                       static_cast<std::size_t>(connection_window)});
    client.data(1, std::string(size, 'x'), size == left);
    left -= size;
    stream_window -= static_cast<std::int64_t>(size);
    connection_window -= static_cast<std::int64_t>(size);
  }
  EXPECT_EQ(client.read_answer(1).body, "POST /b 3000000");
}

TEST_F(Http2Server, ABodyThatNobodyReadsIsHeldBack) {
  begin();
  Frames client(Wire{port()});
  client.request(1, "POST", "/wait", {}, false).data(1, std::string(60'000, 'x'), false);
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  // The server's window of the stream is full; more than that is an error of the client's.
  client.data(1, std::string(6'000, 'x'), false);
  const auto answer = client.read_answer(1);
  if (answer.reset_code) {
    EXPECT_EQ(*answer.reset_code, static_cast<std::uint32_t>(NGHTTP2_FLOW_CONTROL_ERROR));
  } else {
    EXPECT_EQ(client.read_end(), "FLOW_CONTROL_ERROR");
  }
}

TEST_F(Http2Server, SendsNoMoreThanTheClientHasRoomFor) {
  begin();
  Frames client(Wire{port()}, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 30'000}});
  client.keep_windows_closed().get(1, "/endless");
  const auto& begun = client.read_until(1, [](const Frames::Answer& answer) { return answer.body.size() >= 30'000; });
  EXPECT_EQ(begun.body.size(), 30'000u);
  // What the handler may write ahead stays small.
  EXPECT_TRUE(eventually([&] { return seen_->bytes >= 30'000; }));
  EXPECT_EQ(client.get(3, "/x").read_answer(3).body, "GET /x 0");
  EXPECT_LE(seen_->bytes, 50'000u);
  EXPECT_EQ(begun.body.size(), 30'000u);
  client.reset(1);
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
}

TEST_F(Http2Server, SendsLargeAnswersAndFiles) {
  begin();
  Frames client(Wire{port()});
  client.get(1, "/large").get(3, "/file");
  EXPECT_EQ(client.read_answer(1).body, std::string(1'000'000, 'l'));
  EXPECT_EQ(client.read_answer(3).body, std::string(300'000, 'f'));
}

TEST_F(Http2Server, StreamsTakeTurns) {
  begin();
  Frames client(Wire{port()}, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10'000'000}});
  client.window(0, 10'000'000).get(1, "/endless");
  client.read_until(1, [](const Frames::Answer& answer) { return answer.body.size() > 100'000; });
  EXPECT_EQ(client.get(3, "/x").read_answer(3).body, "GET /x 0");
}

TEST_F(Http2Server, EachEventArrivesAtOnce) {
  begin();
  Frames client(Wire{port()});
  client.get(1, "/events");
  const auto& answer = client.read_until(1, [](const Frames::Answer& so_far) { return so_far.body.size() >= 15; });
  EXPECT_EQ(answer.body, "eventeventevent");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.is_whole);
  seen_->go = true;
  EXPECT_TRUE(client.read_answer(1).is_whole);
}

TEST_F(Http2Server, AResetCancelsTheHandler) {
  begin();
  Frames client(Wire{port()});
  for (const std::string_view path : {"/wait", "/events"}) {
    const std::int32_t id = path == "/wait" ? 1 : 3;
    seen_->has_begun = seen_->was_cancelled = false;
    client.get(id, path);
    EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
    client.reset(id);
    EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); })) << path;
  }
  EXPECT_EQ(client.get(5, "/x").read_answer(5).body, "GET /x 0");
}

TEST_F(Http2Server, AClientThatVanishesCancelsEveryHandler) {
  begin();
  {
    Frames client(Wire{port()});
    client.get(1, "/wait");
    EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  }
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_connections") == 0; }));
}

TEST_F(Http2Server, ErrorsAreProblemsOfTheirStreamAlone) {
  begin();
  Frames client(Wire{port()});
  EXPECT_EQ(client.get(1, "/fail").read_answer(1).status, 409);
  const auto thrown = client.get(3, "/throw").read_answer(3);
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body.find("boom"), std::string::npos);
  const auto broken = client.get(5, "/broken").read_answer(5);
  EXPECT_EQ(broken.reset_code, static_cast<std::uint32_t>(NGHTTP2_INTERNAL_ERROR));
  EXPECT_FALSE(broken.is_whole);
  EXPECT_EQ(client.request(7, "BREW", "/").read_answer(7).status, 501);
  EXPECT_EQ(client.get(9, "/%zz").read_answer(9).status, 400);
  EXPECT_EQ(client.headers(11, {{":method", "GET"}, {":scheme", "http"}, {":authority", "evil.test"}, {":path", "/"}})
                .read_answer(11)
                .status,
            421);
  EXPECT_EQ(client.get(13, "/x").read_answer(13).body, "GET /x 0");
}

TEST_F(Http2Server, HeadGetsTheHeadAlone) {
  begin();
  Frames client(Wire{port()});
  const auto answer = client.request(1, "HEAD", "/x").read_answer(1);
  EXPECT_EQ(answer.header("content-length"), "9");
  EXPECT_TRUE(answer.is_whole);
  EXPECT_EQ(answer.body, "");
}

TEST_F(Http2Server, AnAnswerThatNeedsNoBodyEndsTheSending) {
  begin();
  Frames client(Wire{port()});
  client.request(1, "POST", "/ignore", {}, false).data(1, std::string(20'000, 'x'), false);
  EXPECT_EQ(client.read_answer(1).body, "ignored");
  const auto reset = client.next_of(NGHTTP2_RST_STREAM);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->number(0), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  // What was not read is given back to the connection's window: 40 of these are more than it holds.
  for (std::int32_t id = 3; id < 83; id += 2) {
    client.request(id, "POST", "/ignore", {}, false).data(id, std::string(16'000, 'x'), false);
    EXPECT_EQ(client.read_answer(id).body, "ignored");
  }
}

TEST_F(Http2Server, ContinueIsSentOnlyWhenTheHandlerReads) {
  begin();
  Frames client(Wire{port()});
  client.request(1, "POST", "/r", {{"expect", "100-continue"}}, false);
  EXPECT_EQ(client.read_until(1, [](const Frames::Answer& answer) { return answer.status != 0; }).status, 100);
  EXPECT_EQ(client.data(1, "ok").read_answer(1).body, "POST /r 2");
  client.request(3, "POST", "/ignore", {{"expect", "100-continue"}}, false);
  EXPECT_EQ(client.read_answer(3).status, 200);
}

TEST_F(Http2Server, CookiesAreOneField) {
  begin();
  Frames client(Wire{port()});
  EXPECT_EQ(client.request(1, "GET", "/cookie", {{"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d"}}).read_answer(1).body,
            "a=b; c=d");
}

TEST_F(Http2Server, ABodyOverTheLimitIsRefused) {
  begin({.body_bytes_max = 100});
  Frames client(Wire{port()});
  EXPECT_EQ(client.request(1, "POST", "/b", {{"content-length", "101"}}, false).read_answer(1).status, 413);
  EXPECT_EQ(client.request(3, "POST", "/b", {}, false).data(3, std::string(101, 'x')).read_answer(3).status, 413);
}

TEST_F(Http2Server, ABodyThatStopsComingIs408) {
  begin({.body_grace = 100ms});
  Frames client(Wire{port()});
  EXPECT_EQ(client.request(1, "POST", "/b", {}, false).data(1, "ab", false).read_answer(1).status, 408);
  EXPECT_EQ(client.get(3, "/x").read_answer(3).body, "GET /x 0");
}

TEST_F(Http2Server, AClientThatOpensNoWindowLosesItsStreamAlone) {
  begin({.write_stall_timeout = 100ms});
  Frames client(Wire{port()}, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  const auto stalled = client.get(1, "/large").read_answer(1);
  EXPECT_EQ(stalled.status, 200);
  EXPECT_EQ(stalled.reset_code, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  EXPECT_EQ(metric("atelier_http_refused_total{reason=\"write_stalled\"}"), 1);
  client.get(3, "/x").window(3, 100);
  EXPECT_EQ(client.read_answer(3).body, "GET /x 0");
}

TEST_F(Http2Server, AClientThatReadsNothingIsCut) {
  begin({.write_stall_timeout = 100ms});
  Wire wire(port());
  wire.receive_buffer_bytes(4096);
  Frames client(std::move(wire), {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff}});
  client.window(0, 0x7fff0000 - 65'535).get(1, "/endless");
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_connections") == 0; }));
}

TEST_F(Http2Server, AnIdleConnectionEndsWithAGoodbye) {
  begin({.idle_timeout = 100ms});
  Frames client(Wire{port()});
  EXPECT_EQ(client.get(1, "/x").read_answer(1).status, 200);
  EXPECT_EQ(client.read_end(), "NO_ERROR");
}

TEST_F(Http2Server, AHeadThatTakesTooLongEndsTheConnection) {
  begin({.header_timeout = 100ms});
  Frames client(Wire{port()});
  client.next_of(NGHTTP2_SETTINGS);  // acknowledged, which may not stand within a head
  client.headers(1, {{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}},
                 NGHTTP2_FLAG_END_STREAM);
  EXPECT_FALSE(client.next_of(NGHTTP2_HEADERS));
  EXPECT_EQ(metric("atelier_http_refused_total{reason=\"header_timeout\"}"), 1);
}

TEST_F(Http2Server, AfterManyStreamsTheConnectionIsToEnd) {
  ServerOptions options;
  options.http2.streams_total_max = 10;
  begin(options);
  Frames client(Wire{port()});
  for (std::int32_t id = 1; id < 21; id += 2) EXPECT_EQ(client.get(id, "/x").read_answer(id).status, 200);
  EXPECT_EQ(client.read_end(), "NO_ERROR");
}

TEST_F(Http2Server, StoppingAnswersWhatWasAskedAndSaysWhatWillNotBe) {
  begin();
  Frames client(Wire{port()});
  client.get(1, "/wait");
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  std::thread stopping([&] { server_->stop(); });
  const auto notice = client.next_of(NGHTTP2_GOAWAY);
  ASSERT_TRUE(notice);
  EXPECT_EQ(notice->number(0), 0x7fffffffu);
  // On its way before the notice came: it is answered too.
  client.get(3, "/x");
  const auto last = client.next_of(NGHTTP2_GOAWAY);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->number(0), 3u);
  EXPECT_EQ(last->number(4), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  seen_->go = true;
  EXPECT_EQ(client.read_answer(1).body, "waited");
  EXPECT_FALSE(client.next_of(NGHTTP2_GOAWAY));
  stopping.join();
}

TEST_F(Http2Server, StoppingEndsIdleConnectionsAtOnce) {
  begin();
  Frames client(Wire{port()});
  EXPECT_EQ(client.get(1, "/x").read_answer(1).status, 200);
  server_->stop();
  EXPECT_EQ(client.read_end(), "NO_ERROR");
}

TEST_F(Http2Server, IsSpokenOverTlsWhereTheClientOffersIt) {
  const Authority authority;
  const IdentityFiles files(authority.issue({"localhost"}));
  ServerOptions options;
  options.tls.certificate_file = files.certificate();
  options.tls.key_file = files.key();
  begin(options);
  Wire wire(port());
  ASSERT_TRUE(wire.start_tls({.ca_file = authority.file(), .protocols = {"http/1.1", "h2"}}));
  EXPECT_EQ(wire.chosen_protocol(), "h2");
  Frames client(std::move(wire));
  client.request(1, "POST", "/b", {}, false).data(1, std::string(50'000, 'x'));
  EXPECT_EQ(client.read_answer(1).body, "POST /b secure 50000");
  EXPECT_EQ(client.get(3, "/large").read_answer(3).body, std::string(1'000'000, 'l'));
  EXPECT_EQ(client.get(5, "/file").read_answer(5).body, std::string(300'000, 'f'));
}

TEST_F(Http2Server, APrefaceInPiecesIsRecognised) {
  begin();
  Wire wire(port());
  for (const char c : std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) wire.send({&c, 1});
  wire.send(std::string_view("\0\0\0\x04\0\0\0\0\0", 9));
  EXPECT_EQ(wire.read_exactly(9).substr(3, 1), "\x04");
}

TEST_F(Http2Server, WhatOnlyBeginsLikeThePrefaceIsHttp1) {
  begin();
  EXPECT_EQ(Wire(port()).send("PRI * HTTP/1.1\r\nHost: " + host() + "\r\n\r\n").read_answer().status, 400);
  Wire wire(port());
  wire.send("P");
  wire.send(request("POST", "/x", "", "abc").substr(1));
  EXPECT_EQ(wire.read_answer().body, "POST /x 3");
}

}  // namespace
}  // namespace atelier::net
