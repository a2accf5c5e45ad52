#include "watch/objective/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "base/toml_tree.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kSelectorsMax = 16, kTitleBytesMax = 120, kObjectiveNameBytesMax = 48;
constexpr std::array<std::string_view, 4> kUnits = {"seconds", "bytes", "number", "share"};
constexpr std::array<std::string_view, 7> kStatNames = {"value", "lowest", "mean", "p50", "p75", "p95", "p99"};

// Reads one [[objective]] or [[budget]]. The first complaint stands, and all after it is nothing.
class EntryReader {
 public:
  EntryReader(const TomlValue& table, std::string_view kind, std::string_view file)
      : table_(table), kind_(kind), file_(file) {
    name_ = text("name", kObjectiveNameBytesMax);
    if (!complaint_ && !std::ranges::all_of(
                           name_, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }))
      complain("name", "must be of a to z, 0 to 9 and _");
  }

  const std::string& name() const noexcept { return name_; }

  std::string text(std::string_view field, std::size_t bytes_max) {
    const TomlValue* node = required(field);
    if (node == nullptr) return {};
    const std::string* value = node->text();
    if (!value || value->empty() || value->size() > bytes_max) {
      complain(field, fmt::format("must be a text of 1 to {} bytes", bytes_max));
      return {};
    }
    return *value;
  }

  template <std::size_t N>
  std::size_t one_of(std::string_view field, const std::array<std::string_view, N>& choices) {
    const std::string value = text(field, 32);
    const auto found = std::ranges::find(choices, value);
    if (found == choices.end()) complain(field, fmt::format("must be one of {}", fmt::join(choices, ", ")));
    return found == choices.end() ? 0 : static_cast<std::size_t>(found - choices.begin());
  }

  double number(std::string_view field, double low, double high, std::string_view what) {
    const TomlValue* node = required(field);
    if (node == nullptr) return low;
    std::optional<double> value;
    if (const auto* whole = std::get_if<std::int64_t>(&node->value)) value = static_cast<double>(*whole);
    if (const auto* broken = std::get_if<double>(&node->value)) value = *broken;
    if (!value || !(*value > low && *value < high)) complain(field, fmt::format("must be {}", what));
    return value.value_or(low);
  }

  std::vector<Selector> selectors(std::string_view field) {
    const TomlValue* node = required(field);
    if (node == nullptr) return {};
    const TomlValue::Array* list = node->array();
    std::vector<Selector> all;
    if (!list || list->empty() || list->size() > kSelectorsMax) {
      complain(field, fmt::format("must be a list of 1 to {} series", kSelectorsMax));
      return all;
    }
    for (const TomlValue& one : *list) {
      auto selector = Selector::parse(one.text() ? *one.text() : std::string());
      if (selector)
        all.push_back(std::move(*selector));
      else
        complain(field, selector.error().message, one.line);
    }
    return all;
  }

  bool has(std::string_view field) const { return table_.find(field) != nullptr; }
  // Another would be as good: `what` says so.
  void complain(std::string_view field, std::string what, std::uint32_t line = 0) {
    if (complaint_) return;
    const TomlValue* node = table_.find(field);
    if (line == 0) line = node ? node->line : table_.line;
    const std::string of = name_.empty() ? std::string(kind_) : fmt::format("{} {}", kind_, name_);
    complaint_ = Error{.code = ErrorCode::invalid_argument,
                       .message = fmt::format("{}: {} {}", of, field, what),
                       .reason = "setting_invalid",
                       .where = fmt::format("{}:{}", file_, line),
                       .retry_after_ms = {},
                       .source = std::source_location::current()};
  }

  // What nobody asked for is a complaint too.
  Result<> finish() {
    if (!complaint_)
      for (const TomlField& field : *table_.table()) {
        if (known_.contains(field.name)) continue;
        const std::vector<std::string_view> names(known_.begin(), known_.end());
        const auto meant = suggest(field.name, names);
        complain(field.name,
                 fmt::format("is no field of it{}", meant ? fmt::format("; did you mean {}?", *meant) : ""));
        break;
      }
    if (complaint_) return std::unexpected(*complaint_);
    return {};
  }

 private:
  const TomlValue* required(std::string_view field) {
    known_.insert(field);
    const TomlValue* node = table_.find(field);
    if (node == nullptr) complain(field, "is missing");
    return node;
  }

  const TomlValue& table_;
  const std::string_view kind_, file_;
  std::string name_;
  std::set<std::string_view> known_;  // constants
  std::optional<Error> complaint_;
};

