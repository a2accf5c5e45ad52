// Heads and chunks of answers, without sockets.
#include "net/client/answer_head.hpp"

#include <gtest/gtest.h>

#include "net/client/chunks.hpp"
#include "net/client/field_syntax.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

Result<AnswerHead> parse(std::string_view lines, Method asked = Method::get) {
  return parse_answer_head(std::string(lines) + "\r\n", asked);
}

TEST(AnswerHeads, TellWhereTheBodyEnds) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n")->length_bytes, 5u);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n")->body_end, BodyEnd::length);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\ncontent-length:0\r\n")->body_end, BodyEnd::none);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked \r\n")->body_end, BodyEnd::chunks);
  EXPECT_EQ(parse("HTTP/1.1 200\r\n")->body_end, BodyEnd::close);
  EXPECT_EQ(parse("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n")->body_end, BodyEnd::none);
  EXPECT_EQ(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n")->body_end, BodyEnd::none);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Method::head)->body_end, BodyEnd::none);
  EXPECT_EQ(parse("HTTP/1.1 103 Early Hints\r\n")->body_end, BodyEnd::none);
  EXPECT_TRUE(parse("HTTP/1.1 103 Early Hints\r\n")->is_interim());
}

TEST(AnswerHeads, TellWhetherTheConnectionLives) {
  EXPECT_TRUE(parse("HTTP/1.1 204 x\r\n")->keeps_alive);
  EXPECT_FALSE(parse("HTTP/1.1 204 x\r\nConnection: Close\r\n")->keeps_alive);
  EXPECT_FALSE(parse("HTTP/1.1 204 x\r\nConnection: x, close\r\n")->keeps_alive);
  EXPECT_FALSE(parse("HTTP/1.0 204 x\r\n")->keeps_alive);
  EXPECT_TRUE(parse("HTTP/1.0 204 x\r\nConnection: keep-alive\r\n")->keeps_alive);
  EXPECT_FALSE(parse("HTTP/1.1 200 x\r\n")->keeps_alive);
  EXPECT_EQ(parse("HTTP/1.1 204 x\r\nKeep-Alive: timeout=5, max=100\r\n")->keep_alive_timeout, 5s);
  EXPECT_EQ(parse("HTTP/1.1 204 x\r\nKeep-Alive: max=100,Timeout=7\r\n")->keep_alive_timeout, 7s);
  EXPECT_EQ(parse("HTTP/1.1 204 x\r\nKeep-Alive: timeout=soon\r\n")->keep_alive_timeout, std::nullopt);
}

TEST(AnswerHeads, KeepTheirFieldsInOrder) {
  const auto head = parse("HTTP/1.1 204 x\r\nX-One: a\r\nx-two:\t b c \t\r\nX-ONE: d\r\nempty:\r\nx_under: e\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->fields.size(), 5u);
  EXPECT_EQ(head->fields.find("x-one"), "a");
  EXPECT_EQ(head->fields.count("x-one"), 2u);
  EXPECT_EQ(head->fields.find("x-two"), "b c");
  EXPECT_EQ(head->fields.find("empty"), "");
  EXPECT_EQ(head->fields.find("x_under"), "e");
  EXPECT_EQ(head->fields.find("absent"), std::nullopt);
  EXPECT_EQ(head->fields.at(2), (std::pair<std::string_view, std::string_view>("x-one", "d")));
  EXPECT_EQ(head->fields.find("X-Two"), "b c");
}

TEST(AnswerHeads, AreRefusedWhenTheyAreBroken) {
  for (const std::string_view lines :
       {"",
        "HTTP/1.1\r\n",
        "HTTP/1.1 \r\n",
        "HTTP/1.1 20\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1 2x0 OK\r\n",
        "HTTP/2 200 OK\r\n",
        "http/1.1 200 OK\r\n",
        "HTTP/1.1  200 OK\r\n",
        "ICY 200 OK\r\n",
        "HTTP/1.1 200 O\x01K\r\n",
        "HTTP/1.1 200 O\rK\r\n",
        "HTTP/1.1 200 OK\r\nnothing\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n",
        "HTTP/1.1 200 OK\r\na b: x\r\n",
        "HTTP/1.1 200 OK\r\na : x\r\n",
        "HTTP/1.1 200 OK\r\na: x\r\n folded\r\n",
        "HTTP/1.1 200 OK\r\na: x\ry\r\n",
        "HTTP/1.1 200 OK\r\na: x\x01\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"}) {
    auto head = parse(lines);
    ASSERT_FALSE(head) << lines;
    EXPECT_EQ(head.error().reason, "answer_broken");
    EXPECT_EQ(head.error().code, ErrorCode::unavailable);
  }
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) many += "a: b\r\n";
  EXPECT_TRUE(parse(many));
  EXPECT_FALSE(parse(many + "a: b\r\n"));
}

