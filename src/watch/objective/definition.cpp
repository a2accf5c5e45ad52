#include "watch/objective/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include <toml++/toml.h>

#include "base/text.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kSelectorsMax = 16, kTitleBytesMax = 120, kObjectiveNameBytesMax = 48;
constexpr std::array<std::string_view, 4> kUnits = {"seconds", "bytes", "number", "share"};
constexpr std::array<std::string_view, 7> kStatNames = {"value", "lowest", "mean", "p50", "p75", "p95", "p99"};

// Reads one [[objective]] or [[budget]]. The first complaint stands, and all after it is nothing.
class EntryReader {
 public:
  EntryReader(const toml::table& table, std::string_view kind, std::string_view file)
      : table_(table), kind_(kind), file_(file) {
    name_ = text("name", kObjectiveNameBytesMax);
    if (!complaint_ && !std::ranges::all_of(
                           name_, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }))
      complain("name", "must be of a to z, 0 to 9 and _");
  }

  const std::string& name() const noexcept { return name_; }

  std::string text(std::string_view field, std::size_t bytes_max) {
    const toml::node* node = required(field);
    if (node == nullptr) return {};
    const auto* value = node->as_string();
    if (!value || value->get().empty() || value->get().size() > bytes_max) {
      complain(field, fmt::format("must be a text of 1 to {} bytes", bytes_max));
      return {};
    }
    return value->get();
  }

  template <std::size_t N>
  std::size_t one_of(std::string_view field, const std::array<std::string_view, N>& choices) {
    const std::string value = text(field, 32);
    const auto found = std::ranges::find(choices, value);
    if (found == choices.end()) complain(field, fmt::format("must be one of {}", fmt::join(choices, ", ")));
    return found == choices.end() ? 0 : static_cast<std::size_t>(found - choices.begin());
  }

  double number(std::string_view field, double low, double high, std::string_view what) {
    const toml::node* node = required(field);
    if (node == nullptr) return low;
    const std::optional<double> value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !(*value > low && *value < high)) complain(field, fmt::format("must be {}", what));
    return value.value_or(low);
  }

  std::vector<Selector> selectors(std::string_view field) {
    const toml::node* node = required(field);
    if (node == nullptr) return {};
    const toml::array* list = node->as_array();
    std::vector<Selector> all;
    if (!list || list->empty() || list->size() > kSelectorsMax) {
      complain(field, fmt::format("must be a list of 1 to {} series", kSelectorsMax));
      return all;
    }
    for (const toml::node& one : *list) {
      const auto* value = one.as_string();
      auto selector = value ? Selector::parse(value->get()) : Selector::parse("");
      if (selector)
        all.push_back(std::move(*selector));
      else
        complain(field, selector.error().message, one.source().begin.line);
    }
    return all;
  }

  bool has(std::string_view field) const { return table_.contains(field); }
  // Another would be as good: `what` says so.
  void complain(std::string_view field, std::string what, std::uint32_t line = 0) {
    if (complaint_) return;
    const toml::node* node = table_.get(field);
    if (line == 0) line = node ? node->source().begin.line : table_.source().begin.line;
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
      for (const auto& [key, node] : table_) {
        if (known_.contains(key.str())) continue;
        const std::vector<std::string_view> names(known_.begin(), known_.end());
        const auto meant = suggest(key.str(), names);
        complain(key.str(), fmt::format("is no field of it{}", meant ? fmt::format("; did you mean {}?", *meant) : ""));
        break;
      }
    if (complaint_) return std::unexpected(*complaint_);
    return {};
  }

 private:
  const toml::node* required(std::string_view field) {
    known_.insert(field);
    const toml::node* node = table_.get(field);
    if (node == nullptr) complain(field, "is missing");
    return node;
  }

  const toml::table& table_;
  const std::string_view kind_, file_;
  std::string name_;
  std::set<std::string_view> known_;  // constants
  std::optional<Error> complaint_;
};

Result<ObjectiveDefinition> read_objective(const toml::table& table, std::string_view file) {
  EntryReader reader(table, "objective", file);
  ObjectiveDefinition one;
  one.name = reader.name();
  one.title = reader.text("title", kTitleBytesMax);
  constexpr std::string_view kPercent = "a share in percent, above 0 and below 100";
  one.target = reader.number("target", 0, 100, kPercent) / 100;
  one.required = reader.number("required", 0, 100, kPercent) / 100;
  if (reader.has("under")) {
    one.under = reader.number("under", 0, 1e15, "above 0");
    one.events = reader.selectors("events");
  } else {
    one.good = reader.selectors("good");
    one.bad = reader.selectors("bad");
  }
  if (auto done = reader.finish(); !done) return error_of(done);
  return one;
}

Result<BudgetDefinition> read_budget(const toml::table& table, std::string_view file) {
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
Result<std::vector<Entry>> read_entries(const toml::node& node, std::string_view kind, std::string_view file,
                                        std::size_t count_max,
                                        Result<Entry> (*read)(const toml::table&, std::string_view)) {
  const auto refuse = [&](const toml::node& at, std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message),
                {.reason = "setting_invalid", .where = fmt::format("{}:{}", file, at.source().begin.line)});
  };
  const toml::array* list = node.as_array();
  if (!list || !list->is_array_of_tables()) return refuse(node, fmt::format("{0} must be written as [[{0}]]", kind));
  if (list->size() > count_max) return refuse(node, fmt::format("{} may be there {} times at most", kind, count_max));
  std::vector<Entry> all;
  for (const toml::node& one : *list) {
    auto entry = read(*one.as_table(), file);
    if (!entry) return error_of(entry);
    if (std::ranges::find(all, entry->name, &Entry::name) != all.end())
      return refuse(one, fmt::format("{0} {1}: name is another {0}'s too", kind, entry->name));
    all.push_back(std::move(*entry));
  }
  return all;
}

Result<ObjectiveDefinitions> read_definitions(const toml::table& table, std::string_view file) {
  ObjectiveDefinitions all;
  for (const auto& [key, node] : table) {
    if (key.str() == "objective") {
      auto objectives = read_entries(node, "objective", file, ObjectiveDefinitions::kObjectivesMax, &read_objective);
      if (!objectives) return error_of(objectives);
      all.objectives = std::move(*objectives);
    } else if (key.str() == "budget") {
      auto budgets = read_entries(node, "budget", file, ObjectiveDefinitions::kBudgetsMax, &read_budget);
      if (!budgets) return error_of(budgets);
      all.budgets = std::move(*budgets);
    } else {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" is neither [[objective]] nor [[budget]]", printable(key.str(), 64)),
                  {.reason = "setting_invalid", .where = fmt::format("{}:{}", file, key.source().begin.line)});
    }
  }
  return all;
}

}  // namespace

Result<ObjectiveDefinitions> ObjectiveDefinitions::parse(std::string_view text, std::string_view file_name) {
  try {
    return read_definitions(toml::parse(text, file_name), file_name);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_argument, fmt::format("not TOML: {}", error.description()),
                {.reason = "setting_invalid",
                 .where = fmt::format("{}:{}:{}", file_name, error.source().begin.line, error.source().begin.column)});
  }
}

ObjectiveDefinitions ObjectiveDefinitions::defaults() {
  auto parsed = parse(default_objectives(), "defaults");
  ensure(parsed.has_value(), parsed ? std::string_view() : std::string_view(parsed.error().message));
  return std::move(*parsed);
}

}  // namespace atelier::watch
