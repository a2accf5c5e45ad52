#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::net {

// The messages of RFC 6455 as pure functions over bytes: the server's end, so that what comes is masked and what goes
// is not.

struct SocketMessage {
  enum class Kind : std::uint8_t { text, binary, ping, pong, close };
  Kind kind = Kind::text;
  std::string bytes;             // text is valid UTF-8; of a close: why, for people
  std::uint16_t close_code = 0;  // of a close; 1005: it has none
};

// Puts messages together from frames in whatever pieces they come.
class SocketDecoder {
 public:
  explicit SocketDecoder(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
  // Uses `bytes` up to the end of a message, which it then gives, or all of them. Says how many it used. Errors end the
  // connection; their reason is that of a close code (close_code_of()).
  Result<std::size_t> decode(std::string_view bytes, std::optional<SocketMessage>& message);

 private:
  Result<bool> read_head();  // false: more of it is needed
  Result<> begin_frame(std::uint8_t first, std::uint64_t length_bytes);
  Result<std::optional<SocketMessage>> end_frame();

  const std::size_t message_bytes_max_;
  std::string head_;  // of the frame, as far as it is here
  bool is_in_payload_ = false;
  std::uint8_t opcode_ = 0;  // of the frame
  bool is_final_ = false;
  std::uint64_t left_bytes_ = 0;
  std::uint8_t mask_[4] = {};
  std::size_t mask_at_ = 0;
  std::string control_;  // a control frame may stand within a message
  std::string message_;
  std::optional<SocketMessage::Kind> kind_;  // of the message that has begun
};

// A whole message as one frame.
std::string encode(const SocketMessage& message);

// 1002, 1007, 1009, or 1011 for what is our own fault.
std::uint16_t close_code_of(const Error& error) noexcept;

}  // namespace atelier::net
