#include "model/record/call_sums.hpp"

#include <algorithm>

#include "model/limit/period.hpp"
#include "model/provider/adapter.hpp"

namespace atelier::model {
namespace {

// A model that no provider knows is the caller's invention: counted, but under no name of its own.
bool is_invented(const CallRecord& record) {
  const std::string_view missing = to_string(Fault::Kind::model_missing);
  return !record.attempts.empty() &&
         std::ranges::all_of(record.attempts, [&](const AttemptRecord& attempt) { return attempt.fault == missing; });
}

}  // namespace

void CallSums::Sum::add(const Sum& more) noexcept {
  calls += more.calls;
  failed += more.failed;
  aborted += more.aborted;
  cached += more.cached;
  unpriced += more.unpriced;
  input = plus(input, more.input);
  cached_read = plus(cached_read, more.cached_read);
  cached_write = plus(cached_write, more.cached_write);
  output = plus(output, more.output);
  reasoning = plus(reasoning, more.reasoning);
  other_media = plus(other_media, more.other_media);
  cost = plus(cost, more.cost);
}

bool CallSums::add(Kind kind, const Sum& sum) {
  const auto found = sums_.find(kind);
  if (found == sums_.end() && sums_.size() >= count_max_) return false;
  if (found == sums_.end())
    sums_.emplace(std::move(kind), sum);
  else
    found->second.add(sum);
  return true;
}

bool CallSums::add(const CallRecord& record) {
  const Usage& usage = record.usage;
  const Sum sum{
      .calls = 1,
      .failed = !record.fault.empty() && !record.is_aborted ? 1 : 0,
      .aborted = record.is_aborted ? 1 : 0,
      .cached = record.is_cached ? 1 : 0,
      .unpriced = record.cost ? 0 : 1,
      .input = usage.input,
      .cached_read = usage.cached_read,
      .cached_write = plus(usage.cached_write, usage.cached_write_hour),
      .output = usage.output,
      .reasoning = usage.reasoning,
      .other_media = plus(plus(usage.input_audio, usage.output_audio), plus(usage.input_image, usage.output_image)),
      .cost = record.cost.value_or(0)};
  return add(
      {day_number(record.time_ms), record.owner, record.key, record.provider, is_invented(record) ? "" : record.model},
      sum);
}

std::int64_t CallSums::take(CallSums& other) {
  std::int64_t lost_count = 0;
  for (const auto& [kind, sum] : other.sums_)
    if (!add(kind, sum)) lost_count += sum.calls;
  other.clear();
  return lost_count;
}

std::vector<store::Statement> CallSums::statements() const {
  std::vector<store::Statement> statements;
  statements.reserve(sums_.size());
  for (const auto& [kind, sum] : sums_) {
    const auto& [day, owner, key, provider, model] = kind;
    statements.push_back(
        {"INSERT INTO usage_days (day, owner, key, provider, model, calls, failed, aborted, cached, unpriced, input, "
         "cached_read, cached_write, output, reasoning, other_media, cost) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
         "$10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT (day, owner, key, provider, model) DO UPDATE SET "
         "calls = usage_days.calls + excluded.calls, failed = usage_days.failed + excluded.failed, "
         "aborted = usage_days.aborted + excluded.aborted, cached = usage_days.cached + excluded.cached, "
         "unpriced = usage_days.unpriced + excluded.unpriced, input = usage_days.input + excluded.input, "
         "cached_read = usage_days.cached_read + excluded.cached_read, "
         "cached_write = usage_days.cached_write + excluded.cached_write, output = usage_days.output + "
         "excluded.output, "
         "reasoning = usage_days.reasoning + excluded.reasoning, "
         "other_media = usage_days.other_media + excluded.other_media, "
         // A sum that leaves 64 bits would be no integer any more.
         "cost = CASE WHEN usage_days.cost > 9223372036854775807 - excluded.cost THEN 9223372036854775807 ELSE "
         "usage_days.cost + excluded.cost END",
         {day, owner.is_nil() ? std::string() : owner.to_string(), key.is_nil() ? std::string() : key.to_string(),
          provider, model, sum.calls, sum.failed, sum.aborted, sum.cached, sum.unpriced, sum.input, sum.cached_read,
          sum.cached_write, sum.output, sum.reasoning, sum.other_media, sum.cost}});
  }
  return statements;
}

}  // namespace atelier::model
