#include "model/record/call_query.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "model/record/call_rows.hpp"

#define ATELIER_USAGE_SUMS                                                                                            \
  "sum(calls), sum(failed), sum(aborted), sum(cached), sum(unpriced), sum(input), sum(cached_read), "                 \
  "sum(cached_write), "                                                                                               \
  "sum(output), sum(reasoning), sum(other_media), sum(cost) FROM usage_days WHERE day >= $1 AND day <= $2 AND ($3 = " \
  "'' "                                                                                                               \
  "OR owner = $3) AND ($4 = '*' OR key = $4)"

namespace atelier::model {
namespace {

constexpr std::int64_t kScannedMax = 20'000;
constexpr std::size_t kPageMax = 1'000;
constexpr std::int64_t kUsageRowsMax = 10'000;

bool may_see(const Principal& viewer, const CallRecord& record) {
  return viewer.role == atelier::Role::admin || viewer.owner == record.owner;
}

std::unexpected<Error> no_such_call() { return fail(ErrorCode::not_found, "there is no such call"); }

store::Sql usage_sql(UsageBy by) {
  switch (by) {
    case UsageBy::day:
      return "SELECT day, '', '', '', " ATELIER_USAGE_SUMS " GROUP BY day ORDER BY day LIMIT $5";
    case UsageBy::model:
      return "SELECT 0, '', provider, model, " ATELIER_USAGE_SUMS
             " GROUP BY provider, model ORDER BY sum(cost) DESC, sum(calls) DESC, provider, model LIMIT $5";
    case UsageBy::key:
      return "SELECT 0, key, '', '', " ATELIER_USAGE_SUMS
             " GROUP BY key ORDER BY sum(cost) DESC, sum(calls) DESC, key LIMIT $5";
    case UsageBy::day_and_model:
      return "SELECT day, '', provider, model, " ATELIER_USAGE_SUMS
             " GROUP BY day, provider, model ORDER BY day, sum(cost) DESC, provider, model LIMIT $5";
    case UsageBy::day_and_key:
      break;
  }
  return "SELECT day, key, '', '', " ATELIER_USAGE_SUMS " GROUP BY day, key ORDER BY day, sum(cost) DESC, key LIMIT $5";
}

UsageRow read_usage(const store::Rows& rows, std::size_t row) {
  UsageRow out{.day = rows.integer(row, 0)};
  if (const auto key = KeyId::parse(rows.text(row, 1))) out.key = *key;
  out.provider = rows.text(row, 2);
  out.model = rows.text(row, 3);
  std::size_t column = 4;
  for (std::int64_t* sum : {&out.calls, &out.failed, &out.aborted, &out.cached, &out.unpriced, &out.input,
                            &out.cached_read, &out.cached_write, &out.output, &out.reasoning, &out.other_media})
    *sum = rows.integer(row, column++);
  out.cost = rows.integer(row, column);
  return out;
}

}  // namespace

Task<Result<CallPage>> list_calls(store::Database* telemetry, Principal viewer, CallFilter filter, std::int64_t before,
                                  std::size_t count_max) {
  const auto count = static_cast<std::int64_t>(std::clamp<std::size_t>(count_max, 1, kPageMax));
  call_rows::PageQuery query{.owner = filter.owner,
                             .key = filter.key,
                             .model = std::move(filter.model),
                             .status = filter.status,
                             .outcome = static_cast<int>(filter.outcome),
                             .from_ms = filter.from_ms,
                             .before = before > 0 ? before : std::numeric_limits<std::int64_t>::max(),
                             .scanned_max = kScannedMax,
                             .count_max = count};
  if (viewer.role != atelier::Role::admin) {
    if (query.owner && *query.owner != viewer.owner) co_return CallPage();
    query.owner = viewer.owner;
  }
  auto statements = call_rows::page(query);
  auto answers = co_await telemetry->read_all(std::move(statements));
  if (!answers) co_return error_of(std::move(answers));
  CallPage page;
  const store::Rows &rows = (*answers)[0], &reach = (*answers)[1];
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto record = call_rows::read(rows, row);
    if (!record) co_return error_of(std::move(record));
    page.calls.push_back(std::move(*record));
  }
  if (static_cast<std::int64_t>(page.calls.size()) == count)
    page.next = page.calls.back().number;
  else if (!reach.empty() && reach.integer(0, 1) >= filter.from_ms)
    page.next = reach.integer(0, 0);
  co_return page;
}

Task<Result<CallRecord>> get_call(store::Database* telemetry, Principal viewer, std::int64_t number) {
  store::Statement query = call_rows::find(number);
  auto rows = co_await telemetry->read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return no_such_call();
  auto record = call_rows::read(*rows, 0);
  if (record && !may_see(viewer, *record)) co_return no_such_call();
  co_return record;
}

Task<Result<CallTexts>> get_call_texts(store::Database* telemetry, Principal viewer, std::int64_t number) {
  auto record = co_await get_call(telemetry, viewer, number);
  if (!record) co_return error_of(std::move(record));
  store::Statement query("SELECT request, answer FROM call_texts WHERE number = $1", {number});
  auto rows = co_await telemetry->read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return fail(ErrorCode::not_found, "what was said in this call is not kept");
  co_return CallTexts{.request = rows->text(0, 0), .answer = rows->text(0, 1)};
}

Task<Result<std::vector<UsageRow>>> sum_usage(store::Database* telemetry, Principal viewer, UsageFilter filter) {
  std::vector<UsageRow> usage;
  if (viewer.role != atelier::Role::admin) {
    if (filter.owner && *filter.owner != viewer.owner) co_return usage;
    filter.owner = viewer.owner;
  }
  std::string key = "*";
  if (filter.key) key = filter.key->is_nil() ? "" : filter.key->to_string();
  store::Statement query(usage_sql(filter.by),
                         {filter.from_day, filter.to_day, filter.owner ? filter.owner->to_string() : std::string(),
                          std::move(key), kUsageRowsMax + 1});
  auto rows = co_await telemetry->read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (static_cast<std::int64_t>(rows->size()) > kUsageRowsMax)
    co_return fail(ErrorCode::too_large, "these are more than ten thousand rows: ask for fewer days",
                   {.reason = "usage_too_long", .where = {}});
  for (std::size_t row = 0; row < rows->size(); ++row) usage.push_back(read_usage(*rows, row));
  co_return usage;
}

Task<Result<Picodollars>> spent_by(store::Database* telemetry, KeyId key, Period period) {
  store::Statement query("SELECT coalesce(sum(cost), 0) FROM usage_days WHERE key = $1 AND day >= $2 AND day < $3",
                         {key.to_string(), day_number(period.begins_ms), day_number(period.ends_ms)});
  auto rows = co_await telemetry->read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  co_return rows->integer(0, 0);
}

}  // namespace atelier::model
