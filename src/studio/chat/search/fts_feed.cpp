// Keeping the index: what became of the messages since, and all of them where it knows none.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "store/words.hpp"
#include "studio/chat/search/fts_index.hpp"
#include "studio/chat/search/message_text.hpp"
#include "studio/chat/search/owner_mark.hpp"
#include "studio/chat/search/snippet.hpp"

namespace atelier::studio {
namespace {

constexpr Metric kWaiting{"atelier_search_waiting_messages", MetricKind::gauge,
                          "Messages that are not in the search index yet"};

// Of the log of changes so many are deleted at once.
constexpr std::int64_t kForgetSlice = 5'000;

// Of temporary threads nothing is indexed: they are to leave nothing behind.
#define ATELIER_SEARCHED "(t.id IS NOT NULL AND t.deleted_ms IS NULL AND t.expires_ms IS NULL)"

// Words of one statement: other writers of telemetry.db wait for it.
constexpr std::size_t kWordsSlice = 10'000;

}  // namespace

// A message whose text is to be indexed, or that is gone.
struct FtsIndex::Entry {
  std::string thread;
  std::int64_t number = 0;
  bool is_there = false;
  std::int64_t owner = 0;
  std::int64_t created_ms = 0;
  std::string parts = {};
  std::int64_t id = 0;     // of a text: its rowid while the index is filled; 0: the next free one
  std::string words = {};  // once they are cut, with the owner's mark each; empty: it has none
};

// What add() writes.
struct FtsIndex::Batch {
  std::vector<Entry> entries;
  OwnerCounts counts;
};

FtsIndex::FtsIndex(Parts parts, Options options)
    : parts_(parts), options_(options), waiting_(parts.metrics.gauge(kWaiting)) {}

Task<Result<>> FtsIndex::run() {
  std::chrono::milliseconds pause = options_.retry_min;
  bool is_failing = false;
  for (;;) {
    const std::uint64_t written = parts_.studio.statistics().batch_count;
    auto more = co_await step();
    if (co_await is_cancelled()) co_return Result<>{};
    if (!more) {
      // Once for each trouble, not every time.
      if (!is_failing) log::warn("messages are not indexed for search", {{"error", more.error().describe()}});
      is_failing = true;
      if (auto slept = co_await sleep_for(pause); !slept) co_return Result<>{};
      pause = std::min(pause * 2, options_.retry_max);
      continue;
    }
    is_failing = false;
    pause = options_.retry_min;
    if (auto slept = co_await sleep_for(options_.pause); !slept) co_return Result<>{};
    // Nobody wakes it: what is sent must not wait for it, not even to tell.
    while (!*more && parts_.studio.statistics().batch_count == written)
      if (auto slept = co_await sleep_for(options_.look_every); !slept) co_return Result<>{};
  }
}

Task<Result<bool>> FtsIndex::step() {
  auto more = co_await try_step();
  // What was written is read again.
  if (!more) state_.reset();
  co_return more;
}

Task<Result<bool>> FtsIndex::try_step() {
  if (!state_)
    if (auto loaded = co_await load(); !loaded) co_return error_of(loaded);
  std::vector<store::Statement> questions;
  questions.push_back({"SELECT value FROM meta WHERE key = 'epoch'"});
  questions.push_back({"SELECT stamp FROM message_changes WHERE position = $1", {state_->position}});
  // Each by itself: both in one would go through all of them.
  questions.push_back(
      {"SELECT (SELECT min(position) FROM message_changes), (SELECT max(position) FROM message_changes)"});
  questions.push_back(
      {"SELECT c.position, coalesce(m.tokens, 0) FROM message_changes c LEFT JOIN messages m "
       "ON m.thread = c.thread AND m.number = c.number WHERE c.position > $1 ORDER BY c.position LIMIT $2",
       {state_->position, options_.batch_messages_max}});
  auto rows = co_await parts_.studio.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  const std::string& epoch = (*rows)[0].text(0, 0);
  const store::Rows &stamp = (*rows)[1], &ends = (*rows)[2], &changes = (*rows)[3];
  // Where it came to must still be where it was: else one of the two files is another, or older.
  const bool is_known =
      state_->position == 0 ? ends.integer(0, 0) <= 1 : !stamp.empty() && stamp.integer(0, 0) == state_->stamp;
  if (state_->epoch != epoch || !is_known) {
    if (!state_->epoch.empty()) log::info("the search index does not fit the messages and is built anew");
    std::string begun = epoch;
    auto anew = co_await begin_anew(std::move(begun));
    if (!anew) co_return error_of(anew);
    co_return true;
  }
  waiting_.set(
      static_cast<double>(ends.integer(0, 1) - state_->position + std::max<std::int64_t>(state_->fill_below - 1, 0)));
  if (!changes.empty()) {
    std::int64_t tokens = 0, last = 0;
    for (std::size_t row = 0; row < changes.size() && (row == 0 || tokens < options_.batch_tokens_max); ++row) {
      last = changes.integer(row, 0);
      tokens += changes.integer(row, 1);
    }
    co_return co_await follow(last);
  }
  co_await forget_changes();
  if (state_->fill_below > 0) co_return co_await fill();
  auto worn = co_await is_worn();
  if (!worn) co_return error_of(worn);
  if (*worn) {
    log::info("the search index holds much of deleted messages and is built anew");
    if (auto anew = co_await begin_anew(state_->epoch); !anew) co_return error_of(anew);
  }
  co_return *worn;
}

Task<Result<>> FtsIndex::load() {
  std::vector<store::Statement> questions;
  questions.push_back({"SELECT epoch, position, stamp, fill_below, next_id, dead FROM search_state"});
  questions.push_back({"SELECT id, number FROM search_owners"});
  auto rows = co_await parts_.telemetry.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  State state;
  if (const store::Rows& row = (*rows)[0]; !row.empty())
    state = {.epoch = row.text(0, 0),
             .position = row.integer(0, 1),
             .stamp = row.integer(0, 2),
             .fill_below = row.integer(0, 3),
             .next_id = row.integer(0, 4),
             .dead = row.integer(0, 5)};
  state.filled_to = state.fill_below;
  gathered_.clear();
  owners_.clear();
  for (std::size_t row = 0; row < (*rows)[1].size(); ++row)
    owners_.emplace((*rows)[1].text(row, 0), (*rows)[1].integer(row, 1));
  state_ = std::move(state);
  co_return Result<>{};
}

Task<Result<>> FtsIndex::begin_anew(std::string epoch) {
  std::vector<store::Statement> questions;
  questions.push_back({"SELECT position, stamp FROM message_changes ORDER BY position DESC LIMIT 1"});
  questions.push_back({"SELECT coalesce(max(rowid), 0) FROM message_texts"});
  auto rows = co_await parts_.studio.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  State state;
  state.epoch = std::move(epoch);
  if (!(*rows)[0].empty()) {
    state.position = (*rows)[0].integer(0, 0);
    state.stamp = (*rows)[0].integer(0, 1);
  }
  // Entries go by their texts' rowids while it is filled, and what changes meanwhile gets higher ones: so that the
  // newest have the highest.
  const std::int64_t last = (*rows)[1].integer(0, 0);
  state.fill_below = last > 0 ? last + 1 : 0;
  state.filled_to = state.fill_below;
  state.next_id = last + 1;
  std::vector<store::Statement> batch;
  batch.push_back({"INSERT INTO search_index (search_index) VALUES ('delete-all')"});
  batch.push_back({"DELETE FROM search_messages"});
  batch.push_back({"DELETE FROM search_threads"});
  batch.push_back({"DELETE FROM search_words"});
  // Numbers stay: a search that is under way may hold one.
  batch.push_back({"UPDATE search_owners SET messages = 0"});
  batch.push_back(
      {"INSERT INTO search_state (id, epoch, position, stamp, fill_below, next_id, dead) VALUES (1, $1, $2, $3, $4, "
       "$5, 0) "
       "ON CONFLICT (id) DO UPDATE SET epoch = $1, position = $2, stamp = $3, fill_below = $4, next_id = $5, dead = 0",
       {state.epoch, state.position, state.stamp, state.fill_below, state.next_id}});
  auto written = co_await parts_.telemetry.write(std::move(batch));
  if (!written) co_return error_of(written);
  state_ = std::move(state);
  gathered_.clear();
  dead_looked_at_ = 0;
  co_return Result<>{};
}

Task<Result<bool>> FtsIndex::follow(std::int64_t last) {
  store::Statement question{
      "SELECT c.thread, c.number, m.owner, m.created_ms, x.parts, x.rowid IS NOT NULL AND m.owner IS NOT NULL "
      "AND " ATELIER_SEARCHED
      ", c.stamp "
      "FROM message_changes c LEFT JOIN threads t ON t.id = c.thread "
      "LEFT JOIN messages m ON m.thread = c.thread AND m.number = c.number "
      "LEFT JOIN message_texts x ON x.thread = c.thread AND x.number = c.number "
      "WHERE c.position > $1 AND c.position <= $2 ORDER BY c.position",
      {state_->position, last}};
  auto rows = co_await parts_.studio.read(std::move(question));
  if (!rows) co_return error_of(rows);
  if (auto numbered = co_await number_owners(&*rows); !numbered) co_return error_of(numbered);
  // Of several changes of a message one is enough: its text is that of now.
  std::map<std::pair<std::string, std::int64_t>, std::size_t> latest;
  for (std::size_t row = 0; row < rows->size(); ++row) latest[{rows->text(row, 0), rows->integer(row, 1)}] = row;
  std::vector<Entry> entries;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    if (latest[{rows->text(row, 0), rows->integer(row, 1)}] != row) continue;
    Entry entry{.thread = rows->text(row, 0), .number = rows->integer(row, 1)};
    entry.is_there = rows->integer(row, 5) != 0;
    if (entry.is_there) {
      entry.owner = owners_.at(rows->text(row, 2));
      entry.created_ms = rows->integer(row, 3);
      entry.parts = rows->text(row, 4);
    }
    entries.push_back(std::move(entry));
  }
  State next = *state_;
  next.position = last;
  next.stamp = rows->integer(rows->size() - 1, 6);
  auto added = co_await add(std::move(next), std::move(entries), false);
  if (!added) co_return error_of(added);
  co_return true;
}

