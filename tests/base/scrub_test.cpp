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

TEST(Scrub, TakesOutValuesWholeWhateverTheyHold) {
  EXPECT_EQ(scrub("password=hunter2!and/more$; next"), "password=[secret]; next");
  EXPECT_EQ(scrub("password: !hunter2 failed"), "password: [secret] failed");
  EXPECT_EQ(scrub("{\"password\":\"two words, \\\"quoted\\\"\",\"port\":25}"),
            "{\"password\":\"[secret]\",\"port\":25}");
  // JSON in JSON, in JSON.
  EXPECT_EQ(scrub(R"({\"client_secret\": \"a b\", \"x\": 1})"), R"({\"client_secret\": \"[secret]\", \"x\": 1})");
  EXPECT_EQ(scrub(R"(\\\"apiKey\\\" : \\\"a b\\\" end)"), R"(\\\"apiKey\\\" : \\\"[secret]\\\" end)");
  EXPECT_EQ(scrub("refresh_token=0123456789abcdef0123&x=1"), "refresh_token=[secret]&x=1");
  EXPECT_EQ(scrub("?X-Amz-Signature=0123456789abcdef0123&x=1"), "?X-Amz-Signature=[secret]&x=1");
  EXPECT_EQ(scrub("?sv=1&sig=ab%2Fcd%2Bef0123456789%3D&se=2"), "?sv=1&sig=[secret]&se=2");
  EXPECT_EQ(scrub("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz"), "AWS_SECRET_ACCESS_KEY=[secret]");
}

TEST(Scrub, TakesOutFieldsOfHttpToTheEndOfTheirLine) {
  EXPECT_EQ(scrub("Cookie: a=b; session=c\r\nHost: h"), "Cookie: [secret]\r\nHost: h");
  EXPECT_EQ(scrub("Authorization: Token abc\nHost: h"), "Authorization: [secret]\nHost: h");
  EXPECT_EQ(scrub("Authorization:\tBearer  hunter2"), "Authorization:\tBearer  [secret]");
  EXPECT_EQ(scrub("auth is Bearer%20hunter2&x"), "auth is Bearer%20[secret]&x");
}

TEST(Scrub, TakesOutWhatUrlsAndFilesCarry) {
  EXPECT_EQ(scrub("postgres://me:hunter2@db:5432/x failed"), "postgres://me:[secret]@db:5432/x failed");
  EXPECT_EQ(scrub("\"https://u:p@ss@h/\""), "\"https://u:[secret]@h/\"");
  EXPECT_EQ(scrub("https://0123456789abcdef0123456789abcdef@o1.example/42"), "https://[secret]@o1.example/42");
  EXPECT_EQ(scrub("url data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAA/xyz= end"),
            "url data:image/jpeg;base64,[secret] end");
  EXPECT_EQ(scrub("x -----BEGIN RSA PRIVATE KEY-----\nMIIE/abc\nx/y=\n-----END RSA PRIVATE KEY----- y"),
            "x [secret] y");
  EXPECT_EQ(scrub("-----BEGIN PRIVATE KEY-----\nMIIE/abc"), "[secret]");
}

TEST(Scrub, ASecondTimeChangesNothing) {
  for (const std::string_view text :
       {"Authorization: Bearer hunter2", "cookie: a=b; c=d", "password=\"a b\"", "https://u:p@h/", "token: abc",
        "data:;base64,aaaaaaaaaaaaaaaaaaaaaaaa", "Basic dXNlcjpwYXNz", "{\"api_key\":\"x\"}"}) {
    const std::string once = scrub(text);
    EXPECT_NE(once, text);
    EXPECT_EQ(scrub(once), once);
  }
}

// What stands at the end of what is kept of a long text is cut, and would not look like a secret any more.
TEST(Scrub, WhatIsCutIsScrubbedBefore) {
  const std::string before(88, ' ');
  for (const std::string_view text :
       {"sk-proj-abcdefghijkl1234", "https://me:hunter2hunter2@db/x", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIz"}) {
    const std::string kept = scrub_start(before + std::string(text) + " and more", 100);
    EXPECT_LE(kept.size(), 100U);
    EXPECT_EQ(kept.find("proj-"), std::string::npos) << kept;
    EXPECT_EQ(kept.find("me:h"), std::string::npos) << kept;
    EXPECT_EQ(kept.find("Zm9v"), std::string::npos) << kept;
  }
  EXPECT_EQ(scrub_start("short", 100), "short");
  EXPECT_EQ(scrub_start("password=hunter2 of a long text", 30), "password=[secret] of a long te");
  EXPECT_EQ(scrub_start("ab\xc3\xa9", 3), "ab") << "characters stay whole";
}

// Were each looked through to the end of the text, this would take minutes.
TEST(Scrub, OfManyNamesWithoutAValueNoneIsLookedThroughToTheEnd) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "key=*";
  EXPECT_EQ(scrub(text), text);
}

TEST(Scrub, LeavesWordsIdsAndNames) {
  for (const std::string_view text :
       {"the key of this door", "task-oriented at_once", "01jdabcdefghjkmnpqrstvwxyz", "src/watch/error/inbox.cpp:12",
        "0f2c6f1e-1111-4222-8333-123456789abc", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "key: 3 of 4", "connect_refused by 127.0.0.1:8787", "signature", "time_to_first_token: 0.31 s",
        "max_tokens=4096", "http://127.0.0.1:8787/x?y=a@b", "mail to a@example.org", "password", "base64, encoded",
        "-----BEGIN CERTIFICATE-----", "https://me@example.org/"}) {
    EXPECT_EQ(scrub(text), text);
    EXPECT_FALSE(has_secret(text)) << text;
  }
}

}  // namespace
}  // namespace atelier
