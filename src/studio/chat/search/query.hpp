#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

// What somebody wants found, and what was taken for it.
namespace atelier::studio {

inline constexpr std::size_t kSearchBytesMax = 500;
inline constexpr std::size_t kSearchWordsMax = 16;

// Words one after another, as in the text: mostly one. Folded (store/words.hpp).
using WordRow = std::vector<std::string>;

struct SearchClause {
  WordRow words;
  // The last word may go on.
  bool is_prefix = false;
  // One word that may have been mistyped: no phrase, and of a script with words.
  bool may_be_near = false;
};

// A message is found if it has all of them.
struct SearchQuery {
  std::vector<SearchClause> clauses;
};

// Words; the last one may be only begun, unless something stands behind it. What stands in quotation marks is a phrase;
// a mark that is not closed quotes the rest. Any text can be searched for: nothing in it is an operator. Errors: no
// word in it, too many, no UTF-8.
Result<SearchQuery> parse_search(std::string_view text);

// What a clause was taken for: any of these.
struct ClauseForms {
  std::vector<WordRow> rows;
  std::string prefix = {};  // and what begins so; empty: nothing
};

}  // namespace atelier::studio