Task<Result<bool>> FtsIndex::fill() {
  store::Statement look{
      "SELECT x.rowid, m.tokens FROM message_texts x JOIN messages m ON m.thread = x.thread AND m.number = x.number "
      "WHERE x.rowid < $1 ORDER BY x.rowid DESC LIMIT $2",
      {state_->fill_below, options_.batch_messages_max}};
  auto texts = co_await parts_.studio.read(std::move(look));
  if (!texts) co_return error_of(texts);
  std::int64_t tokens = 0, first = 0;
  for (std::size_t row = 0; row < texts->size() && (row == 0 || tokens < options_.batch_tokens_max); ++row) {
    first = texts->integer(row, 0);
    tokens += texts->integer(row, 1);
  }
  store::Statement question{
      "SELECT x.thread, x.number, m.owner, m.created_ms, x.parts, x.rowid FROM message_texts x "
      "JOIN messages m ON m.thread = x.thread AND m.number = x.number JOIN threads t ON t.id = x.thread "
      "WHERE x.rowid >= $1 AND x.rowid < $2 AND " ATELIER_SEARCHED " ORDER BY x.rowid",
      {first, state_->fill_below}};
  auto rows = co_await parts_.studio.read(std::move(question));
  if (!rows) co_return error_of(rows);
  if (auto numbered = co_await number_owners(&*rows); !numbered) co_return error_of(numbered);
  std::vector<Entry> entries;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    Entry entry{.thread = rows->text(row, 0), .number = rows->integer(row, 1)};
    entry.is_there = true;
    entry.owner = owners_.at(rows->text(row, 2));
    entry.created_ms = rows->integer(row, 3);
    entry.parts = rows->text(row, 4);
    entry.id = rows->integer(row, 5);
    entries.push_back(std::move(entry));
  }
  State next = *state_;
  next.fill_below = texts->empty() ? 0 : first;
  auto added = co_await add(std::move(next), std::move(entries), true);
  if (!added) co_return error_of(added);
  std::size_t gathered = 0;
  for (const auto& [owner, counts] : gathered_) gathered += counts.words.size();
  if (gathered >= options_.words_gathered_max || state_->fill_below == 0)
    if (auto written = co_await write_gathered(); !written) co_return error_of(written);
  co_return true;
}

