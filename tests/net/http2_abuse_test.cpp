// Clients of HTTP/2 that mean no good: each is told why and cut, and others are served.
#include <atomic>

#include "base/async.hpp"
#include "tests/net/frames.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

class Http2Abuse : public ServerFixture {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.allowed_hosts.push_back("localhost");
    serve(
        [this](Request request) -> Task<Result<Response>> {
          ++count_;
          if (request.path == "/wait") {
            if (auto slept = co_await sleep_for(1h); !slept) co_return error_of(slept);
          }
          auto body = co_await request.read_body(1 << 20);
          if (!body) co_return error_of(body);
          co_return text_response("fine");
        },
        std::move(options));
  }
  void TearDown() override {
    // Whatever was done: the server answers others, and what was cut is gone.
    Frames other(Wire{port()});
    EXPECT_EQ(other.get(1).read_answer(1).body, "fine");
    EXPECT_TRUE(eventually([&] { return metric("atelier_http_connections") == 1; }));
    ServerFixture::TearDown();
  }
  double refused(const std::string& reason) const {
    return metric("atelier_http_refused_total{reason=\"" + reason + "\"}");
  }
  void expect_calmed(Frames& client, const std::string& reason) {
    EXPECT_EQ(client.read_end(), "ENHANCE_YOUR_CALM") << reason;
    EXPECT_TRUE(eventually([&] { return refused(reason) == 1; })) << reason;
  }
  std::atomic<int> count_ = 0;
};

TEST_F(Http2Abuse, RapidReset) {
  Frames client(Wire{port()});
  for (std::int32_t id = 1; id < 1001; id += 2) client.get(id, "/wait").reset(id);
  expect_calmed(client, "http2_resets");
  EXPECT_LE(count_, 210);
}

TEST_F(Http2Abuse, AFewResetsAreNone) {
  Frames client(Wire{port()});
  std::int32_t id = 1;
  for (; id < 301; id += 2) client.get(id, "/wait").reset(id);
  EXPECT_EQ(client.get(id).read_answer(id).body, "fine");
}

TEST_F(Http2Abuse, ResetsThatTheServerIsMadeToSend) {
  Frames client(Wire{port()});
  // A window beyond what can be counted is an error of the stream's.
  for (std::int32_t id = 1; id < 1001; id += 2) client.request(id, "GET", "/wait").window(id, 0x7fffffff);
  const std::string end = client.read_end();
  EXPECT_EQ(end, "ENHANCE_YOUR_CALM");
  EXPECT_LE(count_, 210);
}

TEST_F(Http2Abuse, MalformedRequestsOneAfterTheOther) {
  Frames client(Wire{port()});
  for (std::int32_t id = 1; id < 1001; id += 2)
    client.headers(id, {{":method", "GET"}, {":scheme", "http"}, {":path", ""}});
  EXPECT_EQ(client.read_end(), "ENHANCE_YOUR_CALM");
  EXPECT_EQ(count_, 0);
}

TEST_F(Http2Abuse, Pings) {
  Frames client(Wire{port()});
  for (int i = 0; i < 2000; ++i) client.ping();
  expect_calmed(client, "http2_ping_flood");
}

TEST_F(Http2Abuse, AFewPingsAreAnswered) {
  Frames client(Wire{port()});
  for (int i = 0; i < 50; ++i) client.ping();
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.next_of(NGHTTP2_PING);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->flags, NGHTTP2_FLAG_ACK);
    EXPECT_EQ(answer->payload, "12345678");
  }
}

TEST_F(Http2Abuse, Settings) {
  Frames client(Wire{port()});
  for (int i = 0; i < 2000; ++i) client.send(NGHTTP2_SETTINGS, 0, 0, std::string_view("\0\x03\0\0\0\x64", 6));
  expect_calmed(client, "http2_settings_flood");
}

TEST_F(Http2Abuse, EmptyData) {
  Frames client(Wire{port()});
  client.request(1, "POST", "/wait", {}, false);
  for (int i = 0; i < 2000; ++i) client.data(1, "", false);
  expect_calmed(client, "http2_empty_data_flood");
}

TEST_F(Http2Abuse, PaddingThatCarriesNothing) {
  Frames client(Wire{port()});
  client.request(1, "POST", "/wait", {}, false);
  const std::string padded = std::string(1, '\0');
  for (int i = 0; i < 5000; ++i) client.send(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, padded);
  expect_calmed(client, "http2_empty_data_flood");
}

TEST_F(Http2Abuse, WindowsOpenedByteByByte) {
  Frames client(Wire{port()});
  client.get(1, "/wait");
  for (int i = 0; i < 5000; ++i) client.window(1, 1);
  expect_calmed(client, "http2_window_update_flood");
}

TEST_F(Http2Abuse, Priorities) {
  Frames client(Wire{port()});
  for (int i = 0; i < 2000; ++i) client.send(NGHTTP2_PRIORITY, 0, 2 * i + 1, std::string_view("\0\0\0\0\x10", 5));
  expect_calmed(client, "http2_priority_flood");
}

