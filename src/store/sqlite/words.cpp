// SQLite's own Unicode tokenizer finds the words, so that they are folded by its tables, which we need not keep. What
// it takes for one word in scripts that write without spaces is cut into pairs of characters here.
#include "store/words.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "store/sqlite/full_text.hpp"

namespace atelier::store {
namespace {

struct TokenizerOwner {
  fts5_tokenizer functions = {};
  Fts5Tokenizer* tokenizer = nullptr;

  TokenizerOwner() {
    fts5_api* api = sqlite::full_text_of_process();
    void* context = nullptr;
    ensure(api != nullptr && api->xFindTokenizer(api, "unicode61", &context, &functions) == SQLITE_OK,
           "SQLite has its full-text search");
    std::array<const char*, 2> arguments = {"remove_diacritics", "2"};
    ensure(functions.xCreate(context, arguments.data(), 2, &tokenizer) == SQLITE_OK, "a tokenizer is made");
  }
  ~TokenizerOwner() { functions.xDelete(tokenizer); }
  TokenizerOwner(const TokenizerOwner&) = delete;
  TokenizerOwner& operator=(const TokenizerOwner&) = delete;
};

struct Range {
  char32_t first, last;
};
// Han, kana, Hangul, and the scripts of South-East Asia that are written without spaces.
constexpr Range kWithoutSpaces[] = {
    {0x0E00, 0x0EFF}, {0x1000, 0x109F}, {0x1100, 0x11FF}, {0x1780, 0x17FF}, {0x2E80, 0x2FDF},
    {0x3005, 0x3007}, {0x3040, 0x30FF}, {0x3130, 0x318F}, {0x31F0, 0x31FF}, {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF}, {0xAC00, 0xD7AF}, {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, {0x20000, 0x3134F},
};

bool is_without_spaces(char32_t character) noexcept {
  for (const Range& range : kWithoutSpaces)
    if (character <= range.last) return character >= range.first;
  return false;
}

// The character at `at`, and where the next begins. Of what is no UTF-8, single bytes.
char32_t character_at(std::string_view text, std::size_t at, std::size_t& next) noexcept {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char lead = byte(at);
  const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  next = std::min(at + length, text.size());
  if (length == 1) return lead;
  char32_t character = lead & (0xFFU >> (length + 1));
  for (std::size_t index = at + 1; index < next; ++index) character = character << 6 | (byte(index) & 0x3FU);
  return character;
}

struct Splitting {
  std::string_view text;
  const std::function<bool(const Word&)>* visit;
  const TokenizerOwner* tokenizer;
  std::size_t offset = 0;  // of the part that is being tokenized
  bool goes_on = true;

  void show(Word word) {
    word.folded = truncate_utf8(word.folded, kWordBytesMax);
    if (goes_on) goes_on = (*visit)(word);
  }

  // Tokens that hold characters of both kinds fall into runs of one.
  void show_token(std::string_view folded, std::size_t begin, std::size_t end) {
    bool has_any = false;
    for (std::size_t at = begin, next = 0; at < end && !has_any; at = next)
      has_any = is_without_spaces(character_at(text, at, next));
    if (!has_any) return show({.folded = folded, .begin = begin, .end = end});
    for (std::size_t at = begin; at < end && goes_on;) {
      std::size_t stop = at, next = 0;
      const bool is_run = is_without_spaces(character_at(text, at, next));
      for (; stop < end; stop = next)
        if (is_without_spaces(character_at(text, stop, next)) != is_run) break;
      if (is_run) {
        show_pairs(at, stop);
      } else {
        // A tokenizer's buffer serves one text at a time, and the outer one is still at its own.
        const TokenizerOwner inner;
        const TokenizerOwner* outer = std::exchange(tokenizer, &inner);
        tokenize(at, stop);
        tokenizer = outer;
      }
      at = stop;
    }
  }

  void show_pairs(std::size_t begin, std::size_t end) {
    bool follows = false;
    for (std::size_t at = begin; at < end && goes_on;) {
      std::size_t second = 0, after = 0;
      (void)character_at(text, at, second);
      const bool is_last = second >= end;
      if (!is_last) (void)character_at(text, second, after);
      const std::size_t stop = is_last ? end : std::min(after, end);
      show({.folded = text.substr(at, stop - at),
            .begin = at,
            .end = stop,
            .is_pair = true,
            .follows = follows,
            .is_alone = is_last});
      follows = true;
      at = second;
    }
  }

  void tokenize(std::size_t begin, std::size_t end) {
    const std::size_t outer = std::exchange(offset, begin);
    (void)tokenizer->functions.xTokenize(
        tokenizer->tokenizer, this, FTS5_TOKENIZE_AUX, text.data() + begin, static_cast<int>(end - begin),
        [](void* context, int, const char* token, int size, int first, int last) {
          auto& splitting = *static_cast<Splitting*>(context);
          const std::size_t from = splitting.offset;
          splitting.show_token({token, static_cast<std::size_t>(size)}, from + static_cast<std::size_t>(first),
                               from + static_cast<std::size_t>(last));
          return splitting.goes_on ? SQLITE_OK : SQLITE_DONE;
        });
    offset = outer;
  }
};

}  // namespace

void split_words(std::string_view text, const std::function<bool(const Word&)>& visit) {
  constexpr std::size_t kTextBytesMax = std::size_t{1} << 30;  // SQLite counts in int
  const TokenizerOwner tokenizer;
  Splitting splitting{.text = text.substr(0, kTextBytesMax), .visit = &visit, .tokenizer = &tokenizer};
  splitting.tokenize(0, splitting.text.size());
}

}  // namespace atelier::store