// Gives numbers to owners who have none yet: they stand in column 2.
Task<Result<>> FtsIndex::number_owners(const store::Rows* rows) {
  std::vector<store::Statement> batch;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    if (rows->is_null(row, 2) || owners_.contains(rows->text(row, 2))) continue;
    owners_.emplace(rows->text(row, 2), 0);
    batch.push_back(
        {"INSERT INTO search_owners (id, messages) VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET id = $1 "
         "RETURNING id, number",
         {rows->text(row, 2)}});
  }
  if (batch.empty()) co_return Result<>{};
  auto written = co_await parts_.telemetry.write(std::move(batch));
  if (!written) co_return error_of(written);
  for (const store::Rows& one : *written) {
    if (one.integer(0, 1) > kOwnersMax)
      co_return fail(ErrorCode::too_large, fmt::format("messages of more than {} users cannot be indexed", kOwnersMax));
    owners_[one.text(0, 0)] = one.integer(0, 1);
  }
  co_return Result<>{};
}

namespace {

// The words of a text as the index takes them, and counts what is new in it.
template <class Counts>
std::string index_words(std::string_view text, const std::string& mark, Counts& counts) {
  std::string words;
  std::vector<std::string> seen;
  store::split_words(truncate_utf8(text, kSearchedBytesMax), [&](const store::Word& word) {
    words += mark;
    words += word.folded;
    words += ' ';
    seen.emplace_back(word.folded);
    return true;
  });
  std::ranges::sort(seen);
  const auto repeated = std::ranges::unique(seen);
  seen.erase(repeated.begin(), repeated.end());
  for (std::string& word : seen) ++counts.words[std::move(word)];
  counts.messages += words.empty() ? 0 : 1;
  return words;
}

}  // namespace

