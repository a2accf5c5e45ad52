#pragma once

#include "model/record/call_record.hpp"
#include "store/database.hpp"

// The table calls and its texts.
namespace atelier::model::call_rows {

store::Statement insert(const CallRecord& record);
store::Statement insert_texts(const CallRecord& record, const CallTexts& texts);

// Which calls a page shows, newest first: those numbered below `before`, of an owner or of all. Not more than
// `scanned_max` of these are looked at, so that a rare model costs a bounded time.
struct PageQuery {
  std::optional<UserId> owner = {};
  std::optional<KeyId> key = {};
  std::string model = {};  // asked, answered ("gpt-5" or "openai/gpt-5") or a route; empty: any
  int status = 0;          // 0: any
  int outcome = 0;         // 0: any, 1: good, 2: failed, 3: aborted
  UnixMs from_ms = 0;      // none older
  std::int64_t before = 0;
  std::int64_t scanned_max = 0, count_max = 0;
};
// Two statements: the rows, and number and time of the last that was looked at (no row: all were).
std::vector<store::Statement> page(const PageQuery& query);
store::Statement find(std::int64_t number);

Result<CallRecord> read(const store::Rows& rows, std::size_t row);

}  // namespace atelier::model::call_rows
