#include "media/worker/sound/words.hpp"

#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>

#include <algorithm>
#include <memory>

#include "media/worker/sound/characters.hpp"
#include "media/worker/sound/markdown.hpp"

namespace atelier::media::sound {
namespace {

// About as much as is said in half a minute: longer sentences are cut, so that cancelling and memory stay bounded.
constexpr std::size_t kSentenceBytesMax = 320;
constexpr std::size_t kSentenceWordsMax = 80;

struct TextDeleter {
  void operator()(UText* text) const noexcept { utext_close(text); }
};
using TextPtr = std::unique_ptr<UText, TextDeleter>;
using Breaks = std::unique_ptr<icu::BreakIterator>;

std::unexpected<Error> icu_failed(UErrorCode status) {
  return fail(ErrorCode::internal, std::string("ICU cannot cut a text into words: ") + u_errorName(status));
}

// An iterator whose positions are bytes of the UTF-8 text it was given last.
class Cutter {
 public:
  static Result<Cutter> make(Breaks breaks, UErrorCode status) {
    if (U_FAILURE(status) || !breaks) return icu_failed(status);
    return Cutter(std::move(breaks));
  }
  Result<> use(std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    TextPtr opened(utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status));
    if (U_SUCCESS(status)) breaks_->setText(opened.get(), status);
    if (U_FAILURE(status)) return icu_failed(status);
    text_ = std::move(opened);
    breaks_->first();
    return {};
  }
  // The next border after the last one; the text's end comes last, then 0.
  std::size_t next() {
    const auto at = breaks_->next();
    return at == icu::BreakIterator::DONE ? 0 : static_cast<std::size_t>(at);
  }
  bool is_word() const { return breaks_->getRuleStatus() >= UBRK_WORD_NONE_LIMIT; }

 private:
  explicit Cutter(Breaks breaks) : breaks_(std::move(breaks)) {}
  TextPtr text_;
  Breaks breaks_;
};

class Finder {
 public:
  Finder(std::string_view text, Cutter words, Cutter sentences)
      : text_(text), word_cutter_(std::move(words)), sentence_cutter_(std::move(sentences)) {}

  Result<WordsOfText> run() {
    for (const Line& line : spoken_lines(text_)) {
      const std::size_t first = found_.words.size();
      for (const Span& chunk : chunks_of(text_, line))
        if (auto done = add_chunk(chunk); !done) return error_of(done);
      if (auto done = add_sentences(line, first); !done) return error_of(done);
    }
    return std::move(found_);
  }

 private:
  Result<> add_chunk(Span chunk) {
    const std::string_view text = text_.substr(chunk.start, chunk.size());
    if (!is_written_without_spaces(text)) {
      found_.words.push_back({chunk.start, chunk.end, true});
      return {};
    }
    if (auto done = word_cutter_.use(text); !done) return done;
    const std::size_t first = found_.words.size();
    std::size_t start = 0;  // of the word being collected
    bool has_word = false;  // or only punctuation that opens one
    std::size_t piece_start = 0;
    for (std::size_t end = word_cutter_.next(); end > 0; end = word_cutter_.next()) {
      const bool opens = word_cutter_.is_word() || is_opening(text.substr(piece_start, end - piece_start));
      if (opens && has_word) {
        push(first, chunk.start + start, chunk.start + piece_start);
        start = piece_start;
        has_word = false;
      }
      has_word = has_word || word_cutter_.is_word();
      piece_start = end;
    }
    push(first, chunk.start + start, chunk.end);
    return {};
  }
  void push(std::size_t first, std::size_t start, std::size_t end) {
    found_.words.push_back({start, end, found_.words.size() == first});
  }

  Result<> add_sentences(Line line, std::size_t first) {
    if (first == found_.words.size()) return {};
    if (auto done = sentence_cutter_.use(text_.substr(line.start, line.end - line.start)); !done) return done;
    std::size_t word = first;
    for (std::size_t end = sentence_cutter_.next(); end > 0; end = sentence_cutter_.next()) {
      const std::size_t begin = word;
      while (word < found_.words.size() && found_.words[word].byte_start < line.start + end) ++word;
      add_sentence(begin, word);
    }
    found_.sentences.back().end = Sentence::End::paragraph;
    return {};
  }
  // Cut where a comma stands, if one stands in the later half of what may be said in one go.
  void add_sentence(std::size_t first, std::size_t last) {
    while (first < last) {
      std::size_t end = first + 1;
      while (end < last && end - first < kSentenceWordsMax &&
             found_.words[end].byte_end - found_.words[first].byte_start <= kSentenceBytesMax)
        ++end;
      const bool is_cut = end < last;
      for (std::size_t i = end; is_cut && i > first + (end - first) / 2; --i) {
        if (!ends_clause(word_text(i - 1))) continue;
        end = i;
        break;
      }
      found_.sentences.push_back({first, end - first, is_cut ? Sentence::End::comma : Sentence::End::sentence});
      first = end;
    }
  }
  std::string_view word_text(std::size_t i) const {
    return text_.substr(found_.words[i].byte_start, found_.words[i].byte_end - found_.words[i].byte_start);
  }

  std::string_view text_;
  Cutter word_cutter_;
  Cutter sentence_cutter_;
  WordsOfText found_;
};

}  // namespace

Result<WordsOfText> find_words(std::string_view text, std::string_view language) {
  // ss=standard: "Mr." and the like do not end a sentence.
  const icu::Locale locale((std::string(language) + "@ss=standard").c_str());
  UErrorCode status = U_ZERO_ERROR;
  auto words = Cutter::make(Breaks(icu::BreakIterator::createWordInstance(locale, status)), status);
  if (!words) return error_of(words);
  auto sentences = Cutter::make(Breaks(icu::BreakIterator::createSentenceInstance(locale, status)), status);
  if (!sentences) return error_of(sentences);
  return Finder(text, *std::move(words), *std::move(sentences)).run();
}

}  // namespace atelier::media::sound
