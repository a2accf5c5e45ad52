// Asking the index: what words were meant, and where they are.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/async.hpp"
#include "studio/chat/search/fts_index.hpp"
#include "studio/chat/search/near_words.hpp"
#include "studio/chat/search/owner_mark.hpp"

namespace atelier::studio {
namespace {

// A word that is only begun may be any of so many: those that are in the most messages.
constexpr std::int64_t kContinuationsMax = 40;
// A mistyped one is taken for so many.
constexpr std::size_t kNearMax = 6;
// A word in fewer messages may be mistyped there, too, if another is in so many times more of them.
constexpr std::int64_t kHardlyAny = 3, kRatherThis = 10;
// What a word counts that was not written as it stands in the text.
constexpr double kContinuationWeight = 0.7, kNearWeight = 0.5;
// Of two messages that fit alike, one of now counts twice as much as one of years ago, and halfway between after this.
constexpr double kHalfLifeMs = 60.0 * 24 * 60 * 60 * 1000;
// Higher than any character.
constexpr std::string_view kAfterAll = "\xF4\x8F\xBF\xBF";

struct Known {
  std::string word;
  std::int64_t messages = 0;  // about so many have it
};

store::Statement select_word(std::int64_t owner, const std::string& word) {
  return {"SELECT word, messages FROM search_words WHERE owner = $1 AND word = $2", {owner, word}};
}

store::Statement select_beginning(std::int64_t owner, const std::string& prefix) {
  return {
      "SELECT word, messages FROM search_words WHERE owner = $1 AND word >= $2 AND word < $3 "
      "ORDER BY messages DESC LIMIT $4",
      {owner, prefix, prefix + std::string(kAfterAll), kContinuationsMax}};
}

store::Statement select_near(std::int64_t owner, const std::string& prefix, std::size_t length_min,
                             std::size_t length_max) {
  return {
      "SELECT word, messages FROM search_words WHERE owner = $1 AND word >= $2 AND word < $3 "
      "AND length(word) BETWEEN $4 AND $5",
      {owner, prefix, prefix + std::string(kAfterAll), static_cast<std::int64_t>(length_min),
       static_cast<std::int64_t>(length_max)}};
}

// The first characters of a word, and how many it has.
std::vector<std::string> letters_of(std::string_view word) {
  std::vector<std::string> letters;
  for (const char byte : word)
    if ((static_cast<unsigned char>(byte) & 0xC0U) == 0x80 && !letters.empty())
      letters.back() += byte;
    else
      letters.emplace_back(1, byte);
  return letters;
}

std::int64_t messages_of(const store::Rows& rows) {
  std::int64_t messages = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) messages += rows.integer(row, 1);
  return messages;
}

}  // namespace

// A query on its way: what each of its clauses is taken for, and what that weighs.
struct FtsIndex::Asking {
  struct Form {
    WordRow words;
    double share = 1;
    std::int64_t messages = 0;  // that have its rarest word
  };
  struct Clause {
    SearchClause wanted;
    std::vector<Form> forms;
    std::vector<std::string> near;
    int near_asked = 0;  // 1: by its first letters, 2: by the first alone
    std::int64_t messages() const {
      std::int64_t sum = 0;
      for (const Form& form : forms) sum += form.messages;
      return sum;
    }
  };
  std::int64_t owner = 0;
  std::int64_t message_count = 0;  // of the owner
  std::vector<Clause> clauses;
};

namespace {

// `expression` in FTS5's language: nothing but words in quotation marks, which hold letters and digits alone.
template <class Clauses>
std::string expression_of(const Clauses& clauses, std::int64_t owner) {
  const std::string mark = owner_mark(owner);
  std::string expression;
  for (const auto& clause : clauses) {
    expression += expression.empty() ? "(" : " AND (";
    for (const auto& form : clause.forms) {
      if (&form != &clause.forms.front()) expression += " OR ";
      expression += '"';
      for (const std::string& word : form.words) expression += mark + word + ' ';
      expression.back() = '"';
    }
    expression += ')';
  }
  return expression;
}

template <class Clauses>
std::string weights_of(const Clauses& clauses, std::int64_t message_count) {
  std::string weights;
  for (const auto& clause : clauses)
    for (const auto& form : clause.forms) {
      const auto with = static_cast<double>(std::max<std::int64_t>(form.messages, 1));
      const auto all = std::max(static_cast<double>(message_count), with);
      const double rarity = std::log(1 + (all - with + 0.5) / (with + 0.5));
      weights += fmt::format("{:.6f} ", form.share * rarity);
    }
  return weights;
}

}  // namespace

