#include "studio/chat/search/query.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "store/words.hpp"

namespace atelier::studio {
namespace {

constexpr std::string_view kMarks[] = {"\"", "\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x9E"};  // and the typographic

// Where the next quotation mark stands from `at`, and how long it is.
struct Mark {
  std::size_t at = std::string_view::npos, size = 0;
};
Mark next_mark(std::string_view text, std::size_t at) {
  Mark first;
  for (const std::string_view mark : kMarks)
    if (const std::size_t found = text.find(mark, at); found < first.at) first = {.at = found, .size = mark.size()};
  return first;
}

// Whether the last of them reaches to the text's end.
bool add_words(std::string_view text, std::vector<SearchClause>& clauses) {
  std::size_t end = 0;
  store::split_words(text, [&](const store::Word& word) {
    end = word.end;
    if (word.follows) {
      // The end of a run is in the pair before.
      if (!word.is_alone) clauses.back().words.emplace_back(word.folded);
      return true;
    }
    SearchClause clause;
    clause.words.emplace_back(word.folded);
    clause.may_be_near = !word.is_pair;
    // One character finds the pairs that begin with it.
    clause.is_prefix = word.is_alone;
    clauses.push_back(std::move(clause));
    return true;
  });
  return end == text.size();
}

void add_phrase(std::string_view text, std::vector<SearchClause>& clauses) {
  SearchClause clause;
  bool is_end_of_run = false, is_one_character = false;
  store::split_words(text, [&](const store::Word& word) {
    is_one_character = clause.words.empty() && word.is_alone;
    is_end_of_run = word.is_alone && word.follows;
    clause.words.emplace_back(word.folded);
    return true;
  });
  if (is_end_of_run) clause.words.pop_back();
  clause.is_prefix = is_one_character && clause.words.size() == 1;
  if (!clause.words.empty()) clauses.push_back(std::move(clause));
}

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "parameter_invalid", .where = "q"});
}

}  // namespace

Result<SearchQuery> parse_search(std::string_view text) {
  if (text.size() > kSearchBytesMax) return refuse(fmt::format("must have at most {} bytes", kSearchBytesMax));
  if (!is_valid_utf8(text)) return refuse("must be UTF-8");
  SearchQuery query;
  bool is_quoted = false, is_open = false;
  for (std::size_t at = 0; at <= text.size(); is_quoted = !is_quoted) {
    const Mark mark = next_mark(text, at);
    const std::string_view piece = text.substr(at, mark.at - at);
    if (is_quoted)
      add_phrase(piece, query.clauses);
    else
      is_open = add_words(piece, query.clauses) && !piece.empty() && mark.size == 0;
    if (mark.size == 0) break;
    at = mark.at + mark.size;
  }
  if (query.clauses.empty()) return refuse("has no word to search for");
  std::size_t word_count = 0;
  for (const SearchClause& clause : query.clauses) word_count += clause.words.size();
  if (word_count > kSearchWordsMax)
    return refuse(fmt::format("has {} words; at most {} can be searched for", word_count, kSearchWordsMax));
  SearchClause& last = query.clauses.back();
  if (is_open && last.may_be_near) last.is_prefix = true;
  return query;
}

}  // namespace atelier::studio
