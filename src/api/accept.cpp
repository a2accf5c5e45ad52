#include "api/accept.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.hpp"

namespace atelier::api {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// "0", "0.0" and "0.000" mean not at all; anything else, also what is no number, is taken for a yes.
bool is_refused(std::string_view parameters) {
  for (std::size_t at = 0; at < parameters.size();) {
    const std::size_t end = std::min(parameters.find(';', at), parameters.size());
    const std::string one = lower(trim(parameters.substr(at, end - at)));
    if (one.starts_with("q=")) return one.find_first_not_of("0.", 2) == std::string::npos && one.size() > 2;
    at = end + 1;
  }
  return false;
}

// nullopt: the range is not in the header.
std::optional<bool> said_of(std::string_view accept, std::string_view range) {
  for (std::size_t at = 0; at < accept.size();) {
    const std::size_t end = std::min(accept.find(',', at), accept.size());
    const std::string_view one = accept.substr(at, end - at);
    const std::size_t semicolon = std::min(one.find(';'), one.size());
    if (lower(trim(one.substr(0, semicolon))) == range) return !is_refused(one.substr(semicolon));
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace

bool names_type(std::string_view accept, std::string_view media_type) {
  return said_of(accept, media_type).value_or(false);
}

bool accepts_type(std::string_view accept, std::string_view media_type) {
  if (trim(accept).empty()) return true;
  if (const auto exact = said_of(accept, media_type)) return *exact;
  const std::string family = std::string(media_type.substr(0, media_type.find('/'))) + "/*";
  if (const auto range = said_of(accept, family)) return *range;
  return said_of(accept, "*/*").value_or(false);
}

}  // namespace atelier::api
