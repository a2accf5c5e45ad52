#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::bench {

// One message of an event stream, as far as a watcher has to understand it. Views are good for the call they come with.
struct SseMessage {
  std::string_view id, type, data;  // data: one line, as the studio writes it
};

// An event stream's bytes, in any pieces.
class SseReader {
 public:
  template <class OnMessage>
  void feed(std::string_view bytes, OnMessage&& on_message) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      line_.append(bytes.substr(0, end));
      if (end == std::string_view::npos) return;
      bytes.remove_prefix(end + 1);
      if (!line_.empty()) {
        take_line(line_);
      } else if (!data_.empty()) {
        on_message(SseMessage{id_, type_, data_});
        id_.clear();
        type_.clear();
        data_.clear();
      }
      line_.clear();
    }
  }
  // What the server asked to wait before the next try; 0 where it said nothing.
  std::int64_t retry_ms() const noexcept { return retry_ms_; }

 private:
  void take_line(std::string_view line) {
    const auto value_of = [&](std::string_view name) { return line.starts_with(name) ? line.substr(name.size()) : ""; };
    if (const auto id = value_of("id: "); !id.empty()) id_ = id;
    if (const auto type = value_of("event: "); !type.empty()) type_ = type;
    if (const auto data = value_of("data: "); !data.empty()) data_ = data;
    if (const auto retry = value_of("retry: "); !retry.empty())
      std::from_chars(retry.data(), retry.data() + retry.size(), retry_ms_);
  }

  std::string line_, id_, type_, data_;
  std::int64_t retry_ms_ = 0;
};

}  // namespace atelier::bench
