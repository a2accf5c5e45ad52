#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace atelier::doubles {

// The head of a request, in views into the bytes it was read from.
struct RequestHead {
  enum class Body : std::uint8_t { none, length, chunked };

  std::string_view method, target;
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  std::size_t size_bytes = 0;  // with its empty line
  Body body = Body::none;
  std::size_t length_bytes = 0;
  bool is_http10 = false;
  bool keeps_alive = true;
  bool expects_continue = false;

  std::string_view field(std::string_view name) const noexcept;  // "" when absent
};

enum class Parsed : std::uint8_t { more, whole, bad };

// Strict where a gateway could smuggle: a bare LF, two lengths, a length beside chunks and the like are bad. `why` says
// so.
Parsed parse_head(std::string_view bytes, RequestHead& head, std::string& why);

class ChunkedBody {
 public:
  // Takes what it can of `bytes` and says how much that was.
  std::size_t feed(std::string_view bytes, std::string& body);
  bool is_whole() const noexcept { return state_ == State::whole; }
  bool is_bad() const noexcept { return state_ == State::bad; }

 private:
  enum class State : std::uint8_t { size, data, data_end, trailer, whole, bad };
  State state_ = State::size;
  std::size_t left_ = 0;
};

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

}  // namespace atelier::doubles
