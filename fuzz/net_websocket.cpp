// WebSocket frames as they come from a client that means no good. What is read must not depend on how it is cut.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "net/websocket_frames.hpp"

using namespace atelier;
using namespace atelier::net;

namespace {

constexpr std::size_t kMessageBytesMax = 1000;

// The messages, fed `step` bytes at a time; a refused one ends in "!".
std::string decode(std::string_view bytes, std::size_t step) {
  SocketDecoder decoder(kMessageBytesMax);
  std::string out;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      std::optional<SocketMessage> message;
      const auto used = decoder.decode(piece, message);
      if (!used) return out + "!" + std::to_string(close_code_of(used.error()));
      ensure(*used > 0 && *used <= piece.size(), "some of the bytes are used");
      ensure(message || *used == piece.size(), "all are used before the end of a message");
      piece.remove_prefix(*used);
      if (!message) continue;
      ensure(message->bytes.size() <= kMessageBytesMax, "a message has a limit");
      ensure(message->kind != SocketMessage::Kind::text || is_valid_utf8(message->bytes), "text is UTF-8");
      out += encode(*message);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ensure(decode(bytes, size + 1) == decode(bytes, 1) && decode(bytes, 5) == decode(bytes, 1),
         "messages do not depend on their pieces");
  return 0;
}
