#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <span>
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

// Windows are opened by whoever reads.
OptionPtr make_option();
// With what to do about a field that is none: the stream is reset.
CallbacksPtr make_callbacks();
// What both ends hear of, by one class's static functions.
template <class Own>
CallbacksPtr make_callbacks_of() {
  CallbacksPtr callbacks = make_callbacks();
  ::nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks.get(), Own::on_begin_headers);
  ::nghttp2_session_callbacks_set_on_header_callback(callbacks.get(), Own::on_header);
  ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks.get(), Own::on_frame);
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks.get(), Own::on_data);
  ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks.get(), Own::on_stream_close);
  ::nghttp2_session_callbacks_set_send_data_callback(callbacks.get(), Own::send_data);
  return callbacks;
}
// Our settings, and the room for the whole connection.
void announce(nghttp2_session* session, std::span<const nghttp2_settings_entry> settings, std::int32_t window_bytes);

}  // namespace atelier::net
