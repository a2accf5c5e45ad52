// Server-sent events: WHATWG HTML, section 9.2.
#include "net/sse.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_one_line(std::string_view text) noexcept {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// Appends "<name><line>\n" for each line of `text`, whatever its line breaks are.
void append_lines(std::string& out, std::string_view name, std::string_view text) {
  for (;;) {
    const std::size_t end = text.find_first_of("\r\n");
    out += name;
    out += text.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) return;
    text.remove_prefix(text.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
  }
}

}  // namespace

std::string write_sse(const SseEvent& event) {
  ensure(is_one_line(event.id) && is_one_line(event.type), "an event's id and type are one line");
  std::string out;
  out.reserve(event.data.size() + event.id.size() + event.type.size() + 32);
  if (!event.id.empty()) append_lines(out, "id: ", event.id);
  if (!event.type.empty()) append_lines(out, "event: ", event.type);
  append_lines(out, "data: ", event.data);
  out += '\n';
  return out;
}

std::string sse_comment(std::string_view text) {
  std::string out;
  append_lines(out, ": ", text);
  out += '\n';
  return out;
}

std::string sse_retry(unsigned milliseconds) { return fmt::format("retry: {}\n\n", milliseconds); }

Result<std::vector<SseEvent>> SseParser::feed(std::string_view bytes) {
  std::vector<SseEvent> out;
  while (!bytes.empty()) {
    if (saw_cr_) {
      saw_cr_ = false;
      if (bytes[0] == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    if (line_.size() + end > limits_.line_bytes_max)
      return fail(ErrorCode::too_large,
                  fmt::format("a line of the event stream has more than {} bytes", limits_.line_bytes_max),
                  {.reason = "sse_line_too_long", .where = {}});
    const bool is_whole = end < bytes.size();
    if (!is_whole || !line_.empty()) line_.append(bytes.substr(0, end));
    if (!is_whole) break;
    auto taken = take_line(line_.empty() ? bytes.substr(0, end) : std::string_view(line_), out);
    if (!taken) return error_of(taken);
    line_.clear();
    saw_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
  }
  return out;
}

Result<> SseParser::take_line(std::string_view line, std::vector<SseEvent>& out) {
  if (is_start_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  is_start_ = false;
  if (line.empty()) {
    last_id_ = id_;
    if (has_data_) {
      data_.pop_back();  // the last line feed
      out.push_back({.id = last_id_, .type = std::move(type_), .data = std::move(data_)});
    }
    data_.clear();
    type_.clear();
    has_data_ = false;
    return {};
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (data_.size() + value.size() > limits_.event_bytes_max)
      return fail(ErrorCode::too_large,
                  fmt::format("an event of the stream has more than {} bytes", limits_.event_bytes_max),
                  {.reason = "sse_event_too_long", .where = {}});
    data_ += value;
    data_ += '\n';
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
  return {};
}

}  // namespace atelier::net
