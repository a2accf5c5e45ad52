#include "media/worker/sound/spoken_text.hpp"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include "base/text.hpp"
#include "media/worker/sound/characters.hpp"
#include "media/worker/sound/romanise.hpp"
#include "media/worker/sound/scripts.hpp"

namespace atelier::media::sound {
namespace {

// Longer ones are no words, and engines take time by the square of a word's length.
constexpr std::size_t kWordCharactersMax = 400;
// A text with more than one unreadable word in so many is in another language; fewer are names and quotations.
constexpr std::size_t kReadablePerUnreadable = 4;

std::string append_plain(UChar32 c, std::string_view bytes) {
  constexpr UChar32 kApostrophe = 0x2019, kJoiner = 0x200d, kNonJoiner = 0x200c, kEllipsis = 0x2026;
  if (is_separator(c)) return " ";
  if (c == kJoiner || c == kNonJoiner) return std::string(bytes);  // part of Persian and Indic spelling
  if (c == kApostrophe) return "'";
  if (c == kEllipsis) return ",";
  if (is_unspoken_sign(c)) return {};
  if (c < 0x80 && std::string_view("*_~`|^<>[]{}\\").find(static_cast<char>(c)) != std::string_view::npos) return " ";
  switch (u_charType(c)) {
    case U_FORMAT_CHAR:
    case U_INITIAL_PUNCTUATION:
    case U_FINAL_PUNCTUATION:
      return {};
    case U_START_PUNCTUATION:
    case U_END_PUNCTUATION:
      return c == '(' || c == ')' ? std::string(bytes) : std::string();
    case U_DASH_PUNCTUATION:
      return c == '-' || c == 0x2010 || c == 0x2011 ? "-" : ", ";
    default:
      return c == '"' ? std::string() : std::string(bytes);
  }
}

std::string make_plain(std::string_view word) {
  std::string plain;
  for_each_character(word, [&](UChar32 c, std::string_view bytes) { plain += append_plain(c, bytes); });
  return std::string(trim(plain));
}

bool is_speakable(std::string_view plain) {
  bool found = false;
  for_each_character(plain, [&](UChar32 c, std::string_view) {
    const auto type = u_charType(c);
    found = found || u_isalnum(c) || type == U_OTHER_LETTER || type == U_MATH_SYMBOL || type == U_CURRENCY_SYMBOL ||
            type == U_OTHER_NUMBER || type == U_LETTER_NUMBER || c == '%' || c == '&' || c == '@' || c == '#';
  });
  return found;
}

// A lone dash or ellipsis: not said, but a pause.
bool is_pause(std::string_view plain) { return !plain.empty() && plain.find_first_not_of(",-.; ") == plain.npos; }

class Maker {
 public:
  Maker(std::string_view text, const WordsOfText& words, const Voice& voice)
      : text_(text), words_(words), voice_(voice) {}

  Result<std::vector<SpokenSentence>> run() {
    if (auto readable = check_scripts(); !readable) return error_of(readable);
    std::vector<SpokenSentence> all;
    for (const Sentence& sentence : words_.sentences) {
      all.push_back({.text = {}, .words = {}, .end = sentence.end});
      for (std::size_t i = sentence.first_word; i < sentence.first_word + sentence.word_count; ++i)
        if (auto done = add_word(all.back(), i); !done) return error_of(done);
    }
    return all;
  }

 private:
  std::string_view word(std::size_t i) const {
    return text_.substr(words_.words[i].byte_start, words_.words[i].byte_end - words_.words[i].byte_start);
  }

  Result<> check_scripts() const {
    std::size_t unreadable_count = 0, readable_count = 0, first = 0;
    for (std::size_t i = 0; i < words_.words.size(); ++i) {
      if (count_characters(word(i)) > kWordCharactersMax)
        return fail(ErrorCode::too_large,
                    fmt::format("the word that begins with {} has more than {} characters", printable(word(i), 24),
                                kWordCharactersMax),
                    {"speech_word_too_long", "/text"});
      if (!unreadable_script(voice_.language, word(i)))
        readable_count += is_speakable(make_plain(word(i))) ? 1 : 0;
      else if (unreadable_count++ == 0)
        first = i;
    }
    const bool is_too_much =
        unreadable_count > 0 && (unreadable_count * kReadablePerUnreadable > readable_count || voice_.language == "ja");
    return is_too_much ? refuse(word(first)) : Result<>();
  }
  Result<> refuse(std::string_view word) const {
    const UScriptCode script = *unreadable_script(voice_.language, word);
    if (voice_.language == "ja")
      return fail(ErrorCode::invalid_argument,
                  fmt::format("the voice {} reads kana only and cannot read {}: write it in hiragana or katakana",
                              voice_.id, printable(word, 60)),
                  {"speech_script", "/text"});
    const Voice* other = voice_for(script);
    const std::string hint = other ? fmt::format(": set language: {} (voice {})", other->language, other->id)
                                   : std::string(", and no voice here does");
    return fail(ErrorCode::invalid_argument,
                fmt::format("the voice {} cannot read {}, which is written in {} letters{}", voice_.id,
                            printable(word, 60), name_of(script), hint),
                {"speech_script", "/text"});
  }

  Result<> add_word(SpokenSentence& sentence, std::size_t i) const {
    auto plain = say(i);
    if (!plain) return error_of(plain);
    std::string& text = sentence.text;
    if (!is_speakable(*plain)) {
      const char last = text.empty() ? ',' : text.back();
      if (is_pause(*plain) && last != ',' && last != '.' && last != '!' && last != '?') text += ',';
      return {};
    }
    if (!text.empty() && (words_.words[i].has_space_before || voice_.engine == "flite")) text += ' ';
    const std::size_t start = count_characters(text);
    text += *plain;
    sentence.words.push_back({.word = i, .char_start = start, .char_end = start + count_characters(*plain)});
    return {};
  }

  Result<std::string> say(std::size_t i) const {
    std::string plain = make_plain(word(i));
    if (unreadable_script(voice_.language, plain)) {
      auto latin = to_latin(plain);
      if (!latin) return latin;
      plain = *std::move(latin);
    }
    if (voice_.engine != "flite") return plain;
    if (plain == "&") return std::string("and");
    return to_ascii(plain);
  }

  std::string_view text_;
  const WordsOfText& words_;
  const Voice& voice_;
};

}  // namespace

Result<std::vector<SpokenSentence>> spoken_text(std::string_view text, const WordsOfText& words, const Voice& voice) {
  return Maker(text, words, voice).run();
}

}  // namespace atelier::media::sound
