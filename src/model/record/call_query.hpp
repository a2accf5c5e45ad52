#pragma once

#include "base/task.hpp"
#include "model/limit/period.hpp"
#include "model/record/call_record.hpp"
#include "store/database.hpp"

// Reading the call log. A member sees their own calls, an admin all.
namespace atelier::model {

enum class CallOutcome : std::uint8_t { any, good, failed, aborted };

struct CallFilter {
  std::optional<UserId> owner = {};
  // Nil: calls for which nobody had to sign in. Found soonest where its owner is given too.
  std::optional<KeyId> key = {};
  std::string model = {};  // asked or answered ("gpt-5", "openai/gpt-5"), or a route; empty: any
  int status = 0;          // of our answers; 0: any
  CallOutcome outcome = CallOutcome::any;
  UnixMs from_ms = 0;  // none older
};

struct CallPage {
  std::vector<CallRecord> calls;  // newest first; may be few or none though there are more
  std::int64_t next = 0;          // `before` of the next page; 0: this was the last
};

// `telemetry` outlives each of these.

// Calls numbered below `before` (0: from the newest on). Looks at a bounded number of them: where few pass the filter a
// page may come short, and `next` goes on.
Task<Result<CallPage>> list_calls(store::Database* telemetry, Principal viewer, CallFilter filter, std::int64_t before,
                                  std::size_t count_max);
// not_found: no such call, or not this viewer's.
Task<Result<CallRecord>> get_call(store::Database* telemetry, Principal viewer, std::int64_t number);
// not_found too where its texts are not kept, or not any more.
Task<Result<CallTexts>> get_call_texts(store::Database* telemetry, Principal viewer, std::int64_t number);

// What was used and paid, by day (UTC) and by what else is asked for.
enum class UsageBy : std::uint8_t { day, model, key, day_and_model, day_and_key };
struct UsageFilter {
  std::int64_t from_day = 0, to_day = 0;  // both included; as day_number() counts
  std::optional<UserId> owner = {};
  std::optional<KeyId> key = {};
  UsageBy by = UsageBy::day;
};
struct UsageRow {
  std::int64_t day = 0;                   // 0: of all days
  KeyId key = {};                         // nil: of all keys, or of none
  std::string provider = {}, model = {};  // empty: of all, or of none
  std::int64_t calls = 0, failed = 0, aborted = 0, cached = 0;
  std::int64_t unpriced = 0;  // calls whose cost nobody knows, which `cost` lacks
  std::int64_t input = 0, cached_read = 0, cached_write = 0, output = 0, reasoning = 0, other_media = 0;  // tokens
  Picodollars cost = 0;
};
// By day, oldest first; otherwise dearest first. too_large over ten thousand rows: ask for fewer days.
Task<Result<std::vector<UsageRow>>> sum_usage(store::Database* telemetry, Principal viewer, UsageFilter filter);

// What a key spent in a day or month: Allowances' ledger. Knows what was written: give it a log that is not behind.
Task<Result<Picodollars>> spent_by(store::Database* telemetry, KeyId key, Period period);

}  // namespace atelier::model
