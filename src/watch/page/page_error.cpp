#include "watch/page/page_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/scrub.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "watch/error/stack.hpp"
#include "watch/page/page_name.hpp"

namespace atelier::watch {
namespace {

constexpr std::string_view kWithheld = "an error of a page, its text is not kept";
constexpr std::size_t kNameBytesMax = 48, kFileBytesMax = 120;

constexpr std::array<std::string_view, 23> kClasses = {
    "TypeError",          "ReferenceError",  "RangeError",    "SyntaxError",       "URIError",
    "EvalError",          "AggregateError",  "InternalError", "DOMException",      "AbortError",
    "NetworkError",       "NotAllowedError", "NotFoundError", "NotSupportedError", "InvalidStateError",
    "QuotaExceededError", "SecurityError",   "DataError",     "TimeoutError",      "InvalidAccessError",
    "EncodingError",      "OperationError",  "Problem"};

// '%' is a name, '*' at the end whatever follows (and is not kept).
constexpr std::array<std::string_view, 44> kTexts = {"Cannot read properties of undefined (reading '%')",
                                                     "Cannot read properties of null (reading '%')",
                                                     "Cannot set properties of undefined (setting '%')",
                                                     "Cannot set properties of null (setting '%')",
                                                     "Cannot destructure property '%' of '%' as it is undefined.",
                                                     "Cannot destructure property '%' of '%' as it is null.",
                                                     "Cannot access '%' before initialization",
                                                     "Cannot convert undefined or null to object",
                                                     "% is not defined",
                                                     "% is not a function",
                                                     "% is not iterable",
                                                     "% is not a constructor",
                                                     "% is not an object",
                                                     "% is undefined",
                                                     "% is null",
                                                     "can't access property \"%\", % is undefined",
                                                     "can't access property \"%\", % is null",
                                                     "can't access lexical declaration '%' before initialization",
                                                     "undefined is not an object (evaluating '%')",
                                                     "null is not an object (evaluating '%')",
                                                     "Can't find variable: %",
                                                     "Assignment to constant variable.",
                                                     "Maximum call stack size exceeded*",
                                                     "too much recursion",
                                                     "Invalid array length",
                                                     "Invalid string length",
                                                     "Out of memory",
                                                     "out of memory",
                                                     "Illegal invocation",
                                                     "Reduce of empty array with no initial value",
                                                     "Converting circular structure to JSON*",
                                                     "Unexpected end of JSON input",
                                                     "Unexpected token *",
                                                     "JSON.parse: *",
                                                     "JSON Parse error: *",
                                                     "Failed to fetch dynamically imported module*",
                                                     "error loading dynamically imported module*",
                                                     "Importing a module script failed.",
                                                     "Failed to fetch",
                                                     "Load failed",
                                                     "NetworkError when attempting to fetch resource.",
                                                     "ResizeObserver loop completed with undelivered notifications.",
                                                     "ResizeObserver loop limit exceeded",
                                                     "Script error."};

bool is_of_name(char c) noexcept {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.';
}

// How much of `text` a name takes, if any.
std::size_t name_size(std::string_view text) noexcept {
  const auto end = std::ranges::find_if_not(text, is_of_name);
  return static_cast<std::size_t>(end - text.begin());
}

// The text as it may be kept, if it is one of that pattern.
std::optional<std::string> match(std::string_view pattern, std::string_view text) {
  std::string kept;
  while (!pattern.empty()) {
    if (pattern == "*") return kept;
    if (pattern.front() == '%') {
      const std::size_t size = name_size(text);
      if (size == 0 || size > kNameBytesMax || has_secret(text.substr(0, size))) return std::nullopt;
      kept.append(text.substr(0, size));
      text.remove_prefix(size);
    } else {
      if (text.empty() || text.front() != pattern.front()) return std::nullopt;
      kept += text.front();
      text.remove_prefix(1);
    }
    pattern.remove_prefix(1);
  }
  return text.empty() ? std::optional(std::move(kept)) : std::nullopt;
}

// "https://host/_app/chat-1a2b.js" -> "/_app/chat-1a2b.js"; "" for what is no script of ours.
std::string own_file(std::string_view url) {
  const std::size_t at = url.find("/_app/");
  if (at == std::string_view::npos) return {};
  url.remove_prefix(at);
  url = url.substr(0, url.find_first_of("?#"));
  const bool is_plain = std::ranges::all_of(url, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
  });
  if (!is_plain || url.size() > kFileBytesMax || !url.ends_with(".js")) return {};
  return std::string(url);
}

// "https://host/_app/x.js:12:34"
std::string read_place(std::string_view text) {
  std::array<std::int64_t, 2> numbers{};
  for (std::int64_t& number : numbers) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    const auto read = parse_integer(text.substr(colon + 1));
    if (!read || *read < 0 || *read > 100'000'000) return {};
    number = *read;
    text = text.substr(0, colon);
  }
  const std::string file = own_file(text);
  return file.empty() ? std::string() : fmt::format("{}:{}:{}", file, numbers[1], numbers[0]);
}

