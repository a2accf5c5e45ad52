#include "net/url.hpp"

#include <gtest/gtest.h>

namespace atelier::net {
namespace {

TEST(Path, IsDecodedAndNormalised) {
  for (const auto& [raw, normal] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"/", "/"},
           {"/a/b", "/a/b"},
           {"/a/", "/a/"},
           {"//a///b", "/a/b"},
           {"/a/./b", "/a/b"},
           {"/a/../b", "/b"},
           {"/a/b/..", "/a/"},
           {"/a/.", "/a/"},
           {"/%61pi", "/api"},
           {"/%2e/a", "/a"},
           {"/a+b", "/a+b"},
           {"/caf%C3%A9", "/café"},
           {"/%252F", "/%2F"},
           {"/a%2Fb/c%2fd", "/a%2Fb/c%2Fd"},
           {"/a/..%2F..%2Fb", "/a/..%2F..%2Fb"},
           {"/.well-known/x", "/.well-known/x"},
           {"/a/..b/...", "/a/..b/..."},
       })
    EXPECT_EQ(normalise_path(raw).value_or("refused"), normal) << raw;
}

TEST(Path, IsRefusedWhenItIsMalformed) {
  for (const std::string_view raw :
       {"", "a", "/..", "/a/../../b", "/%2e%2e", "/%", "/%4", "/%zz", "/%00", "/%0a", "/%ff", "/%7f"})
    EXPECT_FALSE(normalise_path(raw)) << raw;
}

TEST(Query, IsReadByName) {
  EXPECT_EQ(find_query("a=1&b=2", "b"), "2");
  EXPECT_EQ(find_query("a=1&a=2", "a"), "1");
  EXPECT_EQ(find_query("a", "a"), "");
  EXPECT_EQ(find_query("a=", "a"), "");
  EXPECT_EQ(find_query("na%6De=x+y%2Bz", "name"), "x y+z");
  EXPECT_EQ(find_query("a=1", "b"), std::nullopt);
  EXPECT_EQ(find_query("", ""), std::nullopt);
  EXPECT_EQ(find_query("&&a=1", "a"), "1");
  EXPECT_EQ(find_query("a=%4", "a"), std::nullopt);
}

TEST(PercentEncoding, IsUndoneByDecoding) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all), Plus::is_plus), all);
  EXPECT_EQ(percent_encode("a b/é~"), "a%20b%2F%C3%A9~");
}

TEST(Urls, AreReadStrictly) {
  struct Case {
    std::string_view text, origin, target;
  };
  for (const Case& url : {Case{"https://api.example.org", "https://api.example.org", "/"},
                          {"HTTPS://API.Example.ORG:443/v1?a=b#c", "https://api.example.org", "/v1?a=b"},
                          {"http://localhost:11434/api/chat", "http://localhost:11434", "/api/chat"},
                          {"http://example.org?q", "http://example.org", "/?q"},
                          {"http://example.org.:8080/", "http://example.org:8080", "/"},
                          {"https://example.org:80/", "https://example.org:80", "/"},
                          {"http://[::1]:8080/a", "http://[::1]:8080", "/a"},
                          {"http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]", "/"},
                          {"http://0x7f.1/", "http://127.0.0.1", "/"},
                          {"http://2130706433/", "http://127.0.0.1", "/"},
                          {"http://my_service:8000/", "http://my_service:8000", "/"},
                          {"http://xn--bcher-kva.example/%2F", "http://xn--bcher-kva.example", "/%2F"}}) {
    auto read = Url::parse(url.text);
    ASSERT_TRUE(read) << url.text << ": " << read.error().message;
    EXPECT_EQ(read->origin.to_string(), url.origin) << url.text;
    EXPECT_EQ(read->target, url.target) << url.text;
  }
}

TEST(Urls, AreRefusedWhenTheyMeanTwoThings) {
  for (const std::string_view text : {"",
                                      "/path",
                                      "example.org",
                                      "//example.org",
                                      "ftp://example.org",
                                      "file:///etc/passwd",
                                      "http:/example.org",
                                      "http://",
                                      "http:///a",
                                      "http://:80",
                                      "http://user@example.org",
                                      "http://user:word@example.org",
                                      "http://example.org\\@other",
                                      "http://exa mple.org",
                                      "http://example.org/a b",
                                      "http://example.org/\r\nx",
                                      "http://b\xc3\xbc"
                                      "cher.example",
                                      "http://example.org:",
                                      "http://example.org:0",
                                      "http://example.org:65536",
                                      "http://example.org:8o",
                                      "http://example.org:-1",
                                      "http://example.org:+80",
                                      "http://[::1",
                                      "http://::1/",
                                      "http://[127.0.0.1]/",
                                      "http://[::1%25lo]/",
                                      "http://[::1]x/",
                                      "http://256.1.1.1",
                                      "http://1.2.3.4.5",
                                      "http://a..b",
                                      "http://.",
                                      "http://ex%61mple.org",
                                      "http://example.org\x7f"}) {
    auto read = Url::parse(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().reason, "url_invalid");
  }
  EXPECT_FALSE(Url::parse("http://" + std::string(64, 'a') + ".org"));
  EXPECT_FALSE(Url::parse("http://example.org/" + std::string(9000, 'a')));
}

TEST(Urls, KeepWhatIsSecretOutOfMessages) {
  EXPECT_EQ(Url::parse("http://name:word@example.org/x").error().message.find("word"), std::string::npos);
  EXPECT_EQ(Url::parse("http://example.org:x/path?key=word").error().message.find("word"), std::string::npos);
  EXPECT_EQ(Url::parse("http://a b/path?key=word").error().message.find("word"), std::string::npos);
}

}  // namespace
}  // namespace atelier::net