Task<Result<>> FtsIndex::look_up(Asking* asking) {
  std::vector<store::Statement> questions;
  for (const Asking::Clause& clause : asking->clauses) {
    for (const std::string& word : clause.wanted.words) questions.push_back(select_word(asking->owner, word));
    if (clause.wanted.is_prefix) questions.push_back(select_beginning(asking->owner, clause.wanted.words.front()));
  }
  auto rows = co_await parts_.telemetry.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  std::size_t next = 0;
  for (Asking::Clause& clause : asking->clauses) {
    Asking::Form written{.words = clause.wanted.words, .share = 1, .messages = asking->message_count};
    for (std::size_t index = 0; index < clause.wanted.words.size(); ++index)
      written.messages = std::min(written.messages, messages_of((*rows)[next++]));
    clause.forms.push_back(std::move(written));
    if (!clause.wanted.is_prefix) continue;
    const store::Rows& continued = (*rows)[next++];
    for (std::size_t row = 0; row < continued.size(); ++row)
      if (continued.text(row, 0) != clause.wanted.words.front())
        clause.forms.push_back(
            {.words = {continued.text(row, 0)}, .share = kContinuationWeight, .messages = continued.integer(row, 1)});
  }
  co_return Result<>{};
}

Task<Result<>> FtsIndex::add_near_words(Asking* asking, bool also_where_found) {
  // The letters a word begins with are mostly right, or the first two are swapped, or one of them is missing or too
  // many; where that leads to nothing, only the first one is relied on.
  for (const bool is_wide : {false, true}) {
    std::vector<store::Statement> questions;
    std::vector<std::pair<std::size_t, std::size_t>> asked;  // clause, and how many questions are about it
    for (std::size_t index = 0; index < asking->clauses.size(); ++index) {
      Asking::Clause& clause = asking->clauses[index];
      const std::string& word = clause.wanted.words.front();
      const std::size_t allowed = clause.wanted.may_be_near ? typos_allowed(word) : 0;
      if (allowed == 0 || clause.near_asked != (is_wide ? 1 : 0) || !clause.near.empty()) continue;
      if (!also_where_found && clause.messages() >= kHardlyAny) continue;
      ++clause.near_asked;
      const std::vector<std::string> letters = letters_of(word);
      std::vector<std::string> beginnings;
      if (is_wide)
        beginnings = {letters[0]};
      else
        beginnings = {letters[0] + letters[1], letters[1] + letters[0], letters[1] + letters[2],
                      letters[0] + letters[2]};
      std::ranges::sort(beginnings);
      const auto repeated = std::ranges::unique(beginnings);
      beginnings.erase(repeated.begin(), repeated.end());
      for (const std::string& beginning : beginnings)
        questions.push_back(select_near(asking->owner, beginning, letters.size() - allowed, letters.size() + allowed));
      asked.emplace_back(index, beginnings.size());
    }
    if (questions.empty()) continue;
    auto rows = co_await parts_.telemetry.read_all(std::move(questions));
    if (!rows) co_return error_of(rows);
    std::size_t next = 0;
    for (const auto& [index, count] : asked) {
      Asking::Clause& clause = asking->clauses[index];
      const std::string& word = clause.wanted.words.front();
      const std::size_t allowed = typos_allowed(word);
      const std::int64_t there = clause.messages();
      std::vector<std::pair<std::size_t, Known>> near;
      for (const std::size_t stop = next + count; next < stop; ++next)
        for (std::size_t row = 0; row < (*rows)[next].size(); ++row) {
          Known known{.word = (*rows)[next].text(row, 0), .messages = (*rows)[next].integer(row, 1)};
          if (known.word == word || known.messages < there * kRatherThis) continue;
          const std::size_t distance = typo_distance(word, known.word, allowed);
          if (distance <= allowed) near.emplace_back(distance, std::move(known));
        }
      std::ranges::sort(near, [](const auto& left, const auto& right) {
        return left.first != right.first ? left.first < right.first : left.second.messages > right.second.messages;
      });
      if (near.size() > kNearMax) near.resize(kNearMax);
      for (auto& [distance, known] : near) {
        clause.near.push_back(known.word);
        clause.forms.push_back({.words = {std::move(known.word)},
                                .share = kNearWeight / static_cast<double>(distance),
                                .messages = known.messages});
      }
    }
  }
  co_return Result<>{};
}

