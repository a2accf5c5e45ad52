#include "net/encoding.hpp"

#include <brotli/decode.h>
#include <gtest/gtest.h>

#include "base/async.hpp"
#include "tests/net/gunzip.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

TEST(Coding, IsChosenByWeight) {
  for (const auto& [field, coding] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"", ""},
           {"gzip", "gzip"},
           {"gzip, br", "br"},
           {"gzip, deflate, br, zstd", "br"},
           {"br;q=0.5, gzip;q=0.8", "gzip"},
           {"br;q=0.8, gzip;q=0.8", "br"},
           {"br;q=0", ""},
           {"br;q=0.000, gzip;q=0", ""},
           {"*", "br"},
           {"*;q=0", ""},
           {"*;q=0.5, br;q=0", "gzip"},
           {"identity", ""},
           {"identity;q=1, gzip;q=0.5", ""},
           {"identity;q=0.5, gzip", "gzip"},
           {"GZIP", "gzip"},
           {" br ; q=1.0 , gzip", "br"},
           {"deflate", ""},
           {"brx, xgzip", ""},
           {"br;q=x", "br"},
       })
    EXPECT_EQ(to_string(choose_coding(field, true, true)), coding) << field;
  EXPECT_EQ(choose_coding("br, gzip", true, false), Coding::gzip);
  EXPECT_EQ(choose_coding("br, gzip", false, false), Coding::identity);
}

std::string unbrotli(const std::string& bytes, std::size_t size) {
  std::string out(size, '\0');
  EXPECT_EQ(BrotliDecoderDecompress(bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                                    reinterpret_cast<std::uint8_t*>(out.data())),
            BROTLI_DECODER_RESULT_SUCCESS);
  return out;
}

class Compression : public ServerFixture {
 protected:
  void SetUp() override {
    for (int i = 0; i < 500; ++i) text_ += "line " + std::to_string(i) + "\n";
    serve([this](Request request) -> Task<Result<Response>> { co_return respond(request.path); });
  }
  Response respond(const std::string& path) const {
    Response response =
        text_response(path == "/small" ? "small" : text_, path == "/image" ? "image/png" : "text/plain; charset=utf-8");
    if (path == "/tagged") response.headers.add("etag", "\"abc\"");
    return response;
  }
  Wire::Answer fetch(std::string_view path, std::string_view fields) {
    return Wire(port()).send(get(path, fields)).read_answer();
  }
  std::string text_;
};

TEST_F(Compression, SendsWhatTheClientTakes) {
  const auto brotli = fetch("/", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(brotli.header("content-encoding"), "br");
  EXPECT_EQ(brotli.header("vary"), "accept-encoding");
  EXPECT_EQ(unbrotli(brotli.body, text_.size()), text_);
  const auto gzip = fetch("/", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(gzip.header("content-encoding"), "gzip");
  EXPECT_EQ(gunzip(gzip.body), text_);
  const auto plain = fetch("/", "");
  EXPECT_EQ(plain.header("content-encoding"), "");
  EXPECT_EQ(plain.header("vary"), "accept-encoding");
  EXPECT_EQ(plain.body, text_);
}

TEST_F(Compression, LeavesSmallAnswersAndPicturesAlone) {
  EXPECT_EQ(fetch("/small", "Accept-Encoding: br\r\n").body, "small");
  EXPECT_EQ(fetch("/image", "Accept-Encoding: br\r\n").body, text_);
}

TEST_F(Compression, GivesEachCodingItsOwnTagAndAnswers304ForIt) {
  EXPECT_EQ(fetch("/tagged", "").header("etag"), "\"abc\"");
  EXPECT_EQ(fetch("/tagged", "Accept-Encoding: br\r\n").header("etag"), "\"abc-br\"");
  const auto unchanged = fetch("/tagged", "Accept-Encoding: br\r\nIf-None-Match: \"abc-br\"\r\n");
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.header("content-encoding"), "");
  EXPECT_EQ(fetch("/tagged", "If-None-Match: \"abc-br\"\r\n").status, 200);
}

}  // namespace
}  // namespace atelier::net
