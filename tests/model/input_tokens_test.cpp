#include "model/limit/input_tokens.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/hash.hpp"

namespace atelier::model {
namespace {

std::string body_with(const std::string& text, const std::string& picture) {
  return R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":")" + text +
         R"("},{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + picture + R"("}}]}]})";
}

TEST(InputTokens, TextIsFourBytesAToken) {
  EXPECT_EQ(estimate_input_tokens(""), 0);
  EXPECT_EQ(estimate_input_tokens("12345"), 2);
  std::string words;
  while (words.size() < 400'000) words += "the quick brown fox ";
  EXPECT_EQ(estimate_input_tokens("{\"a\":\"" + words + "\"}"), static_cast<std::int64_t>(words.size() + 8 + 3) / 4);
}

TEST(InputTokens, APictureCountsAsOneHoweverItIsSpelled) {
  std::string words;
  while (words.size() < 40'000) words += "the quick brown fox ";
  const std::string picture = base64url(random_bytes(3'000'000));
  const std::int64_t text = estimate_input_tokens(body_with(words, ""));
  const std::int64_t both = estimate_input_tokens(body_with(words, picture));
  EXPECT_GT(both - text, 1'600);
  EXPECT_LT(both - text, 4'000);
  std::string escaped;
  for (const char c : picture) escaped += c == '_' ? "\\/" : std::string(1, c);
  EXPECT_LT(estimate_input_tokens(body_with(words, escaped)) - text, 4'000);
  EXPECT_GE(estimate_input_tokens(body_with(words, picture + "\"},{\"url\":\"" + picture)) - both, 1'600)
      << "each counts";
}

TEST(InputTokens, TextWithoutSpacesIsText) {
  std::string words;
  while (words.size() < 90'000) words += "\xe4\xb8\xad\xe6\x96\x87";  // Chinese
  EXPECT_GT(estimate_input_tokens("\"" + words + "\""), 20'000);
  EXPECT_EQ(estimate_input_tokens("\"" + std::string(4'000, 'a') + "\""), 1'001) << "too short to be worth less";
}

}  // namespace
}  // namespace atelier::model
