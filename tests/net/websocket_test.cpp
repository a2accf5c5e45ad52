// WebSockets: frames as pure functions, and conversations with a server.
#include "net/websocket.hpp"

#include <atomic>

#include "base/async.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;
using Kind = SocketMessage::Kind;

SocketMessage message_of(Kind kind, std::string bytes, std::uint16_t close_code = 0) {
  return {.kind = kind, .bytes = std::move(bytes), .close_code = close_code};
}

// As a client sends it: masked.
std::string frame(std::uint8_t first, std::string_view payload) {
  const char mask[4] = {0x11, 0x22, 0x33, 0x44};
  std::string out(1, static_cast<char>(first));
  if (payload.size() <= 125) {
    out += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() <= 0xffff) {
    out += static_cast<char>(0x80 | 126);
    for (int shift = 8; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
  } else {
    out += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
  }
  out.append(mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

// "text:hello" for each message, or the code of what is wrong with the bytes.
std::string decode_all(std::string_view bytes, std::size_t piece_bytes = 1'000'000,
                       std::size_t message_bytes_max = 100'000) {
  SocketDecoder decoder(message_bytes_max);
  std::string out;
  for (std::string_view rest = bytes; !rest.empty();) {
    std::string_view piece = rest.substr(0, piece_bytes);
    rest.remove_prefix(piece.size());
    while (!piece.empty()) {
      std::optional<SocketMessage> message;
      auto used = decoder.decode(piece, message);
      if (!used) return out + "!" + std::to_string(close_code_of(used.error()));
      piece.remove_prefix(*used);
      if (!message) continue;
      constexpr std::string_view kNames[] = {"text", "binary", "ping", "pong", "close"};
      out += std::string(kNames[static_cast<std::size_t>(message->kind)]) + ":" + message->bytes +
             (message->close_code ? std::to_string(message->close_code) : "") + ";";
    }
  }
  return out;
}

TEST(SocketFrames, AreReadInPiecesOfAnySize) {
  const std::string bytes = frame(0x81, "hello") + frame(0x01, "two ") + frame(0x89, "p") + frame(0x80, "parts") +
                            frame(0x82, std::string("\0\xff", 2)) + frame(0x88, std::string("\x03\xe8", 2) + "bye") +
                            frame(0x81, std::string(300, 'x')) + frame(0x81, std::string(70'000, 'y'));
  const std::string wanted = decode_all(bytes);
  EXPECT_TRUE(wanted.starts_with("text:hello;ping:p;text:two parts;binary:" + std::string("\0\xff", 2) +
                                 ";close:bye1000;text:xxx"))
      << wanted.substr(0, 80);
  for (const std::size_t size : {1UZ, 2UZ, 3UZ, 7UZ, 64UZ}) EXPECT_EQ(decode_all(bytes, size), wanted) << size;
}

TEST(SocketFrames, AreRefusedWhenTheyAreMalformed) {
  std::string unmasked = frame(0x81, "x");
  unmasked[1] = static_cast<char>(unmasked[1] & 0x7f);
  for (const auto& [bytes, wanted] : std::initializer_list<std::pair<std::string, std::string>>{
           {unmasked, "!1002"},
           {std::string("\x81\xfe\x00\x05\0\0\0\0hello", 13), "!1002"},       // a length in more bytes than it needs
           {std::string("\x82\xff\0\0\0\0\0\0\0\x7f\0\0\0\0", 14), "!1002"},  // the same, of 8
           {frame(0xc1, "x"), "!1002"},                                       // an extension's bit
           {frame(0x83, "x"), "!1002"},                                       // no opcode
           {frame(0x8b, "x"), "!1002"},                                       // no opcode of a control frame
           {frame(0x80, "x"), "!1002"},                                       // continues nothing
           {frame(0x01, "x") + frame(0x81, "y"), "!1002"},                    // a message within another
           {frame(0x09, "x"), "!1002"},                                       // a ping in parts
           {frame(0x89, std::string(126, 'x')), "!1002"},                     // a long ping
           {frame(0x88, "x"), "!1002"},                                       // half a close code
           {frame(0x88, std::string("\x03\xed", 2)), "!1002"},                // 1005
           {frame(0x88, std::string("\x07\xd0", 2)), "!1002"},                // 2000
           {frame(0x88, std::string("\x03\xe8\xff", 3)), "!1007"},            // why, but not in UTF-8
           {frame(0x81, "\xc3\x28"), "!1007"},                                // text that is none
           {frame(0x01, "\xc3") + frame(0x80, "\x28"), "!1007"},              // in two parts
           {frame(0x82, std::string(100'001, 'x')), "!1009"},                 // over the limit
           {frame(0x02, std::string(60'000, 'x')) + frame(0x80, std::string(60'000, 'x')), "!1009"},  // together
           {std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14), "!1009"},  // 64 bits of length
       })
    EXPECT_EQ(decode_all(bytes), wanted);
  EXPECT_EQ(decode_all(frame(0x01, "\xc3") + frame(0x80, "\xa4")), "text:\xc3\xa4;");
}

TEST(SocketFrames, AreWrittenAsShortAsTheyCanBe) {
  EXPECT_EQ(encode(message_of(Kind::text, "hi")), "\x81\x02hi");
  EXPECT_EQ(encode(message_of(Kind::ping, "")), std::string("\x89\0", 2));
  EXPECT_EQ(encode(message_of(Kind::close, "bye", 1000)),
            "\x88\x05\x03\xe8"
            "bye");
  EXPECT_EQ(encode(message_of(Kind::close, "", 1005)), std::string("\x88\0", 2));
  EXPECT_EQ(encode(message_of(Kind::binary, std::string(126, 'x'))).substr(0, 4), std::string("\x82\x7e\0\x7e", 4));
  EXPECT_EQ(encode(message_of(Kind::binary, std::string(65'536, 'x'))).substr(0, 10),
            std::string("\x82\x7f\0\0\0\0\0\x01\0\0", 10));
  EXPECT_LE(encode(message_of(Kind::close, std::string(200, 'x'), 1002)).size(), 127u);
}

struct Seen {
  std::atomic<bool> has_begun = false, has_ended = false, was_cancelled = false;
};

// Says back what it hears.
Task<Result<>> echo(WebSocket* socket, std::shared_ptr<Seen> seen) {
  seen->has_begun = true;
  for (;;) {
    auto message = co_await socket->receive();
    if (!message) {
      seen->was_cancelled = message.error().code == ErrorCode::cancelled;
      co_return error_of(message);
    }
    if (!*message) break;
    if ((*message)->bytes == "fail") co_return fail(ErrorCode::internal, "our own fault");
    if ((*message)->bytes == "end") break;
    if (auto sent = co_await socket->send(std::move(**message)); !sent) co_return sent;
  }
  seen->has_ended = true;
  co_return Result<>{};
}

class WebSockets : public ServerFixture {
 protected:
  void begin(ServerOptions options = {}, SocketOptions socket_options = {}) {
    serve(
        [seen = seen_, socket_options](Request request) -> Task<Result<Response>> {
          if (request.path == "/plain") co_return text_response("plain");
          auto accepted =
              accept_websocket(request, [seen](WebSocket& socket) { return echo(&socket, seen); }, socket_options);
          co_return accepted;
        },
        std::move(options));
  }
  std::string handshake(std::string_view more = "") const {
    return get("/api/socket",
               "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
               "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                   std::string(more));
  }
  // Its head read.
  Wire open() {
    Wire wire(port());
    wire.send(handshake());
    EXPECT_EQ(wire.read_line(), "HTTP/1.1 101 Switching Protocols");
    std::string head;
    for (std::string line = wire.read_line(); !line.empty(); line = wire.read_line()) head += line + "\n";
    EXPECT_NE(head.find("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"), std::string::npos)
        << head;  // RFC 6455's example
    EXPECT_NE(head.find("upgrade: websocket\n"), std::string::npos);
    EXPECT_NE(head.find("connection: upgrade\n"), std::string::npos);
    EXPECT_EQ(head.find("transfer-encoding"), std::string::npos);
    EXPECT_EQ(head.find("content-length"), std::string::npos);
    return wire;
  }
  // The code of the close that comes next, after which the server closes.
  static int read_close(Wire& wire) {
    const std::string bytes = wire.read_all();
    const std::size_t at = bytes.find('\x88');
    if (at == std::string::npos || bytes.size() < at + 4) return 0;
    return static_cast<std::uint8_t>(bytes[at + 2]) << 8 | static_cast<std::uint8_t>(bytes[at + 3]);
  }
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
};

TEST_F(WebSockets, SayBackWhatTheyHear) {
  begin();
  Wire wire = open();
  wire.send(frame(0x81, "hello"));
  EXPECT_EQ(wire.read_exactly(7), "\x81\x05hello");
  wire.send(frame(0x02, "in ") + frame(0x89, "there?") + frame(0x80, "parts"));
  EXPECT_EQ(wire.read_exactly(8), "\x8a\x06there?");
  EXPECT_EQ(wire.read_exactly(10), "\x82\x08in parts");
  wire.send(frame(0x82, std::string(1'000'000, 'x')));
  EXPECT_EQ(wire.read_exactly(1'000'010).substr(10), std::string(1'000'000, 'x'));
  wire.send(frame(0x88, "\x03\xe9"));
  EXPECT_EQ(read_close(wire), 1001);  // as the client said
  EXPECT_TRUE(seen_->has_ended);
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_connections") == 0; }));
}

TEST_F(WebSockets, TakeWhatCameWithTheRequest) {
  begin();
  Wire wire(port());
  wire.send(handshake() + frame(0x81, "early"));
  while (!wire.read_line().empty()) {
  }
  EXPECT_EQ(wire.read_exactly(7),
            "\x81\x05"
            "early");
}

TEST_F(WebSockets, EndWithACodeThatSaysWhy) {
  begin();
  for (const auto& [bytes, code] :
       std::initializer_list<std::pair<std::string, int>>{{frame(0x81, "end"), 1000},
                                                          {frame(0x81, "fail"), 1011},
                                                          {frame(0x83, "x"), 1002},
                                                          {frame(0x81, "\xff"), 1007},
                                                          {frame(0x82, std::string(1'100'000, 'x')), 1009}}) {
    Wire wire = open();
    wire.send(bytes);
    wire.shutdown_send();
    EXPECT_EQ(read_close(wire), code);
  }
}

TEST_F(WebSockets, AClientThatVanishesEndsThem) {
  begin();
  {
    Wire wire = open();
    EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  }
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_connections") == 0; }));
}

TEST_F(WebSockets, AClientThatSaysNothingIsAskedAndThenLeft) {
  begin({}, {.message_bytes_max = 1000, .idle_timeout = 250ms});
  Wire wire = open();
  EXPECT_EQ(wire.read_exactly(2), std::string("\x89\0", 2));
  wire.send(frame(0x8a, ""));
  EXPECT_EQ(wire.read_exactly(2), std::string("\x89\0", 2));
  EXPECT_EQ(wire.read_all(), "");
  EXPECT_TRUE(seen_->was_cancelled);
}

TEST_F(WebSockets, StoppingCutsThemInTime) {
  begin({.stop_timeout = 50ms});
  Wire wire = open();
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  server_->stop();
  EXPECT_TRUE(seen_->was_cancelled);
}

TEST_F(WebSockets, AreRefusedToWhoDoesNotAskForThemRightly) {
  begin();
  const auto ask = [&](const std::string& fields) {
    Wire wire(port());
    return wire.send(get("/api/socket", fields)).read_answer().status;
  };
  const std::string rest = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_EQ(ask(rest), 400);
  EXPECT_EQ(ask("Upgrade: websocket\r\n" + rest), 400);
  EXPECT_EQ(ask("Connection: upgrade\r\n" + rest), 400);
  EXPECT_EQ(ask("Connection: upgrade\r\nUpgrade: h2c\r\n" + rest), 400);
  const std::string upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
  EXPECT_EQ(ask(upgrade + "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), 400);
  EXPECT_EQ(ask(upgrade + "Sec-WebSocket-Version: 13\r\n"), 400);
  EXPECT_EQ(ask(upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n"), 400);
  EXPECT_FALSE(seen_->has_begun);
}

TEST_F(WebSockets, AreRefusedToPagesOfOtherSites) {
  begin();
  Wire wire(port());
  EXPECT_EQ(wire.send(handshake("Origin: https://evil.test\r\n")).read_answer().status, 403);
  Wire other(port());
  std::string elsewhere = handshake("Origin: null\r\n");
  elsewhere.replace(elsewhere.find("/api/socket"), 11, "/elsewhere");
  EXPECT_EQ(other.send(elsewhere).read_answer().status, 403);
}

TEST_F(WebSockets, AnUpgradeThatNobodyWantsIsIgnored) {
  begin();
  Wire wire(port());
  EXPECT_EQ(
      wire.send(get("/plain", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"))
          .read_answer()
          .body,
      "plain");
  EXPECT_EQ(wire.send(get("/plain")).read_answer().body, "plain");
}

}  // namespace
}  // namespace atelier::net