Result<ObjectiveDefinition> read_objective(const TomlValue& table, std::string_view file) {
  EntryReader reader(table, "objective", file);
  ObjectiveDefinition one;
  one.name = reader.name();
  one.title = reader.text("title", kTitleBytesMax);
  constexpr std::string_view kPercent = "a share in percent, above 0 and below 100";
  one.target = reader.number("target", 0, 100, kPercent) / 100;
  one.required = reader.number("required", 0, 100, kPercent) / 100;
  if (reader.has("under") || reader.has("events")) {
    one.under = reader.number("under", 0, 1e15, "above 0");
    one.events = reader.selectors("events");
  } else {
    one.good = reader.selectors("good");
    one.bad = reader.selectors("bad");
  }
  if (auto done = reader.finish(); !done) return error_of(done);
  return one;
}

Result<BudgetDefinition> read_budget(const TomlValue& table, std::string_view file) {
  EntryReader reader(table, "budget", file);
  BudgetDefinition one;
  one.name = reader.name();
  one.title = reader.text("title", kTitleBytesMax);
  one.unit = kUnits[reader.one_of("unit", kUnits)];
  one.stat = static_cast<BudgetStat>(reader.one_of("stat", kStatNames));
  one.of = reader.selectors("of");
  one.limit = reader.number("limit", 0, 1e15, "above 0");
  one.required = reader.number("required", 0, 1e15, "above 0");
  if (auto done = reader.finish(); !done) return error_of(done);
  return one;
}

// All entries of one kind, each with a name of its own.
template <class Entry>
Result<std::vector<Entry>> read_entries(const TomlValue& node, std::string_view kind, std::string_view file,
                                        std::size_t count_max,
                                        Result<Entry> (*read)(const TomlValue&, std::string_view)) {
  const auto refuse = [&](const TomlValue& at, std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message),
                {.reason = "setting_invalid", .where = fmt::format("{}:{}", file, at.line)});
  };
  const TomlValue::Array* list = node.array();
  if (!list || !std::ranges::all_of(*list, [](const TomlValue& one) { return one.table() != nullptr; }))
    return refuse(node, fmt::format("{0} must be written as [[{0}]]", kind));
  if (list->size() > count_max) return refuse(node, fmt::format("{} may be there {} times at most", kind, count_max));
  std::vector<Entry> all;
  for (const TomlValue& one : *list) {
    auto entry = read(one, file);
    if (!entry) return error_of(entry);
    if (std::ranges::find(all, entry->name, &Entry::name) != all.end())
      return refuse(one, fmt::format("{0} {1}: name is another {0}'s too", kind, entry->name));
    all.push_back(std::move(*entry));
  }
  return all;
}

}  // namespace

Result<ObjectiveDefinitions> ObjectiveDefinitions::parse(std::string_view text, std::string_view file_name) {
  auto file = parse_toml(text, file_name);
  if (!file) return error_of(file);
  ObjectiveDefinitions all;
  for (const TomlField& field : *file->table()) {
    if (field.name == "objective") {
      auto objectives = read_entries(field.value, "objective", file_name, kObjectivesMax, &read_objective);
      if (!objectives) return error_of(objectives);
      all.objectives = std::move(*objectives);
    } else if (field.name == "budget") {
      auto budgets = read_entries(field.value, "budget", file_name, kBudgetsMax, &read_budget);
      if (!budgets) return error_of(budgets);
      all.budgets = std::move(*budgets);
    } else {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" is neither [[objective]] nor [[budget]]", printable(field.name, 64)),
                  {.reason = "setting_invalid", .where = fmt::format("{}:{}", file_name, field.line)});
    }
  }
  return all;
}

ObjectiveDefinitions ObjectiveDefinitions::defaults() {
  auto parsed = parse(default_objectives(), "defaults");
  ensure(parsed.has_value(), parsed ? std::string_view() : std::string_view(parsed.error().message));
  return std::move(*parsed);
}

std::vector<ObjectiveDefinitions::UnknownMetric> ObjectiveDefinitions::unknown_metrics(
    std::span<const std::string_view> known) const {
  std::vector<UnknownMetric> unknown;
  const auto look_at = [&](const std::string& of, const std::vector<Selector>& selectors) {
    for (const Selector& selector : selectors)
      if (std::ranges::find(known, selector.metric()) == known.end())
        unknown.push_back({.of = of,
                           .metric = selector.metric(),
                           .meant = std::string(suggest(selector.metric(), known).value_or(std::string_view()))});
  };
  for (const ObjectiveDefinition& one : objectives)
    for (const auto* selectors : {&one.good, &one.bad, &one.events}) look_at(one.name, *selectors);
  for (const BudgetDefinition& one : budgets) look_at(one.name, one.of);
  return unknown;
}

}  // namespace atelier::watch
