#pragma once

#include <memory>

struct nghttp2_session;

namespace atelier::net {

// A session of the library's, without its header, which stays in .cpp files.
struct Http2SessionDeleter {
  void operator()(nghttp2_session* session) const noexcept;
};
using Http2SessionPtr = std::unique_ptr<nghttp2_session, Http2SessionDeleter>;

}  // namespace atelier::net
