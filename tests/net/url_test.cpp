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
           {"/.well-known/x", "/.well-known/x"},
           {"/a/..b/...", "/a/..b/..."},
       })
    EXPECT_EQ(normalise_path(raw).value_or("refused"), normal) << raw;
}

TEST(Path, IsRefusedWhenItIsMalformed) {
  for (const std::string_view raw : {"", "a", "/..", "/a/../../b", "/%2e%2e", "/a%2Fb", "/a%2fb", "/%", "/%4", "/%zz", "/%00", "/%0a", "/%ff", "/%7f"})
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

}  // namespace
}  // namespace atelier::net
