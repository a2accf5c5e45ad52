#include "tests/double/talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <numeric>

#include "tests/double/schema.hpp"

namespace atelier::doubles {
namespace {

constexpr std::size_t kTokenCharactersMax = 16;
constexpr std::int64_t kSayMax = 2'000'000;

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }
bool is_word(char c) noexcept {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
}

std::string joined(const std::vector<std::string>& parts) {
  return std::accumulate(parts.begin(), parts.end(), std::string());
}

std::int64_t number_of(const std::optional<std::string>& text, std::int64_t fallback) {
  return text && !text->empty() ? std::clamp<std::int64_t>(std::atoll(text->c_str()), 0, kSayMax) : fallback;
}

// Where the word "call" ends in a text; npos when it is not there.
std::size_t find_call(std::string_view text) {
  for (std::size_t i = 0; i + 4 <= text.size(); ++i) {
    const bool begins = i == 0 || !is_word(text[i - 1]);
    const bool ends = i + 4 == text.size() || !is_word(text[i + 4]);
    if (begins && ends && (text.substr(i, 4) == "call" || text.substr(i, 4) == "Call")) return i + 4;
  }
  return std::string_view::npos;
}

// "({...})" at the start of a text, without the brackets.
std::optional<std::string_view> parenthesised(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  int depth = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && text[i - 1] != '\\') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return text.substr(1, i - 1);
  }
  return std::nullopt;
}

bool may_call(const Wish& wish, const Tool& tool) {
  return wish.allowed.empty() || std::find(wish.allowed.begin(), wish.allowed.end(), tool.name) != wish.allowed.end();
}

ToolCall call_of(const Tool& tool, std::optional<std::string_view> given, const Faults& faults) {
  std::string arguments = given                     ? std::string(*given)
                          : tool.is_custom          ? "input for " + tool.name
                          : tool.schema.is_object() ? json::write(instance_of(tool.schema))
                                                    : "{}";
  if (faults.has("tool-broken") && !tool.is_custom) arguments = "{\"unfinished\": ";
  return {.name = tool.name, .arguments = std::move(arguments), .is_custom = tool.is_custom};
}

// The tools that the words after "call" name, in their order.
std::vector<ToolCall> named_calls(const Wish& wish, const Faults& faults) {
  std::vector<ToolCall> calls;
  std::string_view text = wish.text;
  const std::size_t begin = find_call(text);
  if (begin == std::string_view::npos) return calls;
  text.remove_prefix(begin);
  while (!text.empty()) {
    const auto start = std::find_if(text.begin(), text.end(), is_word);
    text.remove_prefix(static_cast<std::size_t>(start - text.begin()));
    const auto end = std::find_if_not(text.begin(), text.end(), is_word);
    std::string_view name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(name.size());
    while (name.ends_with('.')) name.remove_suffix(1);
    const auto tool =
        std::find_if(wish.tools.begin(), wish.tools.end(), [&](const Tool& each) { return each.name == name; });
    if (tool != wish.tools.end() && may_call(wish, *tool)) calls.push_back(call_of(*tool, parenthesised(text), faults));
  }
  return calls;
}

std::vector<ToolCall> choose_calls(const Wish& wish, const Faults& faults) {
  if (wish.tools.empty() || wish.choice == Wish::Choice::none) return {};
  // Results are answered with words, or a client that loops over tools would never end.
  const bool calls_on = wish.results.empty() || directive(wish.text, "keep-calling");
  std::vector<ToolCall> calls = calls_on ? named_calls(wish, faults) : std::vector<ToolCall>();
  if (wish.choice == Wish::Choice::named) {
    std::erase_if(calls, [&](const ToolCall& call) { return call.name != wish.chosen; });
    const auto tool =
        std::find_if(wish.tools.begin(), wish.tools.end(), [&](const Tool& each) { return each.name == wish.chosen; });
    if (calls.empty() && tool != wish.tools.end()) calls.push_back(call_of(*tool, std::nullopt, faults));
  }
  if (calls.empty() && wish.choice == Wish::Choice::required) {
    const auto tool =
        std::find_if(wish.tools.begin(), wish.tools.end(), [&](const Tool& each) { return may_call(wish, each); });
    if (tool != wish.tools.end()) calls.push_back(call_of(*tool, std::nullopt, faults));
  }
  if (!wish.is_parallel && calls.size() > 1) calls.resize(1);
  return calls;
}

