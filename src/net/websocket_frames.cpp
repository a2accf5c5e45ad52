#include "net/websocket_frames.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace atelier::net {
namespace {

constexpr std::uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
constexpr std::size_t kControlBytesMax = 125;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("the client's WebSocket frame {}", what),
              {.reason = "socket_malformed", .where = {}});
}

std::unexpected<Error> no_text() {
  return fail(ErrorCode::invalid_argument, "the client's WebSocket text is not UTF-8",
              {.reason = "socket_text_invalid", .where = {}});
}

bool is_control(std::uint8_t opcode) noexcept { return opcode >= kClose; }

// RFC 6455 section 7.4: those that may be sent.
bool is_close_code(unsigned code) noexcept {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

Result<SocketMessage> read_close(std::string_view payload) {
  SocketMessage message{.kind = SocketMessage::Kind::close, .bytes = {}, .close_code = 1005};
  if (payload.empty()) return message;
  if (payload.size() == 1) return malformed("of a close has one byte");
  message.close_code =
      static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]));
  message.bytes = payload.substr(2);
  if (!is_close_code(message.close_code)) return malformed("of a close has a code that is none");
  if (!is_valid_utf8(message.bytes)) return no_text();
  return message;
}

}  // namespace

Result<std::size_t> SocketDecoder::decode(std::string_view bytes, std::optional<SocketMessage>& message) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    if (!is_in_payload_) {
      head_ += bytes[used++];
      auto is_whole = read_head();
      if (!is_whole) return error_of(is_whole);
      if (!*is_whole) continue;
      is_in_payload_ = true;
    }
    std::string& into = is_control(opcode_) ? control_ : message_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_bytes_, bytes.size() - used));
    for (const char c : bytes.substr(used, size))
      into += static_cast<char>(static_cast<std::uint8_t>(c) ^ mask_[mask_at_++ % 4]);
    used += size;
    left_bytes_ -= size;
    if (left_bytes_ > 0) break;
    is_in_payload_ = false;
    auto ended = end_frame();
    if (!ended) return error_of(ended);
    if (!*ended) continue;
    message = std::move(*ended);
    break;
  }
  return used;
}

Result<bool> SocketDecoder::read_head() {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(head_[at]); };
  if (head_.size() < 2) return false;
  if ((byte(1) & 0x80) == 0) return malformed("is not masked");
  const std::uint8_t short_length = byte(1) & 0x7f;
  const std::size_t extra_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  if (head_.size() < 2 + extra_bytes + 4) return false;
  std::uint64_t length = extra_bytes == 0 ? short_length : 0;
  for (std::size_t i = 0; i < extra_bytes; ++i) length = length << 8 | byte(2 + i);
  const bool is_shortest = extra_bytes == 0 || (extra_bytes == 2 ? length > 125 : length > 0xffff);
  if (!is_shortest) return malformed("tells its length in more bytes than it needs");
  for (std::size_t i = 0; i < 4; ++i) mask_[i] = byte(2 + extra_bytes + i);
  mask_at_ = 0;
  const std::uint8_t first = byte(0);
  head_.clear();
  if (auto begun = begin_frame(first, length); !begun) return error_of(begun);
  return true;
}

Result<> SocketDecoder::begin_frame(std::uint8_t first, std::uint64_t length_bytes) {
  opcode_ = first & 0x0f;
  is_final_ = (first & 0x80) != 0;
  left_bytes_ = length_bytes;
  if (first & 0x70) return malformed("uses an extension that was not agreed on");
  if (is_control(opcode_)) {
    if (opcode_ > kPong) return malformed("has an opcode that is none");
    if (!is_final_ || length_bytes > kControlBytesMax) return malformed("is a control frame that is long or in parts");
    return {};
  }
  if (opcode_ > kBinary) return malformed("has an opcode that is none");
  if ((opcode_ == kContinuation) != kind_.has_value())
    return malformed("continues nothing, or begins a message within another");
  if (opcode_ != kContinuation) kind_ = opcode_ == kText ? SocketMessage::Kind::text : SocketMessage::Kind::binary;
  if (length_bytes > message_bytes_max_ - message_.size())
    return fail(ErrorCode::too_large,
                fmt::format("a WebSocket message has more than the {} bytes allowed", message_bytes_max_),
                {.reason = "socket_message_too_large", .where = {}});
  return {};
}

Result<std::optional<SocketMessage>> SocketDecoder::end_frame() {
  SocketMessage ended;
  if (is_control(opcode_)) {
    const std::string payload = std::exchange(control_, {});
    if (opcode_ == kClose) {
      auto close = read_close(payload);
      if (!close) return error_of(close);
      return std::optional(std::move(*close));
    }
    ended.kind = opcode_ == kPing ? SocketMessage::Kind::ping : SocketMessage::Kind::pong;
    ended.bytes = payload;
    return std::optional(std::move(ended));
  }
  if (!is_final_) return std::optional<SocketMessage>();
  ended.kind = *std::exchange(kind_, std::nullopt);
  ended.bytes = std::exchange(message_, {});
  if (ended.kind == SocketMessage::Kind::text && !is_valid_utf8(ended.bytes)) return no_text();
  return std::optional(std::move(ended));
}

std::string encode(const SocketMessage& message) {
  std::string payload;
  if (message.kind == SocketMessage::Kind::close && message.close_code != 1005) {
    payload += static_cast<char>(message.close_code >> 8);
    payload += static_cast<char>(message.close_code & 0xff);
    payload += truncate_utf8(message.bytes, kControlBytesMax - 2);
  } else if (message.kind != SocketMessage::Kind::close) {
    payload = message.bytes;
  }
  constexpr std::uint8_t kOpcodes[] = {kText, kBinary, kPing, kPong, kClose};
  std::string frame;
  frame.reserve(payload.size() + 10);
  frame += static_cast<char>(0x80 | kOpcodes[static_cast<std::size_t>(message.kind)]);
  const auto append = [&](std::uint64_t length, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) frame += static_cast<char>(length >> shift & 0xff);
  };
  if (payload.size() <= 125) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(126);
    append(payload.size(), 2);
  } else {
    frame += static_cast<char>(127);
    append(payload.size(), 8);
  }
  return frame + payload;
}

std::uint16_t close_code_of(const Error& error) noexcept {
  if (error.reason == "socket_malformed") return 1002;
  if (error.reason == "socket_text_invalid") return 1007;
  if (error.reason == "socket_message_too_large") return 1009;
  return 1011;
}

}  // namespace atelier::net