TEST_F(Http2Abuse, UnknownFrames) {
  Frames client(Wire{port()});
  for (int i = 0; i < 5000; ++i) client.send(0x42, 0, 0, "x");
  expect_calmed(client, "http2_glitches");
}

TEST_F(Http2Abuse, ContinuationWithoutEnd) {
  Frames client(Wire{port()});
  const std::string block =
      client.encode({{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}});
  client.send(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block);
  for (int i = 0; i < 1000; ++i) client.send(NGHTTP2_CONTINUATION, 0, 1, "");
  expect_calmed(client, "http2_continuation_flood");
}

TEST_F(Http2Abuse, ABlockOfManyBytes) {
  Frames client(Wire{port()});
  const std::string block =
      client.encode({{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}});
  client.send(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block);
  // Literals without indexing, 16 KB a frame.
  const std::string literal = std::string("\0\x01x\x7f", 4) + "\x80\x7d" + std::string(16'127, 'v');
  for (int i = 0; i < 6; ++i) client.send(NGHTTP2_CONTINUATION, i == 5 ? NGHTTP2_FLAG_END_HEADERS : 0, 1, literal);
  expect_calmed(client, "http2_continuation_flood");
}

TEST_F(Http2Abuse, FieldsBuiltFromOneByteEach) {
  Frames client(Wire{port()});
  // A field of 3 KB goes into the table, and then each byte means it again.
  const std::string value(2'900, 'v');
  std::string block = client.encode(
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}, {"x-bomb", value}});
  client.send(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS, 1, block);
  EXPECT_EQ(client.read_answer(1).body, "fine");
  block = client.encode({{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}});
  block += std::string(10'000, '\xbe');  // index 62, the newest of the table
  client.send(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS, 3, block);
  EXPECT_EQ(client.read_answer(3).status, 431);
  EXPECT_EQ(count_, 1);
  // The compression's state was kept.
  EXPECT_EQ(client.get(5).read_answer(5).body, "fine");
}

TEST_F(Http2Abuse, ManyFieldsAndManyCookies) {
  Frames client(Wire{port()});
  Fields fields, cookies;
  for (int i = 0; i < 100; ++i) fields.emplace_back("x" + std::to_string(i), "y");
  EXPECT_EQ(client.request(1, "GET", "/", fields).read_answer(1).status, 200);
  fields.emplace_back("z", "y");
  EXPECT_EQ(client.request(3, "GET", "/", fields).read_answer(3).status, 431);
  for (int i = 0; i < 101; ++i) cookies.emplace_back("cookie", "a=b");
  EXPECT_EQ(client.request(5, "GET", "/", cookies).read_answer(5).status, 431);
  EXPECT_EQ(client.request(7, "GET", "/" + std::string(9'000, 'x')).read_answer(7).status, 414);
  EXPECT_EQ(client
                .request(9, "GET", "/",
                         {{"x", std::string(8'000, 'x')},
                          {"y", std::string(8'000, 'x')},
                          {"z", std::string(8'000, 'x')},
                          {"w", std::string(8'500, 'x')}})
                .read_answer(9)
                .status,
            431);
}

TEST_F(Http2Abuse, HeadsThatTogetherAreTooMuch) {
  Frames client(Wire{port()});
  // Eight of 28 KB are under 256 KiB, and they wait.
  const Fields large = {{"x", std::string(14'000, 'x')}, {"y", std::string(14'000, 'x')}};
  for (std::int32_t id = 1; id < 17; id += 2) client.request(id, "GET", "/wait", large);
  EXPECT_TRUE(eventually([&] { return count_ == 8; }));
  EXPECT_EQ(client.request(19, "GET", "/", large).read_answer(19).body, "fine");  // the ninth ends at once
  client.request(21, "GET", "/wait", large);
  for (std::int32_t later = 23; later < 37; later += 2)
    EXPECT_EQ(client.request(later, "GET", "/", large).read_answer(later).reset_code,
              static_cast<std::uint32_t>(NGHTTP2_REFUSED_STREAM))
        << later;
  client.reset(1);
  std::int32_t id = 35;
  EXPECT_TRUE(eventually([&] {
    id += 2;
    return client.request(id, "GET", "/", large).read_answer(id).body == "fine";
  }));
}

TEST_F(Http2Abuse, MoreStreamsThanAllowed) {
  Frames client(Wire{port()});
  client.next_of(NGHTTP2_SETTINGS);  // acknowledged: from here on the client knows
  for (std::int32_t id = 1; id < 205; id += 2) client.get(id, "/wait");
  EXPECT_EQ(client.read_end(), "PROTOCOL_ERROR");
  EXPECT_EQ(count_, 100);
}

TEST_F(Http2Abuse, WhatIsNoRequestIsReset) {
  const Fields base = {{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}};
  const auto with = [&](Fields more) {
    Fields all = base;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const Fields cases[] = {
      with({{"connection", "close"}}),
      with({{"keep-alive", "timeout=5"}}),
      with({{"proxy-connection", "close"}}),
      with({{"transfer-encoding", "chunked"}}),
      with({{"upgrade", "h2c"}}),
      with({{"te", "gzip"}}),
      with({{"X-Upper", "y"}}),
      with({{"x", "a\r\nb: c"}}),
      with({{"x", std::string("a\0b", 3)}}),
      with({{"x", " y"}}),
      with({{"x", "y "}}),
      with({{":path", "/again"}}),
      with({{":unknown", "y"}}),
      with({{"x", "y"}, {":late", "y"}}),
      with({{"content-length", "1"}, {"content-length", "2"}}),
      with({{"content-length", "-1"}}),
      with({{"content-length", "5"}}),
      with({{"x y", "z"}}),
      with({{"", "z"}}),
      with({{"host", "evil.test"}}),
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", ""}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "x"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}},
      {{":method", "GET"}, {":authority", "localhost"}, {":path", "/"}},
      {{":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "ftp"}, {":authority", "localhost"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},
      {{":method", "G T"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "user@localhost"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", "/a b"}},
      {{":status", "200"}},
  };
  Frames client(Wire{port()});
  std::int32_t id = 1;
  for (const Fields& fields : cases) {
    const auto answer = client.headers(id, fields).read_answer(id);
    const std::string which = fields.back().first + ": " + fields.back().second;
    if (answer.reset_code)
      EXPECT_EQ(*answer.reset_code, static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR)) << which;
    else
      EXPECT_EQ(answer.status, 400) << which;
    id += 2;
  }
  EXPECT_EQ(count_, 0);
  EXPECT_EQ(client.get(id).read_answer(id).body, "fine");
}

TEST_F(Http2Abuse, ABodyThatIsNotAsLongAsItSays) {
  Frames client(Wire{port()});
  client.request(1, "POST", "/", {{"content-length", "5"}}, false).data(1, "abc");
  EXPECT_EQ(client.read_answer(1).reset_code, static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
  client.request(3, "POST", "/", {{"content-length", "2"}}, false).data(3, "abc");
  EXPECT_EQ(client.read_answer(3).reset_code, static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
}

TEST_F(Http2Abuse, ConnectionsThatBreakTheProtocolAreEnded) {
  struct Case {
    std::string_view name, end;
    std::uint8_t type, flags;
    std::int32_t stream;
    std::string payload;
  };
  for (const Case& one :
       {Case{"data without a stream", "PROTOCOL_ERROR", NGHTTP2_DATA, 0, 0, "x"},
        Case{"data of a stream never opened", "PROTOCOL_ERROR", NGHTTP2_DATA, 0, 7, "x"},
        Case{"headers of an even stream", "PROTOCOL_ERROR", NGHTTP2_HEADERS, 5, 2, "\x82"},
        Case{"a frame too large", "FRAME_SIZE_ERROR", NGHTTP2_DATA, 0, 1, std::string(20'000, 'x')},
        Case{"settings of 5 bytes", "FRAME_SIZE_ERROR", NGHTTP2_SETTINGS, 0, 0, "12345"},
        Case{"a push", "PROTOCOL_ERROR", NGHTTP2_PUSH_PROMISE, 4, 1, std::string("\0\0\0\2\x82", 5)},
        Case{"a ping of 3 bytes", "FRAME_SIZE_ERROR", NGHTTP2_PING, 0, 0, "123"},
        Case{"a block that is none", "COMPRESSION_ERROR", NGHTTP2_HEADERS, 5, 1, "\xff\xff\xff\xff\xff\xff"},
        Case{"a window beyond all", "FLOW_CONTROL_ERROR", NGHTTP2_WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff"},
        Case{"a continuation of nothing", "PROTOCOL_ERROR", NGHTTP2_CONTINUATION, 4, 1, "\x82"}}) {
    Frames client(Wire{port()});
    client.send(one.type, one.flags, one.stream, one.payload);
    EXPECT_EQ(client.read_end(), one.end) << one.name;
  }
  EXPECT_TRUE(eventually([&] { return refused("http2_protocol_error") == 10; }));
}

TEST_F(Http2Abuse, APrefaceThatGoesWrong) {
  Frames client(Wire{port()});
  client.wire().send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_end(), "FRAME_SIZE_ERROR");
}

TEST_F(Http2Abuse, WhoeverAsksAndNeverReadsHoldsLittle) {
  Wire wire(port());
  wire.receive_buffer_bytes(4096);
  Frames client(std::move(wire));
  for (std::int32_t id = 1; id < 2001; id += 2) {
    client.get(id);
    if (id % 40 == 1) client.ping();
  }
  SUCCEED();
}

}  // namespace
}  // namespace atelier::net
