// A table of prices as a user may write it.
#include <cstdint>
#include <string_view>

#include "base/text.hpp"
#include "model/price/table.hpp"

using namespace atelier;
using namespace atelier::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto table = PriceTable::parse(text);
  if (!table) {
    ensure(table.error().code == ErrorCode::invalid_argument && is_valid_utf8(table.error().message),
           "a refusal says why");
    return 0;
  }
  ensure(table->complaints().size() <= 100, "complaints are bounded");
  for (const std::string& complaint : table->complaints()) ensure(is_valid_utf8(complaint), "a complaint is text");
  const Usage usage{.input = 1'000,
                    .cached_read = 300'000,
                    .cached_write = 10,
                    .cached_write_hour = 10,
                    .output = 500,
                    .reasoning = 20};
  for (const char* name : {"a", "p/a", "models/a", "a:latest", "a-2024-01-01", ""}) {
    const PricedModel model{.provider = "p", .model = name};
    const ModelPrice* found = table->find(model);
    if (found != nullptr)
      for (const ModelPrice::Entry& entry : found->entries())
        ensure(entry.price >= 0 && entry.from < entry.to, "a price can be right");
    for (const ServiceTier tier :
         {ServiceTier::standard, ServiceTier::flex, ServiceTier::priority, ServiceTier::batch}) {
      const auto cost = table->cost(usage, model, tier);
      ensure(!cost || *cost >= 0, "nobody is paid for calling");
    }
  }
  auto again = PriceTable::parse(text);
  ensure(again && again->size() == table->size(), "a table is read the same each time");
  table->overlay(std::move(*again));
  ensure(table->size() <= 200'000, "a table is bounded");
  return 0;
}
