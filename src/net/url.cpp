#include "net/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace atelier::net {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

std::unexpected<Error> refuse(std::string_view raw, std::string_view why) {
  return fail(ErrorCode::invalid_argument, fmt::format("the path \"{}\" {}", printable(raw, 128), why),
              {.reason = "path_malformed", .where = {}});
}

bool is_plain(std::string_view raw) noexcept {
  return raw.find('%') == std::string_view::npos && raw.find("//") == std::string_view::npos &&
         raw.find("/.") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && plus == Plus::is_space ? ' ' : text[i];
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<std::uint8_t>(c));
  }
  return out;
}

Result<std::string> normalise_path(std::string_view raw) {
  if (raw.empty() || raw[0] != '/') return refuse(raw, "does not begin with a slash");
  // A segment may hold an escaped percent sign ("%252F"): it is decoded once, and "%2F" in the result is text.
  for (std::size_t at = raw.find('%'); at != std::string_view::npos; at = raw.find('%', at + 3)) {
    const std::string_view escape = raw.substr(at, 3);
    if (escape == "%2F" || escape == "%2f") return refuse(raw, "has an escaped slash");
  }
  auto decoded = percent_decode(raw, Plus::is_plus);
  if (!decoded) return refuse(raw, "has a malformed escape");
  const bool has_control = std::any_of(decoded->begin(), decoded->end(), [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f;
  });
  if (has_control || !is_valid_utf8(*decoded)) return refuse(raw, "has bytes that are no text");
  if (is_plain(raw)) return std::move(*decoded);

  std::string path;
  std::string_view rest = *decoded;
  bool ends_in_slash = false;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const std::string_view segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    ends_in_slash = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      if (path.empty()) return refuse(raw, "climbs above the root");
      path.resize(path.rfind('/'));
    } else if (!segment.empty() && segment != ".") {
      path += '/';
      path += segment;
    }
  }
  if (ends_in_slash) path += '/';
  return path;
}

std::optional<std::string> find_query(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), Plus::is_space);
    if (!key || *key != name) continue;
    return percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), Plus::is_space);
  }
  return std::nullopt;
}

}  // namespace atelier::net
