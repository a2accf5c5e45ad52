#include "net/http2/budget.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace atelier::net {
namespace {

constexpr std::uint32_t kContinuationsMax = 8;
constexpr std::size_t kBlockBytesMax = 64 * 1024;

}  // namespace

bool TokenBucket::take(TimePoint now) noexcept {
  if (now > since_) {
    left_ = std::min(burst_, left_ + per_second_ * std::chrono::duration<double>(now - since_).count());
    since_ = now;
  }
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

std::string_view FrameBudget::on_frame(std::uint8_t type, std::uint8_t flags, std::size_t length_bytes,
                                       TimePoint now) noexcept {
  switch (type) {
    case NGHTTP2_DATA:
    case NGHTTP2_GOAWAY:
      return "";
    case NGHTTP2_HEADERS:
      continuation_count_ = 0;
      block_bytes_ = length_bytes;
      return "";
    case NGHTTP2_CONTINUATION:
      block_bytes_ += length_bytes;
      return ++continuation_count_ <= kContinuationsMax && block_bytes_ <= kBlockBytesMax ? ""
                                                                                          : "http2_continuation_flood";
    case NGHTTP2_RST_STREAM:
      return on_reset(now);
    case NGHTTP2_PING:
      return (flags & NGHTTP2_FLAG_ACK) || pings_.take(now) ? "" : "http2_ping_flood";
    case NGHTTP2_SETTINGS:
      return (flags & NGHTTP2_FLAG_ACK) || settings_.take(now) ? "" : "http2_settings_flood";
    case NGHTTP2_WINDOW_UPDATE:
      if (earned_updates_ > 0) {
        --earned_updates_;
        return "";
      }
      return window_updates_.take(now) ? "" : "http2_window_update_flood";
    case NGHTTP2_PRIORITY:
    case NGHTTP2_PRIORITY_UPDATE:
      return priorities_.take(now) ? "" : "http2_priority_flood";
    default:
      return on_glitch(now);
  }
}

}  // namespace atelier::net
