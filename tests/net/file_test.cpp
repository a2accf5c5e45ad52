// Files, embedded and open, as a server sends them.
#include <fcntl.h>
#include <unistd.h>

#include "base/async.hpp"
#include "net/assets.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

UniqueFd file_of(std::string_view bytes) {
  UniqueFd fd(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return fd;
}

class Files : public ServerFixture {
 protected:
  void serve_file(std::string bytes) {
    bytes_ = std::move(bytes);
    serve([this](Request) -> Task<Result<Response>> { co_return respond(); });
  }
  Response respond() const {
    Response response;
    response.headers.add("content-type", "video/mp4");
    response.headers.add("cache-control", "private, max-age=31536000, immutable");
    response.body = FileBody{.fd = file_of(bytes_), .size_bytes = bytes_.size(), .etag = "\"abc\"", .keep = nullptr};
    return response;
  }
  Wire::Answer fetch(std::string_view fields) { return Wire(port()).send(get("/file", fields)).read_answer(); }
  std::string bytes_;
};

TEST_F(Files, AreSentWhole) {
  std::string bytes;
  for (int i = 0; bytes.size() < 3'000'000; ++i) bytes += std::to_string(i);
  serve_file(bytes);
  Wire wire(port());
  const auto answer = wire.send(get("/file")).read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("etag"), "\"abc\"");
  EXPECT_EQ(answer.header("accept-ranges"), "bytes");
  EXPECT_TRUE(answer.body == bytes);
  EXPECT_EQ(wire.send(get("/file")).read_answer().body.size(), bytes.size());
}

TEST_F(Files, HeadTellsTheSizeAlone) {
  serve_file("0123456789");
  Wire wire(port());
  const auto answer =
      wire.send("HEAD /file HTTP/1.1\r\nHost: " + host() + "\r\nRange: bytes=1-2\r\n\r\n").read_answer(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), "10");
  EXPECT_EQ(wire.send(get("/file")).read_answer().body, "0123456789");
}

TEST_F(Files, OneRangeIsSentAlone) {
  serve_file("0123456789");
  const auto answer = fetch("Range: bytes=2-4\r\n");
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.header("content-range"), "bytes 2-4/10");
  EXPECT_EQ(answer.header("content-length"), "3");
  EXPECT_EQ(answer.body, "234");
}

TEST_F(Files, SeveralRangesAreSentInParts) {
  serve_file("0123456789");
  const auto answer = fetch("Range: bytes=0-1, 8-\r\n");
  EXPECT_EQ(answer.status, 206);
  const std::string type = answer.header("content-type");
  ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary="));
  const std::string boundary = type.substr(type.find('=') + 1);
  EXPECT_EQ(answer.body, "\r\n--" + boundary +
                             "\r\ncontent-type: video/mp4\r\ncontent-range: bytes 0-1/10\r\n\r\n01\r\n--" + boundary +
                             "\r\ncontent-type: video/mp4\r\ncontent-range: bytes 8-9/10\r\n\r\n89\r\n--" + boundary +
                             "--\r\n");
}

TEST_F(Files, ARangeOutsideIs416WithTheSize) {
  serve_file("0123456789");
  const auto answer = fetch("Range: bytes=10-\r\n");
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.header("content-range"), "bytes */10");
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
}

TEST_F(Files, ConditionsAreAnswered) {
  serve_file("0123456789");
  const auto unchanged = fetch("If-None-Match: \"abc\"\r\nRange: bytes=0-1\r\n");
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.header("etag"), "\"abc\"");
  EXPECT_EQ(unchanged.header("cache-control"), "private, max-age=31536000, immutable");
  EXPECT_EQ(unchanged.header("content-type"), "");
  EXPECT_EQ(fetch("If-Match: \"x\"\r\n").status, 412);
  EXPECT_EQ(fetch("If-Range: \"x\"\r\nRange: bytes=0-1\r\n").body, "0123456789");
}

