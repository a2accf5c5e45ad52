#pragma once

#include "model/price/table.hpp"

namespace atelier::model {

// What providers publish for their best-known models, of default_prices.json: dollars of August 2026. Parsed anew each
// time.
PriceTable default_prices();

}  // namespace atelier::model
