// Of the overview what has to do with models and their money: caches, and providers.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/time_text.hpp"
#include "watch/overview/parts.hpp"

namespace atelier::watch::overview {
namespace {

constexpr model::Picodollars kPicodollarsInAMicrodollar = 1'000'000;

json::Value share_of(double part, double rest) {
  return part + rest > 0 ? json::Value(part / (part + rest)) : json::Value();
}

// What tokens read from a provider's cache would have cost over what they did. A provider without a price, or with the
// same for both, saves nothing that is known.
struct PromptSavings {
  std::int64_t cached = 0, fresh = 0;  // tokens
  model::Picodollars saved = 0;
  bool is_known = true;  // false: some model's price is not
};

PromptSavings prompt_savings(const Overview::Parts& parts, const std::vector<model::UsageRow>& rows) {
  PromptSavings sum;
  for (const model::UsageRow& row : rows) {
    sum.cached += row.cached_read;
    sum.fresh += row.input;
    if (row.cached_read == 0) continue;
    const auto candidate = parts.models.find_candidate(row.provider + "/" + row.model);
    const auto price = candidate ? candidate->price(parts.prices) : nullptr;
    if (candidate && candidate->provider->is_local) continue;
    const auto paid = [&](model::Rate rate) -> model::Picodollars {
      return price ? price->at(rate, model::ServiceTier::standard, 0).value_or(-1) : -1;  // -1: nobody knows
    };
    const model::Picodollars whole = paid(model::Rate::input), cached = paid(model::Rate::cached_read);
    if (whole < 0 || cached < 0)
      sum.is_known = false;
    else if (cached < whole)
      sum.saved = model::plus(sum.saved, model::times(row.cached_read, whole - cached));
  }
  return sum;
}

json::Object answers_cache(const Survey& survey, const Overview::Parts& parts) {
  const auto kept = parts.answers.statistics();
  const auto looked = [&](std::string_view outcome) {
    return survey.sum("atelier_answer_cache_lookups_total", "outcome", outcome);
  };
  const auto saved = static_cast<model::Picodollars>(survey.sum("atelier_answer_cache_saved_microdollars_total"));
  return {{"hits", count_of(looked("hit"))},
          {"misses", count_of(looked("miss"))},
          {"hit_rate", share_of(looked("hit"), looked("miss"))},
          {"joined", count_of(survey.sum("atelier_calls_joined_total"))},
          {"entries", kept.entry_count},
          {"evicted", kept.evicted_count},
          {"size_bytes", kept.size_bytes},
          {"saved", model::format_dollars(model::times(saved, kPicodollarsInAMicrodollar))}};
}

json::Value prompts_cache(const Overview::Parts& parts, const Usage& usage) {
  if (!usage) return {};
  const PromptSavings savings = prompt_savings(parts, *usage);
  return json::Object{{"cached_tokens", savings.cached},
                      {"fresh_tokens", savings.fresh},
                      {"hit_rate", share_of(static_cast<double>(savings.cached), static_cast<double>(savings.fresh))},
                      {"saved", model::format_dollars(savings.saved)},
                      {"is_saved_known", savings.is_known}};
}

// What the log says of one candidate in the days that are looked at.
json::Value usage_json(const model::UsageRow* row) {
  if (row == nullptr) return {};
  const std::int64_t answered = row->calls - row->failed - row->aborted - row->cached - row->unpriced;
  json::Object object{{"calls", row->calls},   {"failed", row->failed},     {"aborted", row->aborted},
                      {"cached", row->cached}, {"unpriced", row->unpriced}, {"cost", model::format_dollars(row->cost)}};
  object["cost_per_answer"] = answered > 0 ? json::Value(model::format_dollars(row->cost / answered)) : json::Value();
  return object;
}

}  // namespace

json::Object caches(const Survey& survey, const Overview::Parts& parts, const Usage& usage) {
  const double hits = survey.sum("atelier_graph_cache_hits_total"),
               misses = survey.sum("atelier_graph_cache_misses_total");
  const auto blobs = parts.blobs.usage();
  return {{"answers", answers_cache(survey, parts)},
          {"prompts", prompts_cache(parts, usage)},
          {"results", json::Object{{"hits", count_of(hits)},
                                   {"misses", count_of(misses)},
                                   {"hit_rate", share_of(hits, misses)},
                                   {"shared", count_of(survey.sum("atelier_graph_shared_steps_total"))},
                                   {"size_bytes", count_of(survey.sum("atelier_graph_cached_results_bytes"))}}},
          {"derived", json::Object{{"size_bytes", blobs.derived_bytes}}},
          {"previews", json::Object{{"made", count_of(survey.sum("atelier_previews_made_total"))},
                                    {"refused", count_of(survey.sum("atelier_previews_refused_total"))},
                                    {"busy", count_of(survey.sum("atelier_previews_busy_total"))}}}};
}

json::Array providers(const Overview::Parts& parts, const Usage& usage) {
  std::map<std::string, const model::UsageRow*> used;
  if (usage)
    for (const model::UsageRow& row : *usage)
      if (!row.provider.empty()) used.emplace(row.provider + "/" + row.model, &row);
  struct Row {
    std::int64_t calls;
    json::Object object;
  };
  std::vector<Row> rows;
  const auto now = parts.clock.now();
  for (const model::CandidatePtr& candidate : parts.models.candidates()) {
    const auto record = candidate->record.snapshot();
    const auto found = used.find(candidate->name);
    const model::UsageRow* row = found == used.end() ? nullptr : found->second;
    if (record.attempts == 0 && row == nullptr) continue;
    if (found != used.end()) used.erase(found);
    const auto breaker = candidate->breaker.snapshot(now);
    json::Object object{{"provider", candidate->provider->name},
                        {"model", candidate->model},
                        {"is_local", candidate->provider->is_local},
                        {"attempts", record.attempts},
                        {"failures", record.failures},
                        {"success_rate", record.success_rate},
                        {"first_token_p50_ms", record.first_token_p50_ms},
                        {"first_token_p95_ms", record.first_token_p95_ms},
                        {"whole_p50_ms", record.whole_p50_ms},
                        {"whole_p95_ms", record.whole_p95_ms},
                        {"in_flight", candidate->in_flight.load(std::memory_order_relaxed)},
                        {"breaker", model::to_string(breaker.state)},
                        {"usage", usage_json(row)}};
    rows.push_back({row ? row->calls : static_cast<std::int64_t>(record.attempts), std::move(object)});
  }
  std::ranges::stable_sort(rows, std::greater<>(), &Row::calls);
  if (rows.size() > Overview::kProvidersMax) rows.resize(Overview::kProvidersMax);
  json::Array all;
  for (Row& row : rows) all.push_back(std::move(row.object));
  return all;
}

}  // namespace atelier::watch::overview
