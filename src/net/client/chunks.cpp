#include "net/client/chunks.hpp"

#include <algorithm>
#include <cstring>

#include "net/client/answer_head.hpp"

namespace atelier::net {
namespace {

constexpr std::uint32_t kDigitsMax = 16;
constexpr std::uint32_t kExtensionBytesMax = 256;
constexpr std::uint32_t kTrailerBytesMax = 8 * 1024;

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) noexcept { return c == '\t' || (static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7f); }

}  // namespace

Result<ChunkDecoder::Decoded> ChunkDecoder::decode(std::span<char> bytes) {
  Decoded decoded;
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::done) {
    if (state_ != State::data) {
      if (auto stepped = step(bytes[at++]); !stepped) return error_of(stepped);
      continue;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_bytes_, bytes.size() - at));
    if (decoded.size == 0)
      decoded.begin = at;
    else
      std::memmove(bytes.data() + decoded.begin + decoded.size, bytes.data() + at, size);
    decoded.size += size;
    at += size;
    left_bytes_ -= size;
    if (left_bytes_ == 0) state_ = State::data_return;
  }
  decoded.used = at;
  return decoded;
}

Result<> ChunkDecoder::step(char c) {
  switch (state_) {
    case State::size:
    case State::extension:
    case State::size_feed:
      return step_size(c);
    case State::data_return:
      if (c != '\r') return answer_broken("has a chunk longer than its size");
      state_ = State::data_feed;
      return {};
    case State::data_feed:
      if (c != '\n') return answer_broken("has a chunk longer than its size");
      state_ = State::size;
      digits_ = 0;
      return {};
    default:
      return step_trailer(c);
  }
}

Result<> ChunkDecoder::step_size(char c) {
  if (state_ == State::size_feed) {
    if (c != '\n') return answer_broken("has a chunk size that does not end in CR LF");
    state_ = left_bytes_ == 0 ? State::trailer_start : State::data;
    extra_bytes_ = 0;
    return {};
  }
  if (state_ == State::size) {
    if (const int digit = hex_value(c); digit >= 0) {
      if (++digits_ > kDigitsMax) return answer_broken("has a chunk size of more than 16 digits");
      left_bytes_ = left_bytes_ << 4 | static_cast<unsigned>(digit);
      return {};
    }
    const bool is_end = c == '\r' || c == ';' || c == ' ' || c == '\t';
    if (digits_ == 0 || !is_end) return answer_broken("has a chunk size that is no number");
    extra_bytes_ = 0;
    state_ = State::extension;
  }
  if (c == '\r')
    state_ = State::size_feed;
  else if (!is_text(c) || ++extra_bytes_ > kExtensionBytesMax)
    return answer_broken("has a malformed or long chunk extension");
  return {};
}

Result<> ChunkDecoder::step_trailer(char c) {
  switch (state_) {
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::end_feed;
        return {};
      }
      state_ = State::trailer;
      [[fallthrough]];
    case State::trailer:
      if (c == '\r')
        state_ = State::trailer_feed;
      else if (!is_text(c) || ++extra_bytes_ > kTrailerBytesMax)
        return answer_broken("has a malformed or long trailer");
      return {};
    default:
      if (c != '\n') return answer_broken("has a trailer line that does not end in CR LF");
      state_ = state_ == State::end_feed ? State::done : State::trailer_start;
      return {};
  }
}

}  // namespace atelier::net