TEST_F(Files, AnEmptyFileIsSent) {
  serve_file("");
  EXPECT_EQ(fetch("").header("content-length"), "0");
}

TEST_F(Files, AFileThatBecameShorterCutsTheConnection) {
  serve([](Request) -> Task<Result<Response>> {
    Response response;
    response.body = FileBody{.fd = file_of("short"), .size_bytes = 500, .etag = "", .keep = nullptr};
    co_return response;
  });
  EXPECT_EQ(fetch("").body, "short");
}

constexpr EmbeddedFile kFiles[] = {
    {"/index.html", "text/html; charset=utf-8", "<html>plain", "<html>gzip", "<html>brotli", "\"shell\"", false},
    {"/_app/main-4f2a.js", "text/javascript", "let plain", "", "", "\"main\"", true},
    {"/_app/frame-77c1.html", "text/html; charset=utf-8", "<html>frame", "", "", "\"frame\"", true, "sandbox"},
};

class Site : public testing::Test {
 protected:
  Response ask(std::string path, std::string_view accept = "", std::string_view known = "") {
    Request request;
    request.path = std::move(path);
    if (!accept.empty()) request.headers.add("accept-encoding", std::string(accept));
    if (!known.empty()) request.headers.add("if-none-match", std::string(known));
    auto response = site_.serve(request);
    return response ? std::move(*response) : Response{.status = 404, .headers = {}, .body = std::string()};
  }
  EmbeddedSite site_{kFiles, "/index.html", "default-src 'self'"};
};

TEST_F(Site, ServesTheBestCodingTheClientTakes) {
  EXPECT_EQ(std::get<std::string>(ask("/", "gzip, br").body), "<html>brotli");
  EXPECT_EQ(std::get<std::string>(ask("/", "gzip").body), "<html>gzip");
  EXPECT_EQ(std::get<std::string>(ask("/").body), "<html>plain");
  EXPECT_EQ(std::get<std::string>(ask("/_app/main-4f2a.js", "gzip, br").body), "let plain");
}

TEST_F(Site, PagesGetTheShellAndNothingElseDoes) {
  EXPECT_EQ(ask("/productions/7").status, 200);
  EXPECT_EQ(ask("/productions/7").headers.find("content-security-policy"), "default-src 'self'");
  for (const char* path : {"/api/nothing", "/_app/old.js", "/v1", "/favicon.ico", "/a/b.txt"})
    EXPECT_EQ(ask(path).status, 404) << path;
  EXPECT_EQ(ask("/apiary").status, 200);
}

TEST_F(Site, ADocumentWithAPolicyOfItsOwnIsServedWithThatAlone) {
  const Response frame = ask("/_app/frame-77c1.html");
  EXPECT_EQ(frame.headers.count("content-security-policy"), 1U);
  EXPECT_EQ(frame.headers.find("content-security-policy"), "sandbox");
  EXPECT_EQ(ask("/_app/frame-77c1.html", "", "\"frame\"").headers.find("content-security-policy"), "sandbox");
  EXPECT_FALSE(ask("/_app/main-4f2a.js").headers.find("content-security-policy"));
}

TEST_F(Site, FilesWithHashesMayBeReadByFramesWithoutAnOriginAndThePageMayNot) {
  EXPECT_EQ(ask("/_app/main-4f2a.js").headers.find("access-control-allow-origin"), "*");
  EXPECT_FALSE(ask("/").headers.find("access-control-allow-origin"));
  EXPECT_FALSE(ask("/c/1").headers.find("access-control-allow-origin"));
}

TEST_F(Site, HashedFilesAreImmutableAndTheShellIsAskedForAgain) {
  EXPECT_EQ(ask("/_app/main-4f2a.js").headers.find("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(ask("/").headers.find("cache-control"), "no-cache");
  EXPECT_EQ(ask("/", "br", "\"shell-br\"").status, 304);
  EXPECT_EQ(ask("/", "", "\"shell-br\"").status, 200);
}

}  // namespace
}  // namespace atelier::net
