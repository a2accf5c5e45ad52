#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/metrics.hpp"
#include "store/database.hpp"
#include "store/work_pool.hpp"
#include "studio/chat/search/index.hpp"

namespace atelier::studio {

// The index in telemetry.db (store/migration/search.cpp), by SQLite's FTS5. It follows studio.db's message_changes
// behind the answers, in batches; each batch and how far it came are one commit. A lost or older telemetry.db, or a
// studio.db that is another, is noticed, and everything is indexed anew, the newest first. Words are each owner's own:
// they begin with the owner's mark, so that one owner's search neither meets nor costs what another has.
class FtsIndex final : public SearchIndex {
 public:
  struct Options {
    std::int64_t batch_messages_max = 500;
    std::int64_t batch_tokens_max = 1'000'000;  // of their texts, by their rows
    // Changes that are kept although they were taken: telemetry.db may lose its last commits in a power cut.
    std::int64_t changes_kept = 20'000;
    // The index is built anew where more of its entries than these, and a share of them, are of messages that are gone.
    std::int64_t dead_max = 10'000, dead_share = 4;
    std::size_t candidates_max = 1'000;  // hits that are weighed: the newest
    // While the index is filled, counts of words are gathered until there are so many, since each batch has words from
    // all over the alphabet. A crash fills again from where they were last written.
    std::size_t words_gathered_max = 100'000;
    std::chrono::milliseconds pause{10}, look_every{1'000}, retry_min{1'000}, retry_max{60'000};
  };
  struct Parts {
    store::Database& studio;
    store::Database& telemetry;
    store::WorkPool& pool;  // for cutting texts into words
    const Clock& clock;
    Metrics& metrics;
  };
  FtsIndex(Parts parts, Options options);

  Task<Result<Candidates>> find(Principal principal, SearchQuery query, std::size_t count_max) override;
  Task<Result<>> run() override;
  // One batch. False: nothing was left to do. Used by run(), and by one at a time.
  Task<Result<bool>> step();

 private:
  struct State {
    std::string epoch;            // of studio.db's events
    std::int64_t position = 0;    // of the last change that was taken
    std::int64_t stamp = 0;       // and its stamp
    std::int64_t fill_below = 0;  // what stands in message_texts from here on is indexed; 0: all
    std::int64_t filled_to = 0;   // and its words are counted: so far it need not be filled again
    std::int64_t next_id = 1;     // of the next entry
    std::int64_t dead = 0;
  };
  struct Batch;
  struct Entry;
  struct Asking;
  // What an owner has anew: words, by how many messages have them.
  struct Counts {
    std::map<std::string, std::int64_t> words = {};
    std::int64_t messages = 0;
  };
  using OwnerCounts = std::map<std::int64_t, Counts>;

  Task<Result<bool>> try_step();
  Task<Result<>> load();
  Task<Result<>> begin_anew(std::string epoch);
  Task<Result<bool>> follow(std::int64_t last);
  Task<Result<bool>> fill();
  Task<Result<bool>> is_worn();
  Task<Result<>> number_owners(const store::Rows* rows);
  Task<Result<>> add(State next, std::vector<Entry> entries, bool is_fill);
  Task<Result<>> write_gathered();
  static std::vector<store::Statement> write_counts(const OwnerCounts& counts);
  Task<> forget_changes();

  Task<Result<>> look_up(Asking* asking);
  Task<Result<>> add_near_words(Asking* asking, bool also_where_found);
  Task<Result<std::vector<Candidate>>> ask(const Asking* asking);

  const Parts parts_;
  const Options options_;
  Gauge& waiting_;
  // Of step() alone.
  std::optional<State> state_;
  std::map<std::string, std::int64_t> owners_;
  OwnerCounts gathered_;
  std::int64_t forgotten_ = 0, dead_looked_at_ = 0;
};

}  // namespace atelier::studio
