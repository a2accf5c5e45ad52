#include "model/call/event_splitter.hpp"

#include <cstring>

namespace atelier::model {
namespace {

constexpr std::size_t kBlockBytesMax = 64 << 20;
constexpr std::size_t kSpareBytesMax = 64 << 10;  // of an empty buffer

}  // namespace

void EventSplitter::feed(std::string_view bytes) {
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > kSpareBytesMax) buffer_ = std::string();
    begin_ = scanned_ = 0;
  } else if (begin_ > kSpareBytesMax) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
  }
  buffer_ += bytes;
}

// One past the empty line that ends the block. A CR at the very end may be half of a CRLF: it is looked at again when
// more is there, except where it is the second of an empty line's own.
std::optional<std::size_t> EventSplitter::find_end() {
  const char* const bytes = buffer_.data();
  std::size_t at = std::max(scanned_, begin_);
  while (at < buffer_.size()) {
    const char c = bytes[at];
    if (c != '\n' && c != '\r') {
      const void* feed = std::memchr(bytes + at, '\n', buffer_.size() - at);
      std::size_t stop = feed ? static_cast<std::size_t>(static_cast<const char*>(feed) - bytes) : buffer_.size();
      if (const void* ret = std::memchr(bytes + at, '\r', stop - at))
        stop = static_cast<std::size_t>(static_cast<const char*>(ret) - bytes);
      at = stop;
      continue;
    }
    // The end of a line: is the next one empty?
    std::size_t after = at + 1;
    if (c == '\r') {
      if (after == buffer_.size()) break;
      if (bytes[after] == '\n') ++after;
    }
    if (at == begin_) return after;  // the block begins with an empty line
    if (after == buffer_.size()) break;
    if (bytes[after] == '\n') return after + 1;
    if (bytes[after] == '\r') {
      if (after + 1 < buffer_.size() && bytes[after + 1] == '\n') return after + 2;
      return after + 1;  // a LF that still comes begins the next block, as an empty line
    }
    at = after;
  }
  scanned_ = at;
  return std::nullopt;
}

Result<std::optional<EventSplitter::Block>> EventSplitter::next() {
  if (is_start_ && buffer_.size() >= 3) {
    is_start_ = false;
    if (buffer_.starts_with("\xEF\xBB\xBF")) begin_ = scanned_ = 3;
  }
  const auto end = find_end();
  if (!end) {
    if (buffer_.size() - begin_ > kBlockBytesMax)
      return fail(ErrorCode::too_large, "an event of the stream has more than 64 MiB",
                  {.reason = "answer_broken", .where = {}});
    return std::optional<Block>();
  }
  const std::string_view bytes = std::string_view(buffer_).substr(begin_, *end - begin_);
  begin_ = scanned_ = *end;
  is_start_ = false;  // a mark that follows is no byte order's
  return std::optional(read(bytes));
}

EventSplitter::Block EventSplitter::read(std::string_view bytes) {
  Block block{.bytes = bytes};
  std::size_t data_lines = 0;
  std::string_view left = bytes;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find_first_of("\r\n"), left.size());
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (line.empty() || line[0] == ':') continue;
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") block.type = value;
    if (name != "data") continue;
    block.has_data = true;
    if (data_lines++ == 0) {
      block.data = value;
      continue;
    }
    if (data_lines == 2) joined_ = block.data;
    joined_ += '\n';
    joined_ += value;
    block.data = joined_;
  }
  return block;
}

}  // namespace atelier::model
