#include "studio/chat/search/snippet.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "store/words.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kSnippetBytes = 240;
constexpr std::size_t kBytesBefore = 60;  // the first hit
constexpr std::string_view kCut = "\xE2\x80\xA6";

// A text's words; what they are folded to stands in one string.
struct TextWords {
  struct Place {
    std::size_t begin, end, folded_at, folded_size;
  };
  std::string folded;
  std::vector<Place> places;
  std::string_view word(std::size_t index) const {
    return std::string_view(folded).substr(places[index].folded_at, places[index].folded_size);
  }
};

TextWords words_of(std::string_view text) {
  TextWords words;
  store::split_words(text, [&](const store::Word& word) {
    words.places.push_back({word.begin, word.end, words.folded.size(), word.folded.size()});
    words.folded += word.folded;
    return true;
  });
  return words;
}

bool stands_at(const TextWords& words, std::size_t at, const WordRow& row) {
  if (at + row.size() > words.places.size()) return false;
  for (std::size_t index = 0; index < row.size(); ++index)
    if (words.word(at + index) != row[index]) return false;
  return true;
}

struct Found {
  std::size_t begin, end;  // in the text
  std::size_t clause;
};

// By where they begin. Empty: a clause is missing.
std::vector<Found> find_all(const TextWords& words, const std::vector<ClauseForms>& clauses) {
  std::vector<Found> found;
  std::vector<bool> has(clauses.size());
  for (std::size_t at = 0; at < words.places.size(); ++at)
    for (std::size_t clause = 0; clause < clauses.size(); ++clause) {
      std::size_t length = 0;
      for (const WordRow& row : clauses[clause].rows)
        if (stands_at(words, at, row)) length = std::max(length, row.size());
      if (length == 0 && !clauses[clause].prefix.empty() && words.word(at).starts_with(clauses[clause].prefix))
        length = 1;
      if (length == 0) continue;
      has[clause] = true;
      found.push_back({words.places[at].begin, words.places[at + length - 1].end, clause});
    }
  if (std::ranges::find(has, false) != has.end()) found.clear();
  return found;
}

// From which of them on a piece has the most of the clauses; the first such.
std::size_t best_start(const std::vector<Found>& found, std::size_t clause_count) {
  std::size_t best = 0, most = 0;
  std::vector<std::size_t> seen(clause_count);
  for (std::size_t start = 0; start < found.size() && most < clause_count; ++start) {
    std::size_t count = 0;
    for (std::size_t at = start; at < found.size() && found[at].end < found[start].begin + kSnippetBytes - kBytesBefore;
         ++at)
      if (std::exchange(seen[found[at].clause], start + 1) != start + 1) ++count;
    if (count > most) {
      most = count;
      best = start;
    }
  }
  return best;
}

bool is_inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80;
}

// Back from `at` to the beginning of a word, not further than to `least`.
std::size_t word_begin(std::string_view text, std::size_t least, std::size_t at) {
  const std::size_t space = text.find_first_of(" \n\t\r", least);
  std::size_t begin = least == 0 ? 0 : space < at ? space + 1 : least;
  while (is_inside_character(text, begin)) ++begin;
  return std::min(begin, at);
}

}  // namespace

std::optional<Snippet> make_snippet(std::string_view text, const std::vector<ClauseForms>& clauses) {
  text = truncate_utf8(text, kSearchedBytesMax);
  const std::vector<Found> found = find_all(words_of(text), clauses);
  if (found.empty()) return std::nullopt;
  const Found& first = found[best_start(found, clauses.size())];
  const std::size_t begin = word_begin(text, first.begin > kBytesBefore ? first.begin - kBytesBefore : 0, first.begin);
  // A phrase may be longer than a snippet is.
  std::size_t end = std::min(text.size(), std::max(begin + kSnippetBytes, first.end));
  if (end < text.size()) {
    const std::size_t space = text.find_last_of(" \n\t\r", end);
    if (space != std::string_view::npos && space > first.end) end = space;
    while (is_inside_character(text, end)) --end;
  }
  Snippet snippet;
  if (begin > 0) snippet.text = kCut;
  const std::size_t shift = snippet.text.size();
  snippet.text += text.substr(begin, end - begin);
  for (char& byte : snippet.text)
    if (static_cast<unsigned char>(byte) < 0x20) byte = ' ';
  if (end < text.size()) snippet.text += kCut;
  std::size_t covered = begin;
  for (const Found& one : found) {
    if (one.begin < begin || one.end > end || one.end <= covered) continue;
    // Pairs of characters overlap: they are one hit, and so are pieces of a phrase.
    if (one.begin < covered && !snippet.hits.empty()) {
      snippet.hits.back().size += one.end - covered;
    } else {
      snippet.hits.push_back({.at = one.begin - begin + shift, .size = one.end - one.begin});
    }
    covered = one.end;
  }
  return snippet;
}

}  // namespace atelier::studio
