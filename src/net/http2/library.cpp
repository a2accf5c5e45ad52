#include "net/http2/library.hpp"

#include "base/error.hpp"
#include "net/http2/session.hpp"

namespace atelier::net {

void Http2SessionDeleter::operator()(nghttp2_session* session) const noexcept { ::nghttp2_session_del(session); }

OptionPtr make_option() {
  nghttp2_option* option = nullptr;
  ensure(::nghttp2_option_new(&option) == 0, "out of memory");
  ::nghttp2_option_set_no_auto_window_update(option, 1);
  return OptionPtr(option);
}

CallbacksPtr make_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  ensure(::nghttp2_session_callbacks_new(&callbacks) == 0, "out of memory");
  // The library would leave such a field out and go on. With this the stream is reset with PROTOCOL_ERROR.
  ::nghttp2_session_callbacks_set_on_invalid_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t, const std::uint8_t*, std::size_t,
         std::uint8_t, void*) -> int { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; });
  return CallbacksPtr(callbacks);
}

void announce(nghttp2_session* session, std::span<const nghttp2_settings_entry> settings, std::int32_t window_bytes) {
  ensure(::nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0, "out of memory");
  ensure(::nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, window_bytes) == 0, "out of memory");
}

}  // namespace atelier::net