Task<Result<>> FtsIndex::add(State next, std::vector<Entry> entries, bool is_fill) {
  auto cut = [all = std::move(entries)](std::size_t) mutable -> Result<Batch> {
    Batch batch;
    for (Entry& entry : all) {
      if (!entry.is_there) continue;
      // What cannot be read has no words; whoever opens its thread learns of it.
      const auto text = text_of_parts(entry.parts);
      entry.parts.clear();
      if (text) entry.words = index_words(*text, owner_mark(entry.owner), batch.counts[entry.owner]);
    }
    batch.entries = std::move(all);
    return batch;
  };
  auto made = co_await store::run_in(&parts_.pool, std::move(cut));
  if (!made) co_return error_of(made);
  std::vector<store::Statement> batch;
  std::string thread_before;
  for (Entry& entry : made->entries) {
    if (!is_fill) {
      batch.push_back(
          {"UPDATE search_state SET dead = dead + 1 WHERE EXISTS (SELECT 1 FROM search_messages WHERE number = $2 "
           "AND thread = (SELECT number FROM search_threads WHERE id = $1))",
           {entry.thread, entry.number}});
      batch.push_back(
          {"DELETE FROM search_messages WHERE number = $2 AND thread = (SELECT number FROM search_threads WHERE id = "
           "$1)",
           {entry.thread, entry.number}});
    }
    if (entry.words.empty()) {
      if (!is_fill)
        batch.push_back(
            {"DELETE FROM search_threads WHERE id = $1 AND NOT EXISTS "
             "(SELECT 1 FROM search_messages m WHERE m.thread = search_threads.number)",
             {entry.thread}});
      continue;
    }
    if (entry.thread != thread_before)
      batch.push_back({"INSERT INTO search_threads (id) VALUES ($1) ON CONFLICT DO NOTHING", {entry.thread}});
    thread_before = entry.thread;
    const std::int64_t id = is_fill ? entry.id : next.next_id++;
    // While it is filled, what changed since has its entry already, and so has what is filled again after a crash.
    batch.push_back(
        {"INSERT INTO search_index (rowid, words) SELECT $1, $2 FROM search_threads t WHERE t.id = $3 AND NOT EXISTS "
         "(SELECT 1 FROM search_messages m WHERE m.thread = t.number AND m.number = $4)",
         {id, std::move(entry.words), entry.thread, entry.number}});
    batch.push_back(
        {"INSERT INTO search_messages (id, thread, number, created_ms) "
         "SELECT $1, number, $3, $4 FROM search_threads WHERE id = $2 ON CONFLICT DO NOTHING",
         {id, entry.thread, entry.number, entry.created_ms}});
  }
  if (is_fill) {
    for (auto& [owner, counts] : made->counts) {
      Counts& gathered = gathered_[owner];
      for (auto& [word, count] : counts.words) gathered.words[word] += count;
      gathered.messages += counts.messages;
    }
  } else {
    std::ranges::move(write_counts(made->counts), std::back_inserter(batch));
  }
  batch.push_back({"UPDATE search_state SET position = $1, stamp = $2, fill_below = $3, next_id = $4 RETURNING dead",
                   {next.position, next.stamp, next.filled_to, next.next_id},
                   store::Expect::exactly_one});
  auto written = co_await parts_.telemetry.write(std::move(batch));
  if (!written) co_return error_of(written);
  next.dead = written->back().integer(0, 0);
  state_ = std::move(next);
  co_return Result<>{};
}

