#include "net/arrival.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "base/log.hpp"
#include "net/http1_connection.hpp"
#include "net/http2/connection.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kBufferBytes = 4096;

// What an HTTP/2 client begins with (RFC 9113 section 3.4).
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// In the clear, to a client that does not know that this port speaks TLS.
constexpr std::string_view kSpeakTls =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 33\r\nconnection: "
    "close\r\n\r\n"
    "This port speaks https, not http.";

}  // namespace

Arrival::Arrival(ServerLoop& loop, UniqueFd fd, int family, std::string peer)
    : loop_(loop),
      transport_{.stream = Stream(loop.executor(), std::move(fd), family),
                 .received = {},
                 .peer = peer.empty() ? "unix" : std::move(peer),
                 .is_secure = false},
      deadline_(loop.deadlines(), *this) {}

Task<Connection*> Arrival::meet() {
  deadline_.set(std::chrono::steady_clock::now() + loop_.options().header_timeout);
  spoken_ = co_await find_protocol();
  deadline_.clear();
  co_return spoken_.get();
}

Task<std::unique_ptr<Connection>> Arrival::find_protocol() {
  if (loop_.tls()) {
    const bool is_begun = co_await start_tls();
    if (!is_begun) co_return nullptr;
  }
  const TlsSession* tls = transport_.stream.tls();
  if (tls && tls->application_protocol() == "h2")
    co_return std::make_unique<Http2ServerConnection>(loop_, own_, std::move(transport_));
  const bool is_http2 = co_await reads_preface();
  if (is_over_ || transport_.received.empty()) co_return nullptr;
  // Without TLS a client may know beforehand what is spoken here (RFC 9113 section 3.3).
  if (is_http2 && !tls) co_return std::make_unique<Http2ServerConnection>(loop_, own_, std::move(transport_));
  co_return std::make_unique<Http1ServerConnection>(loop_, own_, std::move(transport_));
}

Task<bool> Arrival::reads_preface() {
  std::string& received = transport_.received;
  std::size_t size = 0;
  received.resize(kBufferBytes);
  bool is_like = true;
  while (is_like && size < kPreface.size() && !is_over_) {
    auto got = co_await transport_.stream.read(std::span(received).subspan(size));
    if (!got || *got == 0) break;
    size += *got;
    is_like = kPreface.starts_with(std::string_view(received).substr(0, std::min(size, kPreface.size())));
  }
  received.resize(size);
  co_return is_like&& size >= kPreface.size();
}

Task<bool> Arrival::start_tls() {
  Stream& stream = transport_.stream;
  auto session = loop_.tls()->begin();
  if (!session) {
    log::error("a TLS connection cannot begin", {{"error", session.error().message}});
    co_return false;
  }
  auto begun = co_await stream.start_tls(std::move(*session));
  if (is_over_) co_return false;
  if (!begun) {
    if (begun.error().reason == "tls_plain_http")
      (void)::send(stream.native(), kSpeakTls.data(), kSpeakTls.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    loop_.metrics().refuse(begun.error().stable_code());
    log::debug("a TLS connection did not begin", {{"error", begun.error().message}, {"peer", transport_.peer}});
    stream.close();
    co_return false;
  }
  transport_.is_secure = true;
  co_return true;
}

void Arrival::on_deadline() {
  // Browsers open connections ahead and say nothing on them, which is no fault.
  if (loop_.tls() && !transport_.is_secure) return abandon("handshake_timeout");
  is_over_ = true;
  transport_.stream.cancel();
}

void Arrival::on_stopping() {
  if (spoken_) return spoken_->on_stopping();
  is_over_ = true;
  transport_.stream.cancel();
}

void Arrival::abandon(std::string_view reason) {
  if (spoken_) return spoken_->abandon(reason);
  if (is_over_) return;
  is_over_ = true;
  loop_.metrics().refuse(reason);
  transport_.stream.cancel();
}

}  // namespace atelier::net
