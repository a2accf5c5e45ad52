#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/price/table.hpp"

namespace atelier::model {

// The price table in force, which may be replaced while calls go on. Thread-safe. A candidate looks its price up once,
// and again when revision() changed; a call then needs neither lock nor table.
class Prices {
 public:
  Prices();
  // Reads files in LiteLLM's layout over the default prices; a later one's entries go before an earlier one's. Blocks.
  // On an error the table in force stays. Gives what is wrong with single entries.
  Result<std::vector<std::string>> load(const std::vector<std::string>& paths);
  void replace(PriceTable table);

  std::shared_ptr<const PriceTable> table() const;
  // Keeps its table alive; null: unknown.
  std::shared_ptr<const ModelPrice> find(const PricedModel& model) const;
  std::uint64_t revision() const noexcept { return revision_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const PriceTable> table_;  // shared with whoever looked something up in it
  std::atomic<std::uint64_t> revision_ = 0;
};

// A price file as text; too_large over 32 MiB.
Result<std::string> read_price_file(const std::string& path);

}  // namespace atelier::model
