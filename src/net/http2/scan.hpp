#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace atelier::net {

struct FrameHead {
  std::uint32_t length_bytes = 0;  // of the payload
  std::uint8_t type = 0, flags = 0;
  std::int32_t stream = 0;
};

// Finds the frames in a client's bytes (RFC 9113 section 4.1), after the preface and in whatever pieces they come. The
// library tells only of those frames that it has a use for.
class FrameScan {
 public:
  struct Step {
    std::size_t size = 0;           // how many of the bytes belong to the frame, as far as they are here
    std::optional<FrameHead> head;  // if it became whole with them
    std::string_view payload;       // as much of it as is among them
  };
  // `bytes` is not empty. Takes at least one of them.
  Step step(std::string_view bytes) noexcept;

 private:
  static constexpr std::size_t kPrefaceBytes = 24, kHeadBytes = 9;
  std::size_t left_bytes_ = kPrefaceBytes;  // of the preface or a payload
  std::array<std::uint8_t, kHeadBytes> head_{};
  std::size_t head_size_ = 0;
};

}  // namespace atelier::net
