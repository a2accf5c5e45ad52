#include "graph/node/streamed_wav.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace atelier::graph {
namespace {

// RIFF: a chunk is four letters, four bytes of size, little-endian, and as many bytes, padded to an even count.
constexpr std::size_t kChunkHead = 8;
constexpr std::size_t kFirstChunk = 12;  // behind "RIFF", its size and "WAVE"

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

// What writers put where they do not know: nothing, all ones, or the most that a signed number holds.
bool is_open(std::uint32_t size) { return size == 0 || size >= 0x7fff'0000; }

Result<> put_number(int fd, std::uint64_t value, std::uint64_t at) {
  std::array<char, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  if (::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(bytes.size())) return {};
  return fail(ErrorCode::storage_failed, "the sound's length cannot be written");
}

}  // namespace

void StreamedWav::feed(std::string_view bytes) {
  if (is_over_) return;
  head_.append(bytes.substr(0, kHeadMax - head_.size()));
  look();
}

void StreamedWav::look() {
  if (head_.size() < kFirstChunk) return;
  if (!head_.starts_with("RIFF") || std::string_view(head_).substr(8, 4) != "WAVE") {
    is_over_ = true;
    return;
  }
  for (std::size_t at = kFirstChunk; at + kChunkHead <= head_.size();) {
    const std::uint32_t size = number_at(head_, at + 4);
    if (std::string_view(head_).substr(at, 4) == "data") {
      if (is_open(size)) data_at_ = at + 4;
      is_over_ = true;
      return;
    }
    if (size > kHeadMax) break;
    at += kChunkHead + size + size % 2;
    if (at + kChunkHead > head_.size() && head_.size() < kHeadMax) return;  // the rest comes
  }
  is_over_ = head_.size() >= kHeadMax;
}

Result<> StreamedWav::say_sizes(int fd, std::uint64_t size_bytes) const {
  constexpr std::uint64_t kSizeMax = 0xffff'fffe;
  if (!data_at_ || size_bytes < *data_at_ + 4 || size_bytes - 8 > kSizeMax) return {};
  if (auto put = put_number(fd, size_bytes - 8, 4); !put) return put;
  return put_number(fd, size_bytes - *data_at_ - 4, *data_at_);
}

}  // namespace atelier::graph
