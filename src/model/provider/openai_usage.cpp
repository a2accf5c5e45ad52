#include "model/provider/openai_usage.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "model/loose_json.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::int64_t kTokensMax = 1'000'000'000'000;
constexpr double kPicodollars = 1e12;
constexpr std::int64_t kPicodollarsPerTick = 100;  // xAI: 10^-10 dollars
constexpr std::string_view kInputDetails[] = {"prompt_tokens_details", "input_tokens_details", "prompt_token_details",
                                              "input_token_details"};
constexpr std::string_view kOutputDetails[] = {"completion_tokens_details", "output_tokens_details"};

std::int64_t count_at(const json::Object& from, std::string_view name) {
  return std::clamp<std::int64_t>(loose::integer_at(from, name), 0, kTokensMax);
}

const json::Object& details_of(const json::Object& usage, std::span<const std::string_view> names) {
  static const json::Object none;
  for (const std::string_view name : names)
    if (const json::Object* details = loose::object_at(usage, name)) return *details;
  return none;
}

// Takes up to `wanted` off what is left, so that the buckets never sum to more than the total.
std::int64_t take(std::int64_t& left, std::int64_t wanted) {
  const std::int64_t taken = std::clamp<std::int64_t>(wanted, 0, left);
  left -= taken;
  return taken;
}

std::optional<double> dollars_at(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  if (!value || !value->is_number()) return std::nullopt;
  const double dollars = value->to_number<double>();
  if (!std::isfinite(dollars) || dollars < 0 || dollars > 1e6) return std::nullopt;
  return dollars;
}

std::optional<std::int64_t> read_cost(const json::Object& usage) {
  if (const std::int64_t ticks = count_at(usage, "cost_in_usd_ticks"); ticks > 0) return ticks * kPicodollarsPerTick;
  auto dollars = dollars_at(usage, "cost");
  if (!dollars) return std::nullopt;
  // With a key of the operator's own, `cost` is OpenRouter's fee alone.
  const json::Object* details = loose::object_at(usage, "cost_details");
  if (details && loose::is_true_at(usage, "is_byok"))
    *dollars += dollars_at(*details, "upstream_inference_cost").value_or(0);
  return std::llround(*dollars * kPicodollars);
}

json::Object with_cost(json::Object written, const Usage& usage) {
  if (usage.cost_picodollars) written["cost"] = static_cast<double>(*usage.cost_picodollars) / kPicodollars;
  return written;
}

}  // namespace

Usage read_usage(const json::Object& usage, const Quirks& quirks) {
  const json::Object &input = details_of(usage, kInputDetails), &output = details_of(usage, kOutputDetails);
  const std::int64_t completion = std::max(count_at(usage, "completion_tokens"), count_at(usage, "output_tokens"));
  const std::int64_t hits = count_at(usage, "prompt_cache_hit_tokens");
  const std::int64_t prompt = std::max({count_at(usage, "prompt_tokens"), count_at(usage, "input_tokens"),
                                        hits + count_at(usage, "prompt_cache_miss_tokens")});
  const std::int64_t total = count_at(usage, "total_tokens");
  const std::int64_t reasoning = std::max(count_at(output, "reasoning_tokens"), count_at(usage, "reasoning_tokens"));
  const std::int64_t cached = std::max({count_at(input, "cached_tokens"), count_at(usage, "num_cached_tokens"), hits});

  Usage out;
  std::int64_t left = prompt;
  out.cached_read = take(left, cached);
  out.cached_write = take(left, count_at(input, "cache_write_tokens"));
  out.input_audio = take(left, count_at(input, "audio_tokens"));
  out.input_image = take(left, count_at(input, "image_tokens"));
  out.input = left;

  // The sum tells whether reasoning is in the output; where there is none, the provider is known.
  bool is_outside = quirks.reasoning_is_outside_output;
  if (reasoning > 0 && total > 0) {
    if (total == prompt + completion) is_outside = false;
    if (total == prompt + completion + reasoning) is_outside = true;
  }
  left = is_outside ? completion + reasoning : completion;
  out.reasoning = take(left, reasoning);
  out.output_audio = take(left, count_at(output, "audio_tokens"));
  out.output_image = take(left, count_at(output, "image_tokens"));
  out.output = left;
  out.cost_picodollars = read_cost(usage);
  return out;
}

std::optional<ServiceTier> told_tier(const json::Object& answer) {
  const std::string_view told = loose::view_at(answer, "service_tier");
  if (told.empty()) return std::nullopt;
  return parse_service_tier(told);
}

json::Object write_chat_usage(const Usage& usage) {
  json::Object input{{"cached_tokens", usage.cached_read},
                     {"audio_tokens", usage.input_audio},
                     {"cache_write_tokens", usage.cached_write + usage.cached_write_hour}};
  if (usage.input_image > 0) input["image_tokens"] = usage.input_image;
  json::Object output{{"reasoning_tokens", usage.reasoning},
                      {"audio_tokens", usage.output_audio},
                      {"accepted_prediction_tokens", 0},
                      {"rejected_prediction_tokens", 0}};
  if (usage.output_image > 0) output["image_tokens"] = usage.output_image;
  return with_cost({{"prompt_tokens", usage.input_total()},
                    {"completion_tokens", usage.output_total()},
                    {"total_tokens", usage.input_total() + usage.output_total()},
                    {"prompt_tokens_details", std::move(input)},
                    {"completion_tokens_details", std::move(output)}},
                   usage);
}

json::Object write_responses_usage(const Usage& usage) {
  json::Object input{{"cached_tokens", usage.cached_read},
                     {"cache_write_tokens", usage.cached_write + usage.cached_write_hour}};
  if (usage.input_audio > 0) input["audio_tokens"] = usage.input_audio;
  if (usage.input_image > 0) input["image_tokens"] = usage.input_image;
  json::Object output{{"reasoning_tokens", usage.reasoning}};
  if (usage.output_audio > 0) output["audio_tokens"] = usage.output_audio;
  if (usage.output_image > 0) output["image_tokens"] = usage.output_image;
  return with_cost({{"input_tokens", usage.input_total()},
                    {"input_tokens_details", std::move(input)},
                    {"output_tokens", usage.output_total()},
                    {"output_tokens_details", std::move(output)},
                    {"total_tokens", usage.input_total() + usage.output_total()}},
                   usage);
}

}  // namespace atelier::model::openai
