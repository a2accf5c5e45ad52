#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "studio/chat/search/query.hpp"

namespace atelier::studio {

// Of a message's text so much is searched. What stands behind it is not found.
inline constexpr std::size_t kSearchedBytesMax = 256 << 10;

// A piece of a text around what was found in it. On one line; "…" where it was cut.
struct Snippet {
  struct Hit {
    std::size_t at = 0, size = 0;  // in bytes of `text`
  };
  std::string text;
  std::vector<Hit> hits;  // in order
};

// nullopt: the text does not have all of the clauses.
std::optional<Snippet> make_snippet(std::string_view text, const std::vector<ClauseForms>& clauses);

}  // namespace atelier::studio
