#include "model/price/key.hpp"

#include <array>
#include <charconv>

namespace atelier::model {
namespace {

struct Name {
  std::string_view text;
  Rate rate;
  bool is_old_name = false;
};

// Longer names before their own beginnings.
constexpr std::array<Name, 17> kNames = {{
    {"input_cost_per_token_cache_hit", Rate::cached_read, true},
    {"input_cost_per_token", Rate::input},
    {"output_cost_per_token", Rate::output},
    {"output_cost_per_reasoning_token", Rate::reasoning},
    {"cache_read_input_token_cost", Rate::cached_read},
    {"cache_creation_input_token_cost_above_1hr", Rate::cached_write_hour},
    {"cache_creation_input_token_cost", Rate::cached_write},
    {"input_cost_per_audio_token", Rate::input_audio},
    {"output_cost_per_audio_token", Rate::output_audio},
    {"input_cost_per_image_token", Rate::input_image},
    {"output_cost_per_image_token", Rate::output_image},
    {"input_cost_per_request", Rate::request},
    {"input_cost_per_character", Rate::character},
    {"input_cost_per_second", Rate::audio_second},
    {"output_cost_per_image", Rate::image},
    {"output_cost_per_second", Rate::video_second},
    {"output_cost_per_video_per_second", Rate::video_second},
}};

bool take(std::string_view& text, std::string_view beginning) noexcept {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

bool take_tier(std::string_view& text, ServiceTier& tier) noexcept {
  if (take(text, "_flex")) return tier = ServiceTier::flex, true;
  if (take(text, "_priority")) return tier = ServiceTier::priority, true;
  if (take(text, "_batches")) return tier = ServiceTier::batch, true;
  return false;
}

// "_above_200k_tokens": thousands, not 1,024s.
bool take_threshold(std::string_view& text, std::int64_t& above_tokens) noexcept {
  std::string_view rest = text;
  if (!take(rest, "_above_")) return false;
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  if (error != std::errc() || count <= 0 || count > 1'000'000'000) return false;
  rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  if (take(rest, "k")) count *= 1'000;
  if (!take(rest, "_tokens")) return false;
  above_tokens = count;
  text = rest;
  return true;
}

}  // namespace

std::optional<PriceKey> parse_price_key(std::string_view name) noexcept {
  for (const Name& known : kNames) {
    std::string_view rest = name;
    if (!take(rest, known.text)) continue;
    PriceKey key{.rate = known.rate, .is_old_name = known.is_old_name};
    while (!rest.empty())
      if (!take_tier(rest, key.tier) && !take_threshold(rest, key.above_tokens)) return std::nullopt;
    return key;
  }
  return std::nullopt;
}

}  // namespace atelier::model