TEST(AnswerHeads, AreFoundInWhateverPiecesTheyCome) {
  const std::string head = "HTTP/1.1 200 OK\r\na: b\r\n\r\n";
  std::size_t scanned = 0;
  for (std::size_t size = 0; size < head.size(); ++size)
    EXPECT_EQ(find_answer_head(head.substr(0, size), scanned).value(), std::nullopt);
  EXPECT_EQ(find_answer_head(head + "body", scanned).value(), head.size());
  scanned = 0;
  EXPECT_EQ(find_answer_head("HTTP/1.1 200 OK\na: b\n\n", scanned).error().reason, "answer_broken");
  scanned = 0;
  EXPECT_EQ(find_answer_head("HTTP/1.1 200 OK\r\na: " + std::string(33000, 'x'), scanned).error().reason,
            "answer_broken");
  scanned = 0;
  EXPECT_TRUE(find_answer_head("HTTP/1.1 200 OK\r\na: " + std::string(32000, 'x'), scanned));
}

TEST(FieldValues, CannotBecomeTwoFields) {
  for (const std::string_view fine : {"", "a", "a b", "a\tb", "caf\xc3\xa9"}) EXPECT_TRUE(is_field_value(fine)) << fine;
  for (const std::string_view bad : {"a\r\nb: c", "a\nb", "a\rb", " a", "a ", "\ta", "a\x7f", "a\x01"})
    EXPECT_FALSE(is_field_value(bad)) << bad;
  EXPECT_FALSE(is_field_value(std::string_view("a\0b", 3)));
}

// The payload of `bytes`, given `step` at a time, then how it stands: "." ended, "~" goes on, "!" refused, and what is
// left.
std::string decode(std::string_view bytes, std::size_t step) {
  ChunkDecoder decoder;
  std::string payload;
  for (std::size_t at = 0; at < bytes.size();) {
    std::string piece(bytes.substr(at, step));
    const auto decoded = decoder.decode(piece);
    if (!decoded) return payload + "!";
    payload += piece.substr(decoded->begin, decoded->size);
    at += decoded->used;
    if (decoder.is_done()) return payload + "." + std::string(bytes.substr(at));
  }
  return payload + "~";
}

TEST(Chunks, AreTakenApartInWhateverPiecesTheyCome) {
  struct Case {
    std::string_view bytes, payload;
  };
  for (const Case& body : {Case{"5\r\nhello\r\n0\r\n\r\n", "hello."},
                           {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nnext", "hello world.next"},
                           {"A;a=b\r\n0123456789\r\n00\r\n\r\n", "0123456789."},
                           {"1 ; a=\"b\"\r\nx\r\n0\r\nTrailer: y\r\nOther: z\r\n\r\n", "x."},
                           {"0\r\n\r\n", "."},
                           {"5\r\nhel", "hel~"},
                           {"5\r\nhello\r\n", "hello~"},
                           {"5", "~"},
                           {"1\r\n\r\r\n0\r\n\r", "\r~"}})
    for (const std::size_t step : {1u, 2u, 3u, 7u, 1000u})
      EXPECT_EQ(decode(body.bytes, step), body.payload) << body.bytes << " by " << step;
}

TEST(Chunks, AreRefusedWhenTheyAreBroken) {
  const std::string long_extension = "5;" + std::string(300, 'x') + "\r\nhello\r\n",
                    long_trailer = "0\r\n" + std::string(9000, 'x') + "\r\n\r\n";
  for (const std::string_view bytes :
       {std::string_view("\r\n"), std::string_view("x\r\n"), std::string_view("-1\r\n"),
        std::string_view("0x5\r\nhello\r\n"), std::string_view("5\nhello\r\n"), std::string_view("5\r\nhello0\r\n"),
        std::string_view("5\r\nhello\rx"), std::string_view("5\r\nhello\n0\r\n\r\n"), std::string_view("5;a\x01\r\n"),
        std::string_view("5\rx"), std::string_view("00000000000000001\r\nx\r\n"),
        std::string_view("0\r\nTrailer\nx\r\n\r\n"), std::string_view("0\r\n\rx"), std::string_view(long_extension),
        std::string_view(long_trailer)})
    for (const std::size_t step : {1u, 5u, 100000u})
      EXPECT_TRUE(decode(bytes, step).ends_with('!')) << bytes << " by " << step;
}

}  // namespace
}  // namespace atelier::net
