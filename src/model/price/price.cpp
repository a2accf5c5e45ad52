#include "model/price/price.hpp"

#include <array>
#include <utility>

namespace atelier::model {
namespace {

std::optional<Rate> stand_in_for(Rate rate) noexcept {
  switch (rate) {
    case Rate::cached_read:
    case Rate::cached_write:
    case Rate::input_audio:
    case Rate::input_image:
      return Rate::input;
    case Rate::cached_write_hour:
      return Rate::cached_write;
    case Rate::reasoning:
    case Rate::output_audio:
    case Rate::output_image:
      return Rate::output;
    case Rate::input:
    case Rate::output:
    case Rate::request:
    case Rate::character:
    case Rate::audio_second:
    case Rate::image:
    case Rate::video_second:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Rate rate) noexcept {
  constexpr std::array<std::string_view, 15> kRates = {
      "input",        "cached_read",  "cached_write", "cached_write_hour", "output",  "reasoning",
      "input_audio",  "output_audio", "input_image",  "output_image",      "request", "character",
      "audio_second", "image",        "video_second"};
  return kRates[static_cast<std::size_t>(rate)];
}

std::optional<Picodollars> ModelPrice::own(Rate rate, ServiceTier tier, std::int64_t prompt_tokens) const noexcept {
  const Entry* best = nullptr;
  const auto is_better = [&](const Entry& entry) {
    if (best == nullptr || entry.from != best->from) return best == nullptr || entry.from > best->from;
    return entry.tier == tier && best->tier != tier;
  };
  for (const Entry& entry : entries_) {
    if (entry.rate != rate || (entry.tier != tier && entry.tier != ServiceTier::standard)) continue;
    // An empty prompt is a short one: it belongs to a tier that begins at 0.
    const bool applies =
        entry.from <= 0 ? prompt_tokens <= entry.to : prompt_tokens > entry.from && prompt_tokens <= entry.to;
    if (applies && is_better(entry)) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  return best->price;
}

std::optional<Picodollars> ModelPrice::at(Rate rate, ServiceTier tier, std::int64_t prompt_tokens) const noexcept {
  for (std::optional<Rate> asked = rate; asked; asked = stand_in_for(*asked))
    if (const auto price = own(*asked, tier, prompt_tokens)) return price;
  return std::nullopt;
}

std::optional<Picodollars> ModelPrice::cost(const Usage& usage, ServiceTier tier) const noexcept {
  if (usage.cost_picodollars) return usage.cost_picodollars;
  const std::array<std::pair<Rate, std::int64_t>, 10> buckets = {{{Rate::input, usage.input},
                                                                  {Rate::cached_read, usage.cached_read},
                                                                  {Rate::cached_write, usage.cached_write},
                                                                  {Rate::cached_write_hour, usage.cached_write_hour},
                                                                  {Rate::output, usage.output},
                                                                  {Rate::reasoning, usage.reasoning},
                                                                  {Rate::input_audio, usage.input_audio},
                                                                  {Rate::output_audio, usage.output_audio},
                                                                  {Rate::input_image, usage.input_image},
                                                                  {Rate::output_image, usage.output_image}}};
  // A model of which the table knows limits alone: free calls cannot be told from unpriced ones.
  if (entries_.empty()) return std::nullopt;
  const std::int64_t prompt_tokens = usage.input_total();
  Picodollars sum = own(Rate::request, tier, prompt_tokens).value_or(0);
  for (const auto& [rate, count] : buckets) {
    if (count <= 0) continue;
    const auto price = at(rate, tier, prompt_tokens);
    if (!price) return std::nullopt;
    sum = plus(sum, times(count, *price));
  }
  bool is_priced = usage.input_total() > 0 || usage.output_total() > 0, is_anything = is_priced;
  const std::array<std::pair<Rate, std::int64_t>, 4> others = {{{Rate::character, usage.characters},
                                                                {Rate::audio_second, usage.audio_seconds},
                                                                {Rate::image, usage.images},
                                                                {Rate::video_second, usage.video_seconds}}};
  for (const auto& [rate, count] : others) {
    if (count <= 0) continue;
    is_anything = true;
    const auto price = own(rate, tier, prompt_tokens);
    if (!price) continue;
    is_priced = true;
    sum = plus(sum, times(count, *price));
  }
  if (is_anything && !is_priced && !own(Rate::request, tier, prompt_tokens)) return std::nullopt;
  return sum;
}

}  // namespace atelier::model
