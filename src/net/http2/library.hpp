#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>

// What both ends of HTTP/2 share of nghttp2. For their .cpp files alone.
namespace atelier::net {

inline constexpr std::size_t kFrameHeadBytes = 9;

inline std::string_view view(const std::uint8_t* bytes, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(bytes), size};
}

// The library copies both when they are submitted.
inline nghttp2_nv field(std::string_view name, std::string_view value) noexcept {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

struct OptionDeleter {
  void operator()(nghttp2_option* option) const noexcept { ::nghttp2_option_del(option); }
};
struct CallbacksDeleter {
  void operator()(nghttp2_session_callbacks* callbacks) const noexcept { ::nghttp2_session_callbacks_del(callbacks); }
};
using OptionPtr = std::unique_ptr<nghttp2_option, OptionDeleter>;
using CallbacksPtr = std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter>;

}  // namespace atelier::net
