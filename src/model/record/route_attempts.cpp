#include "model/record/route_attempts.hpp"

#include "base/async.hpp"

namespace atelier::model {
namespace {

constexpr UnixMs kSlotMs = 600'000;
constexpr std::int64_t kSlotsOfHour = 6, kSlotsOfDay = 144;

}  // namespace

// The slot is that of a call's end, since it is then that it has an answer: a clip may take longer than an hour.
void RouteAttempts::add(const CallRecord& record) {
  if (record.route.empty()) return;
  const std::int64_t slot = (record.time_ms + record.total_ms) / kSlotMs;
  for (const AttemptRecord& attempt : record.attempts) {
    Sum& sum = sums_[{record.route, attempt.candidate, slot}];
    ++sum.attempts;
    // Of a call that failed nobody has an answer, even where its attempt began well.
    if (record.fault.empty() && attempt.fault.empty()) ++sum.answered;
  }
}

std::vector<store::Statement> RouteAttempts::statements() const {
  std::vector<store::Statement> statements;
  statements.reserve(sums_.size());
  for (const auto& [kind, sum] : sums_) {
    const auto& [route, candidate, slot] = kind;
    statements.push_back(
        {"INSERT INTO route_attempts (route, candidate, slot, attempts, answered) VALUES ($1, $2, $3, $4, $5) ON "
         "CONFLICT (route, candidate, slot) DO UPDATE SET attempts = route_attempts.attempts + excluded.attempts, "
         "answered = route_attempts.answered + excluded.answered",
         {route, candidate, slot, sum.attempts, sum.answered}});
  }
  return statements;
}

store::Statement RouteAttempts::trim(UnixMs now_ms) {
  return {"DELETE FROM route_attempts WHERE slot < $1", {now_ms / kSlotMs - kSlotsOfDay}};
}

store::Statement route_shares_statement(std::string first, std::string last, UnixMs now_ms) {
  const std::int64_t slot = now_ms / kSlotMs;
  return {
      "SELECT route, candidate, sum(CASE WHEN slot >= $3 THEN attempts ELSE 0 END), sum(CASE WHEN slot >= $3 THEN "
      "answered ELSE 0 END), sum(attempts), sum(answered) FROM route_attempts WHERE route >= $1 AND route <= $2 AND "
      "slot >= $4 GROUP BY route, candidate ORDER BY route, candidate",
      {std::move(first), std::move(last), slot - kSlotsOfHour, slot - kSlotsOfDay}};
}

Task<Result<std::vector<RouteShare>>> read_route_shares(store::Database* telemetry, std::string first, std::string last,
                                                        UnixMs now_ms) {
  store::Statement query = route_shares_statement(std::move(first), std::move(last), now_ms);
  auto rows = co_await telemetry->read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  std::vector<RouteShare> shares;
  shares.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row)
    shares.push_back({.route = rows->text(row, 0),
                      .candidate = rows->text(row, 1),
                      .hour = {.attempts = rows->integer(row, 2), .answered = rows->integer(row, 3)},
                      .day = {.attempts = rows->integer(row, 4), .answered = rows->integer(row, 5)}});
  co_return shares;
}

}  // namespace atelier::model
