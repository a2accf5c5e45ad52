#include "studio/chat/search.hpp"

#include <algorithm>
#include <memory>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "studio/chat/search/message_text.hpp"

namespace atelier::studio {
namespace {

// So many messages are read at once: each may be megabytes.
constexpr std::size_t kReadAtOnce = 10;
// Candidates for each hit wanted: a message may have changed since it was indexed.
constexpr std::size_t kCandidatesPerHit = 4;

store::Statement select_message(Principal principal, const Candidate& candidate) {
  return {
      "SELECT m.role, m.created_ms, t.title, x.parts FROM messages m JOIN threads t ON t.id = m.thread "
      "JOIN message_texts x ON x.thread = m.thread AND x.number = m.number "
      "WHERE m.thread = $1 AND m.number = $2 AND m.owner = $3 AND t.owner = $3 AND t.deleted_ms IS NULL",
      {candidate.thread.to_string(), candidate.number, principal.owner.to_string()}};
}

std::int64_t utf16_length(std::string_view text) noexcept {
  std::int64_t length = 0;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value & 0xC0U) != 0x80) length += value >= 0xF0 ? 2 : 1;
  }
  return length;
}

Result<std::vector<ThreadHit>> hits_of(const std::vector<Candidate>& candidates, const std::vector<store::Rows>& rows,
                                       const std::vector<ClauseForms>& clauses) {
  std::vector<ThreadHit> hits;
  for (std::size_t index = 0; index < rows.size(); ++index) {
    if (rows[index].empty()) continue;
    const auto role = parse_message_role(rows[index].text(0, 0));
    auto text = text_of_parts(rows[index].text(0, 3));
    if (!role || !text) continue;
    auto snippet = make_snippet(*text, clauses);
    if (!snippet) continue;
    hits.push_back({.thread = candidates[index].thread,
                    .title = rows[index].text(0, 2),
                    .number = candidates[index].number,
                    .role = *role,
                    .created_ms = rows[index].integer(0, 1),
                    .snippet = std::move(*snippet)});
  }
  return hits;
}

}  // namespace

json::Value to_json(const SearchAnswer& answer) {
  json::Array items, corrections;
  for (const ThreadHit& hit : answer.items) {
    const std::string_view text = hit.snippet.text;
    json::Array places;
    for (const Snippet::Hit& place : hit.snippet.hits)
      places.push_back(json::Object{{"at", utf16_length(text.substr(0, place.at))},
                                    {"length", utf16_length(text.substr(place.at, place.size))}});
    items.push_back(json::Object{{"thread", hit.thread.to_string()},
                                 {"title", hit.title},
                                 {"number", hit.number},
                                 {"role", to_string(hit.role)},
                                 {"created_at", format_rfc3339(hit.created_ms)},
                                 {"snippet", hit.snippet.text},
                                 {"hits", std::move(places)}});
  }
  for (const Correction& one : answer.corrections) {
    json::Array words;
    for (const std::string& word : one.taken_for) words.push_back(json::Value(word));
    corrections.push_back(json::Object{{"word", one.word}, {"taken_for", std::move(words)}});
  }
  return json::Object{
      {"items", std::move(items)}, {"corrections", std::move(corrections)}, {"is_complete", answer.is_complete}};
}

Task<Result<SearchAnswer>> ThreadSearch::search(Principal principal, std::string text, std::size_t count) {
  auto query = parse_search(text);
  if (!query) co_return error_of(query);
  auto found = co_await index_.find(principal, std::move(*query), count * kCandidatesPerHit);
  if (!found) co_return error_of(found);
  SearchAnswer answer;
  answer.is_complete = found->is_complete;
  const auto clauses = std::make_shared<const std::vector<ClauseForms>>(std::move(found->clauses));
  for (std::size_t begin = 0, end = 0; begin < found->items.size() && answer.items.size() < count; begin = end) {
    end = std::min(begin + std::min(kReadAtOnce, count), found->items.size());
    std::vector<Candidate> some(found->items.begin() + static_cast<std::ptrdiff_t>(begin),
                                found->items.begin() + static_cast<std::ptrdiff_t>(end));
    std::vector<store::Statement> questions;
    for (const Candidate& candidate : some) questions.push_back(select_message(principal, candidate));
    auto rows = co_await database_.read_all(std::move(questions));
    if (!rows) co_return error_of(rows);
    auto work = [candidates = std::move(some), read = std::move(*rows), clauses](std::size_t) {
      return hits_of(candidates, read, *clauses);
    };
    auto hits = co_await store::run_in(&pool_, std::move(work));
    if (!hits) co_return error_of(hits);
    for (ThreadHit& hit : *hits)
      if (answer.items.size() < count) answer.items.push_back(std::move(hit));
  }
  // Of words that led nowhere nothing is told.
  if (!answer.items.empty()) answer.corrections = std::move(found->corrections);
  co_return answer;
}

}  // namespace atelier::studio
