// Reads LiteLLM's table. On demand: of 1.6 MB a tenth is prices, and a tree of it all would take tens of megabytes.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "model/price/key.hpp"
#include "model/price/table.hpp"

namespace atelier::model {

namespace ondemand = simdjson::ondemand;

class PriceTableReader {
 public:
  Result<PriceTable> read(std::string_view json);

 private:
  static constexpr std::size_t kEntriesMax = 200'000;
  static constexpr std::size_t kComplaintsMax = 100;
  static constexpr std::size_t kTiersMax = 32;
  // A text token over a cent is a price per thousand or million in the wrong field.
  static constexpr Picodollars kTokenPriceMax = kCent;

  struct Priced {
    PriceKey key;
    Picodollars price = 0;
  };
  struct Tier {
    std::int64_t from = 0;
    std::vector<Priced> prices;
  };

  bool read_entry(ondemand::object fields);
  bool read_tiers(ondemand::array tiers);
  bool read_tier(ondemand::object fields);
  // Adds to `prices` if the field is a price that we know. False when it is one and cannot be right.
  bool read_price(std::string_view field, ondemand::value value, std::vector<Priced>& prices);
  void settle(PriceTable::Entry& entry);
  bool complain(std::string text);

  PriceTable table_;
  std::string name_;  // of the entry that is being read
  std::vector<Priced> flat_;
  std::vector<Tier> tiers_;
};

bool PriceTableReader::complain(std::string text) {
  if (table_.complaints_.size() < kComplaintsMax)
    table_.complaints_.push_back(fmt::format("{}: {}", printable(name_, 120), text));
  return false;
}

bool PriceTableReader::read_price(std::string_view field, ondemand::value value, std::vector<Priced>& prices) {
  const auto key = parse_price_key(field);
  if (!key) return true;
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return complain(fmt::format("{} cannot be read", field));
  if (type == ondemand::json_type::null) return true;
  std::string_view text = value.raw_json_token();
  if (type == ondemand::json_type::string) {
    if (value.get_string().get(text) != simdjson::SUCCESS) return complain(fmt::format("{} cannot be read", field));
  } else if (type != ondemand::json_type::number) {
    return complain(fmt::format("{} is no number", field));
  }
  const auto price = parse_dollars(text);
  if (!price) return complain(fmt::format("{}: {}", field, price.error().message));
  if (*price < 0) return complain(fmt::format("{} is negative", field));
  const bool is_text = key->rate <= Rate::reasoning;
  if (is_text && *price > kTokenPriceMax)
    return complain(fmt::format("{} is {} dollars for one token: prices are per token, not per million", field,
                                format_dollars(*price)));
  prices.push_back({*key, *price});
  return true;
}

bool PriceTableReader::read_tier(ondemand::object fields) {
  Tier tier;
  bool has_range = false;
  for (auto field : fields) {
    std::string_view name;
    ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS)
      return complain("tiered_pricing cannot be read");
    if (name == "range") {
      double from = 0;
      ondemand::array ends;
      if (value.get_array().get(ends) != simdjson::SUCCESS || ends.at(0).get_double().get(from) != simdjson::SUCCESS ||
          from < 0 || from > 1e12)
        return complain("a range of tiered_pricing cannot be read");
      tier.from = static_cast<std::int64_t>(from);
      has_range = true;
    } else if (!read_price(name, value, tier.prices)) {
      return false;
    }
  }
  if (!has_range) return true;
  // Of two that begin alike nobody knows which holds.
  if (std::ranges::any_of(tiers_, [&](const Tier& other) { return other.from == tier.from; }))
    return complain(fmt::format("two tiers of tiered_pricing begin at {}", tier.from));
  if (tiers_.size() >= kTiersMax) return complain(fmt::format("tiered_pricing has more than {} tiers", kTiersMax));
  tiers_.push_back(std::move(tier));
  return true;
}

