#include "tests/double/http1.hpp"

#include <algorithm>
#include <charconv>

namespace atelier::doubles {
namespace {

constexpr std::size_t kHeadBytesMax = 256 * 1024;
constexpr std::size_t kChunkBytesMax = std::size_t{1} << 30;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_size(std::string_view text, int base, std::size_t& size) noexcept {
  if (text.empty() || text.front() == '+' || text.front() == '-') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, base);
  return error == std::errc() && end == text.data() + text.size();
}

Parsed bad(std::string& why, std::string_view what) {
  why = what;
  return Parsed::bad;
}

// The fields that say where the request ends.
Parsed take_field(RequestHead& head, std::string_view name, std::string_view value, std::string& why) {
  if (equal_ignoring_case(name, "content-length")) {
    if (head.body != RequestHead::Body::none) return bad(why, "two lengths, or a length beside chunks");
    if (!parse_size(value, 10, head.length_bytes)) return bad(why, "a content-length that is no number");
    head.body = RequestHead::Body::length;
  } else if (equal_ignoring_case(name, "transfer-encoding")) {
    if (head.body != RequestHead::Body::none) return bad(why, "two lengths, or a length beside chunks");
    if (!equal_ignoring_case(value, "chunked")) return bad(why, "a transfer-encoding other than chunked");
    head.body = RequestHead::Body::chunked;
  } else if (equal_ignoring_case(name, "connection")) {
    if (equal_ignoring_case(value, "close")) head.keeps_alive = false;
    if (equal_ignoring_case(value, "keep-alive")) head.keeps_alive = true;
  } else if (equal_ignoring_case(name, "expect")) {
    head.expects_continue = equal_ignoring_case(value, "100-continue");
  }
  return Parsed::whole;
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view RequestHead::field(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields)
    if (equal_ignoring_case(key, name)) return value;
  return {};
}

Parsed parse_head(std::string_view bytes, RequestHead& head, std::string& why) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return bytes.size() > kHeadBytesMax ? bad(why, "a head that does not end") : Parsed::more;
  head.fields.clear();
  head.body = RequestHead::Body::none;
  head.length_bytes = 0;
  head.expects_continue = false;
  head.size_bytes = end + 4;
  std::string_view rest = bytes.substr(0, end + 2);
  const std::size_t line_end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, line_end);
  rest.remove_prefix(line_end + 2);
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad(why, "a request line without three words");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return bad(why, "another version than HTTP/1.1 and 1.0");
  head.is_http10 = version == "HTTP/1.0";
  head.keeps_alive = !head.is_http10;
  while (!rest.empty()) {
    const std::size_t next = rest.find("\r\n");
    const std::string_view field = rest.substr(0, next);
    rest.remove_prefix(next + 2);
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0 || field.find_first_of("\r\n") != std::string_view::npos ||
        field.front() == ' ' || field[colon - 1] == ' ')
      return bad(why, "a field that is none");
    const std::string_view name = field.substr(0, colon);
    const std::string_view value = trimmed(field.substr(colon + 1));
    if (take_field(head, name, value, why) == Parsed::bad) return Parsed::bad;
    head.fields.emplace_back(name, value);
  }
  if (!head.is_http10 && head.field("host").empty()) return bad(why, "no host");
  return Parsed::whole;
}

std::size_t ChunkedBody::feed(std::string_view bytes, std::string& body) {
  std::size_t taken = 0;
  while (state_ != State::whole && state_ != State::bad) {
    const std::string_view rest = bytes.substr(taken);
    if (state_ == State::data) {
      const std::size_t size = std::min(left_, rest.size());
      body.append(rest.substr(0, size));
      taken += size;
      left_ -= size;
      if (left_ > 0) return taken;
      state_ = State::data_end;
      continue;
    }
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) {
      if (rest.size() > 1024) state_ = State::bad;
      return taken;
    }
    const std::string_view line = rest.substr(0, end);
    taken += end + 2;
    if (state_ == State::size) {
      const bool is_size = parse_size(trimmed(line.substr(0, line.find(';'))), 16, left_) && left_ <= kChunkBytesMax;
      state_ = !is_size ? State::bad : left_ == 0 ? State::trailer : State::data;
    } else if (state_ == State::data_end) {
      state_ = line.empty() ? State::size : State::bad;
    } else if (line.empty()) {
      state_ = State::whole;
    }
  }
  return taken;
}

}  // namespace atelier::doubles
