#include "base/scrub.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/text.hpp"

namespace atelier {
namespace {

constexpr std::string_view kInstead = "[secret]";

// How makers of keys begin them. What follows has to be long enough to be one: "sk-" alone is a word.
constexpr std::array<std::string_view, 36> kPrefixes = {
    "sk-",   "sk_",   "AIza",   "xai-", "r8_",  "key-",  "key_",   "gsk_", "hf_",    "pplx-", "fw_",  "tgp_v1_",
    "luma-", "bfl_",  "whsec_", "fal-", "at_",  "as_",   "ghp_",   "gho_", "ghs_",   "ghu_",  "ghr_", "github_pat_",
    "xoxb-", "xoxp-", "xoxa-",  "AKIA", "ASIA", "ya29.", "glpat-", "npm_", "nvapi-", "vapi_", "rk_",  "sntrys_"};
constexpr std::size_t kAfterPrefixMin = 12;
// Runs of upper and lower case and digits this long are no words.
constexpr std::size_t kMixedMin = 32;

// Fields of HTTP whose value is all that follows on their line.
constexpr std::array<std::string_view, 4> kFields = {"authorization", "proxy-authorization", "cookie", "set-cookie"};
constexpr std::array<std::string_view, 10> kNames = {"x-api-key", "x-goog-api-key", "access_token", "signature",
                                                     "token",     "session",        "sentry_key",   "pwd",
                                                     "passwd",    "secret"};
// As above, where a name ends so: "client_secret", "dbPassword".
constexpr std::array<std::string_view, 6> kEndings = {"password", "passphrase", "secret",
                                                      "api_key",  "api-key",    "apikey"};
// As above, where the value has to look like a key, since such names are ordinary ones too.
constexpr std::array<std::string_view, 3> kWordNames = {"key", "auth", "sig"};
constexpr std::array<std::string_view, 15> kWordEndings = {
    "token",       "signature",   "credential",       "credentials",      "access_key",
    "access-key",  "accesskey",   "secret_key",       "secret-key",       "private_key",
    "private-key", "signing_key", "subscription-key", "subscription_key", "-key-id"};
constexpr std::size_t kWordValueMin = 16;
constexpr std::size_t kBase64Min = 16;
constexpr std::size_t kBetweenMax = 16;  // signs between a name and its value

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

struct Place {
  std::size_t begin, end;
};

// What a run says of what follows it.
enum class Names : std::uint8_t { nothing, scheme, field, value, word };

Names named_by(std::string_view run) noexcept {
  const auto is = [&](std::string_view name) { return equals(run, name); };
  const auto ends = [&](std::string_view ending) {
    return run.size() >= ending.size() && equals(run.substr(run.size() - ending.size()), ending);
  };
  if (is("bearer") || is("basic")) return Names::scheme;
  if (std::ranges::any_of(kFields, is)) return Names::field;
  if (std::ranges::any_of(kNames, is) || std::ranges::any_of(kEndings, ends)) return Names::value;
  return std::ranges::any_of(kWordNames, is) || std::ranges::any_of(kWordEndings, ends) ? Names::word : Names::nothing;
}

// The first place from `at` on without any of `signs`, at most kBetweenMax behind it.
std::size_t skip(std::string_view text, std::size_t at, std::string_view signs) noexcept {
  const std::size_t end = std::min(text.size(), at + kBetweenMax);
  while (at < end && signs.find(text[at]) != std::string_view::npos) ++at;
  return at;
}

// Base64 goes on over signs that end words elsewhere.
std::size_t end_of_base64(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && (is_of_run(text[at]) || text[at] == '/' || text[at] == '=' || text[at] == '%')) ++at;
  return at;
}

// Text in quotes ends at the next quote that is escaped no more than the first: JSON may be a string of other JSON.
std::size_t end_of_quoted(std::string_view text, std::size_t begin, std::size_t escapes) noexcept {
  const char quote = text[begin - 1];
  for (std::size_t at = begin; (at = text.find(quote, at)) != std::string_view::npos; ++at) {
    std::size_t before = 0;
    while (at - before > begin && text[at - before - 1] == '\\') ++before;
    if (before <= escapes) return at - before;
  }
  return text.size();
}

// Of a name that ends at `at`: what stands behind '=' or ':', maybe in quotes.
std::optional<Place> value_after(std::string_view text, std::size_t at, Names names) noexcept {
  at = skip(text, at, " \t\"'\\");
  if (at >= text.size() || (text[at] != '=' && text[at] != ':') || text.substr(at).starts_with("://"))
    return std::nullopt;
  const std::size_t sign = skip(text, at, "=:"), open = skip(text, sign, " \t");
  const std::size_t escaped = skip(text, open, "\\");
  if (escaped >= text.size()) return std::nullopt;
  Place value{};
  if (text[escaped] == '"' || text[escaped] == '\'') {
    value = {.begin = escaped + 1, .end = end_of_quoted(text, escaped + 1, escaped - open)};
  } else {
    // A list or an object has names of its own; and what was taken out already stands in brackets.
    if (text[open] == '[' || text[open] == '{') return std::nullopt;
    const std::string_view ends = names == Names::field ? "\r\n" : " \t\r\n,;&\"'<>()[]{}|\\";
    // Of a word's no more is looked at than could be a key: there may be many such words, and no end behind them.
    const std::size_t from = names == Names::word ? end_of_base64(text, open) : open;
    if (names == Names::word && from < text.size() && ends.find(text[from]) == std::string_view::npos)
      return std::nullopt;
    value = {.begin = open, .end = std::min(text.find_first_of(ends, from), text.size())};
  }
  if (value.begin == value.end || text.substr(value.begin).starts_with(kInstead)) return std::nullopt;
  const bool is_long = value.end - value.begin >= kWordValueMin && end_of_base64(text, value.begin) >= value.end;
  return names != Names::word || is_long ? std::optional(value) : std::nullopt;
}

// Of "user:password@host" at `at`, the password, or a user who is as long as a key.
std::optional<Place> user_of(std::string_view text, std::size_t at) noexcept {
  const std::string_view authority = text.substr(at, text.substr(at).find_first_of("/?# \t\r\n\"'<>\\"));
  const std::size_t sign = authority.rfind('@');
  if (sign == std::string_view::npos) return std::nullopt;
  const std::size_t colon = authority.substr(0, sign).find(':');
  if (colon == std::string_view::npos)
    return sign >= kWordValueMin ? std::optional(Place{at, at + sign}) : std::nullopt;
  const bool is_clean = colon + 1 == sign || authority.substr(colon + 1).starts_with(kInstead);
  return is_clean ? std::nullopt : std::optional(Place{at + colon + 1, at + sign});
}

// "-----BEGIN PRIVATE KEY-----" and all to its end.
std::optional<Place> private_key(std::string_view text, std::size_t begin) noexcept {
  constexpr std::size_t kHeadBytes = 10, kLabelBytesMax = 40;
  const std::string_view rest = text.substr(begin);
  const std::size_t key = rest.find("-----", kHeadBytes);
  const bool is_one = key <= kHeadBytes + kLabelBytesMax && rest.substr(0, key).find("PRIVATE KEY") != rest.npos;
  if (!is_one) return std::nullopt;
  const std::size_t end = rest.find("-----END", key);
  const std::size_t close = end == std::string_view::npos ? end : rest.find("-----", end + 8);
  return Place{begin, close == std::string_view::npos ? text.size() : begin + close + 5};
}

// What is secret at a run, or what it leads to.
std::optional<Place> secret_at(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  const std::string_view run = text.substr(begin, end - begin);
  if (run == "-----BEGIN") return private_key(text, begin);
  if (equals(run, "base64") && end < text.size() && text[end] == ',') {
    const std::size_t close = end_of_base64(text, end + 1);
    return close - end > kBase64Min ? std::optional(Place{end + 1, close}) : std::nullopt;
  }
  if (looks_secret(run)) return Place{begin, end_of_base64(text, end)};
  const Names names = named_by(run);
  if (names == Names::scheme) {
    const std::size_t value = text.substr(end).starts_with("%20") ? end + 3 : skip(text, end, " ");
    const std::size_t close = end_of_base64(text, value);
    return value > end && close > value ? std::optional(Place{value, close}) : std::nullopt;
  }
  if (names == Names::nothing) return std::nullopt;
  const auto value = value_after(text, end, names);
  if (!value || names != Names::field) return value;
  // "Authorization: Bearer x": the scheme is told, and is no value.
  std::size_t word = value->begin;
  while (word < value->end && is_of_run(text[word])) ++word;
  return named_by(text.substr(value->begin, word - value->begin)) == Names::scheme ? secret_at(text, value->begin, word)
                                                                                   : value;
}

std::vector<Place> find_secrets(std::string_view text) {
  std::vector<Place> found;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_of_run(text[end])) ++end;
    std::optional<Place> secret;
    if (end > at)
      secret = secret_at(text, at, end);
    else if (text.substr(at).starts_with("://"))
      secret = user_of(text, at + 3);
    if (secret) found.push_back(*secret);
    at = secret ? secret->end : std::max(end, at + 1);
  }
  return found;
}

// The last of the places may end beyond the text.
std::string without(const std::vector<Place>& secrets, std::string_view text) {
  std::string clean;
  std::size_t at = 0;
  for (const auto& [begin, end] : secrets) {
    clean.append(text.substr(at, begin - at)).append(kInstead);
    at = std::min(end, text.size());
  }
  return clean.append(text.substr(at));
}

}  // namespace

std::string scrub(std::string_view text) { return without(find_secrets(text), text); }

std::string scrub_start(std::string_view text, std::size_t bytes_max) {
  constexpr std::size_t kSeenBeyond = 1'024;  // by then it is clear of anything whether it is a secret
  const std::string_view kept = truncate_utf8(text, bytes_max);
  std::vector<Place> secrets = find_secrets(text.substr(0, kept.size() + kSeenBeyond));
  while (!secrets.empty() && secrets.back().begin >= kept.size()) secrets.pop_back();
  std::string clean = without(secrets, kept);
  clean.resize(truncate_utf8(clean, bytes_max).size());
  return clean;
}

bool has_secret(std::string_view text) { return !find_secrets(text).empty(); }

}  // namespace atelier
