#include "base/scrub.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <utility>
#include <vector>

namespace atelier {
namespace {

constexpr std::string_view kInstead = "[secret]";

// How makers of keys begin them. What follows has to be long enough to be one: "sk-" alone is a word.
constexpr std::array<std::string_view, 27> kPrefixes = {"sk-",    "sk_",  "AIza",  "xai-",  "r8_",     "key-",  "key_",
                                                        "gsk_",   "hf_",  "pplx-", "fw_",   "tgp_v1_", "luma-", "bfl_",
                                                        "whsec_", "fal-", "at_",   "as_",   "ghp_",    "gho_",  "xoxb-",
                                                        "xoxp-",  "AKIA", "ASIA",  "ya29.", "glpat-",  "vapi_"};
constexpr std::size_t kAfterPrefixMin = 12;
// Runs of upper and lower case and digits this long are no words.
constexpr std::size_t kMixedMin = 32;

constexpr std::array<std::string_view, 16> kNames = {
    "authorization",  "proxy-authorization", "cookie",   "set-cookie", "x-api-key", "api-key", "api_key", "apikey",
    "x-goog-api-key", "access_token",        "password", "secret",     "signature", "token",   "session", "sentry_key"};
// As above, where the value has to look like a key, since the name is an ordinary word too.
constexpr std::array<std::string_view, 2> kWordNames = {"key", "auth"};
constexpr std::size_t kWordValueMin = 16;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_of_run(char c) noexcept {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' || c == '+' || c == '~';
}

bool equals(std::string_view text, std::string_view name) noexcept {
  return text.size() == name.size() &&
         std::equal(text.begin(), text.end(), name.begin(), [](char a, char b) { return lower(a) == b; });
}

bool is_mixed(std::string_view run) noexcept {
  bool has_upper = false, has_lower = false, has_digit = false;
  for (const char c : run) {
    has_upper = has_upper || (c >= 'A' && c <= 'Z');
    has_lower = has_lower || (c >= 'a' && c <= 'z');
    has_digit = has_digit || (c >= '0' && c <= '9');
  }
  return has_upper && has_lower && has_digit;
}

bool looks_secret(std::string_view run) noexcept {
  for (const std::string_view prefix : kPrefixes)
    if (run.starts_with(prefix) && run.size() >= prefix.size() + kAfterPrefixMin) return true;
  if (run.starts_with("eyJ") && run.size() >= 24) return true;
  return run.size() >= kMixedMin && is_mixed(run);
}

// The run, and how it is told that it is a value: by the word or name before it.
enum class Before : std::uint8_t { nothing, scheme, name, word_name };

Before named_by(std::string_view run) noexcept {
  if (equals(run, "bearer") || equals(run, "basic")) return Before::scheme;
  for (const std::string_view name : kNames)
    if (equals(run, name)) return Before::name;
  for (const std::string_view name : kWordNames)
    if (equals(run, name)) return Before::word_name;
  return Before::nothing;
}

// A value behind a name stands after '=' or ':', maybe in quotes; behind a scheme after a space.
bool leads_to_value(Before before, std::string_view between) noexcept {
  if (before == Before::scheme) return between == " ";
  const auto sign = between.find_first_of("=:");
  return between.size() <= 6 && sign != std::string_view::npos &&
         between.find_first_not_of("=: \"'\\") == std::string_view::npos;
}

// Places of secrets: begin and end.
std::vector<std::pair<std::size_t, std::size_t>> find_secrets(std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  Before before = Before::nothing;
  std::size_t ended = 0;  // where the last run did
  for (std::size_t at = 0; at < text.size();) {
    if (!is_of_run(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_of_run(text[at])) ++at;
    const std::string_view run = text.substr(begin, at - begin);
    const bool is_value = before != Before::nothing && leads_to_value(before, text.substr(ended, begin - ended));
    const Before names = named_by(run);
    ended = at;
    // "Authorization: Bearer x": the scheme is no value.
    if (is_value && names == Before::scheme) {
      before = names;
      continue;
    }
    if ((is_value && (before != Before::word_name || run.size() >= kWordValueMin)) || looks_secret(run)) {
      // Base64 goes on over signs that end words elsewhere.
      while (at < text.size() && (is_of_run(text[at]) || text[at] == '/' || text[at] == '=')) ++at;
      ended = at;
      found.emplace_back(begin, at);
      before = Before::nothing;
      continue;
    }
    before = names;
  }
  return found;
}

}  // namespace

std::string scrub(std::string_view text) {
  std::string clean;
  std::size_t at = 0;
  for (const auto& [begin, end] : find_secrets(text)) {
    clean.append(text.substr(at, begin - at)).append(kInstead);
    at = end;
  }
  return clean.append(text.substr(at));
}

bool has_secret(std::string_view text) { return !find_secrets(text).empty(); }

}  // namespace atelier
