#include <fstream>

#include "base/async.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

Task<Result<Response>> answer_ok(Request request) {
  auto body = co_await request.read_body(1 << 20);
  if (!body) co_return error_of(body);
  co_return text_response("handled:" + *body);
}

struct Case {
  std::string name;
  int status = 0;
  std::string bytes;
};

std::string unescape(const std::string& line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line.compare(i, 2, "\\x") == 0) {
      out += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      out += line[i];
    }
  }
  return out;
}

std::vector<Case> read_cases() {
  std::ifstream file(ATELIER_SOURCE_DIR "/tests/data/net/smuggling.case");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("== ")) {
      const std::size_t colon = line.rfind(": ");
      cases.push_back({line.substr(3, colon - 3), std::stoi(line.substr(colon + 2)), {}});
    } else if (!cases.empty() && !line.empty()) {
      const bool joins = line.ends_with('\\');
      cases.back().bytes += unescape(joins ? line.substr(0, line.size() - 1) : line) + (joins ? "" : "\r\n");
    }
  }
  for (Case& one : cases) one.bytes += "\r\n";
  return cases;
}

class Smuggling : public ServerFixture {};

TEST_F(Smuggling, EveryRefusedHeadIsAnsweredWithAProblemAndNeverReachesAHandler) {
  serve(answer_ok);
  const auto cases = read_cases();
  ASSERT_GT(cases.size(), 40u);
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    std::string bytes = one.bytes;
    for (std::size_t at; (at = bytes.find("HOST")) != std::string::npos;) bytes.replace(at, 4, host());
    Wire wire(port());
    const auto answer = wire.send(bytes).read_answer();
    EXPECT_EQ(answer.status, one.status);
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    EXPECT_NE(answer.body.find("\"request_id\""), std::string::npos);
    if (one.status == 400) {
      EXPECT_TRUE(wire.is_closed());
    }
  }
}

class ChunkedBody : public ServerFixture {
 protected:
  Wire::Answer post(std::string_view chunks) {
    Wire wire(port());
    return wire
        .send("POST /c HTTP/1.1\r\nHost: " + host() + "\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks))
        .read_answer();
  }
};

TEST_F(ChunkedBody, IsReadToItsEnd) {
  serve(answer_ok);
  EXPECT_EQ(post("3\r\nabc\r\n0\r\n\r\n").body, "handled:abc");
  EXPECT_EQ(post("0\r\n\r\n").body, "handled:");
  EXPECT_EQ(post("00000000000000A\r\n0123456789\r\n0\r\n\r\n").body, "handled:0123456789");
}

TEST_F(ChunkedBody, MayEndInPiecesOfAnySize) {
  serve(answer_ok);
  for (std::size_t cut = 1; cut < 5; ++cut) {
    const std::string_view last = "0\r\n\r\n";
    Wire wire(port());
    wire.send("POST /c HTTP/1.1\r\nHost: " + host() + "\r\nTransfer-Encoding: chunked\r\n\r\n" +
              std::string(last.substr(0, cut)));
    for (const char c : last.substr(cut)) wire.send({&c, 1});
    EXPECT_EQ(wire.read_answer().body, "handled:") << cut;
  }
}

TEST_F(ChunkedBody, IsRefusedWhenItsFramingIsMalformed) {
  serve(answer_ok);
  for (const std::string_view bytes : {
           "x\r\nabc\r\n0\r\n\r\n",                  // no size
           "3\nabc\r\n0\r\n\r\n",                    // bare line feed
           "3\r\nabcd\r\n0\r\n\r\n",                 // more than the size
           "-3\r\nabc\r\n0\r\n\r\n",                 // a sign
           "0x3\r\nabc\r\n0\r\n\r\n",                // a prefix
           "00000000000000003\r\nabc\r\n0\r\n\r\n",  // 17 digits
           "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n",         // a line feed in an extension
           "3;a\x01=b\r\nabc\r\n0\r\n\r\n",          // a control byte in an extension
           "3 abc\r\nabc\r\n0\r\n\r\n",
           "3 \r\nabc\r\n0\r\n\r\n",          // a blank where others stop reading the size
           "+3\r\nabc\r\n0\r\n\r\n",          // another sign
           " 3\r\nabc\r\n0\r\n\r\n",          // a blank before the size
           "3\r\r\nabc\r\n0\r\n\r\n",         // a bare carriage return
           "3\r\nabc\n0\r\n\r\n",             // a bare line feed after the data
           "3\r\nabc0\r\n\r\n",               // nothing after the data
           "3\r\nabc\r\n\r\n0\r\n\r\n",       // an empty line between chunks
           "3\r\nabc\r\n0\r\nX\r\n\r\n",      // a trailer that is no field
           "3\r\nabc\r\n0\r\nX : y\r\n\r\n",  // a blank before the trailer's colon
           "3_0\r\nabc\r\n0\r\n\r\n",         // what only some languages read as a number
       }) {
    SCOPED_TRACE(bytes);
    EXPECT_EQ(post(bytes).status, 400);
  }
}

TEST_F(ChunkedBody, ThatNeverEndsIs408) {
  serve(answer_ok, {.body_grace = std::chrono::milliseconds(100)});
  EXPECT_EQ(post("FFFFFFFFFFFFFFFF\r\nabc\r\n").status, 408);
  EXPECT_EQ(post("3\r\nabc\r\n0\r\nX: y\n\r\n").status, 408);  // a bare line feed ends no trailer
}

TEST_F(ChunkedBody, IsRefusedWhenItsExtensionsAreLong) {
  serve(answer_ok);
  EXPECT_EQ(post("3;a=" + std::string(200, 'x') + "\r\nabc\r\n0\r\n\r\n").body, "handled:abc");
  EXPECT_EQ(post("3;a=" + std::string(300, 'x') + "\r\nabc\r\n0\r\n\r\n").status, 400);
  EXPECT_EQ(post("3;a=" + std::string(3000, 'x')).status, 400);
}

TEST_F(ChunkedBody, IsRefusedWhenItsTrailerIsLong) {
  serve(answer_ok);
  EXPECT_EQ(post("0\r\nX: " + std::string(20'000, 'x')).status, 400);
}

class HeadLimit : public ServerFixture {};

TEST_F(HeadLimit, ATargetOver8KiBIs414) {
  serve(answer_ok);
  EXPECT_EQ(Wire(port()).send("GET /" + std::string(9000, 'x')).read_answer().status, 414);
}

TEST_F(HeadLimit, AHeaderOver32KiBIs431) {
  serve(answer_ok);
  Wire wire(port());
  wire.send("GET / HTTP/1.1\r\nHost: " + host() + "\r\n");
  for (int i = 0; i < 5; ++i) wire.send("X-" + std::to_string(i) + ": " + std::string(7000, 'x') + "\r\n");
  EXPECT_EQ(wire.read_answer().status, 431);
}

TEST_F(HeadLimit, MoreThan100FieldsAre431) {
  serve(answer_ok);
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(Wire(port()).send(get("/", fields)).read_answer().status, 200);
  EXPECT_EQ(Wire(port()).send(get("/", fields + "Y: z\r\n")).read_answer().status, 431);
}

TEST_F(HeadLimit, FieldsWithUnderscoresAreDropped) {
  serve([](Request request) -> Task<Result<Response>> {
    co_return text_response(request.headers.find("x_user") || request.headers.find("x-user") ? "seen" : "dropped");
  });
  EXPECT_EQ(Wire(port()).send(get("/", "X_User: admin\r\n")).read_answer().body, "dropped");
}

}  // namespace
}  // namespace atelier::net
