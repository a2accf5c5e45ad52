#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace atelier::net {

struct SseEvent {
  std::string id;    // empty: none. When read: the last id the stream gave, as the specification has it
  std::string type;  // empty: "message"
  std::string data;
};

// One event as bytes, `data` split at line breaks (WHATWG HTML, server-sent events).
std::string write_sse(const SseEvent& event);
std::string sse_comment(std::string_view text);
std::string sse_retry(unsigned milliseconds);

struct SseLimits {
  std::size_t line_bytes_max = std::size_t{1} << 20;
  std::size_t event_bytes_max = std::size_t{8} << 20;
};

// Parses a stream given in any pieces; what is unfinished at its end is dropped. A line or an event over its limit is
// an error.
class SseParser {
 public:
  SseParser() : SseParser(SseLimits()) {}
  explicit SseParser(SseLimits limits) : limits_(limits) {}
  Result<std::vector<SseEvent>> feed(std::string_view bytes);
  const std::string& last_event_id() const noexcept { return last_id_; }

 private:
  Result<> take_line(std::string_view line, std::vector<SseEvent>& out);
  SseLimits limits_;
  std::string line_, data_, type_, id_, last_id_;
  bool has_data_ = false, saw_cr_ = false, is_start_ = true;
};

}  // namespace atelier::net
