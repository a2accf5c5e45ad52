#include "api/model_facts.hpp"

#include <algorithm>

#include "base/time_text.hpp"
#include "model/price/money.hpp"

namespace atelier::api {
namespace {

// In the order they are told; what hardly differs from these (cached, reasoning) is left to the price table.
struct ToldRate {
  model::Rate rate;
  std::string_view of;
  std::int64_t count;
};
constexpr ToldRate kTold[] = {{model::Rate::input, "input_tokens", 1'000'000},
                              {model::Rate::output, "output_tokens", 1'000'000},
                              {model::Rate::output_image, "image_tokens", 1'000'000},
                              {model::Rate::output_audio, "audio_tokens", 1'000'000},
                              {model::Rate::image, "images", 1},
                              {model::Rate::character, "characters", 1'000},
                              {model::Rate::audio_second, "audio_seconds", 60},
                              {model::Rate::video_second, "video_seconds", 1},
                              {model::Rate::request, "requests", 1}};

}  // namespace

json::Object health_of(const model::Candidate& candidate, const Clock& clock) {
  const auto now = clock.now();
  const auto breaker = candidate.breaker.snapshot(now);
  const auto record = candidate.record.snapshot();
  const auto held = candidate.held_for(now);
  json::Object object{{"is_available", breaker.state == model::BreakerState::closed && held.count() == 0},
                      {"breaker", model::to_string(breaker.state)},
                      {"opens_in_ms", std::max(breaker.opens_in, held).count()},
                      {"is_account_fault", breaker.is_account},
                      {"attempts", record.attempts},
                      {"failures", record.failures},
                      {"success_rate", record.success_rate},
                      {"first_token_ms", record.first_token_ms},
                      {"first_token_p50_ms", record.first_token_p50_ms},
                      {"first_token_p95_ms", record.first_token_p95_ms},
                      {"whole_p50_ms", record.whole_p50_ms},
                      {"whole_p95_ms", record.whole_p95_ms},
                      {"in_flight", candidate.in_flight.load(std::memory_order_relaxed)},
                      {"last_error", record.last_error}};
  object["last_error_at"] =
      record.last_error_ms > 0 ? json::Value(format_rfc3339(record.last_error_ms)) : json::Value();
  return object;
}

json::Value rates_of(const model::Candidate& candidate, const model::Prices& prices) {
  if (candidate.provider->is_local) return json::Array();
  const auto price = candidate.price(prices);
  if (!price) return {};
  json::Array rates;
  const bool is_free = std::ranges::all_of(price->entries(), [](const auto& entry) { return entry.price == 0; });
  for (const ToldRate& told : kTold)
    for (const model::ModelPrice::Entry& entry : price->entries()) {
      const bool is_plain = entry.rate == told.rate && entry.tier == model::ServiceTier::standard &&
                            entry.from <= 0;  // of short prompts, where there are others
      if (!is_plain || entry.price == 0) continue;
      rates.push_back(json::Object{{"of", told.of},
                                   {"count", told.count},
                                   {"price", model::format_dollars(model::times(told.count, entry.price))}});
      break;
    }
  if (rates.empty() && !is_free) return {};
  return rates;
}

}  // namespace atelier::api
