#include "net/http2/scan.hpp"

#include <algorithm>

namespace atelier::net {

FrameScan::Step FrameScan::step(std::string_view bytes) noexcept {
  Step step;
  if (left_bytes_ > 0) {
    step.size = std::min(left_bytes_, bytes.size());
    left_bytes_ -= step.size;
    return step;
  }
  step.size = std::min(kHeadBytes - head_size_, bytes.size());
  std::copy_n(bytes.begin(), step.size, head_.begin() + head_size_);
  head_size_ += step.size;
  if (head_size_ < kHeadBytes) return step;
  head_size_ = 0;
  FrameHead& head = step.head.emplace();
  head.length_bytes = std::uint32_t{head_[0]} << 16 | std::uint32_t{head_[1]} << 8 | head_[2];
  head.type = head_[3];
  head.flags = head_[4];
  head.stream = (head_[5] & 0x7f) << 24 | head_[6] << 16 | head_[7] << 8 | head_[8];
  step.payload = bytes.substr(step.size, head.length_bytes);
  step.size += step.payload.size();
  left_bytes_ = head.length_bytes - step.payload.size();
  return step;
}

}  // namespace atelier::net