Task<Result<std::vector<Candidate>>> FtsIndex::ask(const Asking* asking) {
  // Newest first, since that is the order of the entries; so of a common word only the newest are weighed, and of the
  // others all.
  store::Statement question{
      "SELECT t.id, m.number, m.created_ms, s.score FROM (SELECT rowid AS id, weighted_score(search_index, $2) AS "
      "score "
      "FROM search_index WHERE search_index MATCH $1 ORDER BY rowid DESC LIMIT $3) AS s "
      "JOIN search_messages m ON m.id = s.id JOIN search_threads t ON t.number = m.thread",
      {expression_of(asking->clauses, asking->owner), weights_of(asking->clauses, asking->message_count),
       static_cast<std::int64_t>(options_.candidates_max)}};
  auto rows = co_await parts_.telemetry.read(std::move(question));
  if (!rows) co_return error_of(rows);
  const auto now_ms = static_cast<double>(parts_.clock.wall_ms());
  std::vector<Candidate> candidates;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto thread = ThreadId::parse(rows->text(row, 0));
    if (!thread) continue;
    const double age_ms = std::max(0.0, now_ms - static_cast<double>(rows->integer(row, 2)));
    const double freshness = 0.5 + 0.5 * std::exp2(-age_ms / kHalfLifeMs);
    candidates.push_back(
        {.thread = *thread, .number = rows->integer(row, 1), .score = rows->number(row, 3) * freshness});
  }
  co_return candidates;
}

Task<Result<Candidates>> FtsIndex::find(Principal principal, SearchQuery query, std::size_t count_max) {
  std::vector<store::Statement> questions;
  questions.push_back({"SELECT fill_below FROM search_state"});
  questions.push_back({"SELECT number, messages FROM search_owners WHERE id = $1", {principal.owner.to_string()}});
  auto rows = co_await parts_.telemetry.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  Candidates found;
  found.is_complete = !(*rows)[0].empty() && (*rows)[0].integer(0, 0) == 0;
  if ((*rows)[1].empty()) co_return found;
  Asking asking;
  asking.owner = (*rows)[1].integer(0, 0);
  asking.message_count = std::max<std::int64_t>((*rows)[1].integer(0, 1), 1);
  for (SearchClause& clause : query.clauses) {
    Asking::Clause one;
    one.wanted = std::move(clause);
    asking.clauses.push_back(std::move(one));
  }
  if (auto done = co_await look_up(&asking); !done) co_return error_of(done);
  if (auto done = co_await add_near_words(&asking, false); !done) co_return error_of(done);
  auto items = co_await ask(&asking);
  if (items && items->empty()) {
    // Each of them somewhere, but nowhere together: perhaps one is another word that was mistyped.
    if (auto done = co_await add_near_words(&asking, true); !done) co_return error_of(done);
    items = co_await ask(&asking);
  }
  if (!items) co_return error_of(items);
  std::ranges::stable_sort(*items, std::ranges::greater(), &Candidate::score);
  if (items->size() > count_max) items->resize(count_max);
  found.items = std::move(*items);
  for (Asking::Clause& clause : asking.clauses) {
    ClauseForms forms;
    if (clause.wanted.is_prefix) forms.prefix = clause.wanted.words.front();
    for (Asking::Form& form : clause.forms) forms.rows.push_back(std::move(form.words));
    found.clauses.push_back(std::move(forms));
    if (!clause.near.empty())
      found.corrections.push_back({.word = clause.wanted.words.front(), .taken_for = std::move(clause.near)});
  }
  co_return found;
}

}  // namespace atelier::studio
