#include "net/client/answer_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "net/client/field_syntax.hpp"
#include "net/head.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kLengthDigitsMax = 18;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_word(std::string_view text, std::string_view lower_case) noexcept {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char left, char right) { return (left >= 'A' && left <= 'Z' ? left + 32 : left) == right; });
}

std::string_view trim_blanks(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes the next member of a list such as "timeout=5, max=100" off the front.
std::string_view take_member(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view member = trim_blanks(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return member;
}

// What the fields say of the body and the connection.
struct Framing {
  std::optional<std::uint64_t> length_bytes;
  bool is_chunked = false, says_close = false, says_keep_alive = false;
};

Result<> read_status_line(std::string_view line, AnswerHead& head, bool& is_http_1_1) {
  is_http_1_1 = line.starts_with("HTTP/1.1 ");
  if (!is_http_1_1 && !line.starts_with("HTTP/1.0 ")) return answer_broken("does not begin with \"HTTP/1.1\"");
  const std::string_view status = line.substr(9, 3);
  if (status.size() < 3 || !std::all_of(status.begin(), status.end(), is_digit) || status[0] == '0' ||
      (line.size() > 12 && line[12] != ' '))
    return answer_broken("has no status of three digits");
  const auto is_text = [](char c) { return c == '\t' || (static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7f); };
  if (!std::all_of(line.begin(), line.end(), is_text)) return answer_broken("has control bytes in its first line");
  head.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  return {};
}

Result<> read_length(std::string_view value, Framing& framing) {
  const bool is_number =
      !value.empty() && value.size() <= kLengthDigitsMax && std::all_of(value.begin(), value.end(), is_digit);
  if (!is_number) return answer_broken("has a Content-Length that is no number");
  if (framing.length_bytes) return answer_broken("has two Content-Length fields");
  std::from_chars(value.data(), value.data() + value.size(), framing.length_bytes.emplace());
  return {};
}

void read_keep_alive(std::string_view value, AnswerHead& head) {
  while (!value.empty()) {
    std::string_view member = take_member(value);
    if (member.size() < 8 || !is_word(member.substr(0, 8), "timeout=")) continue;
    member.remove_prefix(8);
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(member.data(), member.data() + member.size(), seconds);
    if (error == std::errc() && end == member.data() + member.size())
      head.keep_alive_timeout = std::chrono::seconds(seconds);
  }
}

Result<> read_framing_field(std::string_view name, std::string_view value, AnswerHead& head, Framing& framing) {
  if (name == "content-length") return read_length(value, framing);
  if (name == "transfer-encoding") {
    if (framing.is_chunked || !is_word(value, "chunked"))
      return answer_broken("has a Transfer-Encoding that is not exactly \"chunked\"");
    framing.is_chunked = true;
  } else if (name == "connection") {
    while (!value.empty()) {
      const std::string_view member = take_member(value);
      framing.says_close = framing.says_close || is_word(member, "close");
      framing.says_keep_alive = framing.says_keep_alive || is_word(member, "keep-alive");
    }
  } else if (name == "keep-alive") {
    read_keep_alive(value, head);
  }
  return {};
}

Result<> decide_body(const Framing& framing, bool is_http_1_1, Method asked, AnswerHead& head) {
  if (framing.is_chunked && (framing.length_bytes || !is_http_1_1))
    return answer_broken("has both a Transfer-Encoding and what forbids it");
  head.keeps_alive = !framing.says_close && (is_http_1_1 || framing.says_keep_alive);
  if (head.is_interim() || head.status == 204 || head.status == 304 || asked == Method::head) {
    head.body_end = BodyEnd::none;
  } else if (framing.is_chunked) {
    head.body_end = BodyEnd::chunks;
  } else if (framing.length_bytes) {
    head.body_end = *framing.length_bytes > 0 ? BodyEnd::length : BodyEnd::none;
    head.length_bytes = *framing.length_bytes;
  } else {
    head.body_end = BodyEnd::close;
    head.keeps_alive = false;
  }
  return {};
}

}  // namespace

std::unexpected<Error> answer_broken(std::string_view what) {
  return fail(ErrorCode::unavailable, fmt::format("the server's answer {}", what),
              {.reason = "answer_broken", .where = {}});
}

Result<std::optional<std::size_t>> find_answer_head(std::string_view received, std::size_t& scanned) {
  constexpr HeadLimits kLimits{kAnswerHeadBytesMax, kAnswerFieldsMax, kAnswerHeadBytesMax};
  auto end = find_head_end(received, scanned, kLimits);
  if (end) return end;
  return answer_broken(end.error().reason == "request_malformed" ? "has a header line that does not end in CR LF"
                                                                 : "has a header over 32 KiB");
}

Result<AnswerHead> parse_answer_head(std::string_view rest, Method asked) {
  AnswerHead head;
  head.fields.reserve(32, rest.size());
  Framing framing;
  bool is_first = true, is_http_1_1 = true;
  for (;;) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return answer_broken("has a header without an end");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (is_first) {
      if (auto read = read_status_line(line, head, is_http_1_1); !read) return error_of(read);
      is_first = false;
      continue;
    }
    if (line.empty()) break;
    if (head.fields.size() == kAnswerFieldsMax)
      return answer_broken(fmt::format("has more than {} header fields", kAnswerFieldsMax));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos ||
        !add_field(head.fields, line.substr(0, colon), trim_blanks(line.substr(colon + 1))))
      return answer_broken("has a header line that is not \"name: value\"");
    const auto [name, value] = head.fields.at(head.fields.size() - 1);
    if (auto read = read_framing_field(name, value, head, framing); !read) return error_of(read);
  }
  if (auto decided = decide_body(framing, is_http_1_1, asked, head); !decided) return error_of(decided);
  return head;
}

}  // namespace atelier::net