// "    at async load (https://...:1:2)", "    at https://...:1:2", "load@https://...:1:2".
std::string read_frame(std::string_view line) {
  line = trim(line);
  std::string_view name, place;
  if (line.starts_with("at ")) {
    line.remove_prefix(3);
    if (line.starts_with("async ")) line.remove_prefix(6);
    const std::size_t open = line.rfind('(');
    if (open != std::string_view::npos && line.ends_with(')')) {
      name = trim(line.substr(0, open));
      place = line.substr(open + 1, line.size() - open - 2);
    } else {
      place = line;
    }
  } else if (const std::size_t sign = line.find('@'); sign != std::string_view::npos) {
    name = line.substr(0, sign);
    place = line.substr(sign + 1);
  } else {
    return {};
  }
  const std::string where = read_place(place);
  if (where.empty()) return {};
  const std::size_t size = name_size(name);
  const bool is_name = size > 0 && size == name.size() && size <= kNameBytesMax && !has_secret(name);
  return fmt::format("{} ({})", is_name ? name : "(anonymous)", where);
}

// A request's id is ours, or a token of a proxy: hexadecimal digits, a ULID, a UUID.
bool is_id(std::string_view text) noexcept {
  return text.size() >= 8 && text.size() <= 36 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; });
}

}  // namespace

std::string known_message(std::string_view message) {
  for (const std::string_view pattern : kTexts)
    if (auto kept = match(pattern, message)) return std::move(*kept);
  return {};
}

std::vector<std::string> read_page_stack(std::string_view stack) {
  std::vector<std::string> frames;
  while (!stack.empty() && frames.size() < kFramesMax) {
    const std::size_t end = std::min(stack.find('\n'), stack.size());
    if (std::string frame = read_frame(stack.substr(0, end)); !frame.empty()) frames.push_back(std::move(frame));
    stack.remove_prefix(std::min(end + 1, stack.size()));
  }
  return frames;
}

Occurrence occurrence_of(const PageError& error, UnixMs now_ms) {
  Occurrence occurrence;
  occurrence.time_ms = now_ms;
  occurrence.origin = ErrorOrigin::page;
  const auto* known = std::ranges::find(kClasses, error.name);
  occurrence.code = known == kClasses.end() ? std::string_view("Error") : *known;
  occurrence.message = known_message(error.message);
  if (occurrence.message.empty()) occurrence.message = kWithheld;
  occurrence.frames = read_page_stack(error.stack);
  if (!occurrence.frames.empty()) {
    const std::string& frame = occurrence.frames.front();
    occurrence.place = frame.substr(frame.rfind('(') + 1);
    occurrence.place.pop_back();
  }
  occurrence.route = page_name(error.path);
  if (is_id(error.request_id) && !has_secret(error.request_id)) occurrence.request_id = error.request_id;
  if (error.count > 1) occurrence.fields.emplace_back("count", fmt::format("{}", error.count));
  occurrence.version = kVersion;
  return occurrence;
}

}  // namespace atelier::watch
