#include "net/head.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "net/edge.hpp"

namespace atelier::net {

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "request_malformed", .where = {}});
}

namespace {

constexpr std::size_t kLengthDigitsMax = 19;

bool is_name(std::string_view name, std::string_view wanted) noexcept {
  return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                    [](char left, char right) { return (left >= 'A' && left <= 'Z' ? left + 32 : left) == right; });
}

bool is_target_byte(char c) noexcept { return c > 0x20 && c < 0x7f; }
bool is_value_byte(char c) noexcept { return c == '\t' || (static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7f); }

// Only what HTTP calls optional white space: a carriage return stays, to be refused.
std::string_view trim_blanks(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes one line without its CRLF off the front; the head is known to end in one.
std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

struct RequestLine {
  std::string_view method, target;
  bool is_http_1_1 = false;
};

Result<RequestLine> read_request_line(std::string_view line) {
  const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos)
    return malformed("the request line is not \"method target version\"");
  const RequestLine read{line.substr(0, first), line.substr(first + 1, second - first - 1),
                         line.substr(second + 1) == "HTTP/1.1"};
  if (!is_token(read.method)) return malformed("the method is no token");
  if (read.target.empty() || !std::all_of(read.target.begin(), read.target.end(), is_target_byte))
    return malformed("the target has bytes that no URL has");
  const std::string_view version = line.substr(second + 1);
  if (!read.is_http_1_1 && version != "HTTP/1.0") {
    if (version.size() == 8 && version.starts_with("HTTP/"))
      return fail(ErrorCode::invalid_argument, fmt::format("{} is not spoken here", printable(version, 16)),
                  {.reason = "version_unknown", .where = {}});
    return malformed("the request line does not end in a version of HTTP");
  }
  return read;
}

// The fields that frame a message or name its host.
struct Framing {
  std::size_t host_count = 0, length_count = 0, encoding_count = 0;
  std::string_view host;
};

Result<> read_field(std::string_view line, bool is_http_1_1, Framing& framing) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name)) return malformed("a header line is not \"name: value\"");
  const std::string_view value = trim_blanks(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_value_byte))
    return malformed(fmt::format("the header {} has control bytes", printable(name, 64)));
  if (is_name(name, "host")) {
    framing.host = value;
    ++framing.host_count;
    if (value.find_first_of(" \t,/@?#\\") != std::string_view::npos) return malformed("Host is not \"name:port\"");
  } else if (is_name(name, "content-length")) {
    ++framing.length_count;
    const bool is_number = std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (value.empty() || value.size() > kLengthDigitsMax || !is_number)
      return malformed("Content-Length is not a number");
  } else if (is_name(name, "transfer-encoding")) {
    ++framing.encoding_count;
    if (!is_name(value, "chunked") || !is_http_1_1) return malformed("Transfer-Encoding is not exactly \"chunked\"");
  }
  return {};
}

Result<> check_target(const RequestLine& line, std::string_view host) {
  if (line.target[0] == '/') return {};
  if (line.target == "*") return line.method == "OPTIONS" ? Result<>() : malformed("only OPTIONS has the target \"*\"");
  const std::size_t scheme_end = line.target.find("://");
  const std::string_view scheme = line.target.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos || (!is_name(scheme, "http") && !is_name(scheme, "https")))
    return malformed("the target is neither a path nor a URL");
  const std::string_view rest = line.target.substr(scheme_end + 3);
  if (rest.substr(0, rest.find_first_of("/?#")) != host) return malformed("the target's authority is not that of Host");
  return {};
}

}  // namespace

Result<std::optional<std::size_t>> find_head_end(std::string_view received, std::size_t& scanned,
                                                 const HeadLimits& limits) {
  bool is_first_line = received.substr(0, scanned).find('\n') == std::string_view::npos;
  for (;;) {
    const std::size_t feed = received.find('\n', scanned);
    const std::size_t line_end = std::min(feed, received.size());
    if (is_first_line && line_end > limits.line_bytes_max)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("the request line has more than {} bytes", limits.line_bytes_max),
                  {.reason = "target_too_long", .where = {}});
    if (line_end >= limits.bytes_max)
      return fail(ErrorCode::invalid_argument, fmt::format("the header has more than {} bytes", limits.bytes_max),
                  {.reason = "header_too_large", .where = {}});
    if (feed == std::string_view::npos) {
      scanned = received.size();
      return std::optional<std::size_t>();
    }
    if (feed == 0 || received[feed - 1] != '\r') return malformed("a header line does not end in CR LF");
    if (feed >= 3 && received[feed - 2] == '\n') return std::optional(feed + 1);
    is_first_line = false;
    scanned = feed + 1;
  }
}

Result<> check_head(std::string_view head, const HeadLimits& limits) {
  if (!head.ends_with("\r\n\r\n")) return malformed("the header does not end in an empty line");
  std::string_view rest = head;
  auto line = read_request_line(take_line(rest));
  if (!line) return error_of(line);
  Framing framing;
  std::size_t count = 0;
  while (rest != "\r\n") {
    if (++count > limits.fields_max)
      return fail(ErrorCode::invalid_argument, fmt::format("the header has more than {} fields", limits.fields_max),
                  {.reason = "header_too_large", .where = {}});
    const std::string_view field = take_line(rest);
    if (field.empty()) return malformed("something follows the header's empty line");
    if (auto read = read_field(field, line->is_http_1_1, framing); !read) return read;
  }
  if (framing.host_count != 1) return malformed(framing.host_count == 0 ? "Host is missing" : "Host is there twice");
  if (framing.length_count > 1 || framing.encoding_count > 1 || framing.length_count + framing.encoding_count > 1)
    return malformed("the body's length is told twice");
  return check_target(*line, framing.host);
}

std::string_view path_of_target(std::string_view target) noexcept {
  if (target.starts_with('/') || target == "*") return target;
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return {};
  const std::size_t path = target.find_first_of("/?", scheme_end + 3);
  if (path == std::string_view::npos) return "/";
  return target.substr(path);
}

}  // namespace atelier::net
