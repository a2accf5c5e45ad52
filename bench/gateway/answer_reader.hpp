#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::bench {

// One HTTP/1.1 answer after another, as far as a bench's client has to understand it: status, length, chunks.
class AnswerReader {
 public:
  // Gives `on_body` the body's bytes as they come. False: this is no answer, or more than one.
  template <class OnBody>
  bool feed(std::string_view bytes, OnBody&& on_body) {
    while (!bytes.empty()) {
      if (at_ == At::body || at_ == At::chunk) {
        const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
        on_body(piece);
        bytes.remove_prefix(piece.size());
        left_ -= piece.size();
        if (left_ == 0) at_ = at_ == At::body ? At::done : At::after_chunk;
      } else if (!read_line(bytes)) {
        return false;
      }
    }
    return true;
  }
  bool is_done() const noexcept { return at_ == At::done; }
  int status() const noexcept { return status_; }
  // For the next answer of the connection.
  void reset();

 private:
  enum class At : std::uint8_t { status, field, body, chunk_size, chunk, after_chunk, trailer, done };
  // Takes bytes to the end of a line, if they go so far, and what the line says.
  bool read_line(std::string_view& bytes);
  bool take_line(std::string_view line);
  bool take_field(std::string_view line);
  bool take_size(std::string_view digits, int base);

  At at_ = At::status;
  int status_ = 0;
  bool is_chunked_ = false;
  std::uint64_t left_ = 0;  // of the body, or of a chunk
  std::string line_;        // begun in bytes that came before
};

// The events of a stream: each line of data, without "data: ".
class EventReader {
 public:
  template <class OnEvent>
  void feed(std::string_view bytes, OnEvent&& on_event) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      if (end == std::string_view::npos) {
        line_.append(bytes);
        return;
      }
      std::string_view line = bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      if (!line_.empty()) line = line_.append(line);
      constexpr std::string_view kData = "data: ";
      if (line.starts_with(kData)) on_event(line.substr(kData.size()));
      line_.clear();
    }
  }

 private:
  std::string line_;  // begun in bytes that came before
};

}  // namespace atelier::bench
