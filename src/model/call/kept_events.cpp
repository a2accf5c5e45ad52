#include "model/call/kept_events.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace atelier::model {
namespace {

// Larger events are rare and kept whole: not worth holding one twice.
constexpr std::size_t kSharedBytesMax = 16 << 10;

static_assert(std::endian::native == std::endian::little, "differing bytes are found by the position of a bit");

std::uint64_t word_at(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Eight bytes at a time: this is done for every event of every stream.
std::size_t common_beginning(std::string_view one, std::string_view other) {
  const std::size_t size = std::min(one.size(), other.size());
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t))
    if (const std::uint64_t differing = word_at(one.data() + at) ^ word_at(other.data() + at))
      return at + static_cast<std::size_t>(std::countr_zero(differing)) / 8;
  while (at < size && one[at] == other[at]) ++at;
  return at;
}

std::size_t common_end(std::string_view one, std::string_view other) {
  const std::size_t size = std::min(one.size(), other.size());
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
    const std::size_t word = at + sizeof(std::uint64_t);
    if (const std::uint64_t differing =
            word_at(one.data() + one.size() - word) ^ word_at(other.data() + other.size() - word))
      return at + static_cast<std::size_t>(std::countl_zero(differing)) / 8;
  }
  while (at < size && one[one.size() - 1 - at] == other[other.size() - 1 - at]) ++at;
  return at;
}

// Seven bits a byte, lowest first; the highest bit says that more follow (LEB128).
void put_size(std::string& to, std::size_t size) {
  for (; size >= 0x80; size >>= 7) to += static_cast<char>((size & 0x7f) | 0x80);
  to += static_cast<char>(size);
}

std::size_t take_size(std::string_view& from) {
  std::size_t size = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return size;
  }
}

// What the next event may share with this one.
std::string_view shareable(std::string_view event) {
  return event.size() <= kSharedBytesMax ? event : std::string_view();
}

}  // namespace

void KeptEvents::add(std::string_view event) {
  if (event.empty() || !is_all_) return;
  const std::size_t beginning = common_beginning(event, last_);
  const std::size_t end = common_end(event.substr(beginning), std::string_view(last_).substr(beginning));
  const std::string_view own = event.substr(beginning, event.size() - beginning - end);
  if (held_.size() + own.size() > held_bytes_max_) {
    is_all_ = false;
    last_ = std::string();
    return;
  }
  put_size(held_, beginning);
  put_size(held_, end);
  put_size(held_, own.size());
  held_ += own;
  last_ = shareable(event);
}

void KeptEvents::read(const std::function<void(std::string_view)>& take) const {
  std::string event, before;
  for (std::string_view left = held_; !left.empty();) {
    const std::size_t beginning = take_size(left), end = take_size(left), size = take_size(left);
    event.assign(before, 0, beginning).append(left.substr(0, size)).append(before, before.size() - end);
    left.remove_prefix(size);
    take(event);
    before = shareable(event);
  }
}

}  // namespace atelier::model
