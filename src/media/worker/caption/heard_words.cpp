#include <fmt/format.h>

#include <algorithm>

#include "media/protocol/catalog.hpp"
#include "media/worker/caption/characters.hpp"
#include "media/worker/caption/timeline.hpp"

namespace atelier::media::caption {
namespace {

constexpr std::int64_t kSamplesMax = std::int64_t{kSampleRate} * 60 * 60 * 24;
constexpr std::size_t kTokensMax = 100'000;

// One space for each run of white space; other control characters go.
std::string tidy(std::string_view text) {
  std::string tidied;
  for (const char32_t character : Characters(text)) {
    if (is_space(character) || character == U'\u200b') {
      if (!tidied.empty() && tidied.back() != ' ') tidied += ' ';
    } else if (!is_control(character)) {
      append_utf8(tidied, character);
    }
  }
  while (!tidied.empty() && tidied.back() == ' ') tidied.pop_back();
  return tidied;
}

bool holds_space(std::string_view text) { return std::ranges::any_of(Characters(text), is_space); }

// How many bytes of what stands between two words belong to the first. What touches a word stays with it; what stands
// alone, a dash or an emoji, follows the word before it; between words that touch each other, brackets open the second.
std::size_t split_gap(std::string_view gap) {
  if (holds_space(gap)) {
    std::size_t after_last_space = 0, position = 0;
    for (const char32_t character : Characters(gap)) {
      std::string bytes;
      append_utf8(bytes, character);
      position += bytes.size();
      if (is_space(character)) after_last_space = position;
    }
    // An emoji or dash that only touches the next word by lack of a space is still not part of it.
    return after_last_space;
  }
  std::size_t position = 0, opening = gap.size();
  for (const char32_t character : Characters(gap)) {
    std::string bytes;
    append_utf8(bytes, character);
    if (!is_opening(character))
      opening = gap.size();
    else if (opening == gap.size())
      opening = position;
    position += bytes.size();
  }
  return opening;
}

Result<Speech::Token> read_token(const json::Value& value, const std::string& where, const Speech& before,
                                 std::string_view text) {
  json::ObjectReader reader(value, where);
  const auto byte_min = before.tokens.empty() ? 0 : static_cast<std::int64_t>(before.tokens.back().byte_end);
  const auto sample_min = before.tokens.empty() ? 0 : before.tokens.back().start_sample + 1;
  Speech::Token token;
  const std::string word = reader.required_string("text");
  const auto byte_start = reader.required_integer("byte_start", byte_min, static_cast<std::int64_t>(text.size()));
  const auto byte_end = reader.required_integer("byte_end", byte_start, static_cast<std::int64_t>(text.size()));
  token.byte_start = static_cast<std::size_t>(byte_start);
  token.byte_end = static_cast<std::size_t>(byte_end);
  token.start_sample = reader.required_integer("start_sample", sample_min, kSamplesMax);
  token.end_sample = reader.required_integer("end_sample", token.start_sample, kSamplesMax);
  const auto is_boundary = [&](std::size_t at) { return at == text.size() || (text[at] & 0xc0) != 0x80; };
  if (!is_boundary(token.byte_start) || !is_boundary(token.byte_end))
    reader.complain("byte_start", "cuts a character of the text in two");
  if (auto done = reader.finish_lenient(); !done) return error_of(done);
  return token;
}

}  // namespace

Result<Speech> read_speech(const json::Value& value, const std::string& where, std::string_view text) {
  json::ObjectReader reader(value, where);
  Speech speech;
  speech.sample_count = reader.required_integer("sample_count", 1, kSamplesMax);
  const json::Array* words = reader.required_array("words", kTokensMax);
  if (auto done = reader.finish_lenient(); !done) return error_of(done);
  for (std::size_t i = 0; i < words->size(); ++i) {
    auto token = read_token((*words)[i], fmt::format("{}/words/{}", where, i), speech, text);
    if (!token) return error_of(token);
    speech.tokens.push_back(*token);
  }
  return speech;
}

std::vector<HeardWord> heard_words(std::string_view text, const Speech& speech) {
  std::vector<HeardWord> words;
  if (speech.tokens.empty()) {
    // Nothing was spoken, of a line of emoji perhaps: it is shown all the same.
    if (std::string all = tidy(text); !all.empty()) words.push_back({std::move(all), true, 0, speech.sample_count});
    return words;
  }
  std::size_t start = 0;
  for (std::size_t i = 0; i < speech.tokens.size(); ++i) {
    const auto& token = speech.tokens[i];
    const bool is_last = i + 1 == speech.tokens.size();
    const std::size_t next = is_last ? text.size() : speech.tokens[i + 1].byte_start;
    const std::string_view gap = text.substr(token.byte_end, next - token.byte_end);
    const std::size_t end = is_last ? text.size() : token.byte_end + split_gap(gap);
    HeardWord word{tidy(text.substr(start, end - start)), holds_space(gap), token.start_sample, token.end_sample};
    start = end;
    if (!word.text.empty()) words.push_back(std::move(word));
  }
  return words;
}

}  // namespace atelier::media::caption
