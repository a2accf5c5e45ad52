// What somebody searches for, on the first line, and a message's text behind it. Whatever they are: words are letters
// and digits, and stand where they are said to; a query is taken or refused by name; a snippet's hits are within it.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "store/words.hpp"
#include "studio/chat/search/near_words.hpp"
#include "studio/chat/search/query.hpp"
#include "studio/chat/search/snippet.hpp"

using namespace atelier;
using namespace atelier::studio;

namespace {

void expect_sound_words(std::string_view text) {
  std::size_t before = 0;
  store::split_words(text, [&](const store::Word& word) {
    ensure(!word.folded.empty() && word.folded.size() <= store::kWordBytesMax, "a word has letters, and not too many");
    ensure(is_valid_utf8(word.folded), "a word is whole characters");
    for (const char byte : word.folded) {
      const auto value = static_cast<unsigned char>(byte);
      ensure(value >= 0x80 || (value >= '0' && value <= '9') || (value >= 'a' && value <= 'z'),
             "the index and its JSON need not escape a word");
    }
    ensure(word.begin < word.end && word.end <= text.size() && word.begin >= before, "a word stands in the text");
    before = word.begin;
    return true;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(all.find('\n'), all.size());
  const std::string_view asked = all.substr(0, line), text = all.substr(std::min(line + 1, all.size()));
  const auto query = parse_search(asked);
  if (!query)
    ensure(query.error().where == "q" && query.error().code == ErrorCode::invalid_argument, "a refusal says why");
  if (!is_valid_utf8(text)) return 0;  // no message has such a text
  expect_sound_words(text);
  if (!query) return 0;
  std::vector<ClauseForms> clauses;
  for (const SearchClause& clause : query->clauses) {
    ensure(!clause.words.empty(), "a clause has words");
    ensure(!clause.is_prefix || clause.words.size() == 1, "one word may be only begun");
    for (const std::string& word : clause.words)
      ensure(typo_distance(word, word, typos_allowed(word)) == 0, "a word is near itself");
    ClauseForms forms;
    forms.rows.push_back(clause.words);
    if (clause.is_prefix) forms.prefix = clause.words.front();
    clauses.push_back(std::move(forms));
  }
  const auto snippet = make_snippet(text, clauses);
  if (!snippet) return 0;
  ensure(is_valid_utf8(snippet->text), "a snippet is text");
  ensure(!snippet->hits.empty(), "a snippet shows what was found");
  std::size_t end = 0;
  for (const Snippet::Hit& hit : snippet->hits) {
    ensure(hit.at >= end && hit.size > 0 && hit.at + hit.size <= snippet->text.size(), "hits are in order, within it");
    ensure(is_valid_utf8(std::string_view(snippet->text).substr(hit.at, hit.size)), "a hit is whole characters");
    end = hit.at + hit.size;
  }
  return 0;
}
