// What is taken out of text from outside.
#include "base/scrub.hpp"

#include <gtest/gtest.h>

namespace atelier {
namespace {

TEST(Scrub, TakesOutWhatLooksLikeASecret) {
  EXPECT_EQ(scrub("Incorrect API key provided: sk-proj-abcdefghijkl1234."), "Incorrect API key provided: [secret]");
  EXPECT_EQ(scrub("key AIzaSyA1234567890abcdef is bad"), "key [secret] is bad");
  EXPECT_EQ(scrub("x xai-abcdefghijklmnop y"), "x [secret] y");
  EXPECT_EQ(scrub("r8_abcdefghijklmnopq"), "[secret]");
  EXPECT_EQ(scrub("Authorization: Bearer hunter2"), "Authorization: Bearer [secret]");
  EXPECT_EQ(scrub("authorization: Basic dXNlcjpwYXNz/ab=="), "authorization: Basic [secret]");
  EXPECT_EQ(scrub("{\"x-api-key\":\"short\"}"), "{\"x-api-key\":\"[secret]\"}");
  EXPECT_EQ(scrub("https://h/v1?key=abcdefghijklmnop12&x=1"), "https://h/v1?key=[secret]&x=1");
  EXPECT_EQ(scrub("cookie: atelier_session=as_abcdefghijklmnopqrst"), "cookie: [secret]");
  EXPECT_EQ(scrub("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln b"), "a [secret] b");
  EXPECT_EQ(scrub("at_Zm9vYmFyYmF6cXV4 is ours"), "[secret] is ours");
  EXPECT_EQ(scrub("is Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIz it"), "is [secret] it");
}

TEST(Scrub, LeavesWordsIdsAndNames) {
  for (const std::string_view text :
       {"the key of this door", "task-oriented at_once", "01jdabcdefghjkmnpqrstvwxyz", "src/watch/error/inbox.cpp:12",
        "0f2c6f1e-1111-4222-8333-123456789abc", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "key: 3 of 4", "connect_refused by 127.0.0.1:8787", "signature"}) {
    EXPECT_EQ(scrub(text), text);
    EXPECT_FALSE(has_secret(text)) << text;
  }
}

}  // namespace
}  // namespace atelier
