#include "model/price/table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace atelier::model {
namespace {

// Our presets' names where LiteLLM has another one.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOtherNames = {{
    {"google", "gemini"},
    {"together", "together_ai"},
    {"fireworks", "fireworks_ai"},
    {"vertex", "vertex_ai"},
    {"azure-openai", "azure"},
}};

std::string_view other_name_of(std::string_view provider) noexcept {
  for (const auto& [ours, theirs] : kOtherNames)
    if (provider == ours) return theirs;
  return provider;
}

// "vertex_ai-language-models" is vertex_ai's, "text-completion-openai" is openai's.
bool is_of(std::string_view entry_provider, std::string_view provider) noexcept {
  if (entry_provider.empty() || entry_provider == provider) return true;
  if (entry_provider.size() <= provider.size() || provider.empty()) return false;
  const char after = entry_provider[provider.size()];
  if (entry_provider.starts_with(provider) && (after == '-' || after == '_')) return true;
  return entry_provider.ends_with(provider) && entry_provider[entry_provider.size() - provider.size() - 1] == '-';
}

bool is_all_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "gpt-4o-2024-08-06" and "claude-3-5-haiku-20241022" without what follows the name.
std::string_view without_date(std::string_view id) noexcept {
  const auto is_dash = [](char c) { return c == '-' || c == '@'; };
  if (id.size() > 9 && is_dash(id[id.size() - 9]) && is_all_digits(id.substr(id.size() - 8)))
    return id.substr(0, id.size() - 9);
  if (id.size() > 11) {
    const std::string_view date = id.substr(id.size() - 10);
    if (is_dash(id[id.size() - 11]) && is_all_digits(date.substr(0, 4)) && date[4] == '-' &&
        is_all_digits(date.substr(5, 2)) && date[7] == '-' && is_all_digits(date.substr(8)))
      return id.substr(0, id.size() - 11);
  }
  return id;
}

std::string_view without_tag(std::string_view id) noexcept {
  const std::size_t at = id.find_last_of(":@");
  return at == std::string_view::npos || at == 0 ? id : id.substr(0, at);
}

const ModelPrice& free_price() {
  static const ModelPrice price = [] {
    ModelPrice nothing;
    nothing.add({.rate = Rate::input});
    nothing.add({.rate = Rate::output});
    return nothing;
  }();
  return price;
}

}  // namespace

void PriceTable::overlay(PriceTable other) {
  for (auto& [name, entry] : other.entries_) entries_.insert_or_assign(name, std::move(entry));
  complaints_.insert(complaints_.end(), other.complaints_.begin(), other.complaints_.end());
}

const ModelPrice* PriceTable::find_as(std::string_view provider, std::string_view id, std::string& name) const {
  name.assign(provider).append("/").append(id);
  if (const auto found = entries_.find(name); found != entries_.end()) return &found->second.price;
  if (const auto found = entries_.find(id); found != entries_.end() && is_of(found->second.provider, provider))
    return &found->second.price;
  return nullptr;
}

const ModelPrice* PriceTable::find(const PricedModel& model) const {
  if (model.is_local) return &free_price();
  std::string_view id = model.model;
  const std::string_view plain = id.starts_with("models/") ? id.substr(7) : id;
  // The date stands before a tag or after the name.
  const std::array<std::string_view, 5> ids = {id, plain, without_date(plain), without_tag(plain),
                                               without_date(without_tag(plain))};
  const std::array<std::string_view, 2> providers = {model.provider, other_name_of(model.provider)};
  std::string name;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0 && std::find(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(i), ids[i]) !=
                     ids.begin() + static_cast<std::ptrdiff_t>(i))
      continue;
    // A free variant has the name of the paid one with ":free" behind it: it does not cost what that one does.
    if (ids[i].size() < plain.size() && plain.ends_with(":free") && !ids[i].ends_with(":free")) return &free_price();
    for (const std::string_view provider : providers)
      if (const ModelPrice* price = find_as(provider, ids[i], name)) return price;
  }
  return nullptr;
}

std::optional<Picodollars> PriceTable::cost(const Usage& usage, const PricedModel& model, ServiceTier tier) const {
  if (usage.cost_picodollars) return usage.cost_picodollars;
  const ModelPrice* price = find(model);
  if (price == nullptr) return std::nullopt;
  return price->cost(usage, tier);
}

}  // namespace atelier::model
