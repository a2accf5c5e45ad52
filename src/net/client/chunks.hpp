#pragma once

#include <cstdint>
#include <span>

#include "base/error.hpp"

namespace atelier::net {

// Takes a chunked body apart where it lies (RFC 9112 section 7.1), in whatever pieces it came. Trailers are read and
// dropped.
class ChunkDecoder {
 public:
  struct Decoded {
    std::size_t begin = 0, size = 0;  // the payload, moved together if it came in several chunks
    std::size_t used = 0;             // all that was given, or less when the body ended before
  };
  Result<Decoded> decode(std::span<char> bytes);
  bool is_done() const noexcept { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_feed,
    data,
    data_return,
    data_feed,
    trailer_start,
    trailer,
    trailer_feed,
    end_feed,
    done
  };
  // One byte outside of the payload.
  Result<> step(char c);
  Result<> step_size(char c);
  Result<> step_trailer(char c);

  State state_ = State::size;
  std::uint64_t left_bytes_ = 0;  // of the chunk
  std::uint32_t digits_ = 0;
  std::uint32_t extra_bytes_ = 0;  // of the extension, or of the trailer
};

}  // namespace atelier::net
