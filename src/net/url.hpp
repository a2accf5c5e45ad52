#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::net {

enum class Plus : std::uint8_t { is_plus, is_space };

// nullopt for an escape that is none ("%4", "%zz"). RFC 3986 section 2.1; `plus` as forms have it.
std::optional<std::string> percent_decode(std::string_view text, Plus plus);
// Everything but unreserved characters is escaped, so that the result can stand anywhere in a URL.
std::string percent_encode(std::string_view text);

// The path of a request target, decoded once, empty and dot segments resolved. An escaped slash stays as "%2F", so that
// it moves no segment: an endpoint whose names hold slashes puts them back. Refused: escapes that are none, control
// characters, invalid UTF-8, and what climbs above the root.
Result<std::string> normalise_path(std::string_view raw);

enum class Scheme : std::uint8_t { http, https };
std::string_view to_string(Scheme scheme) noexcept;
std::uint16_t default_port(Scheme scheme) noexcept;

// Whom an absolute URL asks.
struct Origin {
  Scheme scheme = Scheme::https;
  std::string host;  // lower case; an IPv6 address without its brackets
  std::uint16_t port = 443;

  std::string authority() const;  // as in the Host field: "example.org", "[::1]:8080"
  std::string to_string() const;  // "https://example.org"
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct Url {
  Origin origin;
  std::string target = "/";  // path and query as they were written; never empty, no fragment

  // An absolute http or https URL. Strict: no user information, no white space, no backslashes, no bytes outside ASCII
  // (an international name is written in its xn-- form), a port from 1 to 65535. A host that ends in a number becomes
  // the address that browsers read in it, or is refused.
  static Result<Url> parse(std::string_view text);
};

// The first value of that name in "a=1&b=2", decoded; a name without '=' has an empty value.
std::optional<std::string> find_query(std::string_view query, std::string_view name);

}  // namespace atelier::net
