#include "net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "net/ip_address.hpp"

namespace atelier::net {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::unexpected<Error> refuse(std::string_view raw, std::string_view why) {
  return fail(ErrorCode::invalid_argument, fmt::format("the path \"{}\" {}", printable(raw, 128), why),
              {.reason = "path_malformed", .where = {}});
}

constexpr std::size_t kHostBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kUrlBytesMax = 8 * 1024;

// Scheme and host alone: paths and queries hold tokens, and before an at sign stands a password.
std::string_view shown(std::string_view url) noexcept {
  const std::size_t scheme_end = url.find("://");
  const std::size_t authority = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  url = url.substr(0, url.find_first_of("/?#\\", authority));
  return url.find('@') == std::string_view::npos ? url : std::string_view("(with a user name)");
}

std::unexpected<Error> refuse_url(std::string_view url, std::string_view why) {
  return fail(ErrorCode::invalid_argument, fmt::format("the URL \"{}\" {}", printable(shown(url), 128), why),
              {.reason = "url_invalid", .where = {}});
}

bool is_host_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

bool has_fitting_labels(std::string_view host) noexcept {
  for (;;) {
    const std::size_t dot = host.find('.');
    const std::size_t size = std::min(dot, host.size());
    if (size == 0 || size > kLabelBytesMax) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

// A name or address as an Origin holds it; nullopt when it is neither.
std::optional<std::string> read_host(std::string_view raw) {
  if (raw.starts_with('[')) {
    if (!raw.ends_with(']')) return std::nullopt;
    const auto address = IpAddress::parse(raw.substr(1, raw.size() - 2));
    if (!address || address->is_v4()) return std::nullopt;
    return address->to_string();
  }
  std::string host = lower_case(raw);
  if (host.ends_with('.')) host.pop_back();  // the root's own label
  if (host.empty() || host.size() > kHostBytesMax || !std::all_of(host.begin(), host.end(), is_host_byte) ||
      !has_fitting_labels(host))
    return std::nullopt;
  const NumericHost numeric = read_numeric_host(host);
  if (!numeric.is_numeric) return host;
  if (!numeric.address) return std::nullopt;
  return numeric.address->to_string();
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_plain(std::string_view raw) noexcept {
  return raw.find('%') == std::string_view::npos && raw.find("//") == std::string_view::npos &&
         raw.find("/.") == std::string_view::npos;
}

// An escaped slash escaped once more, so that decoding leaves "%2F": text within its segment.
std::string with_slashes_kept(std::string_view raw) {
  std::string kept;
  kept.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size(); ++at) {
    const std::string_view escape = raw.substr(at, 3);
    const bool is_slash = escape == "%2F" || escape == "%2f";
    if (is_slash)
      kept += "%252F";
    else
      kept += raw[at];
    if (is_slash) at += 2;
  }
  return kept;
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
  std::string kept;
  if (raw.find('%') != std::string_view::npos) kept = with_slashes_kept(raw);
  auto decoded = percent_decode(kept.empty() ? raw : kept, Plus::is_plus);
  if (!decoded) return refuse(raw, "has a malformed escape");
  const bool has_control = std::any_of(decoded->begin(), decoded->end(),
                                       [](char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f; });
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

std::string_view to_string(Scheme scheme) noexcept { return scheme == Scheme::https ? "https" : "http"; }

std::uint16_t default_port(Scheme scheme) noexcept { return scheme == Scheme::https ? 443 : 80; }

std::string Origin::authority() const {
  const bool is_six = host.find(':') != std::string::npos;
  std::string text = is_six ? '[' + host + ']' : host;
  if (port != default_port(scheme)) text += fmt::format(":{}", port);
  return text;
}

std::string Origin::to_string() const { return fmt::format("{}://{}", net::to_string(scheme), authority()); }

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kUrlBytesMax) return refuse_url(text, fmt::format("has more than {} bytes", kUrlBytesMax));
  const bool is_clean = std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
  });
  if (!is_clean) return refuse_url(text, "has bytes that no URL has");
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return refuse_url(text, "is not absolute");
  Url url;
  const std::string scheme = lower_case(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return refuse_url(text, "is neither http nor https");
  url.origin.scheme = scheme == "https" ? Scheme::https : Scheme::http;

  std::string_view rest = text.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) return refuse_url(text, "has a user name in it");
  const std::size_t colon =
      authority.find(':', authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0);
  auto host = read_host(authority.substr(0, colon));
  if (!host) return refuse_url(text, "has no host that could be asked");
  url.origin.host = std::move(*host);
  url.origin.port = default_port(url.origin.scheme);
  if (colon != std::string_view::npos) {
    const auto port = read_port(authority.substr(colon + 1));
    if (!port) return refuse_url(text, "has no port from 1 to 65535");
    url.origin.port = *port;
  }
  rest = rest.substr(0, rest.find('#'));
  url.target = rest.starts_with('/') ? std::string(rest) : '/' + std::string(rest);
  return url;
}

std::optional<std::string> find_query(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), Plus::is_space);
    if (!key || *key != name) continue;
    return percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1),
                          Plus::is_space);
  }
  return std::nullopt;
}

}  // namespace atelier::net
