#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/price/price.hpp"

namespace atelier::model {

// Whose price is wanted.
struct PricedModel {
  std::string_view provider;  // a preset's name, or LiteLLM's name of a provider
  std::string_view model;     // as the provider names it
  bool is_local = false;      // served on this machine or by our own: costs nothing
};

// Prices of many models, read from JSON in the layout of LiteLLM's model_prices_and_context_window.json. Immutable.
class PriceTable {
 public:
  PriceTable() = default;

  // invalid_argument when the text is no JSON object. An entry whose prices cannot be right (no number, negative, over
  // 0.01 dollars for one token of text: a price per million where one per token belongs) is left out, so that its
  // model's cost is unknown and not wrong, and complaints() names it.
  static Result<PriceTable> parse(std::string_view json);

  // The entries of `other` go before those of the same names here.
  void overlay(PriceTable other);

  // The first that is there: <provider>/<id>, <id>, then the id without "models/", without a date at its end, without a
  // tag such as ":latest". A name without provider counts only if the entry is that provider's. Null: unknown.
  const ModelPrice* find(const PricedModel& model) const;

  // nullopt: unknown, which is not free.
  std::optional<Picodollars> cost(const Usage& usage, const PricedModel& model,
                                  ServiceTier tier = ServiceTier::standard) const;

  std::size_t size() const noexcept { return entries_.size(); }
  // What is wrong with single entries; a hundred at most.
  const std::vector<std::string>& complaints() const noexcept { return complaints_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct Entry {
    std::string provider;  // LiteLLM's name; empty: whoever serves it
    ModelPrice price;
  };
  friend class PriceTableReader;
  const ModelPrice* find_as(std::string_view provider, std::string_view id, std::string& name) const;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  std::vector<std::string> complaints_;
};

}  // namespace atelier::model
