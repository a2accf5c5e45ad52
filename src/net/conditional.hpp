#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/message.hpp"

namespace atelier::net {

// Range and conditional requests as pure functions: RFC 9110 sections 13 and 14.

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // included
  std::uint64_t size() const noexcept { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct RangeAnswer {
  enum class Kind : std::uint8_t {
    whole,    // no range, a malformed one, an unknown unit, or more than we serve: send everything
    partial,  // `ranges`, 1 to 4, ascending and apart
    outside,  // well-formed, and not one byte of it is there: 416
  };
  Kind kind = Kind::whole;
  std::vector<ByteRange> ranges;
};
RangeAnswer parse_range(std::string_view field, std::uint64_t size_bytes);

// Compares an entity tag with a list such as `"a", W/"b"` or `*`.
bool matches_strong(std::string_view list, std::string_view etag) noexcept;
bool matches_weak(std::string_view list, std::string_view etag) noexcept;

// The fields of a request that decide what is sent of a representation. Copied out, since the request goes to its
// handler.
struct Conditions {
  Method method = Method::get;
  std::optional<std::string> if_match, if_none_match, if_modified_since, if_unmodified_since, if_range, range;
  static Conditions of(const Request& request);
  bool is_plain() const noexcept;  // none of them is there
};

struct Representation {
  std::string_view etag;           // quoted; empty: has none
  std::string_view last_modified;  // as in the field; empty: has none
  std::uint64_t size_bytes = 0;
};

enum class Outcome : std::uint8_t { send, not_modified, precondition_failed };
// Section 13.2.2: If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in this order.
Outcome check_preconditions(const Conditions& conditions, const Representation& representation);
// What of it to send: Range counts for GET alone, and only where If-Range holds.
RangeAnswer choose_range(const Conditions& conditions, const Representation& representation);

// Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is sent today; nullopt for anything else.
std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept;
std::string format_http_date(std::int64_t unix_seconds);

}  // namespace atelier::net
