#include "model/record/record_of.hpp"

#include "net/problem.hpp"

namespace atelier::model {
namespace {

constexpr int kNobodyWaits = 499;  // as nginx logs it

AttemptRecord record_of(const AttemptReport& attempt) {
  AttemptRecord record{
      .candidate = attempt.candidate, .began_ms = attempt.began.count(), .total_ms = attempt.took.count()};
  if (attempt.first_token) record.first_token_ms = attempt.first_token->count();
  record.status = attempt.fault ? attempt.fault->status : 200;
  if (attempt.fault) record.fault = attempt.fault->code == kHedgeLost ? kHedgeLost : to_string(attempt.fault->kind);
  return record;
}

}  // namespace

CallRecord record_of(const CallReport& report) {
  CallRecord record;
  record.time_ms = report.started_ms;
  if (report.key) {
    record.owner = report.key->principal.owner;
    record.key = report.key->id;
  }
  record.face = to_string(report.face);
  record.asked = report.asked;
  record.route = report.route;
  record.provider = report.provider;
  record.model = report.model;
  record.attempts.reserve(report.attempts.size());
  for (const AttemptReport& attempt : report.attempts) record.attempts.push_back(record_of(attempt));
  record.status = report.error ? net::status_of(*report.error) : report.is_aborted ? kNobodyWaits : 200;
  if (report.error)
    record.fault = report.error->stable_code();
  else if (report.is_aborted)
    record.fault = to_string(Fault::Kind::cancelled);
  record.is_aborted = report.is_aborted;
  record.is_streamed = report.is_streamed;
  if (report.first_token) record.first_token_ms = report.first_token->count();
  record.total_ms = report.total.count();
  record.usage = report.usage;
  record.cost = report.cost;
  record.request_id = report.request_id;
  record.trace = report.trace.id();
  return record;
}

}  // namespace atelier::model