bool PriceTableReader::read_tiers(ondemand::array tiers) {
  for (auto element : tiers) {
    ondemand::object fields;
    if (element.get_object().get(fields) != simdjson::SUCCESS) return complain("tiered_pricing cannot be read");
    if (!read_tier(fields)) return false;
  }
  return true;
}

void PriceTableReader::settle(PriceTable::Entry& entry) {
  // xAI's long prompts begin at their threshold, everybody else's after it.
  const std::int64_t before = entry.provider == "xai" ? 1 : 0;
  for (const Priced& one : flat_) {
    const bool is_replaced =
        one.key.is_old_name && std::ranges::any_of(flat_, [&](const Priced& other) {
          return !other.key.is_old_name && other.key.rate == one.key.rate && other.key.tier == one.key.tier;
        });
    if (is_replaced) continue;
    const bool is_flat = one.key.above_tokens == ModelPrice::kFlat;
    entry.price.add({.rate = one.key.rate,
                     .tier = one.key.tier,
                     .from = is_flat ? ModelPrice::kFlat : one.key.above_tokens - before,
                     .price = one.price});
  }
  // A tier ends where the next begins, whatever its own end says; the last one never does.
  std::ranges::stable_sort(tiers_, {}, &Tier::from);
  for (std::size_t i = 0; i < tiers_.size(); ++i) {
    const std::int64_t to = i + 1 < tiers_.size() ? tiers_[i + 1].from : ModelPrice::kNoEnd;
    for (const Priced& one : tiers_[i].prices)
      entry.price.add(
          {.rate = one.key.rate, .tier = one.key.tier, .from = tiers_[i].from, .to = to, .price = one.price});
  }
}

bool PriceTableReader::read_entry(ondemand::object fields) {
  flat_.clear();
  tiers_.clear();
  PriceTable::Entry entry;
  for (auto field : fields) {
    std::string_view field_name;
    ondemand::value value;
    if (field.unescaped_key().get(field_name) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS)
      return complain("cannot be read");
    if (field_name == "litellm_provider") {
      std::string_view provider;
      if (value.get_string().get(provider) == simdjson::SUCCESS) entry.provider = provider;
    } else if (field_name == "tiered_pricing") {
      ondemand::array tiers;
      if (value.get_array().get(tiers) == simdjson::SUCCESS && !read_tiers(tiers)) return false;
    } else if (!read_price(field_name, value, flat_)) {
      return false;
    }
  }
  settle(entry);
  if (!entry.price.empty()) table_.entries_.insert_or_assign(name_, std::move(entry));
  return true;
}

Result<PriceTable> PriceTableReader::read(std::string_view json) {
  const auto refuse = [](std::string_view why) {
    return fail(ErrorCode::invalid_argument, fmt::format("the price table is no JSON object: {}", why),
                {.reason = "price_table_invalid", .where = {}});
  };
  const simdjson::padded_string text(json);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object models;
  if (const auto error = parser.iterate(text).get(document); error != simdjson::SUCCESS)
    return refuse(simdjson::error_message(error));
  if (const auto error = document.get_object().get(models); error != simdjson::SUCCESS)
    return refuse(simdjson::error_message(error));
  for (auto model : models) {
    std::string_view name;
    ondemand::value value;
    if (const auto error = model.unescaped_key().get(name); error != simdjson::SUCCESS)
      return refuse(simdjson::error_message(error));
    if (const auto error = model.value().get(value); error != simdjson::SUCCESS)
      return refuse(simdjson::error_message(error));
    if (name == "sample_spec") continue;
    if (table_.entries_.size() >= kEntriesMax) return refuse(fmt::format("more than {} models", kEntriesMax));
    name_ = name;
    ondemand::object fields;
    if (value.get_object().get(fields) == simdjson::SUCCESS)
      read_entry(fields);
    else
      complain("is no object");
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return refuse("something follows its end");
  return std::move(table_);
}

Result<PriceTable> PriceTable::parse(std::string_view json) { return PriceTableReader().read(json); }

}  // namespace atelier::model