std::vector<store::Statement> FtsIndex::write_counts(const OwnerCounts& counts) {
  std::vector<store::Statement> statements;
  for (const auto& [owner, one] : counts) {
    std::string object;
    std::size_t in_object = 0;
    const auto close_object = [&, number = owner] {
      if (in_object == 0) return;
      statements.push_back(
          {"INSERT INTO search_words (owner, word, messages) SELECT $1, key, value FROM json_each($2) WHERE true "
           "ON CONFLICT (owner, word) DO UPDATE SET messages = messages + excluded.messages",
           {number, std::exchange(object, {}) + '}'}});
      in_object = 0;
    };
    for (const auto& [word, count] : one.words) {
      // Letters and digits: nothing to escape.
      object += fmt::format("{}\"{}\":{}", in_object == 0 ? '{' : ',', word, count);
      if (++in_object == kWordsSlice) close_object();
    }
    close_object();
    statements.push_back(
        {"UPDATE search_owners SET messages = messages + $2 WHERE number = $1", {owner, one.messages}});
  }
  return statements;
}

// What the filling gathered, each slice in a commit of its own: a crash between two counts some words twice, and they
// are known about only.
Task<Result<>> FtsIndex::write_gathered() {
  std::vector<store::Statement> statements = write_counts(gathered_);
  statements.push_back({"UPDATE search_state SET fill_below = $1", {state_->fill_below}});
  for (store::Statement& statement : statements) {
    std::vector<store::Statement> batch;
    batch.push_back(std::move(statement));
    auto written = co_await parts_.telemetry.write(std::move(batch));
    if (!written) co_return error_of(written);
  }
  gathered_.clear();
  state_->filled_to = state_->fill_below;
  co_return Result<>{};
}

Task<Result<bool>> FtsIndex::is_worn() {
  if (state_->dead <= options_.dead_max || state_->dead == dead_looked_at_) co_return false;
  store::Statement question{"SELECT count(*) FROM search_messages"};
  auto rows = co_await parts_.telemetry.read(std::move(question));
  if (!rows) co_return error_of(rows);
  dead_looked_at_ = state_->dead;
  co_return state_->dead > rows->integer(0, 0) / options_.dead_share;
}

// What was taken long enough ago.
Task<> FtsIndex::forget_changes() {
  const std::int64_t before = state_->position - options_.changes_kept;
  if (before - forgotten_ < std::min(kForgetSlice, options_.changes_kept)) co_return;
  std::vector<store::Statement> batch;
  batch.push_back(
      {"DELETE FROM message_changes WHERE position <= $1 AND position < (SELECT min(position) FROM message_changes) + "
       "$2",
       {before, kForgetSlice}});
  auto deleted = co_await parts_.studio.write(std::move(batch));
  // The next time, then.
  if (deleted && (*deleted)[0].changed_count < kForgetSlice) forgotten_ = before;
}

}  // namespace atelier::studio