std::string describe(const Medium& medium) {
  if (!medium.url.empty()) return fmt::format(" [{} at {}]", medium.kind, medium.url);
  return fmt::format(" [{} {} {} bytes]", medium.kind, medium.type, medium.size_bytes);
}

std::string counted_words(std::int64_t count) {
  std::string text;
  for (std::int64_t i = 1; i <= count; ++i) text += fmt::format("{}t{}", i == 1 ? "" : " ", i);
  return text;
}

// Words of ten bytes.
std::string filler(std::size_t size_bytes) {
  std::string text;
  while (text.size() < size_bytes) text += "gatewayed ";
  text.resize(size_bytes);
  return text;
}

std::string plain_answer(const Wish& wish, int choice) {
  if (auto given = directive(wish.text, "answer")) return *given;
  if (auto count = directive(wish.text, "say")) return counted_words(number_of(count, 10));
  if (auto count = directive(wish.text, "bytes")) return filler(static_cast<std::size_t>(number_of(count, 1)));
  if (directive(wish.text, "refuse")) return "The double declines to answer that.";
  if (!wish.schema.is_null()) return json::write(instance_of(wish.schema));
  if (wish.wants_json) return json::write({{"echo", wish.text}});
  std::string text;
  if (!wish.results.empty()) {
    text = "Results:";
    for (const ToolResult& result : wish.results)
      text += fmt::format("{} {}{}={}", &result == &wish.results.front() ? "" : ";", result.name,
                          result.is_error ? " failed" : "", result.text);
  } else {
    text = (choice == 0 ? "Echo: " : fmt::format("Echo {}: ", choice)) + wish.text;
  }
  for (const Medium& medium : wish.media) text += describe(medium);
  return text;
}

// What is left to say after what the assistant has begun with.
std::string continued(std::string text, std::string_view prefill) {
  if (prefill.empty() || !text.starts_with(prefill)) return text;
  return text.substr(prefill.size());
}

void stop_at_sequence(std::string& text, const Wish& wish, Said& said) {
  std::size_t first = std::string::npos;
  for (const std::string& stop : wish.stops) {
    const std::size_t at = stop.empty() ? std::string::npos : text.find(stop);
    if (at >= first) continue;
    first = at;
    said.stop_sequence = stop;
  }
  if (first == std::string::npos) return;
  text.resize(first);
  said.finish = Finish::stop_sequence;
}

// Cuts what was said at the limit on tokens, which reasoning counts against too.
void limit_tokens(const Wish& wish, Said& said) {
  if (wish.tokens_max <= 0) return;
  const auto limit = static_cast<std::size_t>(wish.tokens_max);
  if (said.reasoning.size() + said.text.size() <= limit) return;
  said.reasoning.resize(std::min(said.reasoning.size(), limit));
  said.text.resize(std::min(said.text.size(), limit - said.reasoning.size()));
  said.calls.clear();
  said.finish = Finish::length;
  said.stop_sequence.clear();
}

std::int64_t output_tokens(const Said& said) {
  auto count = static_cast<std::int64_t>(said.text.size());
  for (const ToolCall& call : said.calls) count += 1 + count_tokens(call.arguments);
  return count;
}

}  // namespace

std::string Said::whole_text() const { return joined(text); }
std::string Said::whole_reasoning() const { return joined(reasoning); }

