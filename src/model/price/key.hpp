#pragma once

#include <optional>
#include <string_view>

#include "model/price/price.hpp"

namespace atelier::model {

// A field of LiteLLM's table that holds a price we understand:
// "cache_read_input_token_cost_above_200k_tokens_priority".
struct PriceKey {
  Rate rate = Rate::input;
  ServiceTier tier = ServiceTier::standard;
  std::int64_t above_tokens = ModelPrice::kFlat;
  bool is_old_name = false;  // yields to the rate's present name
};

// nullopt for all other fields: abilities, limits, prices of pages, pixels and of pictures by their size.
std::optional<PriceKey> parse_price_key(std::string_view name) noexcept;

}  // namespace atelier::model
