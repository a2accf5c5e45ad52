#include "watch/objective/selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kConditionsMax = 8, kSelectorBytesMax = 512;

bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
}

// Reads a word or a quoted text off the front.
std::string take_name(std::string_view& rest) {
  const auto end = std::ranges::find_if_not(rest, is_name_letter);
  std::string name(rest.begin(), end);
  rest.remove_prefix(name.size());
  return name;
}

bool take(std::string_view& rest, std::string_view mark) {
  if (!rest.starts_with(mark)) return false;
  rest.remove_prefix(mark.size());
  return true;
}

std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!take(rest, "\"")) return std::nullopt;
  std::string text;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return text;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) {
      ++i;
      text += rest[i] == 'n' ? '\n' : rest[i];
    } else {
      text += rest[i];
    }
  }
  return std::nullopt;
}

// Stars alone are special, and what is matched is short: each star is tried at the latest place only.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, in = 0, star = std::string_view::npos, resumed = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resumed = in;
    } else if (at < pattern.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++resumed;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> split_labels(std::string_view labels) {
  std::vector<std::pair<std::string, std::string>> all;
  while (!labels.empty()) {
    std::string name = take_name(labels);
    if (name.empty() || !take(labels, "=")) break;
    auto value = take_quoted(labels);
    if (!value) break;
    all.emplace_back(std::move(name), std::move(*value));
    take(labels, ",");
  }
  return all;
}

Result<Selector> Selector::parse(std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorCode::invalid_argument,
                fmt::format(R"("{}" is no series such as atelier_http_requests_total{{route="/v1/*",status!="5xx"}})",
                            printable(text, 96)));
  };
  if (text.size() > kSelectorBytesMax) return refuse();
  std::string_view rest = text;
  Selector selector;
  selector.metric_ = take_name(rest);
  if (selector.metric_.empty()) return refuse();
  if (rest.empty()) return selector;
  if (!take(rest, "{")) return refuse();
  while (!take(rest, "}")) {
    if (selector.conditions_.size() == kConditionsMax) return refuse();
    if (!selector.conditions_.empty() && !take(rest, ",")) return refuse();
    Condition condition;
    condition.label = take_name(rest);
    condition.is_other = take(rest, "!=");
    if (condition.label.empty() || (!condition.is_other && !take(rest, "="))) return refuse();
    auto pattern = take_quoted(rest);
    if (!pattern) return refuse();
    condition.pattern = std::move(*pattern);
    selector.conditions_.push_back(std::move(condition));
  }
  if (!rest.empty()) return refuse();
  return selector;
}

bool Selector::matches(std::string_view labels) const {
  if (conditions_.empty()) return true;
  const auto split = split_labels(labels);
  return std::ranges::all_of(conditions_, [&](const Condition& condition) {
    const auto found = std::ranges::find(split, condition.label, &std::pair<std::string, std::string>::first);
    const std::string_view value = found == split.end() ? std::string_view() : std::string_view(found->second);
    return fits(condition.pattern, value) != condition.is_other;
  });
}

}  // namespace atelier::watch