Said say(const Wish& asked, const Faults& faults, int choice) {
  Wish wish = asked;
  if (faults.has(kLoadText)) {
    wish = {};
    wish.text = faults.text(kLoadText);
    wish.input_tokens = asked.input_tokens;
  }
  Said said;
  const auto think = directive(wish.text, "think");
  if (wish.wants_reasoning || think) {
    const std::int64_t count = number_of(think, 0);
    said.reasoning =
        tokens_of(count > 0 ? counted_words(count) : fmt::format("Thinking about {} words.", count_tokens(wish.text)));
  }
  said.has_redacted = directive(wish.text, "redacted").has_value();
  said.calls = choose_calls(wish, faults);
  const bool speaks = said.calls.empty() || directive(wish.text, "answer");
  if (!said.calls.empty()) said.finish = Finish::tool_calls;
  if (directive(wish.text, "refuse")) said.finish = Finish::refusal;
  if (speaks && !faults.has("empty-text")) {
    std::string text = continued(plain_answer(wish, choice), wish.prefill);
    stop_at_sequence(text, wish, said);
    said.text = tokens_of(text);
  }
  if (const auto count = directive(wish.text, "stamps"))
    said.text.assign(static_cast<std::size_t>(number_of(count, 1)), std::string(kStampPlace) + ' ');
  limit_tokens(wish, said);
  if (faults.has("giant")) {
    const auto size = static_cast<std::size_t>(faults.number("giant", 20)) << 20;
    const std::size_t middle =
        std::min(said.text.size(),
                 static_cast<std::size_t>(faults.number("at", static_cast<std::int64_t>(said.text.size() / 2))));
    said.text.insert(said.text.begin() + static_cast<std::ptrdiff_t>(middle), " " + std::string(size, 'x'));
  }
  if (faults.has("filter") || directive(wish.text, "filter")) {
    said.text.resize((said.text.size() + 1) / 2);
    said.calls.clear();
    said.finish = Finish::content_filter;
  }
  said.tokens.input = wish.input_tokens;
  said.tokens.cached_read = std::min(number_of(directive(wish.text, "cached"), 0), wish.input_tokens);
  said.tokens.cached_write =
      std::min(number_of(directive(wish.text, "cache-write"), 0), wish.input_tokens - said.tokens.cached_read);
  said.tokens.reasoning = static_cast<std::int64_t>(said.reasoning.size());
  said.tokens.output = output_tokens(said);
  return said;
}

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  std::string token;
  std::size_t characters = 0;
  const auto flush = [&] {
    if (!token.empty()) tokens.push_back(std::move(token));
    token.clear();
    characters = 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool begins_word = is_space(c) && i > 0 && !is_space(text[i - 1]);
    if (begins_word || (characters >= kTokenCharactersMax && !is_continuation(c))) flush();
    token += c;
    if (!is_continuation(c)) ++characters;
  }
  flush();
  return tokens;
}

std::size_t count_characters(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

std::int64_t count_tokens(std::string_view text) {
  std::int64_t count = 0;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_word = is_space(text[i]) && i > 0 && !is_space(text[i - 1]);
    if (i == 0 || begins_word || (characters >= kTokenCharactersMax && !is_continuation(text[i]))) {
      ++count;
      characters = 0;
    }
    if (!is_continuation(text[i])) ++characters;
  }
  return count;
}

std::optional<std::string> directive(std::string_view text, std::string_view name) {
  const std::string opening = "[" + std::string(name);
  for (std::size_t at = text.find(opening); at != std::string_view::npos; at = text.find(opening, at + 1)) {
    const std::string_view rest = text.substr(at + opening.size());
    if (rest.starts_with(']')) return "";
    if (!rest.starts_with(' ')) continue;
    const std::size_t end = rest.find(']');
    if (end != std::string_view::npos) return std::string(rest.substr(1, end - 1));
  }
  return std::nullopt;
}

std::vector<std::string> fragments_of(std::string_view text, std::size_t size_bytes) {
  std::vector<std::string> fragments;
  while (!text.empty()) {
    std::size_t end = std::min(size_bytes, text.size());
    while (end < text.size() && is_continuation(text[end])) ++end;
    fragments.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return fragments;
}

}  // namespace atelier::doubles
